//! Health with real programs: who waits for readiness, and who is restarted for the lack of health.

use super::traces::traced;
use crate::support::otlp::{Manner, Receiver};
use crate::support::procfs::alive;
use crate::support::{LONG, Sandbox, Supervisor, wait_until};
use serde_json::{Value, json};

const RESTART: &str = "process_manager.restart_process";

/// A check that asks a program for as long as it takes: the answer decides, and no time.
fn asks(command: &Value, mode: &str) -> Value {
    json!({
        "type": "exec", "command": command, "mode": mode,
        "initial_delay": 0, "period": "100ms", "timeout": "60s", "failure_threshold": 1,
    })
}

#[test]
fn a_dependent_waits_until_what_it_needs_says_that_it_is_ready() {
    let receiver = Receiver::start(Manner::Takes);
    let sandbox = Sandbox::new();
    let check = sandbox.script("check", "emit check asked\n[ -e \"$SANDBOX/ready\" ]");
    let config = sandbox.config(
        traced(&receiver.endpoint()),
        json!({
            "db": {"command": sandbox.worker("db"), "health_check": asks(&check, "readiness")},
            "app": {"command": sandbox.worker("app"), "depends_on": ["db"]},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("db", 1);
    sandbox.seen("check", "asked", 3);
    assert!(sandbox.events_of("app", "start").is_empty(), "db runs, and is not ready");
    sandbox.write("ready", "");
    sandbox.started("app", 1);
    assert_eq!(sandbox.events_of("db", "start").len(), 1, "a check of readiness restarts nothing");
    assert_eq!(supervisor.stop(), 0);
    let trace = receiver.spans();
    let ready = trace.one("process.wait_ready");
    assert_eq!(ready.get("health_check.type"), "exec");
    assert_eq!(trace.one("process_manager.wait_dependency").get("dependency.condition"), "ready");
    assert_eq!(trace.orphans(), Vec::<String>::new());
    assert_eq!(supervisor.leftovers(), Vec::<String>::new());
}

#[test]
fn the_instance_that_fails_is_restarted_alone_and_the_trace_says_why() {
    let receiver = Receiver::start(Manner::Takes);
    let sandbox = Sandbox::new();
    // The run that is there when it falls ill does; its successor is well.
    let check = sandbox.script(
        "check",
        "echo \"I look after $PHPEEK_PM_INSTANCE_ID\"\nI=$PHPEEK_PM_INSTANCE_ID\n[ \"$I\" != w-1 ] || [ ! -e \"$SANDBOX/ill\" ] || [ \"$(count w-1)\" -gt 1 ] && exit\n\
         echo 'fever of 40' >&2\nexit 3",
    );
    let worker = sandbox.script("w", "emit $PHPEEK_PM_INSTANCE_ID start\nexec sleep 1000");
    let config = sandbox.config(
        traced(&receiver.endpoint()),
        json!({"w": {"command": worker, "scale": 2, "max_restart_attempts": -1, "health_check": asks(&check, "liveness")}}),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let (well, ill) = (sandbox.started("w-0", 1), sandbox.started("w-1", 1));
    sandbox.write("ill", "");
    assert_ne!(sandbox.started("w-1", 2), ill);
    wait_until(LONG, "the end of the run that was ill", || !alive(ill));
    assert!(alive(well) && sandbox.events_of("w-0", "start").len() == 1, "the other was left alone");
    receiver.wait(RESTART, 1);
    assert_eq!(supervisor.stop(), 0);
    let trace = receiver.spans();
    let restarts = trace.named(RESTART);
    assert!(restarts.iter().any(|s| s.get("restart.reason") == "health_check"), "{restarts:?}");
    let failed = trace.named("health_check.execute").into_iter().find(|s| !s.get("error").is_empty());
    let failed = failed.expect("what failed is a span");
    assert_eq!(failed.get("health_check.result"), "exit code 3: fever of 40", "with what it wrote last");
    let log = supervisor.stdout();
    assert!(
        log.contains("exit code 3: fever of 40") && !log.contains("I look after"),
        "and the log is no place for more"
    );
    assert_eq!(supervisor.leftovers(), Vec::<String>::new());
}
