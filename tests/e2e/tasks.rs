//! Hooks, probes and jobs are run as any process is: they find no more, all that belongs to them ends with them, and
//! what a killed supervisor has left of them is known to the next.

use super::surroundings::FOR_THE_SERVICE;
use crate::support::procfs::alive;
use crate::support::supervisor::Launch;
use crate::support::{LONG, Sandbox, Supervisor, wait_for, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::fs;

/// A hook of the system, a probe and a job of these names, beside a process.
fn tasks(sandbox: &Sandbox, body: impl Fn(&str) -> String) -> std::path::PathBuf {
    let script = |name: &str| sandbox.script(name, &body(name));
    let hook = json!({"name": "hook", "command": script("hook"), "timeout": 1, "retry": 9});
    let probe =
        json!({"type": "exec", "command": script("probe"), "period": 1, "timeout": 1, "mode": "liveness"});
    let worker = sandbox.worker("c");
    let config = sandbox.config(
        json!({}),
        json!({
            "c": {"command": worker, "restart": "never", "health_check": probe},
            "job": {"command": script("job"), "schedule": "* * * * * *", "schedule_timeout": "1s", "shutdown": {"timeout": 1}},
        }),
    );
    let text = fs::read_to_string(config).expect("it was just written");
    let mut document: Value = serde_json::from_str(&text).expect("it is JSON");
    document["hooks"] = json!({"pre-start": [hook]});
    sandbox.write("config.yaml", &document.to_string())
}

const ALL: [&str; 3] = ["hook", "probe", "job"];

#[test]
fn all_that_they_have_put_aside_ends_with_them() {
    let sandbox = Sandbox::new();
    let config = tasks(&sandbox, |name| {
        let file = sandbox.path(name).display().to_string();
        // Two in sessions of their own, one of them without a mark, which neither hear nor follow what is sent to the group.
        format!(
            "[ -e {file} ] && exit 0\n\
             setsid sh -c 'trap \"\" TERM; echo $$ > {file}.1; sleep 1000' > /dev/null 2>&1 &\n\
             setsid env -i sh -c 'trap \"\" TERM; echo $$ > {file}.2; sleep 1000' > /dev/null 2>&1 &\n\
             until [ -s {file}.1 ] && [ -s {file}.2 ]; do sleep 0.01; done\n\
             cat {file}.1 {file}.2 > {file}.new\nmv {file}.new {file}\nexec sleep 1000"
        )
    });
    let mut supervisor = Supervisor::start(&sandbox, &config);
    for name in ALL {
        let read = || fs::read_to_string(sandbox.path(name)).ok();
        let pids = wait_for(LONG, &format!("what {name} puts aside"), read);
        for pid in pids.lines().map(|pid| pid.parse().expect("a pid")) {
            wait_until(LONG, &format!("that of {name} ends"), || !alive(pid));
        }
    }
    assert_eq!(supervisor.stop(), 0);
    assert_eq!(supervisor.leftovers(), Vec::<String>::new());
}

#[test]
fn what_somebody_has_told_the_supervisor_alone_does_not_reach_them() {
    let sandbox = Sandbox::new();
    let config = tasks(&sandbox, |name| {
        let file = sandbox.path(name).display().to_string();
        format!("env > {file}.new$$\nmv {file}.new$$ {file}")
    });
    let mut launch = Launch::new(&sandbox).env("ORDINARY", "inherited");
    for name in FOR_THE_SERVICE {
        launch = launch.env(name, if name == "NOTIFY_SOCKET" { "/nonexistent/notify" } else { "1" });
    }
    let mut supervisor = launch.env("OTEL_EXPORTER_OTLP_HEADERS", "key=secret").serve(&config);
    for name in ALL {
        let read = || fs::read_to_string(sandbox.path(name)).ok();
        let text = wait_for(LONG, &format!("what {name} finds"), read);
        assert!(text.lines().any(|line| line == "ORDINARY=inherited"), "{name}: {text}");
        let told = |line: &&str| {
            let name = line.split_once('=').map_or("", |(name, _)| name);
            FOR_THE_SERVICE.contains(&name) || name == "OTEL_EXPORTER_OTLP_HEADERS"
        };
        assert_eq!(text.lines().filter(told).collect::<Vec<_>>(), Vec::<&str>::new(), "{name}");
    }
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn those_of_a_killed_supervisor_are_asked_to_end_before_the_next_starts_anything() {
    let sandbox = Sandbox::new();
    let runs = sandbox.path("run");
    fs::create_dir(&runs).expect("a folder");
    let body = "[ \"$(grep -c 'hook start' \"$SANDBOX/events\")\" != 0 ] && exit 0\ntrap 'emit hook end; exit 0' TERM\n\
                emit hook start\nwhile :; do sleep 0.02; done";
    let hook = json!({"name": "hook", "command": sandbox.script("hook", body), "timeout": 60});
    let config = sandbox.config(
        json!({}),
        json!({
            "c": {"command": sandbox.worker("c")},
            "once": {
                "command": sandbox.script("once", "emit once start\nexit 1"),
                "restart": "never", "hooks": {"post_stop": [hook]},
            },
            "job": {"command": sandbox.polite("job"), "schedule": "* * * * * *"},
        }),
    );
    let serve = || Launch::new(&sandbox).env("RUNTIME_DIRECTORY", runs.display().to_string()).serve(&config);
    let mut first = serve();
    let left = [sandbox.started("hook", 1), sandbox.started("job", 1)];
    first.signal(Signal::KILL);
    first.ended();
    assert!(left.into_iter().all(alive), "they live on");
    let mut second = serve();
    sandbox.started("c", 2);
    let story = sandbox.story();
    let place = |what: &str| story.iter().position(|told| told == what).expect("it is told");
    let begins = story.iter().rposition(|told| told == "c start").expect("it runs");
    assert!(place("hook end") < begins && place("job end") < begins, "{story:?}");
    assert_eq!(second.stop(), 0);
}
