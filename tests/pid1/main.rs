//! The supervisor as PID 1 of a PID namespace of its own: tini's matrix of exit codes and signals, orphans, the last
//! sweep. Needs root and unshare(1), and fails where it has not got them; `tests/run` runs it, a plain `cargo test`
//! does not (feature `needs-root`).

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may fail")]
#![allow(clippy::print_stderr, reason = "the harness shows what the supervisor said when a test fails")]
#![allow(clippy::disallowed_methods, reason = "tests start programs and read clocks")]

mod leaves;
mod oom;
#[path = "../support/mod.rs"]
mod support;

mod control;
mod scratch;

use rustix::process::{Signal, geteuid};
use serde_json::{Value, json};
use std::path::Path;
use support::procfs::{children_of, zombies_of};
use support::supervisor::{Launch, Place};
use support::{LONG, Sandbox, Supervisor, wait_until};

/// Starts the supervisor as PID 1.
fn init(sandbox: &Sandbox, config: &Path) -> Supervisor {
    assert!(geteuid().is_root(), "PID namespaces need root: run tests/run as root or through sudo");
    Launch::new(sandbox).at(Place::Namespace).serve(config)
}

/// Runs one process that is never restarted; gives the container's code.
fn code_of(sandbox: &Sandbox, command: Value) -> i32 {
    let config = sandbox.config(json!({}), json!({"c": {"command": command, "restart": "never"}}));
    init(sandbox, &config).ended()
}

/// Signals that a process can catch, the supervisor can be bound to, and that are not made by faults of the program
/// itself (signal(7)): neither KILL, STOP, CHLD, PIPE nor ILL, TRAP, ABRT, BUS, FPE, SEGV, SYS.
fn bindable() -> impl Iterator<Item = i32> {
    (1..=64).filter(|n| !matches!(n, 4..=9 | 11 | 13 | 17 | 19 | 31 | 32 | 33))
}

#[test]
fn all_256_exit_codes_are_the_containers() {
    for code in 0..=255 {
        let sandbox = Sandbox::new();
        let command = sandbox.script("c", &format!("exit {code}"));
        assert_eq!(code_of(&sandbox, command), code);
    }
}

#[test]
fn death_by_any_signal_is_128_and_its_number() {
    // Those whose default action is the end of the process (signal(7)).
    for number in (1..=64).filter(|n| !matches!(n, 17..=23 | 28 | 32 | 33)) {
        let sandbox = Sandbox::new();
        let command = sandbox.script("c", &format!("ulimit -c 0\nkill -{number} $$\nsleep 10"));
        assert_eq!(code_of(&sandbox, command), 128 + number, "signal {number}");
    }
}

#[test]
fn every_signal_can_be_handed_on() {
    for number in bindable() {
        let sandbox = Sandbox::new();
        let body =
            format!("trap 'emit c heard; exit 9' {number}\nemit c start\nwhile :; do sleep 0.02; done");
        let config = sandbox.config(
            json!({"signals": {number.to_string(): "relay:c"}}),
            json!({"c": {"command": sandbox.script("c", &body), "restart": "never"}}),
        );
        let mut supervisor = init(&sandbox, &config);
        sandbox.seen("c", "start", 1);
        supervisor.signal_number(number);
        assert_eq!(supervisor.ended(), 9, "signal {number}");
        assert_eq!(sandbox.story(), ["c start", "c heard"], "signal {number}");
    }
}

#[test]
fn a_signal_that_means_nothing_does_not_end_pid_1() {
    let unbound = bindable().filter(|n| !matches!(n, 1 | 2 | 3 | 10 | 12 | 15 | 18 | 20..=22));
    let sandbox = Sandbox::new();
    let config = sandbox.config(json!({}), json!({"c": {"command": sandbox.polite("c")}}));
    let mut supervisor = init(&sandbox, &config);
    sandbox.started("c", 1);
    for number in unbound {
        supervisor.signal_number(number);
    }
    assert_eq!(supervisor.stop(), 0);
    assert_eq!(sandbox.story(), ["c start", "c end"]);
}

#[test]
fn a_stop_is_graceful_and_empties_the_namespace() {
    let sandbox = Sandbox::new();
    let body =
        "setsid sleep 888 &\ntrap 'emit c end; exit 0' TERM\nemit c start\nwhile :; do sleep 0.02; done";
    let config = sandbox.config(json!({}), json!({"c": {"command": sandbox.script("c", body)}}));
    let mut supervisor = init(&sandbox, &config);
    sandbox.seen("c", "start", 1);
    assert_eq!(supervisor.stop(), 0);
    assert_eq!(sandbox.story(), ["c start", "c end"]);
    assert_eq!(supervisor.leftovers(), Vec::<String>::new());
}

#[test]
fn a_thousand_orphans_leave_no_zombie_and_take_no_status_of_500_runs() {
    let maker = "i=0\nwhile [ $i -lt 1000 ]; do (sh -c \"sleep 0.0$((i % 9))\" &); i=$((i + 1)); done\nemit o start\nexec sleep 1000";
    let sandbox = Sandbox::new();
    let config = sandbox.config(
        json!({"max_process_scale": 500}),
        json!({
            "o": {"command": sandbox.script("o", maker)},
            "w": {"command": sandbox.script("w", "emit w start"), "restart": "on-failure", "scale": 500},
        }),
    );
    let mut supervisor = init(&sandbox, &config);
    sandbox.seen("o", "start", 1);
    sandbox.seen("w", "start", 500);
    let pid = supervisor.pid();
    wait_until(LONG, "only the maker is left, and no zombie", || {
        children_of(pid).len() == 1 && zombies_of(pid).is_empty()
    });
    assert_eq!(
        sandbox.events_of("w", "start").len(),
        500,
        "a wrong status would be a failure, and restarted"
    );
    assert_eq!(supervisor.stop(), 0);
}

/// Whoever makes the namespace may keep the session's leader outside of it, as unshare(1) and some runtimes do.
#[test]
fn a_daemon_is_told_and_stopped_in_a_session_from_outside_of_the_namespace() {
    let sandbox = Sandbox::new();
    let daemon = "trap 'emit d end; exit 0' TERM\nemit d start\nwhile :; do sleep 0.02; done";
    let daemon = sandbox.script("d", daemon);
    let daemon = daemon.as_array().and_then(|words| words.last()).and_then(Value::as_str).expect("a path");
    let body = format!("setsid sh {daemon} > /dev/null 2>&1 &\nemit o start");
    let config = sandbox.config(
        json!({}),
        json!({
            "o": {"type": "oneshot", "command": sandbox.script("o", &body)},
            "w": {"command": sandbox.worker("w"), "depends_on": ["o"]},
        }),
    );
    let mut supervisor = init(&sandbox, &config);
    sandbox.started("w", 1);
    sandbox.started("d", 1);
    let told = |r: &Value| r["msg"].as_str().is_some_and(|m| m.contains("daemons")) && r["process"] == "o";
    wait_until(LONG, "it is told by the process it came from", || supervisor.records().iter().any(told));
    assert_eq!(supervisor.stop(), 0);
    assert_eq!(sandbox.events_of("d", "end").len(), 1, "it was asked, and it ended by itself");
}

#[test]
fn a_killed_supervisor_takes_its_namespace_with_it() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(json!({}), json!({"c": {"command": sandbox.stubborn("c")}}));
    let mut supervisor = init(&sandbox, &config);
    sandbox.seen("c", "start", 1);
    supervisor.signal(Signal::KILL);
    // What unshare(1) makes of it differs between its versions.
    assert_ne!(supervisor.ended(), 0);
    wait_until(LONG, "nobody is left", || supervisor.leftovers().is_empty());
}

#[test]
fn users_are_dropped_to_and_their_groups_taken() {
    let sandbox = Sandbox::new();
    let body = "echo \"$(id -u) $(id -g) $(id -G)\"\nexec sleep 1000";
    // The folder is root's alone; the script must be readable for the user that runs it.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(sandbox.dir(), open).expect("our folder");
    let config = sandbox.config(
        json!({}),
        json!({
            "user": {"command": sandbox.script("user", body), "user": "nobody"},
            "numbers": {"command": sandbox.script("numbers", body), "user": "65534", "group": "1234"},
        }),
    );
    let mut supervisor = init(&sandbox, &config);
    wait_until(LONG, "both tell who they are", || {
        ["user", "numbers"].iter().all(|p| !supervisor.lines_of(p).is_empty())
    });
    assert_eq!(supervisor.lines_of("user"), ["65534 65534 65534"], "nobody of Debian, and its groups alone");
    assert_eq!(supervisor.lines_of("numbers")[0].split(' ').take(2).collect::<Vec<_>>(), ["65534", "1234"]);
    assert_eq!(supervisor.stop(), 0);
}
