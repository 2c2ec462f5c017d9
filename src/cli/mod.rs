//! The command line: what can be asked, and which part of the program answers. Parses and dispatches, nothing else.
//! Called by `main`.

mod arguments;
pub mod check;
mod check_config;
mod print;
mod trace;

pub use arguments::{
    Arguments, CheckArguments, Command, DemoArguments, ServeArguments, StatusArguments, TelemetryArguments,
};
pub use check_config::source;
pub use trace::{
    AnalyzeCommand, CompareArguments, LastArguments, ListArguments, SpoolArguments, SpoolCommand,
    TraceArguments, TraceCommand, TraceFrom, TraceLook,
};

use crate::exit;
use crate::os::signals::Signals;
use clap::{CommandFactory, Parser};
use std::ffi::OsString;

/// Runs the program with these arguments and gives its exit code. `serve` does not come back: it ends the process
/// itself, because as PID 1 nothing may happen after the last flush.
pub fn run(arguments: impl IntoIterator<Item = OsString>, signals: Signals) -> u8 {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let (config, given) = (arguments.config, arguments.serve);
    match arguments.command.unwrap_or(Command::Serve(ServeArguments::default())) {
        Command::Serve(serve) => crate::app::serve(config, serve.or(given), signals),
        _ if given.pid_file.is_some() => usage(&misplaced()),
        Command::Demo(demo) => crate::demo::run(&demo, signals),
        Command::CheckConfig(check) => plainly(signals, || check_config::run(config, &check)),
        Command::Status(status) => plainly(signals, || crate::status::command(config, &status)),
        Command::Telemetry(arguments) => {
            plainly(signals, || crate::control::telemetry_command(config, &arguments))
        }
        Command::Trace(trace) => plainly(signals, || crate::trace::command(trace, config)),
        Command::Version { short } => plainly(signals, || print::version(short)),
        Command::Completions { shell } => plainly(signals, || print::completions(shell)),
        Command::Man => plainly(signals, print::man),
    }
}

/// A command that starts nothing has nothing to stop in order: a signal ends it as it ends any program.
fn plainly(signals: Signals, action: impl FnOnce() -> u8) -> u8 {
    signals.give_up();
    action()
}

/// The whole command line as clap knows it, for the man page, the completions and their tests.
#[must_use]
pub fn command() -> clap::Command {
    Arguments::command()
}

/// An option of `serve` in front of another command would be without effect.
fn misplaced() -> clap::Error {
    let message = "--pid-file in front of a command belongs to `serve`; write it behind the command";
    command().error(clap::error::ErrorKind::ArgumentConflict, message)
}

fn usage(error: &clap::Error) -> u8 {
    // A closed standard output is no reason to fail: the answer is the exit code.
    drop(error.print());
    if error.use_stderr() { exit::USAGE } else { exit::OK }
}
