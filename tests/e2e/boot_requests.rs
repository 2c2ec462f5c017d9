//! What is asked while the boot is under way: a stop acts at once, on what runs and on what has not begun, and ends no boot;
//! a restart waits for its end, and is done also when who asked has gone.

use crate::support::supervisor::{clean, program, run};
use crate::support::{LONG, Sandbox, Supervisor, wait_until};
use serde_json::json;
use std::process::{Command, Stdio};

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

#[test]
fn what_waits_for_the_boot_is_done_also_when_who_asked_has_gone() {
    let sandbox = Sandbox::new();
    let slow = sandbox.script("slow", "emit slow start\nuntil [ -e \"$SANDBOX/go\" ]; do sleep 0.02; done");
    let config = sandbox.config(
        json!({"control_socket": sandbox.path("c.sock")}),
        json!({
            "slow": {"command": slow, "type": "oneshot"},
            "last": {"command": sandbox.worker("last"), "depends_on": ["slow"]},
            "web": {"command": sandbox.worker("web")},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("slow", 1);
    sandbox.started("web", 1);
    let heard = sandbox.path("heard");
    let file = std::fs::File::create(&heard).expect("a file");
    let mut command = Command::new(program());
    let command = clean(&mut command, &sandbox).args(["restart", "web", "--config"]).arg(&config);
    let mut asker = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).spawn().expect("it runs");
    let text = || std::fs::read_to_string(&heard).expect("what it says");
    wait_until(LONG, "it is told that it has to wait", || text().contains("the boot is under way"));
    assert!(asker.try_wait().expect("a child").is_none(), "{}", text());
    asker.kill().expect("it runs");
    asker.wait().expect("it has ended");
    assert_eq!(sandbox.events_of("web", "start").len(), 1, "the boot is under way");
    sandbox.write("go", "");
    sandbox.started("web", 2);
    assert_eq!(supervisor.stop(), 0);
}
