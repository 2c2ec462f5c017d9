//! The command line: what can be asked, and which part of the program answers. Parses and dispatches, nothing else. A
//! command is a file with its arguments and its `run`.

mod arguments;
mod ask;
pub mod check;
mod check_config;
mod completions;
mod control;
mod demo;
mod effective;
mod events;
mod example;
mod examples;
mod explain;
mod fault;
mod first;
mod history;
mod import;
mod init;
mod logs;
mod man;
mod one;
mod past;
mod plain;
mod plan;
mod progress;
mod run;
mod say;
mod scaffold;
mod schedule;
mod schema;
mod serve;
mod source;
mod state;
mod status;
mod table;
mod telemetry;
mod tips;
mod top;
mod trace;
mod version;
mod whole;
mod why;

pub use arguments::{Arguments, command};
pub use demo::CONFIG as DEMO;

use crate::exit;
use arguments::Command;
use clap::Parser;
use clap::error::ContextKind;
use control::Order;
use fault::Fault;
use phpeek_core::causes::chain;
use phpeek_os::signals::Signals;
use serve::ServeArguments;
use std::ffi::OsString;

/// Runs the program with these arguments and gives its exit code. `serve` does not come back: it ends the process
/// itself, because as PID 1 nothing may happen after the last flush.
pub fn run(arguments: impl IntoIterator<Item = OsString>, signals: Signals) -> u8 {
    let words = tips::with_config(arguments.into_iter().collect());
    if let Some((config, serve)) = plain::serve(&words) {
        return serve::run(config, serve, signals);
    }
    let arguments = match Arguments::try_parse_from(&words) {
        Ok(arguments) => arguments,
        Err(error) => return unread(&words, error),
    };
    let (config, given) = (arguments.config, arguments.serve);
    let asked = arguments.command.unwrap_or(Command::Serve(ServeArguments::default()));
    if let Some(option) = given.given().filter(|_| !matches!(asked, Command::Serve(_))) {
        return usage(&misplaced(option));
    }
    match asked {
        Command::Serve(serve) => serve::run(config, serve.or(given), signals),
        Command::Run(_) if config.is_some() => usage(&no_file()),
        Command::Run(run) => run::run(run, signals),
        Command::Demo(demo) => demo::run(&demo, signals),
        Command::CheckConfig(check) => plainly(signals, || Ok(check_config::run(config, &check))),
        Command::Config(shown) => plainly(signals, || Ok(effective::run(config, &shown))),
        Command::Explain(explain) => plainly(signals, || explain::run(config, &explain)),
        Command::Init(init) => plainly(signals, || init::run(&init)),
        Command::Import(import) => plainly(signals, || import::run(&import)),
        Command::Scaffold(scaffold) => plainly(signals, || scaffold::run(&scaffold)),
        Command::Example(example) => plainly(signals, || example::run(&example)),
        Command::Schema(schema) => plainly(signals, || Ok(schema::run(&schema))),
        Command::Status(status) => plainly(signals, || one::run(config, &status)),
        Command::List(list) => plainly(signals, || control::list(config, &list)),
        Command::Start(one) => plainly(signals, || control::one(config, &Order::Start, &one)),
        Command::Stop(one) => plainly(signals, || control::one(config, &Order::Stop, &one)),
        Command::Restart(restart) => plainly(signals, || control::restart(config, &restart)),
        Command::Scale(scale) => plainly(signals, || control::scale(config, &scale)),
        Command::Signal(signal) => plainly(signals, || control::signal(config, &signal)),
        Command::Reload(reload) => plainly(signals, || control::reload(config, &reload)),
        Command::Plan(plan) => plainly(signals, || plan::run(config, &plan)),
        Command::Schedule(schedule) => plainly(signals, || schedule::run(config, &schedule)),
        Command::History(history) => plainly(signals, || history::run(config, &history)),
        Command::Logs(logs) => plainly(signals, || logs::run(config, &logs)),
        Command::Events(events) => plainly(signals, || events::run(config, &events)),
        Command::Top(top) => plainly(signals, || top::run(config, &top)),
        Command::Telemetry(telemetry) => plainly(signals, || telemetry::run(config, &telemetry)),
        Command::Trace(trace) => plainly(signals, || trace::run(trace, config)),
        Command::Version(version) => plainly(signals, || Ok(version::run(&version))),
        Command::Completions(completions) => {
            plainly(signals, || Ok(completions::run(&completions, command())))
        }
        Command::Man(man) => plainly(signals, || man::run(&man, &command())),
    }
}

/// Help that was asked for, or what is wrong with the words, with a tip where there is one.
fn unread(words: &[OsString], error: clap::Error) -> u8 {
    // Only who asks for help pays for the examples.
    let helped = (error.kind() == clap::error::ErrorKind::DisplayHelp)
        .then(|| command().try_get_matches_from(words).err());
    let mut error = helped.flatten().unwrap_or(error);
    let tip = tips::tip(words, &error);
    if tip.is_some() {
        // A word that only looks alike leads away from what is meant.
        error.remove(ContextKind::SuggestedSubcommand);
        error.remove(ContextKind::SuggestedArg);
    }
    let code = usage(&error);
    if let Some(tip) = tip {
        say::complain(tip);
    }
    code
}

/// A command that starts nothing has nothing to stop in order: a signal ends it as it ends any program.
fn plainly(signals: Signals, action: impl FnOnce() -> Result<u8, Fault>) -> u8 {
    signals.give_up();
    let code = action().unwrap_or_else(|fault| {
        say::complain(&chain(&fault));
        fault.code()
    });
    say::code_of(code)
}

/// An option of `serve` in front of another command would be without effect.
fn misplaced(option: &str) -> clap::Error {
    let message = format!(
        "{option} in front of a command belongs to `serve`; write it behind the command that it is meant for, or leave it out"
    );
    command().error(clap::error::ErrorKind::ArgumentConflict, message)
}

/// The program of `run` stands on the command line.
fn no_file() -> clap::Error {
    let message =
        "`run` reads no configuration file: its program stands behind `--`; with a file use `serve`";
    command().error(clap::error::ErrorKind::ArgumentConflict, message)
}

fn usage(error: &clap::Error) -> u8 {
    // A closed standard output is no reason to fail: the answer is the exit code.
    drop(error.print());
    if error.use_stderr() { exit::USAGE } else { exit::OK }
}
