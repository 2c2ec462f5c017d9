//! A supervisor that was killed leaves its processes; the next one of the same configuration deals with them before it
//! starts anything, and two never run at a time.

use crate::support::procfs::alive;
use crate::support::supervisor::Launch;
use crate::support::{LONG, Sandbox, Supervisor, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
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

/// Waits until the log has told so of this many processes; records go their own way, beside the events of children. A
/// shell may have begun another `sleep` after it was looked for: that is told by one more record of the same process.
fn told(supervisor: &Supervisor, count: usize, part: &str) {
    let said = |record: &Value| {
        let message = record["msg"].as_str().filter(|m| m.contains(part))?;
        Some(message.split(part).next().unwrap_or_default().to_owned())
    };
    let mut seen = BTreeSet::new();
    wait_until(LONG, &format!("{count} x {part:?}"), || {
        seen = supervisor.records().iter().filter_map(said).collect();
        seen.len() >= count
    });
    assert_eq!(seen.len(), count, "{part}: {seen:?}");
}

#[test]
fn they_are_stopped_in_order_before_anything_is_started() {
    let sandbox = Sandbox::new();
    let config = config(&sandbox, "stop");
    let (_first, a, b) = killed(&sandbox, &config);
    let mut second = serve(&sandbox, &config);
    sandbox.started("a", 2);
    sandbox.started("b", 2);
    assert!(!alive(a) && !alive(b));
    // A program that needs another is started behind it; which of the two comes to its first word sooner is their affair.
    let mut story = sandbox.story();
    assert_eq!(story.len(), 6, "{story:?}");
    story[..2].sort();
    story[4..].sort();
    assert_eq!(story, ["a start", "b start", "b end", "a end", "a start", "b start"]);
    told(&second, 2, "a supervisor that was killed has left");
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
        assert_eq!(sandbox.events_of("a", "end").len(), ends, "{policy}");
        second.stop(); // its records are whole from then on
        told(&second, if policy == "ignore" { 0 } else { 2 }, "a supervisor that was killed has left");
    }
}

#[test]
fn a_record_that_others_may_have_written_is_neither_acted_upon_nor_passed_over() {
    let sandbox = Sandbox::new();
    let (_first, a, b) = killed(&sandbox, &config(&sandbox, "stop"));
    let states = std::fs::read_dir(sandbox.path("run")).expect("the folder").flatten().map(|e| e.path());
    let state = states.into_iter().find(|p| p.extension().is_some_and(|e| e == "state")).expect("the record");
    let own = std::fs::read_to_string(&state).expect("it is there");
    let forged = own.replace(&format!("run {b} "), &format!("run {} ", std::process::id()));
    let cases =
        [(forged.as_str(), 0o666, "others may write to it"), ("cut off", 0o600, "not as a supervisor")];
    let mut refused = Vec::new(); // what runs in the sandbox goes with the first of them
    for (text, mode, why) in cases {
        std::fs::write(&state, text).expect("ours");
        std::fs::set_permissions(&state, Permissions::from_mode(mode)).expect("ours");
        let mut second = serve(&sandbox, &config(&sandbox, "stop"));
        assert_eq!(second.ended(), 73);
        let said = second.stderr();
        let names = [a, b].iter().all(|pid| said.contains(&format!("(pid {pid})")));
        assert!(names && said.contains(why) && said.contains(&state.display().to_string()), "{said}");
        assert!(
            alive(a) && alive(b) && state.exists(),
            "nothing was signalled, and the next one finds it too"
        );
        assert_eq!(sandbox.events_of("a", "start").len(), 1, "nothing runs twice");
        refused.push(second);
    }
    for (policy, starts, part) in [
        ("ignore", 2, "nobody looks for what it may tell of"),
        ("report", 3, "maybe of this configuration: "),
    ] {
        std::fs::write(&state, "cut off").expect("ours");
        let mut later = serve(&sandbox, &config(&sandbox, policy));
        sandbox.started("b", starts);
        told(&later, 1, part);
        assert!(alive(a) && alive(b));
        assert_eq!(later.stop(), 0);
        refused.push(later);
    }
}

#[test]
fn two_supervisors_of_one_configuration_never_run() {
    let sandbox = Sandbox::new();
    let config = config(&sandbox, "stop");
    let mut first = serve(&sandbox, &config);
    sandbox.started("a", 1);
    sandbox.started("b", 1);
    let mut second = serve(&sandbox, &config);
    assert_eq!(second.ended(), 73);
    let told = second.stderr();
    assert!(told.contains(&format!("(pid {})", first.pid())) && told.contains("runs already"), "{told}");
    assert_eq!(sandbox.events_of("a", "start").len(), 1, "nothing was started");
    assert_eq!(first.stop(), 0);
}

#[test]
fn not_even_when_somebody_has_cleared_the_folder_away() {
    let sandbox = Sandbox::new();
    let config = config(&sandbox, "stop");
    let mut first = serve(&sandbox, &config);
    sandbox.started("a", 1);
    sandbox.started("b", 1);
    let folder = sandbox.path("run");
    let has = |end: &str| {
        let all = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        all.filter(|entry| entry.path().extension().is_some_and(|e| e == end)).count() == 1
    };
    wait_until(LONG, "socket and record", || has("sock") && has("state"));
    std::fs::remove_dir_all(&folder).expect("ours");
    wait_until(LONG, "both again", || has("sock") && has("state"));
    let mut second = serve(&sandbox, &config);
    assert_eq!(second.ended(), 73);
    assert!(second.stderr().contains(&format!("(pid {})", first.pid())), "{}", second.stderr());
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
