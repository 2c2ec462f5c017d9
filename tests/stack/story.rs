//! What the traces of a day of the stack must tell, whichever receiver they are read from.

use super::load::Outcome as Requests;
use crate::support::otlp::{Outcome, Trace};
use std::collections::BTreeSet;

const START: &str = "process_manager.start";
const START_PROCESS: &str = "process_manager.start_process";
const RESTART: &str = "process_manager.restart_process";
const STOP: &str = "process_manager.stop_process";
/// The last span of a run.
pub(crate) const SHUTDOWN: &str = "process_manager.shutdown";

/// Checks the start, the crash, the rolling restart and the shutdown.
pub(crate) fn check(trace: &Trace, requests: &Requests) {
    start(trace);
    restarts(trace);
    answered(requests);
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

/// One worker was killed, and what a deploy touches was touched.
fn restarts(trace: &Trace) {
    let all = trace.named(RESTART);
    let crash: Vec<_> = all.iter().filter(|s| s.get("restart.reason") == "crash").collect();
    assert_eq!(crash.len(), 1, "one worker was killed: {crash:?}");
    assert_eq!(crash[0].get("process.name"), "queue");
    assert!(!crash[0].links.is_empty(), "linked to what started the run that died");
    let rolling: Vec<_> = all.iter().filter(|s| s.get("restart.reason") == "signal").cloned().collect();
    let names: BTreeSet<_> = rolling.iter().map(|s| s.get("process.name")).collect();
    for process in ["nginx", "php-fpm", "queue"] {
        assert!(names.contains(process), "{process} was not restarted: {names:?}");
    }
    let signals =
        |name| rolling.iter().filter(move |s| s.get("process.name") == name).map(|s| s.get("reload.signal"));
    assert!(signals("nginx").eq(["SIGHUP"]) && signals("php-fpm").eq(["SIGUSR2"]), "{rolling:#?}");
    assert!(!names.contains("prepare"), "a oneshot is not run again");
    assert!(!names.contains("redis"), "it takes no part in deploys");
    let traces: BTreeSet<_> = rolling.iter().map(|s| &s.trace).collect();
    assert_eq!(traces.len(), 1, "one signal, one trace: {rolling:#?}");
}

/// A deploy under load loses not one.
fn answered(requests: &Requests) {
    eprintln!("requests: {} answered, {} failed", requests.answered, requests.failures.len());
    assert!(requests.failures.is_empty(), "requests that a deploy has lost: {:?}", requests.failures);
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
