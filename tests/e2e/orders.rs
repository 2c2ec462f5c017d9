//! The commands that order a running supervisor about: each waits until what it asks for is so.

use crate::support::procfs::alive;
use crate::support::supervisor::{clean, program, run};
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

#[test]
fn names_of_processes_complete_in_a_shell() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(
        json!({"control_socket": sandbox.path("c.sock")}),
        json!({"queue": {"command": sandbox.worker("queue")}, "web": {"command": sandbox.worker("web")}}),
    );
    let _supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("queue", 1);
    sandbox.write("completions.bash", &run(&sandbox, &["completions", "bash"]).1);
    let typed = "source completions.bash\nPM=\"$0\"; C=\"$1\"\n\
                 completed() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); COMPREPLY=()\n\
                 _phpeek_pm_known \"$PM\" \"${@: -1}\" \"${@: -2:1}\"; echo \"${COMPREPLY[*]}\"; }\n\
                 completed \"$PM\" restart --config \"$C\" ''\ncompleted \"$PM\" restart --config \"$C\" --rolling q\n\
                 completed \"$PM\" schedule --config \"$C\" pause w\ncompleted \"$PM\" stop --js\n";
    let mut command = std::process::Command::new("bash");
    let asked = clean(&mut command, &sandbox).args(["-c", typed]).arg(program()).arg(&config).output();
    let asked = asked.expect("bash");
    let said = String::from_utf8_lossy(&asked.stdout);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines, ["queue web", "queue", "web", "--json"], "{}", String::from_utf8_lossy(&asked.stderr));
}
