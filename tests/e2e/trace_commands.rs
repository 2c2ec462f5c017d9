//! `phpeek-pm trace` and `telemetry` with a supervisor that runs, and over the spool of one that is gone: no backend
//! anywhere.

use crate::support::supervisor::{Supervisor, clean, program, run};
use crate::support::{LONG, Sandbox, wait_for, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::fs::File;
use std::process::{Command, Stdio};

/// A supervisor that keeps its traces for the commands alone.
fn recorded(sandbox: &Sandbox) -> Supervisor {
    let global = json!({
        "control_socket": sandbox.path("control.sock"),
        "tracing_enabled": true,
        "tracing_exporter": "none",
        "tracing_spool_dir": sandbox.path("spool"),
    });
    let once = sandbox.script("once", "emit once start");
    let processes = json!({
        "once": {"type": "oneshot", "command": once},
        "web": {"command": sandbox.worker("web"), "depends_on": ["once"], "scale": 2},
    });
    let supervisor = Supervisor::start(sandbox, &sandbox.config(global, processes));
    sandbox.started("web", 2);
    supervisor
}

fn asked(sandbox: &Sandbox, arguments: &[&str]) -> (i32, String) {
    let socket = sandbox.path("control.sock").display().to_string();
    run(sandbox, &[arguments, &["--socket", &socket]].concat())
}

fn in_spool(sandbox: &Sandbox, arguments: &[&str]) -> (i32, String) {
    let spool = sandbox.path("spool").display().to_string();
    run(sandbox, &[&["trace"], arguments, &["--spool", &spool]].concat())
}

/// The trace of the start, as who asks right behind it gets it: with the run of the oneshot, which is told once nobody is left of it.
fn told(sandbox: &Sandbox) -> String {
    let (code, text) = asked(sandbox, &["status", "--wait", "30"]);
    assert_eq!(code, 0, "{text}");
    let (code, text) = asked(sandbox, &["trace", "last", "--start"]);
    assert!(code == 0 && text.contains("─ process.run once-0"), "{text}");
    text
}

#[test]
fn of_a_trace_that_goes_on_it_is_said_that_it_does() {
    let sandbox = Sandbox::new();
    let global = json!({
        "control_socket": sandbox.path("control.sock"), "tracing_enabled": true, "tracing_exporter": "none",
    });
    let late = sandbox.script("late", "emit late start; until [ -e go ]; do sleep 0.02; done");
    let processes = json!({
        "late": {"type": "oneshot", "command": late, "working_dir": sandbox.path("")},
        "web": {"command": sandbox.worker("web")},
    });
    let _supervisor = Supervisor::start(&sandbox, &sandbox.config(global, processes));
    sandbox.started("web", 1);
    sandbox.started("late", 1);
    let said = "goes on: 1 span of it has not ended, and is not shown";
    wait_for(LONG, "the trace of the start", || {
        let (code, text) = asked(&sandbox, &["trace", "last", "--start"]);
        let open = !text.contains("process.run late-0");
        (code == 0 && open && text.contains(said)).then_some(())
    });
    for command in [&["trace", "list"] as &[_], &["trace", "analyze", "blame"]] {
        let (code, text) = asked(&sandbox, command);
        assert!(code == 0 && text.contains(said), "{command:?}: {text}");
    }
    sandbox.write("go", "");
    wait_for(LONG, "the end of the oneshot", || {
        let (_, text) = asked(&sandbox, &["trace", "last", "--start"]);
        (text.contains("process.run late-0") && !text.contains("goes on")).then_some(())
    });
}

#[test]
fn a_running_supervisor_shows_its_traces_and_what_became_of_the_spans() {
    let sandbox = Sandbox::new();
    let mut supervisor = recorded(&sandbox);
    let start = told(&sandbox);
    for part in ["process_manager.start", "process.spawn web-1", "process.run once-0", "waited for"] {
        assert!(start.contains(part), "{part}: {start}");
    }
    let id = start.split_once("trace ").map(|(_, rest)| rest[..12].to_owned()).expect("an id");
    assert_eq!(asked(&sandbox, &["trace", "show", &id]), (0, start));
    let (code, blame) = asked(&sandbox, &["trace", "analyze", "blame"]);
    assert!(code == 0 && blame.contains("once") && blame.contains("web"), "{blame}");
    assert_eq!(asked(&sandbox, &["trace", "show", "00000000"]).0, 1, "there is none");
    let (code, text) = asked(&sandbox, &["telemetry", "--flush", "--json"]);
    let report: Value = serde_json::from_str(&text).expect("JSON");
    let spool = sandbox.path("spool").display().to_string();
    assert_eq!(
        (code, &report["exporter"], &report["spool"]["directory"]),
        (0, &json!("none"), &json!(spool))
    );
    let count = |key: &str| report[key].as_u64().expect("a number");
    assert_eq!(count("started"), count("exported") + count("failed") + count("pending"));
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn what_comes_is_followed_until_the_supervisor_ends() {
    let sandbox = Sandbox::new();
    let mut supervisor = recorded(&sandbox);
    told(&sandbox);
    let out = sandbox.path("followed");
    let mut follower = clean(&mut Command::new(program()), &sandbox)
        .args(["trace", "--follow", "--socket", &sandbox.path("control.sock").display().to_string()])
        .stdout(File::create(&out).expect("a file"))
        .stderr(Stdio::null())
        .spawn()
        .expect("the program runs");
    let shown = || std::fs::read_to_string(&out).unwrap_or_default();
    // A restart that comes before the follower listens is not told to it: another one is.
    wait_until(LONG, "a restart is shown", || {
        supervisor.signal(Signal::USR1);
        sandbox.started("web", 2);
        shown().contains("process_manager.restart (SIGUSR1)") || shown().contains("process_manager.restart ")
    });
    assert_eq!(supervisor.stop(), 0);
    let ended = wait_for(LONG, "the end", || follower.try_wait().expect("our child"));
    assert_eq!(ended.code(), Some(0));
    assert!(shown().contains("process_manager.shutdown"), "{}", shown());
}

#[test]
fn a_spool_tells_of_a_supervisor_that_is_gone() {
    let sandbox = Sandbox::new();
    let mut supervisor = recorded(&sandbox);
    let start = told(&sandbox);
    let (code, text) = in_spool(&sandbox, &["spool", "drop", "--yes"]);
    assert!(code == 73 && text.contains("in use by another supervisor"), "{code}: {text}");
    assert_eq!(supervisor.stop(), 0);
    assert_eq!(in_spool(&sandbox, &["last", "--start"]), (0, start));
    let (code, shutdown) = in_spool(&sandbox, &["last"]);
    assert!(code == 0 && shutdown.contains("process_manager.shutdown (SIGTERM)"), "{shutdown}");
    let (code, listed) = in_spool(&sandbox, &["spool", "list"]);
    assert!(code == 0 && listed.contains("1 segment,") && listed.contains("of which 0 wait"), "{listed}");
    assert_eq!(in_spool(&sandbox, &["spool", "verify"]).0, 0);
    assert_eq!(in_spool(&sandbox, &["spool", "export"]), (0, String::new()), "nothing waits");
    let (_, all) = in_spool(&sandbox, &["spool", "export", "--all"]);
    sandbox.write("all.json", &all);
    assert_eq!(run(&sandbox, &["trace", "last", "--file", "all.json"]), (0, shutdown));
    let (code, text) = in_spool(&sandbox, &["spool", "drop"]);
    assert!(code == 1 && text.contains("add --yes"), "{text}");
    assert_eq!(in_spool(&sandbox, &["spool", "drop", "--yes"]).0, 0);
    assert_eq!(in_spool(&sandbox, &["list"]).0, 1, "nothing is left");
    assert_eq!(run(&sandbox, &["trace", "list", "--spool", "nowhere"]).0, 66);
}
