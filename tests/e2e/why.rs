//! `explain NAME` of a running supervisor: why a process is as it is, and what follows.

use crate::support::supervisor::run;
use crate::support::{LONG, Sandbox, Supervisor, wait_until};
use serde_json::{Value, json};

#[test]
fn a_process_is_explained_with_what_it_waits_for_and_its_last_restart() {
    let sandbox = Sandbox::new();
    let crash =
        "emit crash start\n[ -e \"$SANDBOX/once\" ] || { : >\"$SANDBOX/once\"; exit 3; }\nexec sleep 1000";
    let config = sandbox.config(
        json!({"control_socket": sandbox.path("c.sock"), "tracing_enabled": true, "tracing_exporter": "none"}),
        json!({
            "crash": {"command": sandbox.script("crash", crash)},
            "slow": {"command": sandbox.worker("slow"),
                "health_check": {"type": "exec", "command": ["/bin/false"], "mode": "readiness"}},
            "late": {"command": sandbox.worker("late"), "depends_on": ["slow"]},
        }),
    );
    let socket = sandbox.path("c.sock").display().to_string();
    let explain = |words: &[&str]| run(&sandbox, &[&["explain", "--socket", &socket], words].concat());
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("crash", 2);
    let seen = |name: &str, part: &str| {
        wait_until(LONG, part, || {
            let (code, text) = explain(&[name]);
            code == 0 && text.contains(part)
        });
    };
    seen("crash", "last restart, ");
    seen("crash", "ended with exit code 3");
    seen("crash", "next: when it ends, it is started again");
    seen("late", "needs slow (ready): running, not so yet");
    let (code, text) = explain(&["crash", "--json"]);
    let told: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((code, &told["last_restart"]["reason"], &told["name"]), (0, &json!("crash"), &json!("crash")));
    assert_eq!(explain(&["nobody"]).0, 1);
    assert_eq!(supervisor.stop(), 0);
}
