//! `top`: what instances use, once where nobody looks on, and again and again on a terminal.

use crate::support::supervisor::{clean, program, run};
use crate::support::{LONG, Sandbox, Supervisor, wait_for, wait_until};
use serde_json::{Value, json};
use std::process::{Child, Command, Stdio};

/// Runs a line on a terminal, with what it writes in a file.
fn on_a_terminal(sandbox: &Sandbox, line: &str, env: &[(&str, &str)]) -> Child {
    drop(std::fs::remove_file(sandbox.path("screen"))); // there may be none yet
    let mut command = Command::new("script");
    clean(&mut command, sandbox)
        .args(["-qefc", line, &sandbox.path("screen").display().to_string()])
        .envs(env.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("`script` is not installed: it is in bsdutils")
}

#[test]
fn what_instances_use_is_shown_once_as_a_table_or_json_and_live_on_a_terminal() {
    let sandbox = Sandbox::new();
    // The leader sleeps; what it has started works.
    let busy = "emit busy start\nsh -c 'while :; do :; done' &\nwait";
    let config = sandbox.config(
        json!({"control_socket": sandbox.path("c.sock")}),
        json!({
            "busy": {"command": sandbox.script("busy", busy)},
            "calm": {"command": sandbox.worker("calm")},
            "off": {"command": ["/bin/true"], "initial_state": "stopped"},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let pid = sandbox.started("busy", 1);
    sandbox.started("calm", 1);
    let socket = sandbox.path("c.sock").display().to_string();
    let top = |words: &[&str]| run(&sandbox, &[&["top", "--socket", &socket], words].concat());
    let shown = wait_for(LONG, "what it has started works", || {
        let (code, text) = top(&["--json"]);
        assert_eq!(code, 0, "{text}");
        let shown: Value = serde_json::from_str(&text).expect("JSON");
        let first = &shown["instances"][0];
        (first["id"] == "busy-0" && first["cpu_percent"].as_f64() > Some(5.0)).then_some(shown)
    });
    let first = &shown["instances"][0];
    assert_eq!((&first["pid"], &first["state"]), (&json!(pid), &json!("running")));
    assert!(first["memory_rss_bytes"].as_u64() > Some(100_000) && first["uptime_s"].is_number(), "{first}");
    let off = shown["instances"].as_array().and_then(|all| all.iter().find(|i| i["id"] == "off-0"));
    assert_eq!(off.map(|off| (&off["pid"], &off["cpu_percent"])), Some((&Value::Null, &Value::Null)));
    let (code, text) = top(&["--sort", "name", "--once"]);
    let names: Vec<_> = text.lines().skip(2).filter_map(|line| line.split(' ').next()).collect();
    assert_eq!((code, names), (0, vec!["busy-0", "calm-0", "off-0"]), "{text}");
    assert!(!text.contains('\x1b'), "no terminal, no codes");
    assert_eq!(top(&["--interval", "0"]).0, 64);

    let line = format!("{} top --socket {socket} --interval 0.2", program().display());
    let screen = || std::fs::read_to_string(sandbox.path("screen")).unwrap_or_default();
    for (env, titles) in [(&[("TERM", "xterm")][..], true), (&[("TERM", "xterm"), ("NO_COLOR", "1")], false)]
    {
        let mut terminal = on_a_terminal(&sandbox, &line, env);
        wait_until(LONG, "it looks again and again", || screen().matches("\x1b[H").count() > 3);
        assert_eq!(screen().contains("\x1b[7m"), titles, "{:?}", screen());
        terminal.kill().expect("it runs");
        terminal.wait().expect("it was killed");
    }
    let mut terminal = on_a_terminal(&sandbox, &line, &[("TERM", "dumb")]);
    assert!(terminal.wait().expect("it ends by itself").success());
    assert!(screen().contains("busy-0") && !screen().contains('\x1b'), "{:?}", screen());
    assert_eq!(supervisor.stop(), 0);
}
