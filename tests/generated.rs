//! What is generated is in the repository and fresh: the man pages and the completions, which packagers take from there;
//! and what comes of the key tables: the JSON schema, the file with every key, the table of keys in config/docs. `UPDATE_GENERATED=1 cargo test --test generated` writes them anew.

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
    held(&format!("config/{file}"), &printed(arguments));
}

fn at(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file)
}

fn held(file: &str, wanted: &[u8]) {
    let path = at(file);
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::create_dir_all(path.parent().expect("it lies in config/")).expect("the folder can be made");
        std::fs::write(&path, wanted).expect("the file can be written");
    }
    let found = std::fs::read(&path).unwrap_or_default();
    assert!(found == wanted, "{} is stale: UPDATE_GENERATED=1 cargo test --test generated", path.display());
}

#[test]
fn the_man_page_is_fresh() {
    fresh("man/phpeek-pm.1", &["man"]);
}

#[test]
fn each_command_has_a_fresh_page() {
    for command in phpeek_pm::cli::command().get_subcommands() {
        let name = command.get_name();
        let page = String::from_utf8(printed(&["man", name])).expect("a text");
        assert!(page.contains("EXIT STATUS"), "{page}");
        held(&format!("config/man/phpeek-pm-{name}.1"), page.as_bytes());
    }
}

#[test]
fn the_completions_are_fresh() {
    for shell in ["bash", "zsh", "fish"] {
        fresh(&format!("completions/phpeek-pm.{shell}"), &["completions", shell]);
    }
}

#[test]
fn the_schema_and_the_file_with_every_key_are_fresh() {
    held("config/schema.json", phpeek_pm::config::schema_json().as_bytes());
    held("config/full.yaml", phpeek_pm::config::full_yaml().as_bytes());
}

#[test]
fn the_document_of_the_api_is_fresh() {
    fresh("openapi.json", &["schema", "--api"]);
}

#[test]
fn the_table_of_keys_in_the_pages_is_fresh() {
    let readme = std::fs::read_to_string(at("config/docs/configuration.md")).expect("a file");
    let (before, rest) = readme.split_once("<!-- keys:").expect("the table's beginning");
    let (mark, rest) = rest.split_once("-->\n").expect("the end of the mark");
    let (_, after) = rest.split_once("<!-- /keys -->").expect("the table's end");
    let table = phpeek_pm::config::keys_table();
    held(
        "config/docs/configuration.md",
        format!("{before}<!-- keys:{mark}-->\n{table}<!-- /keys -->{after}").as_bytes(),
    );
}
