//! What was done long ago, asked for by a command: each restart with its cause, after restarts of the supervisor, when it has
//! delivered everything, and when nobody runs.

use crate::support::otlp::{Manner, Receiver};
use crate::support::supervisor::{Supervisor, run};
use crate::support::{Sandbox, wait_for};
use serde_json::{Value, json};
use std::time::Duration;

fn history(sandbox: &Sandbox, more: &[&str]) -> Vec<Value> {
    let mut words = vec!["history", "queue", "--since", "7d", "--json"];
    words.extend(more);
    let (code, text) = run(sandbox, &words);
    assert_eq!(code, 0, "{text}");
    let report: Value = serde_json::from_str(text.lines().last().unwrap_or_default()).expect("JSON");
    report["runs"].as_array().expect("a list").clone()
}

#[test]
fn each_restart_is_told_with_its_cause_after_a_restart_of_the_supervisor() {
    let (sandbox, receiver) = (Sandbox::new(), Receiver::start(Manner::Takes));
    let script = "n=$(cat \"$SANDBOX/n\" 2>/dev/null || echo 0)\necho $((n + 1)) > \"$SANDBOX/n\"\nemit queue start\n\
                  if [ \"$n\" -lt 2 ]; then echo no disk >&2; exit 3; fi\nexec sleep 1000";
    let (spool, socket) = (sandbox.path("spool"), sandbox.path("control.sock"));
    let global = json!({
        "tracing_enabled": true, "tracing_exporter": "otlp-grpc", "tracing_endpoint": receiver.endpoint(),
        "tracing_spool_dir": spool, "control_socket": socket,
    });
    let config = sandbox
        .config(global, json!({"queue": {"command": sandbox.script("queue", script), "restart": "always"}}));
    let mut first = Supervisor::start(&sandbox, &config);
    sandbox.started("queue", 3);
    receiver.wait("process_manager.restart_process", 2);
    assert_eq!(first.stop(), 0);

    let mut second = Supervisor::start(&sandbox, &config);
    sandbox.started("queue", 4);
    let at = socket.to_string_lossy().into_owned();
    let restarts = wait_for(Duration::from_secs(10), "the supervisor answers", || {
        let (code, _) = run(&sandbox, &["history", "--socket", &at]);
        (code == 0).then(|| history(&sandbox, &["--errors", "--socket", &at]))
    });
    assert_eq!(restarts.len(), 2, "{restarts:?}");
    for restart in &restarts {
        assert_eq!(
            (&restart["kind"], &restart["outcome"], &restart["exit_code"]),
            (&json!("restart"), &json!("crash"), &json!(3))
        );
        assert_eq!(
            (&restart["instance"], &restart["output"]),
            (&json!("queue-0"), &json!("no disk")),
            "{restart}"
        );
    }
    assert!(restarts[0]["start_time"].as_str() >= restarts[1]["start_time"].as_str(), "the newest first");
    let (code, shown) = run(&sandbox, &["history", "queue", "--since", "7d", "--errors", "--socket", &at]);
    assert!(code == 0 && shown.contains("crash") && shown.contains("no disk"), "{shown}");

    // What was delivered by the first is drawn by the second.
    let id = restarts[1]["trace_id"].as_str().expect("an id");
    let (code, drawn) = run(&sandbox, &["trace", "show", id, "--socket", &at]);
    assert!(code == 0 && drawn.contains("process_manager.restart_process"), "{drawn}");
    assert_eq!(second.stop(), 0);

    // And nobody has to run for it.
    let config = config.to_string_lossy().into_owned();
    assert_eq!(history(&sandbox, &["--errors", "--config", &config, "--socket", &at]).len(), 2);
    assert_eq!(history(&sandbox, &["--errors", "--spool", &spool.to_string_lossy()]).len(), 2);
}

#[test]
fn without_a_spool_it_is_said_what_is_needed() {
    let sandbox = Sandbox::new();
    let socket = sandbox.path("control.sock");
    let config = sandbox
        .config(json!({"control_socket": socket}), json!({"queue": {"command": sandbox.worker("queue")}}));
    let supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("queue", 1);
    let (code, text) = run(&sandbox, &["history", "--since", "7d", "--socket", &socket.to_string_lossy()]);
    assert!(code == 0 && text.contains("tracing_spool_dir"), "{text}");
    drop(supervisor);
}
