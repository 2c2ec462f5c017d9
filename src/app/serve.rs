//! The `serve` command: find and read the configuration, then supervise. Errors are told on standard error, before
//! anything was started.

use super::reading::{self, Reading};
use super::{ControlOptions, Options, chain, run};
use crate::cli::check::{self, Detail};
use crate::cli::{ServeArguments, source};
use crate::config::{Loaded, Severity, Strictness};
use crate::exit;
use crate::os::pid1;
use crate::os::signals::Signals;
use crate::telemetry::StartError;
use std::io::Write;
use std::path::PathBuf;

/// Serves, and ends the process with the exit code: as PID 1 nothing may happen after the last flush.
pub fn serve(config: Option<PathBuf>, arguments: ServeArguments, mut signals: Signals) -> u8 {
    let Loaded { configuration, report } = match reading::read(source(config), &mut signals) {
        Reading::Done(loaded) => *loaded,
        Reading::Stopped(signal) => {
            complain(&format!("phpeek-pm: {signal} while the configuration was read: nothing was started\n"));
            pid1::leave(exit::OK)
        }
        Reading::Lost => {
            complain("phpeek-pm: reading the configuration has failed within the program\n");
            return exit::INTERNAL;
        }
    };
    let Some(configuration) = configuration else {
        complain(&check::human(&report, Detail::Full, Strictness::Usual));
        return exit::CONFIG;
    };
    let warnings = report.of(Severity::Warning).map(|w| check::headline(&report, w)).collect();
    let control = Some(ControlOptions {
        socket: configuration.control_socket.clone(),
        config: report.file.as_deref().and_then(|file| std::path::absolute(file).ok()),
    });
    drop(report); // it holds the whole text of the file
    let options = Options { pid_file: arguments.pid_file, warnings, control, ..Options::default() };
    match run(configuration, options, signals) {
        Ok(ending) => pid1::leave(ending.code),
        Err(error) => {
            complain(&format!("phpeek-pm: {}\n", chain(&error)));
            match error {
                super::BeginError::PidFile(_)
                | super::BeginError::Control(_)
                | super::BeginError::Telemetry(StartError::Spool(_)) => exit::CANNOT_CREATE,
                super::BeginError::Telemetry(_) => exit::CONFIG,
                super::BeginError::System { .. } | super::BeginError::Output(_) => exit::INTERNAL,
            }
        }
    }
}

fn complain(text: &str) {
    // Standard error may be closed; the exit code says it all the same.
    drop(std::io::stderr().write_all(text.as_bytes()));
}
