//! `watch` with real files: what is written, replaced, put into a new folder or only now there restarts the process, a burst
//! once; and what is missing is waited for.

use super::traces::traced;
use crate::support::otlp::{Manner, Receiver};
use crate::support::supervisor::run;
use crate::support::{LONG, Sandbox, Supervisor, wait_until};
use serde_json::json;
use std::fs;

/// So often, after each other, so that a burst is one.
const BURST: usize = 20;

#[test]
fn a_burst_restarts_it_once_with_those_who_need_it_and_the_trace_says_why() {
    let receiver = Receiver::start(Manner::Takes);
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("src")).expect("room");
    let mut global = traced(&receiver.endpoint());
    global["control_socket"] = json!(sandbox.path("c.sock"));
    let config = sandbox.config(
        global,
        json!({
            // Relative to the configuration.
            "db": {"command": sandbox.worker("db"), "watch": {"paths": ["src/**/*.txt"], "ignore": ["skip"], "debounce": "300ms", "cascade": true}},
            "app": {"command": sandbox.worker("app"), "depends_on": ["db"]},
            "other": {"command": sandbox.worker("other")},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("app", 1);
    sandbox.started("other", 1);
    wait_until(LONG, "the thread that watches", || supervisor_watches(&supervisor));
    for n in 0..BURST {
        sandbox.write("src/a.txt", &n.to_string());
    }
    sandbox.started("db", 2);
    sandbox.started("app", 2);
    receiver.wait("process_manager.restart", 2);
    // In a new folder, and by a rename, as editors do.
    fs::create_dir_all(sandbox.path("src/new/skip")).expect("room");
    fs::write(sandbox.path("src/new/b.txt~"), "1").expect("room");
    fs::write(sandbox.path("src/new/skip/c.txt"), "1").expect("room");
    fs::rename(sandbox.path("src/new/b.txt~"), sandbox.path("src/new/b.txt")).expect("ours");
    sandbox.started("db", 3);
    sandbox.started("app", 3);
    receiver.wait("process_manager.restart", 4);
    // What somebody has stopped stays so.
    let config_text = config.display().to_string();
    assert_eq!(run(&sandbox, &["stop", "app", "--config", &config_text]).0, 0);
    assert_eq!(run(&sandbox, &["stop", "db", "--config", &config_text]).0, 0);
    sandbox.write("src/a.txt", "more");
    assert_eq!(run(&sandbox, &["start", "db", "--config", &config_text]).0, 0);
    sandbox.started("db", 4);
    assert_eq!(supervisor.stop(), 0);
    let counts = ["db", "app", "other"].map(|name| sandbox.events_of(name, "start").len());
    assert!(counts[0] <= 5 && counts[1] == 3 && counts[2] == 1, "{counts:?}");
    let trace = receiver.spans();
    let restarts = trace.named("process_manager.restart_process");
    assert!(restarts.iter().all(|span| span.get("restart.reason") == "watch"), "{restarts:?}");
    assert!(restarts.iter().any(|span| span.get("restart.path").ends_with("src/a.txt")), "{restarts:?}");
    assert!(
        restarts.iter().any(|span| span.get("restart.path").ends_with("src/new/b.txt")
            || span.get("restart.path").ends_with("src/new")),
        "{restarts:?}"
    );
}

/// Its thread is there, and has nothing to do but to wait.
fn supervisor_watches(supervisor: &Supervisor) -> bool {
    let tasks = fs::read_dir(format!("/proc/{}/task", supervisor.pid())).into_iter().flatten().flatten();
    let watches = |task: &fs::DirEntry| {
        let read = |file: &str| fs::read_to_string(task.path().join(file)).unwrap_or_default();
        read("comm").trim() == "watch"
            && read("syscall").split(' ').next().is_some_and(|call| call != "running")
    };
    tasks.into_iter().any(|task| watches(&task))
}

#[test]
fn what_is_not_there_is_told_and_waited_for() {
    let sandbox = Sandbox::new();
    let (file, folder) = (sandbox.path("later/deep/f.txt"), sandbox.path("later/deep"));
    let config = sandbox.config(
        json!({}),
        json!({"w": {"command": sandbox.worker("w"), "watch": {"paths": [file], "debounce": "50ms"}}}),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("w", 1);
    let told = || {
        supervisor.records().iter().any(|r| r["msg"].as_str().unwrap_or_default().contains("is waited for"))
    };
    wait_until(LONG, "the word about it", told);
    wait_until(LONG, "the thread that watches", || supervisor_watches(&supervisor));
    fs::create_dir_all(&folder).expect("room");
    fs::write(&file, "1").expect("room");
    sandbox.started("w", 2);
    assert_eq!(supervisor.stop(), 0);
}
