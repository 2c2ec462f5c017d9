//! Bounds of memory with real programs: all that belongs to an instance counts, what is above is replaced or killed, and
//! whoever asks is told.

use super::traces::traced;
use crate::support::otlp::{Manner, Receiver};
use crate::support::procfs::alive;
use crate::support::supervisor::run;
use crate::support::{LONG, Sandbox, Supervisor, wait_until};
use serde_json::{Value, json};

const RESTART: &str = "process_manager.restart_process";

/// Sixty megabytes in a variable of a shell.
const GROW: &str = "X=$(head -c 60000000 /dev/zero | tr '\\000' x)";

#[test]
fn the_whole_tree_counts_and_a_run_above_the_soft_bound_is_asked_to_go() {
    let receiver = Receiver::start(Manner::Takes);
    let sandbox = Sandbox::new();
    // The leader stays small. What grows is a child of it, in a session of its own, and in its first run alone.
    let grow = sandbox.script("grow", &format!("emit child start\n{GROW}\nsleep 1000 &\nwait"));
    let program = grow[1].as_str().expect("a path");
    let body = format!(
        "trap 'emit w asked; exit 0' TERM\nemit w start\n\
         [ \"$(grep -c 'w start' \"$SANDBOX/events\")\" != 1 ] || setsid /bin/sh {program} &\n\
         while :; do sleep 0.05; done"
    );
    let mut global = traced(&receiver.endpoint());
    global["control_socket"] = json!(sandbox.path("c.sock"));
    let config = sandbox.config(
        global,
        json!({
            "w": {"command": sandbox.script("w", &body), "memory": {"soft": "40MB"}, "restart": "always"},
            "small": {"command": sandbox.worker("small"), "max_memory_mb": 40, "restart": "always"},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let first = sandbox.started("w", 1);
    let child = sandbox.started("child", 1);
    sandbox.started("w", 2);
    sandbox.seen("w", "asked", 1);
    wait_until(LONG, "the end of the first run and of its child", || !alive(first) && !alive(child));
    assert_eq!(sandbox.events_of("small", "start").len(), 1, "what is small is left alone");
    let config_text = config.display().to_string();
    let (_, text) = run(&sandbox, &["status", "--json", "--config", &config_text]);
    let snapshot: Value = serde_json::from_str(&text).expect("JSON");
    let shown = |process: usize| snapshot["processes"][process]["instances"][0]["memory_limit"].clone();
    assert_eq!((shown(0), &shown(1)["limit"]), (Value::Null, &json!("soft")), "{text}");
    assert!(
        run(&sandbox, &["status", "--config", &config_text]).1.contains("exit code 0, soft memory limit")
    );
    assert!(run(&sandbox, &["list", "--config", &config_text]).1.contains("running, soft memory limit"));
    receiver.wait(RESTART, 1);
    assert_eq!(supervisor.stop(), 0);
    let trace = receiver.spans();
    let restart = trace.one(RESTART);
    assert_eq!((restart.get("restart.reason"), restart.get("memory.limit")), ("memory_limit", "soft"));
    assert_eq!(supervisor.leftovers(), Vec::<String>::new());
}

#[test]
fn above_the_hard_bound_it_is_killed_at_once_whatever_it_cares_for() {
    let sandbox = Sandbox::new();
    let body = format!("trap '' TERM\nemit w start\n{GROW}\nsleep 1000 &\nwait");
    let config = sandbox.config(
        json!({}),
        json!({"w": {"command": sandbox.script("w", &body), "memory": {"hard": "40MB"}, "restart": "never"}}),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    assert_eq!(supervisor.ended(), 137, "as of what SIGKILL has ended");
    let records = supervisor.records();
    let told = records.iter().find(|record| record["limit"] == "hard").expect("it is told");
    assert_eq!(told["limit_bytes"], 40 << 20);
    assert!(told["used_bytes"].as_u64().expect("a number") > 40 << 20, "{told}");
    assert_eq!(supervisor.leftovers(), Vec::<String>::new());
}
