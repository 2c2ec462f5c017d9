//! README.md and the pages under config/docs are held to what the program does: its configurations load, its commands exist, its keys are known.
#![allow(clippy::expect_used, reason = "a test may fail")]

use clap::Parser;
use clap::error::ErrorKind;
use phpeek_pm::app::load;
use phpeek_pm::cli::Arguments;
use phpeek_pm::config::{Source, schema_json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// README.md, and the pages that it links.
static README: LazyLock<String> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = fs::read_dir(root.join("config/docs")).expect("the pages");
    let mut files: Vec<PathBuf> = pages.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files.insert(0, root.join("README.md"));
    files.iter().map(|file| fs::read_to_string(file).expect("a text")).collect::<Vec<_>>().join("\n")
});

/// The fenced blocks of this language.
fn blocks(language: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut open: Option<(bool, String)> = None;
    for line in README.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => all.extend(open.take().filter(|(wanted, _)| *wanted).map(|(_, text)| text)),
            (Some(name), None) => open = Some((name == language, String::new())),
            (None, Some((_, text))) => *text += &format!("{line}\n"),
            (None, None) => {}
        }
    }
    all
}

#[test]
fn every_configuration_passes_the_check() {
    let files: Vec<String> = blocks("yaml").into_iter().filter(|b| b.contains("processes:")).collect();
    assert!(files.len() >= 3, "{}", files.len());
    for file in files {
        let loaded = load(&Source::Text(file.clone()), &BTreeMap::new());
        assert!(loaded.configuration.is_some(), "{file}\n{:?}", loaded.report.findings);
    }
}

#[test]
fn every_command_is_one_that_the_program_takes() {
    let mut seen = 0;
    for line in blocks("sh").iter().flat_map(|b| b.lines()) {
        let command = line.split('#').next().unwrap_or_default();
        for part in command.split("&&") {
            let words: Vec<&str> =
                part.split_whitespace().map(|w| w.trim_end_matches('&')).filter(|w| !w.is_empty()).collect();
            if words.first() != Some(&"phpeek-pm") {
                continue;
            }
            let parsed = Arguments::try_parse_from(&words);
            assert!(parsed.is_ok(), "{part}: {:?}", parsed.err().map(|e| e.to_string()));
            seen += 1;
        }
    }
    assert!(seen >= 4, "{seen}");
}

#[test]
fn every_command_within_a_sentence_is_one_too() {
    let prose = README.split("```").step_by(2);
    let spans = prose
        .flat_map(|text| text.split('`').skip(1).step_by(2))
        .filter(|span| span.starts_with("phpeek-pm "));
    let mut seen = 0;
    for span in spans {
        let words = shlex::split(span).expect("its quotes fit together");
        let cut =
            words.iter().position(|word| [">", "|", "&"].contains(&word.as_str())).unwrap_or(words.len());
        let parsed = Arguments::try_parse_from(&words[..cut]);
        let wrong = parsed.err().filter(|error| error.kind() != ErrorKind::DisplayHelp);
        assert!(wrong.is_none(), "`{span}`: {}", wrong.map(|error| error.to_string()).unwrap_or_default());
        seen += 1;
    }
    assert!(seen >= 10, "{seen}");
}

/// The keys that a row of the table names: `global.a`, `_b` is `global.a` and what a's last word is replaced by.
fn keys_of(cell: &str) -> Vec<String> {
    let names: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
    let Some(first) = names.first() else { return Vec::new() };
    let head = |sep| first.rsplit_once(sep).map_or("", |(head, _)| head);
    names
        .iter()
        .enumerate()
        .map(|(at, name)| match at {
            0 => (*name).to_owned(),
            _ if name.starts_with('_') => format!("{}{name}", head('_')),
            _ => format!("{}.{name}", head('.')),
        })
        .collect()
}

/// The part of the schema for a path.
fn found<'a>(schema: &'a serde_json::Value, path: &[&str]) -> Option<&'a serde_json::Value> {
    let Some((first, rest)) = path.split_first() else { return Some(schema) };
    if let Some(any) = schema["anyOf"].as_array() {
        return any.iter().find_map(|s| found(s, path));
    }
    let next = match *first {
        "NAME" => schema.get("additionalProperties").filter(|a| a.is_object()),
        key => schema.get("properties").and_then(|p| p.get(key)),
    };
    next.and_then(|n| found(n, rest))
}

#[test]
fn every_key_of_the_table_is_known() {
    let schema: serde_json::Value = serde_json::from_str(&schema_json()).expect("JSON");
    let rows = README.lines().filter_map(|l| l.strip_prefix("| ")).filter_map(|l| l.split(" | ").next());
    let keys: Vec<String> = rows
        .filter(|cell| {
            cell.starts_with("`global.") || cell.starts_with("`processes.") || *cell == "`signals`"
        })
        .flat_map(keys_of)
        .collect();
    assert!(keys.len() >= 30, "{keys:?}");
    for key in keys {
        let path: Vec<&str> = key.split('.').collect();
        assert!(found(&schema, &path).is_some(), "{key} is in the README's table and not in the key table");
    }
}

#[test]
fn the_table_of_exit_codes_is_that_of_the_program() {
    let table =
        README.split("## Exit codes").nth(1).expect("the section").split("\n## ").next().expect("its text");
    let first = |line: &str| line.strip_prefix("| ").and_then(|l| l.split(" | ").next().map(str::to_owned));
    let told: Vec<u8> = table.lines().filter_map(first).filter_map(|cell| cell.parse().ok()).collect();
    assert_eq!(told, phpeek_pm::exit::ALL);
}

#[test]
fn the_readme_is_short_and_its_lines_are() {
    let text = include_str!("../README.md");
    assert!(text.lines().count() <= 220, "{} lines: details belong to config/docs", text.lines().count());
    let long: Vec<&str> = text.lines().filter(|l| l.chars().count() > 160).collect();
    assert!(long.is_empty(), "{long:?}");
    let first = text.split("\n## ").nth(1).expect("a first section");
    assert!(
        text.find(first).is_some_and(|at| text[..at + first.len()].lines().count() <= 40),
        "one screen to success"
    );
}
