//! What is generated from the command line is in the repository and fresh: the man page and the completions. Packagers
//! take them from there. `UPDATE_GENERATED=1 cargo test --test generated` writes them anew.

#![allow(clippy::expect_used, clippy::disallowed_methods, reason = "a test may fail, and runs the program")]

use std::path::PathBuf;
use std::process::Command;

fn printed(arguments: &[&str]) -> Vec<u8> {
    let run =
        Command::new(env!("CARGO_BIN_EXE_phpeek-pm")).args(arguments).output().expect("the program runs");
    assert!(run.status.success(), "{arguments:?}: {run:?}");
    run.stdout
}

fn fresh(file: &str, arguments: &[&str]) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("config").join(file);
    let wanted = printed(arguments);
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::create_dir_all(path.parent().expect("it lies in config/")).expect("the folder can be made");
        std::fs::write(&path, &wanted).expect("the file can be written");
    }
    let found = std::fs::read(&path).unwrap_or_default();
    assert!(found == wanted, "{} is stale: UPDATE_GENERATED=1 cargo test --test generated", path.display());
}

#[test]
fn the_man_page_is_fresh() {
    fresh("man/phpeek-pm.1", &["man"]);
}

#[test]
fn the_completions_are_fresh() {
    for shell in ["bash", "zsh", "fish"] {
        fresh(&format!("completions/phpeek-pm.{shell}"), &["completions", shell]);
    }
}
