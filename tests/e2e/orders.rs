//! The commands that order a running supervisor about: each waits until what it asks for is so.

use crate::support::procfs::alive;
use crate::support::supervisor::run;
use crate::support::{LONG, Sandbox, Supervisor, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};

#[test]
fn processes_are_listed_stopped_started_restarted_scaled_and_signalled() {
    let sandbox = Sandbox::new();
    let told = "trap 'emit b told' HUP\nemit b start\nwhile :; do sleep 0.02; done";
    let config = sandbox.config(
        json!({"control_socket": sandbox.path("c.sock")}),
        json!({"a": {"command": sandbox.worker("a"), "max_scale": 3}, "b": {"command": sandbox.script("b", told)}}),
    );
    let config_text = config.display().to_string();
    let ask = |words: &[&str]| run(&sandbox, &[words, &["--config", &config_text]].concat());
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let first = sandbox.started("a", 1);
    sandbox.started("b", 1);
    let (code, text) = ask(&["list", "--json"]);
    let listed: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((code, &listed["processes"][0]["name"]), (0, &json!("a")));
    assert_eq!(ask(&["stop", "a"]), (0, "a: stopped\n".to_owned()));
    assert!(!alive(first), "it waits until that is so");
    assert_eq!(ask(&["start", "a"]).0, 0);
    assert_eq!(ask(&["start", "a"]).0, 1, "it runs already");
    sandbox.started("a", 2);
    assert_eq!(ask(&["restart", "a"]).0, 0);
    sandbox.started("a", 3);
    assert_eq!(ask(&["scale", "a", "+2"]).0, 0);
    sandbox.started("a", 5);
    let (code, text) = ask(&["scale", "a", "4"]);
    assert!(code == 1 && text.contains("3 instances at most"), "{text}");
    assert_eq!(ask(&["scale", "a", "many"]).0, 64);
    assert_eq!(ask(&["signal", "b", "HUP"]).0, 0);
    sandbox.seen("b", "told", 1);
    assert_eq!(ask(&["signal", "b", "NONSENSE"]).0, 1);
    assert_eq!(ask(&["stop", "nobody"]).0, 1);
    assert!(ask(&["list"]).1.contains("longrun"));
    supervisor.signal(Signal::TERM);
    assert_eq!(supervisor.ended(), 0);
    wait_until(LONG, "nobody listens", || ask(&["list"]).0 == 3);
}
