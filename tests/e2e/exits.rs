//! Exit codes: tini's matrix with the supervisor as a subreaper, and the supervisor's own codes.

use crate::support::supervisor::run;
use crate::support::{Sandbox, Supervisor};
use serde_json::{Value, json};

/// Runs one process that is never restarted; gives the supervisor's code.
fn code_of(sandbox: &Sandbox, command: Value) -> i32 {
    let config = sandbox.config(json!({}), json!({"c": {"command": command, "restart": "never"}}));
    Supervisor::start(sandbox, &config).ended()
}

#[test]
fn all_256_exit_codes_are_passed_on() {
    for code in 0..=255 {
        let sandbox = Sandbox::new();
        let command = sandbox.script("c", &format!("exit {code}"));
        assert_eq!(code_of(&sandbox, command), code);
    }
}

#[test]
fn death_by_any_signal_is_128_and_its_number() {
    // Those whose default action is the end of the process (signal(7)).
    let deadly = (1..=64).filter(|n| !matches!(n, 17..=23 | 28 | 32 | 33));
    for number in deadly {
        let sandbox = Sandbox::new();
        let command = sandbox.script("c", &format!("ulimit -c 0\nkill -{number} $$\nsleep 10"));
        assert_eq!(code_of(&sandbox, command), 128 + number, "signal {number}");
    }
}

#[test]
fn the_code_is_0_when_all_ended_well() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(
        json!({}),
        json!({
            "good": {"command": sandbox.script("good", "exit 0"), "restart": "never"},
            "once": {"type": "oneshot", "command": sandbox.script("once", "exit 0")},
        }),
    );
    assert_eq!(Supervisor::start(&sandbox, &config).ended(), 0, "all ended well");
}

#[test]
fn a_wrong_command_line_is_64() {
    let sandbox = Sandbox::new();
    let (code, text) = run(&sandbox, &["serve", "--no-such-flag"]);
    assert_eq!(code, 64, "{text}");
    assert!(text.contains("--no-such-flag"), "{text}");
    assert_eq!(run(&sandbox, &["no-such-command"]).0, 64);
}

#[test]
fn a_broken_configuration_is_78_and_starts_nothing() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(
        json!({}),
        json!({"a": {"command": sandbox.worker("a"), "shutdown": {"signal": "SIGNONSENSE"}}, "b": {"command": []}}),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    assert_eq!(supervisor.ended(), 78);
    let said = supervisor.stderr() + &supervisor.stdout();
    assert!(
        said.contains("SIGNONSENSE") && said.contains("processes.b.command"),
        "all errors at once: {said}"
    );
    assert!(sandbox.story().is_empty());
    assert_eq!(run(&sandbox, &["serve", "--config", "/nonexistent/config.yaml"]).0, 78);
}
