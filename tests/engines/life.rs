//! Start, stop and the end of a container: what PID 1 ends with is what the engine tells, and HEALTHCHECK says the truth.

use crate::podman::{BARE, Container, SCRATCH, shell};
use crate::support::procfs::{children_of, signal};
use crate::support::{LONG, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::fs;

/// Stays until it is stopped.
const STAYS: &str = "trap 'echo bye; exit 0' TERM; echo up; while :; do /bin/busybox sleep 0.05; done";

#[test]
fn a_container_starts_and_stops_in_order_and_ends_with_0() {
    let processes = json!({
        "first": {"command": shell(STAYS)},
        "second": {"command": shell(STAYS), "depends_on": ["first"]},
    });
    let container = Container::of(SCRATCH).config(json!({}), processes).started().up();
    assert_eq!(container.stop(), 0);
    let byes: Vec<Value> = container.records().into_iter().filter(|r| r["msg"] == "bye").collect();
    let order: Vec<_> = byes.iter().map(|r| r["process"].as_str().unwrap_or_default()).collect();
    assert_eq!(order, ["second", "first"]);
}

#[test]
fn an_image_of_the_program_alone_runs_it() {
    // It supervises itself: there is no other program.
    let inner = "version: \"1.0\"\nprocesses:\n  missing: {command: [/missing], restart: never}\n";
    let serve = json!([crate::podman::PROGRAM, "serve", "--config", "/srv/inner.yaml"]);
    let container =
        Container::of(BARE).config(json!({}), json!({"inner": {"command": serve, "restart": "never"}}));
    fs::write(container.srv("inner.yaml"), inner).expect("a file");
    assert_eq!(
        container.attached().status.code(),
        Some(127),
        "that of the inner one, which found no program"
    );
}

#[test]
fn the_engine_tells_each_exit_code() {
    let never = |command: Value| json!({"command": command, "restart": "never"});
    let once = |command: Value| json!({"command": command, "type": "oneshot"});
    let cases = [
        ("a process that ends well", never(shell("exit 0")), 0),
        ("a process's own", never(shell("exit 3")), 3),
        ("the highest", never(shell("exit 255")), 255),
        ("of a signal", never(shell("kill -KILL $$")), 137),
        ("of a crash", never(shell("kill -SEGV $$")), 139),
        ("of a oneshot", once(shell("exit 42")), 42),
        ("no program", once(json!(["/bin/none"])), 127),
        ("not a program", once(json!(["/etc/phpeek-pm/phpeek-pm.yaml"])), 126),
        (
            "no user",
            {
                let mut process = never(shell("exit 0"));
                process["user"] = json!("nobody-of-that-name");
                process
            },
            1,
        ),
        ("a wrong configuration", json!({"command": 7, "restart": "sometimes"}), 78),
    ];
    for (what, process, code) in cases {
        let container = Container::of(SCRATCH).config(json!({}), json!({"app": process}));
        let output = container.attached();
        let told = String::from_utf8_lossy(&output.stdout);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{what}: {told}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(container.ended(), code, "{what}, as inspect tells it");
    }
}

#[test]
fn what_does_not_stop_is_killed_within_the_bound_and_told_by_75() {
    let deaf = shell("trap '' TERM; echo up; while :; do /bin/busybox sleep 0.05; done");
    let container = Container::of(SCRATCH)
        .config(json!({"shutdown_timeout": 1}), json!({"deaf": {"command": deaf}}))
        .started()
        .up();
    container.says("deaf", "up");
    assert_eq!(container.stop(), 75);
}

#[test]
fn a_health_check_with_status_tells_both_ways() {
    // In an image that has neither /run nor /tmp.
    let gated = shell("test -e /srv/open || exit 1; exec /bin/busybox sleep 1000");
    let processes = json!({"app": {"command": gated, "max_restart_attempts": -1}});
    let backoff = json!({"restart_backoff_initial": "200ms", "restart_backoff_max": "200ms"});
    let container = Container::of(SCRATCH).config(backoff, processes).started();
    wait_until(LONG, "it has died once", || {
        container.records().iter().any(|r| r["process"] == "app" && r["level"] != "info")
    });
    assert_eq!(container.health(), Some(1), "not up yet");
    fs::write(container.srv("open"), "").expect("a file");
    let container = container.up();
    assert_eq!(container.health(), Some(0));
    fs::remove_file(container.srv("open")).expect("it is there");
    for pid in children_of(container.pid()) {
        assert!(signal(pid, Signal::KILL));
    }
    wait_until(LONG, "the health check fails again", || container.health() == Some(1));
    assert_eq!(container.stop(), 0);
}
