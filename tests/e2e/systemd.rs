//! Below systemd: the test is systemd, with its socket. What is told is what happens, and signs of life come as wanted.

use crate::support::supervisor::Launch;
use crate::support::{LONG, Sandbox, wait_until};
use rustix::process::Signal;
use serde_json::json;
use std::os::unix::net::UnixDatagram;

/// The next message that is no sign of life, as its lines.
fn next(socket: &UnixDatagram) -> Vec<String> {
    let mut buffer = [0; 4096];
    loop {
        let count = socket.recv(&mut buffer).expect("a message in time");
        let text = std::str::from_utf8(&buffer[..count]).expect("plain text");
        if text != "WATCHDOG=1" {
            return text.lines().map(str::to_owned).collect();
        }
    }
}

#[test]
fn systemd_is_told_what_happens_and_finds_signs_of_life() {
    let sandbox = Sandbox::new();
    let socket = UnixDatagram::bind(sandbox.path("notify")).expect("a socket");
    socket.set_read_timeout(Some(LONG)).expect("it is a socket");
    let body = format!("emit gate start\n{}", Sandbox::until_open("go"));
    let processes = |more: bool| {
        let mut all = json!({
            "gate": {"type": "oneshot", "command": ["/bin/sh", sandbox.path("gate.sh")]},
            "app": {"command": ["/bin/sh", sandbox.path("app.sh")], "depends_on": ["gate"]},
        });
        if more {
            all["more"] = json!({"command": ["/bin/sh", sandbox.path("more.sh")]});
        }
        all
    };
    sandbox.script("gate", &body);
    sandbox.script("app", "env > \"$SANDBOX/seen\"\nemit app start\nexec sleep 1000");
    sandbox.worker("more");
    let config = sandbox.config(json!({}), processes(false));
    let mut supervisor = Launch::new(&sandbox)
        .env("NOTIFY_SOCKET", sandbox.path("notify").display().to_string())
        .env("WATCHDOG_USEC", "200000")
        .serve(&config);
    assert_eq!(next(&socket), ["STATUS=starting 2 processes"]);
    sandbox.started("gate", 1);
    let mut buffer = [0; 64];
    let count = socket.recv(&mut buffer).expect("a sign of life in time");
    assert_eq!(&buffer[..count], b"WATCHDOG=1", "it lives, and is not ready");
    sandbox.write("go", "");
    assert_eq!(next(&socket), ["READY=1", "STATUS=2 processes are up"]);
    sandbox.started("app", 1);
    let seen = std::fs::read_to_string(sandbox.path("seen")).expect("the environment of app");
    assert!(!seen.contains("NOTIFY_SOCKET") && !seen.contains("WATCHDOG"), "{seen}");

    sandbox.config(json!({}), processes(true));
    supervisor.signal(Signal::HUP);
    let reloading = next(&socket);
    assert_eq!((reloading[0].as_str(), reloading[2].as_str()), ("RELOADING=1", "STATUS=reloading"));
    let since = reloading[1].strip_prefix("MONOTONIC_USEC=").and_then(|micros| micros.parse::<u64>().ok());
    assert!(since.is_some_and(|micros| micros > 0), "{reloading:?}");
    assert_eq!(next(&socket), ["READY=1", "STATUS=3 processes are up"]);
    sandbox.started("more", 1);

    let alone = json!({"more": {"command": ["/bin/sh", sandbox.path("more.sh")]}});
    sandbox.config(json!({}), alone);
    supervisor.signal(Signal::HUP);
    assert_eq!(next(&socket)[0], "RELOADING=1");
    let said = std::iter::repeat_with(|| next(&socket).pop());
    assert!(
        said.take(4).any(|last| last.is_some_and(|last| last == "STATUS=1 process is up")),
        "the last is told"
    );

    supervisor.signal(Signal::TERM);
    let stopping = next(&socket);
    assert_eq!((stopping[0].as_str(), stopping[2].as_str()), ("STOPPING=1", "STATUS=stopping 1 process"));
    assert_eq!(supervisor.ended(), 0);
}

#[test]
fn who_cannot_be_told_is_told_of_once_and_holds_nothing_up() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(json!({}), json!({"app": {"command": sandbox.worker("app")}}));
    let nobody = sandbox.path("nobody").display().to_string();
    let mut supervisor = Launch::new(&sandbox).env("NOTIFY_SOCKET", nobody).serve(&config);
    sandbox.started("app", 1);
    let said = || {
        supervisor
            .records()
            .iter()
            .filter(|r| r["msg"].as_str().is_some_and(|m| m.contains("NOTIFY_SOCKET")))
            .count()
    };
    wait_until(LONG, "the fault is told", || said() == 1);
    assert_eq!(supervisor.stop(), 0);
}
