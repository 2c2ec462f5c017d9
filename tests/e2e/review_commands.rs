//! What a person does at a terminal or in a script beside the usual: interrupts a command that waits, starts again on
//! the files of a supervisor that was killed, runs the program under another name.

use crate::support::supervisor::{Launch, Supervisor, clean, program, run};
use crate::support::{LONG, Sandbox, procfs, wait_for, wait_until};
use rustix::process::Signal;
use serde_json::json;
use std::fs;
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Whether the command sleeps between two looks. It takes the signals long before; earlier, they would end it anyway.
fn has_begun(pid: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let says = |name: &str, what: &str| status.lines().any(|l| l.starts_with(name) && l.contains(what));
    says("Name:", "phpeek-pm") && says("State:", "sleeping")
}

#[test]
fn a_signal_ends_a_status_that_waits() {
    let sandbox = Sandbox::new();
    let pid_file = sandbox.path("none.pid");
    for (number, signal) in [(2, Signal::INT), (15, Signal::TERM)] {
        let mut child = clean(&mut Command::new(program()), &sandbox)
            .args(["status", "--wait", "600", "--pid-file"])
            .arg(&pid_file)
            .stdout(Stdio::null())
            .spawn()
            .expect("the program runs");
        let pid = i32::try_from(child.id()).expect("a pid fits");
        wait_until(LONG, "the command waits", || has_begun(pid));
        assert!(procfs::signal(pid, signal));
        let status = wait_for(LONG, "its end", || child.try_wait().expect("our child"));
        assert_eq!(status.signal(), Some(number));
    }
}

#[test]
fn a_snapshot_of_a_killed_supervisor_does_not_say_that_its_successor_is_up() {
    let sandbox = Sandbox::new();
    let worker = sandbox.config(json!({}), json!({"w": {"command": sandbox.worker("w")}}));
    let pid_file = sandbox.path("pm.pid").display().to_string();
    let status = |wait: &str| run(&sandbox, &["status", "--pid-file", &pid_file, "--wait", wait]);
    let killed = Launch::new(&sandbox).arg("--pid-file").arg(&pid_file).serve(&worker);
    assert_eq!(status("30").0, 0);
    let snapshot = fs::read(format!("{pid_file}.status")).expect("the snapshot");
    killed.signal(Signal::KILL);
    drop(killed);

    let gate = sandbox.script("gate", &format!("emit gate start\n{}", Sandbox::until_open("go")));
    let gated = sandbox.config(
        json!({}),
        json!({"gate": {"type": "oneshot", "command": gate},
        "w": {"command": sandbox.worker("w"), "depends_on": ["gate"]}}),
    );
    let mut successor = Launch::new(&sandbox).arg("--pid-file").arg(&pid_file).serve(&gated);
    sandbox.started("gate", 1);
    // As it is in the moment before the successor has written its own.
    wait_until(LONG, "the old snapshot stands", || {
        fs::write(format!("{pid_file}.status"), &snapshot).expect("the snapshot");
        fs::read(format!("{pid_file}.status")).is_ok_and(|now| now == snapshot)
    });
    assert_eq!(status("0").0, 1, "the gate is not open");
    sandbox.write("go", "");
    assert_eq!(status("30").0, 0);
    assert_eq!(successor.stop(), 0);
}

#[test]
fn who_waits_from_before_the_start_is_not_told_of_the_end_before() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(json!({}), json!({"w": {"command": sandbox.worker("w")}}));
    let pid_file = sandbox.path("pm.pid").display().to_string();
    let serve = || Launch::new(&sandbox).arg("--pid-file").arg(&pid_file).serve(&config);
    let mut before = serve();
    sandbox.started("w", 1);
    assert_eq!(before.stop(), 0);

    let mut waiting = clean(&mut Command::new(program()), &sandbox)
        .args(["status", "--wait", "30", "--pid-file", &pid_file])
        .stdout(Stdio::null())
        .spawn()
        .expect("the program runs");
    let pid = i32::try_from(waiting.id()).expect("a pid fits");
    wait_until(LONG, "the command waits", || has_begun(pid));
    let mut after = serve();
    let status = wait_for(LONG, "the answer", || waiting.try_wait().expect("our child"));
    assert_eq!(status.code(), Some(0));
    assert_eq!(after.stop(), 0);
}

#[test]
fn a_second_stop_ends_the_last_flush_and_leaves_the_files_in_order() {
    let sandbox = Sandbox::new();
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = silent.local_addr().expect("its address").to_string();
    let config = sandbox.config(
        json!({"tracing_enabled": true, "tracing_exporter": "otlp-grpc", "tracing_endpoint": endpoint}),
        json!({"w": {"command": sandbox.worker("w")}}),
    );
    let pid_file = sandbox.path("pm.pid");
    let mut supervisor =
        Launch::new(&sandbox).arg("--pid-file").arg(pid_file.display().to_string()).serve(&config);
    sandbox.started("w", 1);
    supervisor.signal(Signal::TERM);
    let stopped = || supervisor.records().iter().any(|r| r["msg"] == "stopped" && r["process"] == "w");
    wait_until(LONG, "the worker has stopped", stopped);
    let second = Instant::now();
    if procfs::signal(supervisor.pid(), Signal::TERM) {
        assert_eq!(supervisor.ended(), 0);
        assert!(second.elapsed() < Duration::from_secs(3), "{:?}", second.elapsed());
    }
    assert!(!pid_file.exists());
    let (code, text) = run(&sandbox, &["status", "--pid-file", &pid_file.display().to_string()]);
    assert!(code == 3 && text.starts_with("stopped"), "{code}: {text}");
    assert!(supervisor.last_words().contains("exit code 0"), "{}", supervisor.last_words());
}

#[test]
fn an_option_in_front_of_a_command_has_effect_or_is_refused() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(json!({}), json!({"w": {"command": sandbox.worker("w")}}));
    let pid_file = sandbox.path("pm.pid");
    let config = config.display().to_string();
    let mut child = clean(&mut Command::new(program()), &sandbox)
        .arg("--pid-file")
        .arg(&pid_file)
        .args(["serve", "--config", &config])
        .stdout(Stdio::null())
        .spawn()
        .expect("the program runs");
    sandbox.started("w", 1);
    assert!(pid_file.exists());
    assert!(procfs::signal(i32::try_from(child.id()).expect("a pid fits"), Signal::TERM));
    wait_for(LONG, "its end", || child.try_wait().expect("our child"));
    let (code, text) = run(&sandbox, &["--pid-file", "x", "check-config", "--config", &config]);
    assert!(code == 64 && text.contains("--pid-file"), "{code}: {text}");
    for wrong in ["nan", "-1", "inf", "soon"] {
        let (code, text) = run(&sandbox, &["status", "--pid-file", "x", &format!("--wait={wrong}")]);
        assert_eq!(code, 64, "{wrong}: {text}");
    }
}

#[test]
fn a_supervisor_under_another_name_is_known() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(json!({}), json!({"w": {"command": sandbox.worker("w")}}));
    let (link, pid_file) = (sandbox.path("init"), sandbox.path("pm.pid").display().to_string());
    std::os::unix::fs::symlink(program(), &link).expect("a link");
    let mut child = clean(&mut Command::new(link), &sandbox)
        .args(["serve", "--pid-file", &pid_file, "--config"])
        .arg(&config)
        .stdout(Stdio::null())
        .spawn()
        .expect("the program runs");
    sandbox.started("w", 1);
    let (code, text) = run(&sandbox, &["status", "--pid-file", &pid_file, "--wait", "30"]);
    assert_eq!(code, 0, "{text}");
    let mut second = Launch::new(&sandbox).arg("--pid-file").arg(&pid_file).serve(&config);
    assert_eq!(second.ended(), 73, "the file belongs to the first");
    assert!(procfs::signal(i32::try_from(child.id()).expect("a pid fits"), Signal::TERM));
    wait_for(LONG, "its end", || child.try_wait().expect("our child"));
}

#[test]
fn a_restart_by_name_starts_what_was_left_out_of_the_boot() {
    let sandbox = Sandbox::new();
    let config = sandbox.write(
        "signals.yaml",
        &json!({"version": "1.0", "signals": {"SIGALRM": "restart:spare"}, "processes": {
            "w": {"command": sandbox.worker("w")},
            "spare": {"command": sandbox.worker("spare"), "initial_state": "stopped"},
        }})
        .to_string(),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let has = |text: &str| {
        supervisor.records().iter().any(|r| r["msg"].as_str().is_some_and(|m| m.starts_with(text)))
    };
    wait_until(LONG, "all is up", || has("all processes are up"));
    assert!(sandbox.events_of("spare", "start").is_empty());
    supervisor.signal(Signal::ALARM);
    wait_until(LONG, "its start", || has("rolling restart is complete"));
    sandbox.started("spare", 1);
    sandbox.started("w", 1);
    assert_eq!(sandbox.events_of("w", "start").len(), 1, "the other was left alone");
    assert_eq!(supervisor.stop(), 0);
}
