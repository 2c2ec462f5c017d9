//! The `check-config` command: load, report, answer by the exit code. Starts nothing.

use super::CheckArguments;
use super::check::{self, Detail};
use crate::config::{ProcessEnv, Source, Strictness};
use crate::exit;
use std::io::Write;
use std::path::PathBuf;

/// Runs the command. 0: sound. 78: not. 1: sound, but `--strict` and there are warnings.
#[must_use]
pub(super) fn run(file: Option<PathBuf>, arguments: &CheckArguments) -> u8 {
    let load = if arguments.host { crate::app::load_on_this_machine } else { crate::app::load };
    let report = load(&source(file), &ProcessEnv).report;
    let strictness = if arguments.strict { Strictness::Strict } else { Strictness::Usual };
    let detail = if arguments.quiet { Detail::Quiet } else { Detail::Full };
    let text = if arguments.json {
        check::json(&report, strictness)
    } else {
        check::human(&report, detail, strictness)
    };
    // A closed standard output is no reason to fail: the answer is the exit code.
    drop(std::io::stdout().write_all(text.as_bytes()));
    match (report.passed(Strictness::Usual), report.passed(strictness)) {
        (false, _) => exit::CONFIG,
        (true, false) => exit::FAILURE,
        (true, true) => exit::OK,
    }
}

/// Where the configuration comes from when the command line says this.
#[must_use]
pub fn source(file: Option<PathBuf>) -> Source {
    file.map_or(Source::Discover, Source::File)
}
