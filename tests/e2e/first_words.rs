//! What somebody types who knows another program, and every word of the answer: `golden/first_words.txt` holds both.
//! `UPDATE_GOLDEN=1` writes it anew.

use crate::support::Sandbox;
use crate::support::supervisor::{clean, program, run};
use std::path::Path;
use std::process::Command;

const LINES: &[&str] = &[
    "",
    "check-config",
    "nowhere.yaml",
    "serve nowhere.yaml",
    "serve --daemon",
    "serve -d",
    "--detach",
    "--nodaemon",
    "start",
    "stop",
    "run",
    "up",
    "daemon",
    "down",
    "shutdown",
    "check",
    "validate",
    "ps",
    "tail web",
    "kill web",
    "update",
    "reread",
    "monit",
    "enable web",
    "exec sh",
    "generate",
    "frobnicate",
    "statsu",
    "status --wat",
    "status --wait -1",
    "restart web --wait soon",
    "logs web --tail -1",
    "top --interval -1",
    "trace last --width wide",
    "demo --seconds 1",
    "run --config x.yaml -- true",
    "serve --ready-file x",
    "--dry-run reload",
    "--watch status",
    "--pid-file x stop web",
    "status --socket none.sock",
    "logs web --socket none.sock",
    "trace last --socket none.sock",
    "trace spool list --spool .",
    "trace last --spool .",
    "trace list --spool .",
    "trace last --spool nowhere",
    "import procfile nowhere",
    "example nothing",
];

#[test]
fn each_word_of_habit_is_answered_in_exactly_these_words() {
    let sandbox = Sandbox::new();
    let folder = sandbox.dir().display().to_string();
    let mut all = String::new();
    for line in LINES {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (code, said) = run(&sandbox, &words);
        // Another test may run one beside this.
        let own = |line: &&str| !line.starts_with("A supervisor runs here already");
        let said: Vec<&str> = said.lines().filter(own).collect();
        let said = format!("{}\n", said.join("\n")).replace(&folder, "SANDBOX");
        all.push_str(&format!("=== phpeek-pm {line}\n{said}[{code}]\n\n"));
    }
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/golden/first_words.txt"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &all).expect("a writable file");
    }
    let held = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(held, all, "run with UPDATE_GOLDEN=1 and look at the difference");
}

#[test]
fn an_answer_that_a_full_disk_does_not_take_is_told_and_no_success() {
    let sandbox = Sandbox::new();
    for words in [&["example"][..], &["example", "full"], &["config"], &["version"], &["check-config"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("it is there");
        let output = clean(&mut Command::new(program()), &sandbox)
            .args(words)
            .env("PHPEEK_PM_PROCESS_WEB_COMMAND", "sleep 1")
            .stdout(full)
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("cannot be written to standard output: No space left"), "{words:?}: {said}");
        assert!(!output.status.success(), "{words:?}");
    }
}
