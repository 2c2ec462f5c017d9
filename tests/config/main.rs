//! The configuration from outside: what is read, what is refused and with which words. Runs no process.
#![allow(clippy::expect_used, reason = "a test may fail")]

mod acting;
mod autotune;
mod backends;
mod bounds;
mod empty;
mod files;
mod health;
mod heartbeat;
mod host;
mod keeping;
mod keys;
mod laws;
mod logging;
mod memory;
mod messages;
mod numbering;
mod otlp;
mod readiness;
mod reading;
mod replay;
mod reports;
mod secrets;
mod stops;
mod tracing;
mod watch;
mod web;

use phpeek_pm::app::load;
use phpeek_pm::config::{Configuration, Loaded, Source};
use std::collections::BTreeMap;

/// Loads a text with these variables.
fn read(text: &str, vars: &[(&str, &str)]) -> Loaded {
    let vars: BTreeMap<String, String> =
        vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    load(&Source::Text(text.to_owned()), &vars)
}

/// Loads what must be valid.
fn valid(text: &str, vars: &[(&str, &str)]) -> Configuration {
    let loaded = read(text, vars);
    loaded.configuration.ok_or(loaded.report.findings).expect("a valid configuration")
}

/// The messages of what must be refused, with their paths.
fn refused(text: &str, vars: &[(&str, &str)]) -> String {
    let loaded = read(text, vars);
    assert!(loaded.configuration.is_none(), "accepted: {text}");
    phpeek_pm::cli::check::json(&loaded.report, phpeek_pm::config::Strictness::Usual)
}
