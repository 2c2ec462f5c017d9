//! What is asked while the boot is under way: a stop acts at once, on what runs and on what has not begun, and ends no boot.

use crate::support::supervisor::run;
use crate::support::{LONG, Sandbox, Supervisor, wait_until};
use serde_json::json;

#[test]
fn a_stop_a_start_and_a_scale_do_not_wait_for_a_slow_boot() {
    let sandbox = Sandbox::new();
    let ready = sandbox.script("ready", "[ -e \"$SANDBOX/go\" ]");
    let slow = json!({"type": "exec", "command": ready, "mode": "readiness", "period": 1, "timeout": 1});
    let config = sandbox.config(
        json!({"control_socket": sandbox.path("c.sock")}),
        json!({
            "db": {"command": sandbox.worker("db"), "health_check": slow},
            "web": {"command": sandbox.worker("web"), "depends_on": ["db"]},
            "queue": {"command": sandbox.polite("queue")},
            "tool": {"command": sandbox.worker("tool"), "initial_state": "stopped"},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("db", 1);
    sandbox.started("queue", 1);
    let file = config.display().to_string();
    let ask = |words: &[&str]| run(&sandbox, &[words, &["--config", &file]].concat());
    assert_eq!(ask(&["start", "tool"]).0, 0);
    assert_eq!(ask(&["scale", "queue", "2"]).0, 0);
    assert_eq!(ask(&["stop", "queue"]).0, 0);
    sandbox.seen("queue", "end", 2);
    assert!(sandbox.events_of("web", "start").is_empty(), "the boot is under way");
    assert_eq!(ask(&["stop", "db"]).0, 0);
    wait_until(LONG, "the boot goes on without it", || supervisor.stdout().contains("all processes are up"));
    let up = supervisor.records().into_iter().find(|r| r["stopped"].is_number()).expect("some are not up");
    let told = "all processes are up but those that were stopped meanwhile";
    assert_eq!((&up["msg"], &up["stopped"]), (&json!(told), &json!(3)), "db, what needs it, and queue");
    assert!(sandbox.events_of("web", "start").is_empty(), "what needs it is not started");
    sandbox.write("go", "");
    assert_eq!(ask(&["start", "db"]).0, 0);
    sandbox.started("web", 1);
    assert_eq!(supervisor.stop(), 0);
    assert_eq!(supervisor.leftovers(), Vec::<String>::new());
}
