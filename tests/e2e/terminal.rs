//! What a terminal does to the supervisor and to what it supervises. `script` makes one; without it they fail.

use crate::support::procfs::alive;
use crate::support::supervisor::{clean, program};
use crate::support::{LONG, Sandbox, wait_for, wait_until};
use serde_json::json;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs `serve` on a terminal that goes when the child given back is killed.
fn on_a_terminal(sandbox: &Sandbox, config: &Path) -> std::process::Child {
    let log = sandbox.path("stdout.log");
    let line =
        format!("exec {} serve --config {} > {} 2>&1", program().display(), config.display(), log.display());
    let mut command = Command::new("script");
    clean(&mut command, sandbox)
        .args(["-qec", &line, "/dev/null"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("`script` is not installed: it is in bsdutils")
}

#[test]
fn a_terminal_that_goes_is_a_stop_and_stops_no_child_itself() {
    let sandbox = Sandbox::new();
    // Whoever reads from a terminal in the background is stopped by it: there must be none to read from.
    let body = "trap 'emit c end; exit 0' TERM\nhead -c 1 /dev/tty 2>/dev/null || emit c none\nemit c start\nwhile :; do sleep 0.02; done";
    let config = sandbox.config(json!({}), json!({"c": {"command": sandbox.script("c", body)}}));
    let mut terminal = on_a_terminal(&sandbox, &config);
    let child = sandbox.started("c", 1);
    assert_eq!(sandbox.events_of("c", "none").len(), 1, "a session of its own has no terminal");
    terminal.kill().expect("it runs");
    terminal.wait().expect("it was killed");
    wait_for(LONG, "the end is told", || {
        let text = std::fs::read_to_string(sandbox.path("stdout.log")).unwrap_or_default();
        text.contains("everything has stopped").then_some(())
    });
    wait_until(LONG, "the child is gone", || !alive(child));
    assert_eq!(sandbox.story(), ["c none", "c start", "c end"], "it was asked");
}

#[test]
fn a_terminal_gets_text_with_colours_unless_it_or_the_user_wants_none() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(json!({}), json!({"c": {"command": ["echo", "hello"], "restart": "never"}}));
    for (environment, colours) in
        [("TERM=xterm NO_COLOR=", true), ("TERM=xterm NO_COLOR=1", false), ("TERM=dumb NO_COLOR=", false)]
    {
        let line = format!("env {environment} {} serve --config {}", program().display(), config.display());
        let mut command = Command::new("script");
        let shown =
            clean(&mut command, &sandbox).args(["-qec", &line, "/dev/null"]).stdin(Stdio::null()).output();
        let shown = shown.expect("`script` is not installed: it is in bsdutils");
        let text = String::from_utf8_lossy(&shown.stdout);
        let hello = text.lines().find(|line| line.contains("hello")).unwrap_or_default();
        assert!(!hello.is_empty() && !hello.starts_with('{'), "{environment}: {text}");
        assert_eq!(text.contains('\x1b'), colours, "{environment}: {text}");
    }
}
