//! Files that a program writes by itself, with the real supervisor: followed, hidden in, asked for, and read to their end.

use crate::support::supervisor::{Supervisor, run};
use crate::support::{LONG, Sandbox, wait_until};
use serde_json::{Value, json};
use std::fs;

#[test]
fn what_a_program_writes_to_its_own_file_is_output_to_the_last_line() {
    let sandbox = Sandbox::new();
    let (log, socket) = (sandbox.path("app.log"), sandbox.path("control.sock"));
    fs::write(&log, "of before\n").expect("room");
    let says = |text: &str| format!("echo '{text}' >> {}", log.display());
    let script = format!(
        "{}\nlast() {{ {}; exit 0; }}\ntrap last TERM\nemit app start\nwhile :; do sleep 0.05; done",
        says("an ERROR with pass=hush"),
        says("the last words"),
    );
    let processes = json!({"app": {
        "command": sandbox.script("app", &script),
        "logging": {
            "redaction": {"enabled": true, "patterns": [{"pattern": "pass=[a-z]+", "replacement": "pass=***"}]},
            "files": {"own": {
                "path": log,
                "level_detection": {"enabled": true, "patterns": {"error": "ERROR"}},
            }},
        },
    }});
    let config = sandbox.config(json!({"control_socket": socket}), processes);
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("app", 1);
    let socket = socket.to_string_lossy();
    let asked = || run(&sandbox, &["logs", "app", "--json", "--socket", &socket]).1;
    wait_until(LONG, "the line is kept", || asked().contains("pass=***"));
    let kept: Value = serde_json::from_str(asked().lines().next().expect("a line")).expect("JSON");
    assert_eq!((&kept["instance"], &kept["stream"]), (&json!("own"), &json!("file")), "{kept}");
    assert_eq!(supervisor.stop(), 0);
    let of_file = supervisor.records().into_iter().filter(|record| record["stream"] == "file");
    let told: Vec<_> = of_file.map(|r| (r["level"].clone(), r["msg"].clone())).collect();
    let wanted = [("error", "an ERROR with pass=***"), ("info", "the last words")];
    assert_eq!(told, wanted.map(|(level, text)| (json!(level), json!(text))));
}
