//! When `status` has its answer: within its wait, whatever the supervisor does, and at once when it can only be no.

use crate::support::supervisor::{Launch, clean, program, run};
use crate::support::{LONG, Sandbox, procfs, wait_for, wait_until};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs `status` with these options.
fn status(sandbox: &Sandbox, more: &[&str]) -> (Option<i32>, String) {
    asked(sandbox, &[&["status"], more].concat())
}

/// Runs a command; fails when it has no answer within half a minute.
fn asked(sandbox: &Sandbox, words: &[&str]) -> (Option<i32>, String) {
    let out = sandbox.path("answer");
    let file = || std::fs::File::options().create(true).append(true).open(&out).expect("a file");
    drop(std::fs::remove_file(&out));
    let mut child = clean(&mut Command::new(program()), sandbox)
        .args(words)
        .stdin(Stdio::null())
        .stdout(file())
        .stderr(file())
        .spawn()
        .expect("the program runs");
    let ended = wait_for(LONG, "its answer", || child.try_wait().expect("our child"));
    (ended.code(), std::fs::read_to_string(&out).expect("its output"))
}

/// Connections until the kernel takes no more of them.
fn fill(path: &Path) -> Vec<OwnedFd> {
    let address = SocketAddrUnix::new(path).expect("short enough");
    let one = || {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).expect("a socket");
        connect(&socket, &address).ok().map(|()| socket)
    };
    std::iter::from_fn(one).take(10_000).collect()
}

#[test]
fn one_that_is_stopped_costs_no_more_than_the_wait() {
    let sandbox = Sandbox::new();
    let socket = sandbox.path("control.sock");
    let pid_file = sandbox.path("pm.pid").display().to_string();
    let config =
        sandbox.config(json!({"control_socket": socket}), json!({"w": {"command": sandbox.worker("w")}}));
    let mut supervisor = Launch::new(&sandbox).arg("--pid-file").arg(&pid_file).serve(&config);
    sandbox.started("w", 1);
    let named = socket.display().to_string();
    let ask = |wait: &str| status(&sandbox, &["--socket", &named, "--wait", wait]);
    let read = |wait: &str| status(&sandbox, &["--pid-file", &pid_file, "--wait", wait]);
    assert_eq!((ask("60").0, read("60").0), (Some(0), Some(0)));
    supervisor.signal(Signal::STOP);
    let is_stopped = || procfs::entry(supervisor.pid()).is_some_and(|entry| entry.state == 'T');
    wait_until(LONG, "it is stopped", is_stopped);
    // An order is not waited for any longer, which is told after a second.
    let begun = std::time::Instant::now();
    let (code, text) = asked(&sandbox, &["restart", "w", "--socket", &named]);
    let how = format!("`kill -CONT {}` lets it go on, and what it was asked for", supervisor.pid());
    let told = text.starts_with("phpeek-pm: no answer yet") && text.contains(&how);
    assert!(code == Some(4) && told && begun.elapsed() < LONG / 2, "{code:?}: {text}");
    for room in [true, false] {
        let full = if room { Vec::new() } else { fill(&socket) };
        for wait in ["0", "1", "3"] {
            // Its own patience would be longer than that of this test, were it not for the wait.
            let begun = std::time::Instant::now();
            for (code, text) in [ask(wait), read(wait)] {
                assert!(code == Some(4) && text.contains("did not answer in time"), "{code:?}: {text}");
            }
            assert!(begun.elapsed() < LONG / 2, "{wait}: {:?}", begun.elapsed());
        }
        // Other commands have a bound of their own, and say the same.
        let (code, text) = asked(&sandbox, &["telemetry", "--socket", &named]);
        assert!(code == Some(4) && text.contains("did not answer in time"), "{code:?}: {text}");
        drop(full);
    }
    supervisor.signal(Signal::CONT);
    assert_eq!((ask("60").0, read("60").0), (Some(0), Some(0)));
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn what_will_not_come_is_not_waited_for() {
    let sandbox = Sandbox::new();
    let socket = sandbox.path("control.sock");
    let pid_file = sandbox.path("pm.pid").display().to_string();
    let config = sandbox.config(
        json!({"control_socket": socket}),
        json!({
            "bad": {"command": sandbox.script("bad", "emit bad start\nexit 3"), "restart": "never"},
            "slow": {"command": sandbox.stubborn("slow"), "shutdown": {"timeout": 1000}},
        }),
    );
    let mut supervisor = Launch::new(&sandbox).arg("--pid-file").arg(&pid_file).serve(&config);
    sandbox.started("slow", 1);
    sandbox.started("bad", 1);
    let named = socket.display().to_string();
    let ways: [&[&str]; 2] = [&["--socket", &named], &["--pid-file", &pid_file]];
    for way in ways {
        let (code, text) = status(&sandbox, &[way, &["--wait", "1000"]].concat());
        let failed = text.lines().any(|line| line.starts_with("bad-0") && line.contains("failed"));
        assert!(code == Some(1) && failed, "{code:?}: {text}");
    }
    supervisor.signal(Signal::TERM);
    wait_until(LONG, "it stops", || {
        let (_, text) = run(&sandbox, &["status", "--pid-file", &pid_file, "--json"]);
        serde_json::from_str::<Value>(&text).is_ok_and(|snapshot| snapshot["state"] == "stopping")
    });
    for way in ways {
        let (code, text) = status(&sandbox, &[way, &["--wait", "1000"]].concat());
        assert!(code == Some(1) && text.starts_with("stopping"), "{code:?}: {text}");
    }
    supervisor.signal(Signal::TERM); // the second one kills
    supervisor.ended();
}

#[test]
fn an_order_that_takes_longer_than_somebody_waits_goes_on_without_him() {
    let sandbox = Sandbox::new();
    let socket = sandbox.path("control.sock");
    let config = sandbox.config(
        json!({"control_socket": socket}),
        json!({"slow": {"command": sandbox.stubborn("slow"), "shutdown": {"timeout": 1000}}}),
    );
    let mut supervisor = Launch::new(&sandbox).serve(&config);
    let leader = sandbox.started("slow", 1);
    let named = socket.display().to_string();
    for wait in ["0.2", "7"] {
        let (code, text) = asked(&sandbox, &["stop", "slow", "--wait", wait, "--socket", &named]);
        let said = format!("not done within {wait} s: what was begun goes on");
        assert!(code == Some(1) && text.contains(&said), "{code:?}: {text}");
    }
    assert!(procfs::signal(leader, Signal::KILL));
    assert_eq!(asked(&sandbox, &["stop", "slow", "--wait", "20", "--socket", &named]).0, Some(0));
    assert_eq!(supervisor.stop(), 0);
}
