//! Rules of the repository that no compiler knows: sizes, first lines, where `unsafe` may be, what documents promise.

#![allow(clippy::expect_used, clippy::panic, reason = "a test may fail")]

#[path = "tidy/house.rs"]
mod house;
#[path = "tidy/reader.rs"]
mod reader;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A reader keeps this much of a file in mind.
const LINES: usize = 400;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("a folder of the repository") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
        match path.is_dir() {
            true if name == "target" || name == ".git" => {}
            true => walk(&path, found),
            false => found.push(path),
        }
    }
}

/// Files with one of these endings below these folders: path from the top, and text.
fn files(folders: &[&str], endings: &[&str]) -> Vec<(String, String)> {
    let mut paths = Vec::new();
    for folder in folders.iter().map(|f| root().join(f)).filter(|f| f.exists()) {
        walk(&folder, &mut paths);
    }
    let wanted = |p: &PathBuf| p.extension().is_some_and(|e| endings.iter().any(|x| e == *x));
    let read = |p: PathBuf| {
        let text = fs::read_to_string(&p).unwrap_or_else(|e| panic!("{}: {e}", p.display()));
        (p.strip_prefix(root()).expect("below the top").display().to_string(), text)
    };
    paths.into_iter().filter(wanted).map(read).collect()
}

/// Fails with all that was found.
fn none(what: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

/// The part of a source file before its tests.
fn product(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().take_while(|l| !l.trim_start().starts_with("#[cfg(test)]")).enumerate()
}

#[test]
fn source_files_are_short_and_say_first_what_they_are() {
    let sources = files(&["src", "actors", "tests", "benches"], &["rs"]);
    assert!(sources.len() > 20, "the sources were found");
    let long = sources.iter().map(|(path, text)| (path, text.lines().count())).filter(|(_, n)| *n >= LINES);
    none("files too long", long.map(|(path, n)| format!("{path}: {n} lines")).collect());
    let dumb = sources.iter().filter(|(_, text)| !text.starts_with("//!") && !text.starts_with("#!"));
    none("files whose first line does not say what they are", dumb.map(|(path, _)| path.clone()).collect());
}

/// Who calls a file is held by nothing, and changes without it.
#[test]
fn heads_do_not_say_who_calls_the_file() {
    let words = concat!("called", " by");
    let sources = files(&["src", "actors"], &["rs"]);
    let head = |text: &str| {
        let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
        lines.map(str::trim).collect::<Vec<_>>().join(" ")
    };
    none(
        words,
        sources.iter().filter(|(_, text)| head(text).contains(words)).map(|(path, _)| path.clone()).collect(),
    );
}

#[test]
fn nothing_is_left_for_later() {
    // In pieces, so that this file does not find itself.
    let words = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X:"),
        concat!("todo", "!("),
        concat!("unimpl", "emented!("),
    ];
    let mut found = Vec::new();
    for (path, text) in
        files(&["src", "actors", "tests", "benches", "config"], &["rs", "toml", "yaml", "sh", "php"])
    {
        for (number, line) in text.lines().enumerate() {
            found.extend(
                words.iter().filter(|w| line.contains(**w)).map(|w| format!("{path}:{}: {w}", number + 1)),
            );
        }
    }
    none("left for later", found);
}

#[test]
fn what_pid_1_runs_cannot_panic_by_intent() {
    let calls = [".unwrap()", ".expect(", "panic!(", "unreachable!("];
    let mut found = Vec::new();
    for (path, text) in files(&["src", "actors/src", "actors/core/src"], &["rs"]) {
        let is_test = path.ends_with("/tests.rs") || path.contains("/tests/") || path.contains("testkit");
        for (number, line) in product(&text).filter(|(_, l)| !is_test && !l.trim_start().starts_with("//")) {
            found.extend(
                calls.iter().filter(|c| line.contains(**c)).map(|c| format!("{path}:{}: {c}", number + 1)),
            );
        }
    }
    none("calls that may panic", found);
}

#[test]
fn unsafe_code_is_in_one_place_and_says_why_it_is_sound() {
    let forms = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"];
    let mut found = Vec::new();
    for (path, text) in files(&["src", "actors"], &["rs"]) {
        let has =
            text.lines().any(|l| !l.trim_start().starts_with("//") && forms.iter().any(|f| l.contains(f)));
        if has && !path.starts_with("src/os/") {
            found.push(format!("{path}: unsafe outside src/os"));
        }
        if has && !text.contains("SAFETY") {
            found.push(format!("{path}: no SAFETY comment"));
        }
    }
    none("unsafe code", found);
}

#[test]
fn layers_depend_downwards_only() {
    let mut found = Vec::new();
    let banned = [
        "actix",
        "tokio",
        "std::env",
        "std::process",
        "std::fs",
        "std::time::Instant",
        "SystemTime",
        "fastrand",
    ];
    for (path, text) in files(&["actors/core/src"], &["rs"]) {
        for (number, line) in product(&text).filter(|(_, l)| !l.trim_start().starts_with("//")) {
            found.extend(
                banned.iter().filter(|b| line.contains(**b)).map(|b| format!("{path}:{}: {b}", number + 1)),
            );
        }
    }
    for (path, text) in files(&["actors/src"], &["rs"]) {
        let yaml = text.lines().any(|l| l.contains("serde_yaml") || l.contains("std::fs"));
        found.extend(yaml.then(|| format!("{path}: files or YAML below phpeek-pm")));
    }
    none("arrows that point up", found);
    let parsers = files(&["src"], &["rs"]).into_iter().filter(|(_, text)| text.contains("serde_yaml::"));
    let known = ["src/config/plain.rs", "src/config/saved.rs"];
    let parsers = parsers.map(|(path, _)| path).filter(|path| !known.contains(&path.as_str()));
    none("files other than those that read and write YAML, and know its library", parsers.collect());
}

#[test]
fn documents_are_there_and_name_what_exists() {
    for name in ["README.md", "CHANGELOG.md", "Cargo.lock", "config/php-stack.yaml", "config/schema.json"] {
        assert!(root().join(name).exists(), "{name} is missing");
    }
    let readme = fs::read_to_string(root().join("README.md")).expect("README.md");
    for command in ["cargo run --release -- demo", "tests/run", "cargo test --workspace"] {
        assert!(readme.contains(command), "README.md does not name {command}");
    }
    for script in ["tests/run", ".ci/run"] {
        let mode = fs::metadata(root().join(script)).expect(script).permissions().mode();
        assert!(mode & 0o111 != 0, "{script} cannot be run");
    }
    let mut pages = vec![root().join("README.md")];
    pages.extend(
        fs::read_dir(root().join("config/docs")).expect("pages").map(|e| e.expect("an entry").path()),
    );
    let dead = pages.iter().flat_map(|page| {
        let text = fs::read_to_string(page).expect("a page");
        let folder = page.parent().expect("a folder").to_owned();
        let targets =
            text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()).map(str::to_owned);
        let dead = targets.filter(|t| !t.is_empty() && !t.contains("://") && !folder.join(t).exists());
        dead.map(|t| format!("{}: {t}", page.display())).collect::<Vec<_>>()
    });
    none("links of pages to nothing", dead.collect());
}
