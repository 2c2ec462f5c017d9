//! The words of reports, held by golden files; the files of `config/`; the schema.
//! `UPDATE_GOLDEN=1` writes what is held.

use crate::read;
use phpeek_pm::app::load;
use phpeek_pm::cli::check::{Detail, human, json};
use phpeek_pm::config::{Severity, Source, Strictness, schema_json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub(crate) fn held(path: &Path, switch: &str, now: &str) {
    if std::env::var_os(switch).is_some() {
        std::fs::write(path, now).expect("a writable file");
    }
    let before = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(before, now, "{} is stale: run with {switch}=1 and look at the difference", path.display());
}

fn yaml_files(dir: &str) -> Vec<PathBuf> {
    let all = std::fs::read_dir(here(dir)).expect("a directory").map(|e| e.expect("an entry").path());
    all.filter(|p| p.extension().is_some_and(|e| e == "yaml")).collect()
}

#[test]
fn bad_files_give_exactly_these_reports() {
    let files = yaml_files("tests/config/golden");
    assert!(files.len() >= 2);
    for file in files {
        let mut report = load(&Source::File(file.clone()), &BTreeMap::new()).report;
        report.file = file.file_name().map(PathBuf::from);
        let text = human(&report, Detail::Full, Strictness::Usual);
        held(&file.with_extension("txt"), "UPDATE_GOLDEN", &text);
    }
}

#[test]
fn every_file_of_config_loads() {
    let files = yaml_files("config");
    assert!(files.len() >= 2);
    for file in files {
        let loaded = load(&Source::File(file.clone()), &BTreeMap::new());
        assert!(loaded.configuration.is_some(), "{}: {:?}", file.display(), loaded.report.findings);
    }
}

/// The names of all keys below a part of the schema.
fn names(schema: &serde_json::Value, all: &mut Vec<String>) {
    match schema {
        serde_json::Value::Object(map) => {
            for (key, below) in map {
                if let ("properties", Some(properties)) = (key.as_str(), below.as_object()) {
                    all.extend(properties.keys().cloned());
                }
                names(below, all);
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|i| names(i, all)),
        _ => {}
    }
}

#[test]
fn the_full_file_names_every_key() {
    let full = std::fs::read_to_string(here("config/full.yaml")).expect("a file");
    let mut all = Vec::new();
    names(&serde_json::from_str(&schema_json()).expect("JSON"), &mut all);
    assert!(all.len() > 150, "{}", all.len());
    // One entry of `depends_on` shows its form.
    let inner = ["on_timeout"];
    let missing: Vec<_> =
        all.iter().filter(|n| !full.contains(&format!("{n}:")) && !inner.contains(&n.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_named_file_that_is_missing_is_an_error_and_none_at_all_is_not() {
    let mut vars: BTreeMap<String, String> =
        [("PHPEEK_PM_CONFIG".to_owned(), "/nowhere/missing.yaml".to_owned())].into();
    let report = load(&Source::Discover, &vars).report;
    assert!(human(&report, Detail::Quiet, Strictness::Usual).contains("missing.yaml"));
    vars.clear();
    vars.insert("PHPEEK_PM_PROCESS_TEST_COMMAND".to_owned(), "[\"x\"]".to_owned());
    assert!(load(&Source::Discover, &vars).configuration.is_some());
}

#[test]
fn json_has_the_documented_keys_and_quiet_is_shorter() {
    let good = read("processes: {app: {command: [x], env: {DB_PASSWORD: p}}}", &[]).report;
    let value: serde_json::Value = serde_json::from_str(&json(&good, Strictness::Strict)).expect("JSON");
    assert_eq!((&value["valid"], &value["passed"]), (&true.into(), &false.into()));
    assert_eq!((&value["counts"]["warnings"], &value["process_count"]), (&1.into(), &1.into()));
    assert_eq!(good.of(Severity::Warning).count(), 1);
    let (full, quiet) =
        (human(&good, Detail::Full, Strictness::Usual), human(&good, Detail::Quiet, Strictness::Usual));
    assert!(!quiet.is_empty() && quiet.len() < full.len());
}

#[test]
fn a_mistake_is_told_once_however_many_would_stumble_over_it() {
    let text = "global: {api_enabled: true, audit_enabled: true, api_tokens: [{token: t, role: boss}],\n\
                autotune_memory_threshold: 5}\n\
                processes: {web: {command: [x], reload: {command: []}}}\n";
    let findings = read(text, &[]).report.findings;
    let paths: Vec<&str> = findings.iter().map(|finding| finding.path.as_str()).collect();
    let once =
        ["global.api_tokens[0].role", "global.autotune_memory_threshold", "processes.web.reload.command"];
    assert_eq!(paths, once, "{findings:#?}");
    // What is missing was said by nobody before.
    let missing = "global: {api_enabled: true, audit_enabled: true, api_tokens: [{token: t}]}\nprocesses: {web: {command: [x]}}\n";
    let findings = read(missing, &[]).report.findings;
    assert!(findings.len() == 1 && findings[0].message.contains("what this token may"), "{findings:#?}");
}
