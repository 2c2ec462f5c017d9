//! A boot that fails: its code, its last words, and that what ran is stopped in order.

use crate::support::supervisor::MISSING_PROGRAM;
use crate::support::{Sandbox, Supervisor};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// Boots db, cache upon it, and a third process that cannot start upon both.
fn fails(sandbox: &Sandbox, third: Value) -> (i32, Supervisor) {
    let mut third = third;
    third["depends_on"] = json!(["db", "cache"]);
    let config = sandbox.config(
        json!({}),
        json!({
            "db": {"command": sandbox.polite("db")},
            "cache": {"command": sandbox.polite("cache"), "depends_on": ["db"]},
            "third": third,
        }),
    );
    let mut supervisor = Supervisor::start(sandbox, &config);
    let code = supervisor.ended();
    assert_eq!(supervisor.leftovers(), Vec::<String>::new(), "nothing is left");
    (code, supervisor)
}

/// Who was asked to end, in order. A script that was killed before its trap was set says nothing.
fn ends(sandbox: &Sandbox) -> Vec<String> {
    sandbox.story().into_iter().filter(|e| e.ends_with(" end")).collect()
}

#[test]
fn a_missing_program_is_named_last() {
    let sandbox = Sandbox::new();
    let (code, supervisor) = fails(&sandbox, json!({"command": ["/nonexistent/program-x"]}));
    assert_eq!(code, MISSING_PROGRAM);
    let last = supervisor.last_words();
    assert!(last.contains("third") && last.contains("program-x"), "which and why: {last}");
}

#[test]
fn a_program_that_may_not_be_run_is_126() {
    let sandbox = Sandbox::new();
    let path = sandbox.write("plain", "#!/bin/sh\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("our file");
    let (code, supervisor) = fails(&sandbox, json!({"command": [path]}));
    assert_eq!(code, 126);
    assert!(supervisor.last_words().contains("third"), "{}", supervisor.last_words());
}

#[test]
fn an_unknown_user_is_1_and_never_root() {
    let sandbox = Sandbox::new();
    let third = json!({"command": sandbox.worker("third"), "user": "no-such-user-x"});
    let (code, supervisor) = fails(&sandbox, third);
    assert_eq!(code, 1);
    let last = supervisor.last_words();
    assert!(last.contains("third") && last.contains("no-such-user-x"), "which and why: {last}");
    assert!(sandbox.events_of("third", "start").is_empty(), "it must not run as somebody else");
}

#[test]
fn a_missing_working_directory_is_1() {
    let sandbox = Sandbox::new();
    let third = json!({"command": sandbox.worker("third"), "working_dir": "/nonexistent/dir-x"});
    let (code, supervisor) = fails(&sandbox, third);
    assert_eq!(code, 1);
    assert!(supervisor.last_words().contains("dir-x"), "{}", supervisor.last_words());
}

#[test]
fn a_failed_oneshot_gives_its_code_and_what_ran_is_stopped_in_reverse() {
    let sandbox = Sandbox::new();
    // It fails only once both others have set their traps, so that both can tell of their end.
    let both = "until [ \"$(grep -c ' start ' \"$SANDBOX/events\")\" -ge 2 ]; do sleep 0.02; done";
    let migrate = sandbox.script("migrate", &format!("{both}\nexit 43"));
    let config = sandbox.config(
        json!({}),
        json!({
            "db": {"command": sandbox.polite("db")},
            "cache": {"command": sandbox.polite("cache"), "depends_on": ["db"]},
            "migrate": {"type": "oneshot", "command": migrate, "depends_on": ["cache"]},
            "app": {"command": sandbox.worker("app"), "depends_on": ["migrate"]},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    assert_eq!(supervisor.ended(), 43);
    assert_eq!(ends(&sandbox), ["cache end", "db end"]);
    assert!(sandbox.events_of("app", "start").is_empty());
    let last = supervisor.last_words();
    assert!(last.contains("migrate") && last.contains("43"), "which and why: {last}");
}
