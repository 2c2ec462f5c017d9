//! The `check-config` command: load, report, answer by the exit code. Starts nothing.

use super::check::{self, Detail};
use super::first;
use super::say::say;
use super::source::source;
use crate::app::{load, load_on_this_machine};
use crate::exit;
use clap::Args;
use phpeek_config::{ProcessEnv, Strictness};
use std::path::PathBuf;

/// Options of `check-config`.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// Look at this machine too: programs, interpreters, users, directories, certificates.
    #[arg(long)]
    pub host: bool,
    /// Let warnings fail the check.
    #[arg(long)]
    pub strict: bool,
    /// One JSON object instead of a report for people.
    #[arg(long)]
    pub json: bool,
    /// Errors and the verdict alone.
    #[arg(short, long)]
    pub quiet: bool,
}

/// Runs the command. 0: sound. 78: not. 1: sound, but `--strict` and there are warnings.
#[must_use]
pub(super) fn run(file: Option<PathBuf>, arguments: &CheckArguments) -> u8 {
    let load = if arguments.host { load_on_this_machine } else { load };
    let report = load(&source(file), &ProcessEnv).report;
    let strictness = if arguments.strict { Strictness::Strict } else { Strictness::Usual };
    let detail = if arguments.quiet { Detail::Quiet } else { Detail::Full };
    let text = if arguments.json {
        check::json(&report, strictness)
    } else {
        check::human(&report, detail, strictness) + &first::without_a_file(&report)
    };
    say(text);
    match (report.passed(Strictness::Usual), report.passed(strictness)) {
        (false, _) => exit::CONFIG,
        (true, false) => exit::FAILURE,
        (true, true) => exit::OK,
    }
}
