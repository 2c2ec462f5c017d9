//! Restart policies, the budget, backoff: seen by the number of starts and by the exit code.

use crate::support::procfs::{alive, signal};
use crate::support::{LONG, Sandbox, Supervisor, wait_until};
use rustix::process::Signal;
use serde_json::json;
use std::time::{Duration, Instant};

#[test]
fn a_crash_loop_ends_when_its_budget_is_spent() {
    let sandbox = Sandbox::new();
    let crash = sandbox.script("c", "emit c start\nexit 5");
    let config = sandbox
        .config(json!({"max_restart_attempts": 3}), json!({"c": {"command": crash, "restart": "always"}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    assert_eq!(supervisor.ended(), 5, "the code of what ended the container");
    assert_eq!(sandbox.events_of("c", "start").len(), 4, "the first run and three restarts");
}

#[test]
fn clean_ends_spend_nothing_of_the_budget() {
    let sandbox = Sandbox::new();
    let body =
        "emit c start\n[ \"$(grep -c 'c start' \"$SANDBOX/events\")\" -lt 6 ] && exit 0\nexec sleep 1000";
    let config = sandbox.config(
        json!({"max_restart_attempts": 1}),
        json!({"c": {"command": sandbox.script("c", body), "restart": "always"}}),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("c", 6);
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn on_failure_restarts_failures_alone_and_never_restarts_nothing() {
    for (policy, code, starts) in [("on-failure", 0, 1), ("on-failure", 9, 3), ("never", 9, 1)] {
        let sandbox = Sandbox::new();
        let command = sandbox.script("c", &format!("emit c start\nexit {code}"));
        let config = sandbox.config(
            json!({"max_restart_attempts": 2}),
            json!({"c": {"command": command, "restart": policy}}),
        );
        let mut supervisor = Supervisor::start(&sandbox, &config);
        assert_eq!(supervisor.ended(), code, "{policy}, exit {code}");
        assert_eq!(sandbox.events_of("c", "start").len(), starts, "{policy}, exit {code}");
    }
}

#[test]
fn a_killed_worker_comes_back_and_the_others_stay() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(
        json!({}),
        json!({
            "worker": {"command": sandbox.worker("worker"), "restart": "always"},
            "other": {"command": sandbox.worker("other")},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let (first, other) = (sandbox.started("worker", 1), sandbox.started("other", 1));
    assert!(signal(first, Signal::KILL));
    let second = sandbox.started("worker", 2);
    assert_ne!(first, second);
    assert!(alive(other), "the other process was left alone");
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn a_process_in_backoff_is_not_dead_and_a_stop_does_not_wait_for_it() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(
        json!({"restart_backoff_initial": "300s", "restart_backoff_max": "300s"}),
        json!({"c": {"command": sandbox.script("c", "emit c start\nexit 1"), "restart": "always"}}),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let pid = sandbox.started("c", 1);
    wait_until(LONG, "the end of the first run", || !std::path::Path::new(&format!("/proc/{pid}")).exists());
    assert!(supervisor.runs(), "the only process waits for its next run");
    let began = Instant::now();
    supervisor.stop();
    assert!(began.elapsed() < Duration::from_secs(20), "the stop waited for the backoff");
    assert_eq!(sandbox.events_of("c", "start").len(), 1, "no start after the stop");
}

#[test]
fn five_hundred_short_runs_have_no_wrong_status() {
    let sandbox = Sandbox::new();
    // A status that went astray would be a failure, and `on-failure` would start the instance again.
    let config = sandbox.config(
        json!({"max_process_scale": 500}),
        json!({"w": {"command": sandbox.script("w", "emit w start"), "restart": "on-failure", "scale": 500}}),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    assert_eq!(supervisor.ended_within(LONG * 3), 0, "all ended well");
    assert_eq!(sandbox.events_of("w", "start").len(), 500, "each instance ran once");
}
