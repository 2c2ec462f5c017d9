//! How a stop goes on when processes do not listen, and that it may come at any moment.

use crate::support::procfs::{alive, command_line, marked};
use crate::support::{LONG, Sandbox, Supervisor, wait_until};
use rustix::process::Signal;
use serde_json::json;
use std::time::{Duration, Instant};

#[test]
fn what_ignores_its_stop_signal_is_killed_after_its_timeout() {
    let sandbox = Sandbox::new();
    let config = sandbox
        .config(json!({}), json!({"c": {"command": sandbox.stubborn("c"), "shutdown": {"timeout": 1}}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let pid = sandbox.started("c", 1);
    let began = Instant::now();
    supervisor.stop();
    assert!(began.elapsed() >= Duration::from_secs(1), "the process got its time");
    assert!(!alive(pid));
    assert_eq!(supervisor.leftovers(), Vec::<String>::new());
}

#[test]
fn the_configured_signals_are_sent() {
    let sandbox = Sandbox::new();
    let body = "trap '' USR2\ntrap 'emit c quit; exit 0' QUIT\ntrap 'emit c term' TERM\nemit c start\nwhile :; do sleep 0.02; done";
    let shutdown = json!({"signal": "SIGUSR2", "timeout": 1, "kill_signal": "SIGQUIT"});
    let config =
        sandbox.config(json!({}), json!({"c": {"command": sandbox.script("c", body), "shutdown": shutdown}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("c", 1);
    supervisor.stop();
    assert_eq!(sandbox.story(), ["c start", "c quit"], "USR2 was ignored, QUIT came last, TERM never");
}

#[test]
fn a_second_sigterm_kills_at_once() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(
        json!({"shutdown_timeout": 300}),
        json!({
            "c": {"command": sandbox.stubborn("c"), "shutdown": {"timeout": 300}},
            "p": {"command": sandbox.polite("p"), "depends_on": ["c"]},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let pid = sandbox.started("c", 1);
    sandbox.started("p", 1);
    supervisor.signal(Signal::TERM);
    // Once p has ended, c is being asked; it does not listen.
    sandbox.seen("p", "end", 1);
    assert!(alive(pid) && supervisor.runs(), "the first SIGTERM waits");
    supervisor.signal(Signal::TERM);
    supervisor.ended();
    assert_eq!(supervisor.leftovers(), Vec::<String>::new());
}

#[test]
fn a_grandchild_that_does_not_listen_dies_with_its_group() {
    let sandbox = Sandbox::new();
    let body =
        "(trap '' TERM; exec sleep 999) &\ntrap 'exit 0' TERM\nemit c start\nwhile :; do sleep 0.02; done";
    let config = sandbox
        .config(json!({}), json!({"c": {"command": sandbox.script("c", body), "shutdown": {"timeout": 1}}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("c", 1);
    let grandchild = || marked(sandbox.dir()).into_iter().any(|pid| command_line(pid) == "sleep 999");
    wait_until(LONG, "the grandchild", grandchild);
    supervisor.stop();
    assert_eq!(supervisor.leftovers(), Vec::<String>::new(), "a process is stopped when its group is empty");
}

#[test]
fn shutdown_timeout_bounds_the_whole_and_says_75() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(
        json!({"shutdown_timeout": 1}),
        json!({"c": {"command": sandbox.stubborn("c"), "shutdown": {"timeout": 300}}}),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("c", 1);
    assert_eq!(supervisor.stop(), 75, "not all stopped within the deadline");
    assert_eq!(supervisor.leftovers(), Vec::<String>::new());
}

#[test]
fn a_stop_ends_a_dependency_wait() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(
        json!({}),
        json!({
            "slow": {"type": "oneshot", "command": sandbox.script("slow", "emit slow start\nexec sleep 1000")},
            "app": {"command": sandbox.worker("app"), "depends_on": ["slow"]},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("slow", 1);
    supervisor.stop();
    assert_eq!(sandbox.story(), ["slow start"], "app was never started");
    assert_eq!(supervisor.leftovers(), Vec::<String>::new());
}

#[test]
fn a_stop_is_heard_at_any_moment_of_the_start() {
    // Handlers are installed before the configuration is read; from then on a SIGTERM is a graceful end, however
    // little has been started. The mask in /proc tells when they are there.
    for round in 0..20 {
        let sandbox = Sandbox::new();
        let config = sandbox
            .config(json!({}), json!({"w": {"command": sandbox.worker("w"), "scale": 1 + round % 10}}));
        let mut supervisor = Supervisor::start(&sandbox, &config);
        let pid = supervisor.pid();
        wait_until(LONG, "the handler of SIGTERM", || catches(pid, 15));
        assert_eq!(supervisor.stop(), 0, "round {round}");
        assert_eq!(supervisor.leftovers(), Vec::<String>::new(), "round {round}");
    }
}

/// Whether the process has a handler for the signal, or holds it back to read it (signalfd).
fn catches(pid: i32, number: u32) -> bool {
    ["SigCgt", "SigBlk"].iter().any(|key| {
        let mask = crate::support::procfs::status(pid, key).and_then(|m| u64::from_str_radix(&m, 16).ok());
        mask.is_some_and(|m| m & (1 << (number - 1)) != 0)
    })
}
