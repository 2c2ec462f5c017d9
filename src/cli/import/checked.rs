//! Holds every import to what it promises: what it writes passes the check. For tests alone.

#![cfg(test)]
#![allow(clippy::panic, reason = "a test may fail")]

use crate::app::load;
use phpeek_config::Source;
use std::collections::BTreeMap;

/// Fails unless a configuration has no error.
pub(super) fn passes(yaml: &str) {
    let loaded = load(&Source::Text(yaml.to_owned()), &BTreeMap::new());
    assert!(loaded.configuration.is_some(), "{yaml}\n{:?}", loaded.report.findings);
}
