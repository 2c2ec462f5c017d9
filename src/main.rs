//! The program: take the signals before anything else can go wrong, then do what the command line says. Nothing else.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

use phpeek_os::{memory, signals::Signals};
use phpeek_pm::{cli, exit};
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    memory::tune_allocator();
    let code = match Signals::install() {
        Ok(signals) => cli::run(std::env::args_os(), signals),
        Err(error) => {
            // Standard error may be closed; the exit code says it all the same.
            drop(writeln!(std::io::stderr(), "phpeek-pm: cannot take signals: {error}"));
            exit::INTERNAL
        }
    };
    ExitCode::from(code)
}
