//! A supervisor has the threads that its processes need, and no others: each costs a start and an end.

use crate::support::{LONG, Sandbox, Supervisor, wait_until};
use serde_json::{Value, json};
use std::fs;

fn threads(supervisor: &Supervisor) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{}/task", supervisor.pid())).into_iter().flatten().flatten();
    let name = |task: fs::DirEntry| fs::read_to_string(task.path().join("comm")).ok();
    let mut names: Vec<_> = tasks.filter_map(name).map(|name| name.trim().to_owned()).collect();
    names.sort();
    names
}

fn quiet(sandbox: &Sandbox, processes: Value) -> Supervisor {
    Supervisor::start(sandbox, &sandbox.config(json!({"log_level": "error"}), processes))
}

#[test]
fn a_thread_comes_with_what_needs_it() {
    let sandbox = Sandbox::new();
    let mut supervisor =
        quiet(&sandbox, json!({"c": {"command": sandbox.polite("c"), "stdout": false, "stderr": false}}));
    sandbox.started("c", 1);
    wait_until(LONG, "one quiet process needs a spawner", || {
        threads(&supervisor) == ["phpeek-pm", "spawner-0"] // but for the moment in which the state is written
    });
    supervisor.stop();
    assert_eq!(supervisor.leftovers(), Vec::<String>::new());
}

#[test]
fn output_that_is_captured_has_its_two() {
    let sandbox = Sandbox::new();
    let mut supervisor = quiet(&sandbox, json!({"c": {"command": sandbox.polite("c")}}));
    sandbox.started("c", 1);
    wait_until(LONG, "a reader and a writer", || {
        threads(&supervisor) == ["output", "phpeek-pm", "spawner-0", "stdout"]
    });
    supervisor.stop();
}
