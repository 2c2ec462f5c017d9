//! What the traces of a day of the stack must tell, whichever receiver they are read from.

use super::load::Outcome as Requests;
use crate::support::otlp::{Outcome, Span, Trace};
use std::collections::BTreeSet;

const START: &str = "process_manager.start";
const START_PROCESS: &str = "process_manager.start_process";
const RESTART: &str = "process_manager.restart_process";
const STOP: &str = "process_manager.stop_process";
/// The last span of a run.
pub(crate) const SHUTDOWN: &str = "process_manager.shutdown";

/// nginx accepts a moment after its exec, and php-fpm binds its socket a moment after: failures may last so much
/// longer than the restart that caused them (ns).
const MOMENT: u64 = 1_000_000_000;

/// Checks the start, the crash, the rolling restart and the shutdown.
pub(crate) fn check(trace: &Trace, requests: &Requests) {
    start(trace);
    let rolling = restarts(trace);
    answered(requests, &rolling);
    shutdown(trace);
    assert_eq!(trace.orphans(), Vec::<String>::new(), "spans whose parent did not arrive");
}

fn start(trace: &Trace) {
    let root = trace.one(START);
    for process in ["prepare", "redis", "php-fpm", "nginx", "queue"] {
        let span = trace.of(START_PROCESS, process);
        assert_eq!((&span.trace, &span.parent), (&root.trace, &root.id), "{process}");
        assert_ne!(span.outcome, Outcome::Error, "{process}: {span:?}");
    }
    let spawned = |process: &str| {
        let parent = trace.of(START_PROCESS, process);
        let spawns = trace.children(&parent).into_iter().filter(|s| s.name == "process.spawn");
        spawns.map(|s| s.start).min().unwrap_or_else(|| panic!("no spawn of {process}"))
    };
    assert!(spawned("prepare") < spawned("redis") && spawned("redis") < spawned("php-fpm"));
    assert!(spawned("php-fpm") < spawned("nginx"));
    assert!(trace.covered(&root) >= 0.99, "dark time in the start: {:.4}", trace.covered(&root));
}

/// Gives the restarts of what answers requests.
fn restarts(trace: &Trace) -> Vec<Span> {
    let all = trace.named(RESTART);
    let crash: Vec<_> = all.iter().filter(|s| s.get("restart.reason") == "crash").collect();
    assert_eq!(crash.len(), 1, "one worker was killed: {crash:?}");
    assert_eq!(crash[0].get("process.name"), "queue");
    assert!(!crash[0].links.is_empty(), "linked to what started the run that died");
    let rolling: Vec<_> = all.iter().filter(|s| s.get("restart.reason") == "signal").cloned().collect();
    let names: BTreeSet<_> = rolling.iter().map(|s| s.get("process.name")).collect();
    for process in ["nginx", "php-fpm", "queue", "redis"] {
        assert!(names.contains(process), "{process} was not restarted: {names:?}");
    }
    assert!(!names.contains("prepare"), "a oneshot is not run again");
    let traces: BTreeSet<_> = rolling.iter().map(|s| &s.trace).collect();
    assert_eq!(traces.len(), 1, "one signal, one trace: {rolling:#?}");
    rolling.into_iter().filter(|s| matches!(s.get("process.name"), "nginx" | "php-fpm")).collect()
}

/// Requests failed only while nginx or php-fpm were being restarted.
fn answered(requests: &Requests, rolling: &[Span]) {
    let excused =
        |began: u64, ended: u64| rolling.iter().any(|s| ended >= s.start && began <= s.end + MOMENT);
    let strange: Vec<_> =
        requests.failures.iter().filter(|f| !excused(f.began, f.ended)).map(|f| &f.what).collect();
    assert!(strange.is_empty(), "requests that failed without a reason: {strange:?}");
    eprintln!(
        "requests: {} answered, {} failed during the restarts",
        requests.answered,
        requests.failures.len()
    );
}

fn shutdown(trace: &Trace) {
    let root = trace.one(SHUTDOWN);
    assert_ne!(root.outcome, Outcome::Error, "{root:?}");
    assert!(root.get("shutdown.reason").contains("SIGTERM"), "{root:?}");
    assert!(root.links.contains(&trace.one(START).reference()), "linked to the start");
    let stop = |process: &str| {
        let children = trace.children(&root);
        let found = children.into_iter().find(|s| s.name == STOP && s.get("process.name") == process);
        found.unwrap_or_else(|| panic!("no stop of {process} in the shutdown"))
    };
    assert!(stop("nginx").end <= stop("php-fpm").start, "nginx ends before php-fpm is asked");
    assert!(stop("php-fpm").end <= stop("redis").start, "php-fpm ends before redis is asked");
    assert!(stop("queue").end <= stop("redis").start, "the workers end before redis is asked");
    assert!(trace.covered(&root) >= 0.99, "dark time in the shutdown: {:.4}", trace.covered(&root));
}
