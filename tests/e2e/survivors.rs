//! A supervisor that was killed leaves its processes; the next one of the same configuration deals with them before it
//! starts anything, and two never run at a time.

use crate::support::procfs::alive;
use crate::support::supervisor::Launch;
use crate::support::{LONG, Sandbox, Supervisor, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A configuration of a worker that says when it is asked to end, and one that needs it.
fn config(sandbox: &Sandbox, survivors: &str) -> PathBuf {
    sandbox.config(
        json!({"survivors": survivors}),
        json!({
            "a": {"command": sandbox.polite("a")},
            "b": {"command": sandbox.polite("b"), "depends_on": ["a"]},
        }),
    )
}

fn serve(sandbox: &Sandbox, config: &Path) -> Supervisor {
    let folder = sandbox.path("run");
    if !folder.exists() {
        std::fs::create_dir(&folder).expect("a folder");
    }
    Launch::new(sandbox).env("RUNTIME_DIRECTORY", folder.display().to_string()).serve(config)
}

/// Kills the first supervisor once what it runs is written down, and gives the pids of its processes. What it has
/// left goes when the value given back does.
fn killed(sandbox: &Sandbox, config: &Path) -> (Supervisor, i32, i32) {
    let mut first = serve(sandbox, config);
    let (a, b) = (sandbox.started("a", 1), sandbox.started("b", 1));
    wait_until(LONG, "both are written down", || {
        let states = std::fs::read_dir(sandbox.path("run")).expect("the folder").flatten();
        let state = states.map(|e| e.path()).find(|p| p.extension().is_some_and(|e| e == "state"));
        state.is_some_and(|path| {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            [a, b].iter().all(|pid| text.contains(&format!("run {pid} ")))
        })
    });
    first.signal(Signal::KILL);
    first.ended();
    assert!(alive(a) && alive(b), "they live on");
    (first, a, b)
}

fn said(records: &[Value], part: &str) -> usize {
    records.iter().filter(|r| r["msg"].as_str().is_some_and(|m| m.contains(part))).count()
}

#[test]
fn they_are_stopped_in_order_before_anything_is_started() {
    let sandbox = Sandbox::new();
    let config = config(&sandbox, "stop");
    let (_first, a, b) = killed(&sandbox, &config);
    let mut second = serve(&sandbox, &config);
    sandbox.started("b", 2);
    assert!(!alive(a) && !alive(b));
    assert_eq!(sandbox.story(), ["a start", "b start", "b end", "a end", "a start", "b start"]);
    assert_eq!(said(&second.records(), "a supervisor that was killed has left"), 2);
    assert_eq!(second.stop(), 0);
    assert_eq!(
        std::fs::read_dir(sandbox.path("run")).expect("the folder").count(),
        0,
        "nothing is left to find"
    );
}

#[test]
fn they_are_killed_or_left_alone_where_that_is_wanted() {
    for (policy, lives, ends) in [("kill", false, 0), ("report", true, 0), ("ignore", true, 0)] {
        let sandbox = Sandbox::new();
        let config = config(&sandbox, policy);
        let (_first, a, b) = killed(&sandbox, &config);
        let mut second = serve(&sandbox, &config);
        sandbox.started("b", 2);
        assert_eq!((alive(a), alive(b)), (lives, lives), "{policy}");
        let told = said(&second.records(), "a supervisor that was killed has left");
        assert_eq!(told, if policy == "ignore" { 0 } else { 2 }, "{policy}");
        assert_eq!(sandbox.events_of("a", "end").len(), ends, "{policy}");
        second.stop();
    }
}

#[test]
fn two_supervisors_of_one_configuration_never_run() {
    let sandbox = Sandbox::new();
    let config = config(&sandbox, "stop");
    let mut first = serve(&sandbox, &config);
    sandbox.started("b", 1);
    let mut second = serve(&sandbox, &config);
    assert_eq!(second.ended(), 73);
    let told = second.stderr();
    assert!(told.contains(&format!("(pid {})", first.pid())) && told.contains("runs already"), "{told}");
    assert_eq!(sandbox.events_of("a", "start").len(), 1, "nothing was started");
    assert_eq!(first.stop(), 0);
}

#[test]
fn who_wants_to_go_at_once_does() {
    let sandbox = Sandbox::new();
    let own = json!({"c": {"command": sandbox.worker("c"), "pdeathsig": "SIGKILL"}});
    let config = sandbox.config(json!({"survivors": "ignore"}), own);
    let mut supervisor = serve(&sandbox, &config);
    let pid = sandbox.started("c", 1);
    supervisor.signal(Signal::KILL);
    supervisor.ended();
    wait_until(LONG, "it goes with the supervisor", || !alive(pid));
}
