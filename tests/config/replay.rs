//! The corpus of `tests/fuzz`, and files at random that look like real ones.

use phpeek_pm::app::load;
use phpeek_pm::cli::check::{Detail, human, json};
use phpeek_pm::config::{Place, Source, Strictness};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

const FULL: &str = include_str!("../../config/full.yaml");

/// As `tests/fuzz/fuzz_targets/config.rs`, and that every place is in the file.
fn consistent(input: &str) {
    let (text, value) = input.split_once('\0').unwrap_or((input, "x"));
    let vars = BTreeMap::from([("V".to_owned(), value.to_owned())]);
    let loaded = load(&Source::Text(text.to_owned()), &vars);
    assert_eq!(loaded.configuration.is_some(), loaded.report.passed(Strictness::Usual), "{text}");
    assert_eq!(loaded.configuration.is_some(), loaded.report.summary.is_some(), "{text}");
    for finding in &loaded.report.findings {
        if let Place::File { line, column, .. } = finding.place {
            // One more than there are: where a file ends too early.
            assert!(
                line >= 1 && column >= 1 && line <= text.split('\n').count() + 1,
                "{finding:?} in {text}"
            );
        }
    }
    assert!(!human(&loaded.report, Detail::Full, Strictness::Strict).is_empty());
    let machine: serde_json::Value =
        serde_json::from_str(&json(&loaded.report, Strictness::Strict)).expect("JSON");
    assert_eq!(machine["valid"], loaded.configuration.is_some());
}

#[test]
fn the_corpus_of_the_fuzzer_is_read_without_a_fault() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    let files: Vec<_> =
        std::fs::read_dir(dir).expect("a corpus").map(|e| e.expect("an entry").path()).collect();
    assert!(files.len() >= 10);
    for file in files {
        consistent(&String::from_utf8_lossy(&std::fs::read(file).expect("a file")));
    }
}

/// One change to a text: cut, doubled, or replaced by a scrap of YAML.
fn edited(text: &str, edits: &[(u16, u8, u8)]) -> String {
    const SCRAPS: [&str; 16] =
        ["", " ", "\n", ": ", "- ", "{", "}", "[", "]", "\"", "*a ", "&a ", "<<: ", "${V}", "#", "\t"];
    let mut chars: Vec<char> = text.chars().collect();
    for (at, length, scrap) in edits {
        let at = usize::from(*at) % (chars.len() + 1);
        let end = (at + usize::from(*length % 24)).min(chars.len());
        let mut new: Vec<char> = SCRAPS[usize::from(*scrap) % SCRAPS.len()].chars().collect();
        if scrap % 3 == 0 {
            new.extend(chars[at..end].to_vec().repeat(2));
        }
        chars.splice(at..end, new);
    }
    chars.into_iter().collect()
}

proptest! {
    #[test]
    fn an_edited_file_never_makes_it_panic(
        edits in proptest::collection::vec(any::<(u16, u8, u8)>(), 1..6),
        value in ".{0,12}",
    ) {
        consistent(&format!("{}\0{value}", edited(FULL, &edits)));
    }
}
