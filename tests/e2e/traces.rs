//! The traces of a start, a restart and a shutdown, as a receiver gets them.

use crate::support::otlp::{Manner, Outcome, Receiver};
use crate::support::procfs::signal;
use crate::support::supervisor::{Launch, MISSING_PROGRAM};
use crate::support::{LONG, Sandbox, Supervisor, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const START: &str = "process_manager.start";
const START_PROCESS: &str = "process_manager.start_process";
const WAIT: &str = "process_manager.wait_dependency";
const SPAWN: &str = "process.spawn";
const RESTART: &str = "process_manager.restart_process";
const STOP: &str = "process_manager.stop_process";
const SHUTDOWN: &str = "process_manager.shutdown";

/// Settings that send every span to this endpoint.
pub(crate) fn traced(endpoint: &str) -> Value {
    json!({"tracing_enabled": true, "tracing_exporter": "otlp-grpc", "tracing_endpoint": endpoint})
}

#[test]
fn a_start_is_one_tree_without_dark_time() {
    let receiver = Receiver::start(Manner::Takes);
    let sandbox = Sandbox::new();
    let config = sandbox.config(
        traced(&receiver.endpoint()),
        json!({
            "gate": {"type": "oneshot", "command": sandbox.script("gate", "sleep 0.3\nemit gate end")},
            "web": {"command": sandbox.worker("web"), "scale": 2, "depends_on": ["gate"]},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let pids: BTreeSet<String> = sandbox.seen("web", "start", 2).iter().map(|e| e.pid.to_string()).collect();
    let root = receiver.wait(START, 1).remove(0);
    assert_eq!(supervisor.stop(), 0);

    let trace = receiver.spans();
    assert_eq!((root.parent.as_str(), root.get("process.count")), ("", "2"));
    assert_eq!(root.resource.get("service.name").map(String::as_str), Some("phpeek-pm"));
    let (web, gate) = (trace.of(START_PROCESS, "web"), trace.of(START_PROCESS, "gate"));
    for process in [&web, &gate] {
        assert_eq!((&process.trace, &process.parent), (&root.trace, &root.id));
        assert_eq!(process.outcome, Outcome::Ok);
        assert!(root.start <= process.start && process.end <= root.end, "a child lies within its parent");
    }
    assert_eq!((web.get("process.scale"), web.get("process.type")), ("2", "longrun"));
    let wait = trace.one(WAIT);
    assert_eq!((&wait.parent, wait.get("dependency.name")), (&web.id, "gate"));
    assert_eq!(wait.get("dependency.condition"), "completed_successfully");
    let spawns: Vec<_> = trace.children(&web).into_iter().filter(|s| s.name == SPAWN).collect();
    assert_eq!(spawns.iter().map(|s| s.get("process.pid").to_owned()).collect::<BTreeSet<_>>(), pids);
    let share = trace.covered(&root);
    assert!(share >= 0.99, "children explain only {:.2} % of the start", share * 100.0);
    assert_eq!(trace.orphans(), Vec::<String>::new(), "spans without their parent");
}

#[test]
fn a_restart_tells_why_what_it_replaces_and_how_long_it_waited() {
    let receiver = Receiver::start(Manner::Takes);
    let sandbox = Sandbox::new();
    let mut settings = traced(&receiver.endpoint());
    settings["restart_backoff_initial"] = json!("200ms");
    settings["restart_backoff_max"] = json!("200ms");
    let config =
        sandbox.config(settings, json!({"c": {"command": sandbox.worker("c"), "restart": "always"}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    assert!(signal(sandbox.started("c", 1), Signal::KILL));
    let successor = sandbox.started("c", 2);
    assert_eq!(supervisor.stop(), 0);

    let trace = receiver.spans();
    let restart = trace.one(RESTART);
    assert_eq!((restart.get("process.name"), restart.get("restart.reason")), ("c", "crash"));
    assert!(matches!(restart.get("process.exit.signal"), "9" | "KILL" | "SIGKILL"), "{restart:?}");
    let first: Vec<_> =
        trace.0.iter().filter(|s| s.trace == trace.one(START).trace).map(|s| s.reference()).collect();
    assert!(restart.links.iter().any(|l| first.contains(l)), "a link to the start of the run that died");
    let backoff = trace.one("process.backoff");
    assert_eq!(backoff.parent, restart.id);
    assert!(backoff.duration() >= 100_000_000, "the wait is in the span: {} ns", backoff.duration());
    let spawn =
        trace.children(&restart).into_iter().find(|s| s.name == SPAWN).expect("a spawn in the restart");
    assert_eq!(spawn.get("process.pid"), successor.to_string());
    let share = trace.covered(&restart);
    assert!(share >= 0.99, "children explain only {:.2} % of the restart", share * 100.0);
}

#[test]
fn a_shutdown_tells_who_was_asked_and_what_became_of_it() {
    let receiver = Receiver::start(Manner::Takes);
    let sandbox = Sandbox::new();
    let config = sandbox.config(
        traced(&receiver.endpoint()),
        json!({
            "soft": {"command": sandbox.polite("soft")},
            "hard": {"command": sandbox.stubborn("hard"), "depends_on": ["soft"], "shutdown": {"timeout": 1}},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("soft", 1);
    sandbox.started("hard", 1);
    supervisor.stop();

    let trace = receiver.spans();
    let root = trace.one(SHUTDOWN);
    assert!(root.get("shutdown.reason").contains("SIGTERM"), "{root:?}");
    assert_eq!(root.get("process.count"), "2");
    assert_eq!(root.links, [trace.one(START).reference()], "linked to the start");
    let (soft, hard) = (trace.of(STOP, "soft"), trace.of(STOP, "hard"));
    assert_eq!((&soft.parent, &hard.parent), (&root.id, &root.id));
    assert!(hard.end <= soft.start, "in reverse order");
    let has = |span: &crate::support::otlp::Span, names: &[&str]| {
        names.iter().all(|n| span.events.iter().any(|e| e == n))
    };
    assert!(has(&soft, &["signal_sent", "exited", "group_empty"]), "{:?}", soft.events);
    assert!(!has(&soft, &["escalated"]), "{:?}", soft.events);
    assert!(has(&hard, &["signal_sent", "escalated", "exited", "group_empty"]), "{:?}", hard.events);
    let share = trace.covered(&root);
    assert!(share >= 0.99, "children explain only {:.2} % of the shutdown", share * 100.0);
}

#[test]
fn a_missing_program_reaches_the_receiver_although_the_boot_fails() {
    let receiver = Receiver::start(Manner::Takes);
    let sandbox = Sandbox::new();
    let config = sandbox.config(
        traced(&receiver.endpoint()),
        json!({
            "good": {"command": sandbox.worker("good")},
            "bad": {"command": ["/nonexistent/program-x"], "depends_on": ["good"]},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    assert_eq!(supervisor.ended(), MISSING_PROGRAM);
    // No wait: everything was flushed before the exit.
    let trace = receiver.spans();
    let bad = trace.of(START_PROCESS, "bad");
    assert_eq!(bad.outcome, Outcome::Error);
    assert!(bad.get("error").contains("program-x"), "{bad:?}");
    assert!(!bad.get("error.type").is_empty(), "{bad:?}");
    let root = trace.one(START);
    assert_eq!((root.outcome, &bad.parent), (Outcome::Error, &root.id));
    assert_eq!(trace.of(STOP, "good").outcome, Outcome::Ok, "what ran was stopped");
}

#[test]
fn a_rate_of_zero_sends_nothing_and_no_daemon_gets_a_parent() {
    let receiver = Receiver::start(Manner::Takes);
    let sandbox = Sandbox::new();
    let mut settings = traced(&receiver.endpoint());
    settings["tracing_sample_rate"] = json!(0.0);
    let body = "emit c start\nemit c \"[$TRACEPARENT]\"\nexec sleep 1000";
    let config = sandbox.config(settings, json!({"c": {"command": sandbox.script("c", body)}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.seen("c", "[]", 1);
    assert_eq!(supervisor.stop(), 0);
    let config =
        sandbox.config(traced(&receiver.endpoint()), json!({"c": {"command": sandbox.script("c", body)}}));
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let mut supervisor = Launch::new(&sandbox).env("TRACEPARENT", parent).serve(&config);
    sandbox.seen("c", "[]", 2);
    assert_eq!(supervisor.stop(), 0);
    // The second run does send, so the silence of the first was the rate's doing.
    assert_eq!(receiver.spans().named(START).len(), 1);
}

#[test]
fn the_stdout_exporter_writes_whole_objects_between_whole_records() {
    let sandbox = Sandbox::new();
    let chatty = sandbox.script(
        "c",
        "emit c start\ni=0\nwhile [ $i -lt 300 ]; do echo \"line $i\"; i=$((i + 1)); done\nemit c printed\nexec sleep 1000",
    );
    let config = sandbox.config(
        json!({"tracing_enabled": true, "tracing_exporter": "stdout"}),
        json!({"c": {"command": chatty, "scale": 3}}),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.seen("c", "printed", 3);
    assert_eq!(supervisor.stop(), 0);
    let stdout = supervisor.stdout();
    let objects: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(&stdout).into_iter().collect();
    let objects = objects.expect("standard output is one JSON object after the other");
    let spans: Vec<_> = objects.iter().filter(|o| o["SpanContext"].is_object()).collect();
    let start = spans.iter().find(|s| s["Name"] == START).expect("the start");
    let process = spans.iter().find(|s| s["Name"] == START_PROCESS).expect("the process's start");
    assert_eq!(process["Parent"]["SpanID"], start["SpanContext"]["SpanID"]);
    assert_eq!(process["Parent"]["TraceID"], start["SpanContext"]["TraceID"]);
    assert_eq!((&process["SpanKind"], &process["Status"]["Code"]), (&json!("Internal"), &json!("Ok")));
    let scale = json!({"Key": "process.scale", "Value": {"Type": "INT64", "Value": 3}});
    assert!(process["Attributes"].as_array().is_some_and(|a| a.contains(&scale)), "{process}");
    assert_eq!(objects.iter().filter(|o| o["stream"] == "stdout" && o["process"] == "c").count(), 900);
}

#[test]
fn spans_go_out_while_things_stop_whatever_has_begun_the_end() {
    let receiver = Receiver::start(Manner::Takes);
    let sandbox = Sandbox::new();
    let body = format!(
        "trap 'touch \"$SANDBOX/asked\"; {}; exit 0' TERM\nemit slow start\nwhile :; do sleep 0.02; done",
        Sandbox::until_open("go")
    );
    let config = sandbox.config(
        traced(&receiver.endpoint()),
        json!({
            "slow": {"command": sandbox.script("slow", &body)},
            "gate": {"type": "oneshot", "command": sandbox.script("gate", &Sandbox::until_open("asked_for"))},
            "bad": {"command": ["/nonexistent/program-x"], "depends_on": ["gate"]},
        }),
    );
    // Without haste nothing would go out before the last flush.
    let mut supervisor = Launch::new(&sandbox).env("OTEL_BSP_SCHEDULE_DELAY", "3600000").serve(&config);
    sandbox.started("slow", 1);
    sandbox.write("asked_for", "");
    wait_until(LONG, "the shutdown, which nobody has asked for", || sandbox.path("asked").exists());
    assert_eq!(receiver.wait(START, 1).remove(0).outcome, Outcome::Error);
    assert!(supervisor.runs(), "it still stops what runs");
    sandbox.write("go", "");
    assert_eq!(supervisor.ended(), MISSING_PROGRAM);
}
