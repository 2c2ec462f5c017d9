//! Two short lives of a supervisor that show every trace there is: one that starts, loses a process, restarts it and is
//! shut down, and one whose boot fails. And what their traces must tell, whichever backend tells it.

use crate::support::otlp::{Outcome, Span, Trace};
use crate::support::procfs::signal;
use crate::support::supervisor::{Launch, MISSING_PROGRAM};
use crate::support::{LONG, Sandbox, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};

/// The service of the life that goes well.
pub(crate) const GOOD: &str = "backends-good";
/// The service of the boot that fails.
pub(crate) const BAD: &str = "backends-bad";

/// Names of spans.
pub(crate) const START: &str = "process_manager.start";
pub(crate) const START_PROCESS: &str = "process_manager.start_process";
pub(crate) const SPAWN: &str = "process.spawn";
pub(crate) const RESTART: &str = "process_manager.restart_process";
pub(crate) const SHUTDOWN: &str = "process_manager.shutdown";
const STOP: &str = "process_manager.stop_process";

/// Tracing to this endpoint.
pub(crate) fn traced(exporter: &str, endpoint: &str) -> Value {
    json!({"tracing_enabled": true, "tracing_exporter": exporter, "tracing_endpoint": endpoint})
}

/// Lives both lives; every span has been delivered when this returns, for the last flush has been waited for.
pub(crate) fn live(settings: &Value) {
    good(settings);
    bad(settings);
}

fn named(settings: &Value, service: &str) -> Value {
    let mut settings = settings.clone();
    settings["tracing_service_name"] = json!(service);
    settings
}

fn good(settings: &Value) {
    let sandbox = Sandbox::new();
    let config = sandbox.config(
        named(settings, GOOD),
        json!({
            "db": {"command": sandbox.polite("db")},
            "migrate": {"type": "oneshot", "command": ["/bin/sh", "-c", "exit 0"], "depends_on": ["db"]},
            "web": {"command": sandbox.polite("web"), "scale": 2, "restart": "always", "depends_on": ["migrate"]},
            "hard": {"command": sandbox.stubborn("hard"), "depends_on": ["db"], "shutdown": {"timeout": 1}},
        }),
    );
    let mut supervisor = Launch::new(&sandbox).serve(&config);
    sandbox.started("hard", 1);
    let victim = sandbox.started("web", 2);
    assert!(signal(victim, Signal::KILL));
    sandbox.seen("web", "start", 3);
    supervisor.signal(Signal::TERM);
    supervisor.ended();
    assert_delivered(&supervisor.stdout());
}

fn bad(settings: &Value) {
    let sandbox = Sandbox::new();
    let config = sandbox.config(
        named(settings, BAD),
        json!({
            "db": {"command": sandbox.polite("db")},
            "lost": {"command": ["/nonexistent/program-x"], "depends_on": ["db"]},
        }),
    );
    let mut supervisor = Launch::new(&sandbox).serve(&config);
    assert_eq!(supervisor.ended(), MISSING_PROGRAM);
    assert_delivered(&supervisor.stdout());
}

fn assert_delivered(said: &str) {
    assert!(!said.contains("spans c") && !said.contains("refuses spans"), "spans were lost:\n{said}");
}

/// What the traces of [`GOOD`] tell.
pub(crate) fn check_good(trace: &Trace) {
    let start = trace.one(START);
    assert_eq!((start.parent.as_str(), start.outcome), ("", Outcome::Ok));
    assert_eq!(start.get("process.count"), "4");
    for process in ["db", "migrate", "web", "hard"] {
        let span = trace.of(START_PROCESS, process);
        assert_eq!((&span.trace, &span.parent), (&start.trace, &start.id), "{process}");
    }
    let web = trace.of(START_PROCESS, "web");
    assert_eq!(web.get("process.scale"), "2");
    let spawns: Vec<Span> = trace.children(&web).into_iter().filter(|s| s.name == SPAWN).collect();
    assert_eq!(spawns.len(), 2, "{:?}", trace.names());

    let restart = trace.one(RESTART);
    assert_eq!((restart.get("process.name"), restart.get("restart.reason")), ("web", "crash"));
    assert_ne!(restart.trace, start.trace, "a restart is a trace of its own");
    let linked = |to: &Span| restart.links.iter().any(|l| l.0 == to.trace);
    assert!(linked(&start), "linked to the start of the run that died: {restart:?}");
    let again: Vec<Span> = trace.named(SPAWN).into_iter().filter(|s| s.trace == restart.trace).collect();
    assert_eq!(again.len(), 1);
    assert!(again[0].get("process.pid").parse::<u32>().is_ok(), "{again:?}");

    let shutdown = trace.one(SHUTDOWN);
    assert!(shutdown.get("shutdown.reason").contains("SIGTERM"), "{shutdown:?}");
    assert_eq!(shutdown.links, [start.reference()]);
    let hard = trace.of(STOP, "hard");
    assert_eq!(hard.parent, shutdown.id);
    let told: Vec<&str> = hard.events.iter().map(String::as_str).filter(|e| *e != "state_changed").collect();
    assert_eq!(told, ["signal_sent", "escalated", "exited", "group_empty"]);
    assert_eq!(trace.orphans(), Vec::<String>::new());
    assert_eq!(start.resource.get("service.name").map(String::as_str), Some(GOOD));
}

/// What the trace of [`BAD`] tells.
pub(crate) fn check_bad(trace: &Trace) {
    let (start, lost) = (trace.one(START), trace.of(START_PROCESS, "lost"));
    assert_eq!((start.outcome, lost.outcome), (Outcome::Error, Outcome::Error));
    assert_eq!(lost.parent, start.id);
    assert!(lost.message.contains("program-x"), "{lost:?}");
    assert_eq!(trace.orphans(), Vec::<String>::new());
}

/// The spans of a service alone.
pub(crate) fn of_service(trace: &Trace, service: &str) -> Trace {
    let is = |s: &&Span| s.resource.get("service.name").is_some_and(|n| n == service);
    Trace(trace.0.iter().filter(is).cloned().collect())
}

/// Waits until the backend has all of it: `look` gives what it tells now.
pub(crate) fn complete(count: usize, mut look: impl FnMut() -> usize) {
    wait_until(LONG, &format!("{count} spans in the backend"), || look() >= count);
}
