//! Any text as a configuration: loading and both reports never panic, and they agree with each other. The bytes up to
//! the first NUL are the file, the rest is the value of `${V}`. Run by cargo-fuzz; the corpus is replayed by
//! `tests/config`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use phpeek_pm::cli::check::{Detail, human, json};
use phpeek_pm::app::load;
use phpeek_pm::config::{Source, Strictness};
use std::collections::BTreeMap;

fuzz_target!(|data: &str| {
    let (text, value) = data.split_once('\0').unwrap_or((data, "x"));
    let vars = BTreeMap::from([("V".to_owned(), value.to_owned())]);
    let loaded = load(&Source::Text(text.to_owned()), &vars);
    assert_eq!(loaded.configuration.is_some(), loaded.report.passed(Strictness::Usual));
    assert!(!human(&loaded.report, Detail::Full, Strictness::Strict).is_empty());
    assert!(!json(&loaded.report, Strictness::Strict).is_empty());
});
