//! The corpus of the fuzz target `spool`, and recipes at random.

#[path = "../fuzz/spool.rs"]
mod recipe;

use proptest::prelude::*;
use std::path::Path;

fn holds(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    recipe::law(bytes, folder.path());
}

#[test]
fn the_corpus_of_the_fuzzer_holds_the_law_of_the_spool() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus_spool");
    let files: Vec<_> =
        std::fs::read_dir(dir).expect("a corpus").map(|e| e.expect("an entry").path()).collect();
    assert!(files.len() >= 10);
    for file in files {
        holds(&std::fs::read(file).expect("a file"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_recipe_holds_the_law_of_the_spool(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        holds(&bytes);
    }
}
