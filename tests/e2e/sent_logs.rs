//! Log records over OTLP, with the real program: what arrives, under which trace, what becomes of it when nobody takes it,
//! and that nobody waits for it.

use crate::support::otlp::{Manner, Receiver, Record, closed_port};
use crate::support::supervisor::{Launch, Supervisor, run};
use crate::support::{Sandbox, wait_for};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const OWN_TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const OWN_SPAN: &str = "b7ad6b7169203331";

fn global(sandbox: &Sandbox, endpoint: &str) -> Value {
    json!({
        "tracing_enabled": true, "tracing_exporter": "otlp-grpc", "tracing_endpoint": endpoint, "otlp_logs": true,
        "control_socket": sandbox.path("control.sock"),
    })
}

fn account(sandbox: &Sandbox) -> Value {
    let socket = sandbox.path("control.sock");
    let (_, text) = run(sandbox, &["telemetry", "--json", "--socket", &socket.to_string_lossy()]);
    serde_json::from_str::<Value>(&text).map_or(Value::Null, |report| report["logs"].clone())
}

fn balances(logs: &Value) -> bool {
    let of = |key: &str| logs[key].as_u64().unwrap_or_default();
    let dropped: u64 =
        logs["dropped"].as_object().into_iter().flatten().filter_map(|(_, n)| n.as_u64()).sum();
    of("started") + of("recovered") == of("exported") + of("failed") + of("pending") + dropped
}

fn says(records: &[Record], body: &str) -> Record {
    let found: Vec<_> = records.iter().filter(|record| record.body == body).collect();
    assert_eq!(found.len(), 1, "{body}: {records:?}");
    found[0].clone()
}

#[test]
fn a_line_arrives_under_the_span_that_started_its_run_or_the_one_that_it_names() {
    let (sandbox, receiver) = (Sandbox::new(), Receiver::start(Manner::Takes));
    let own = format!(r#"{{"msg":"paid","trace_id":"{OWN_TRACE}","span_id":"{OWN_SPAN}","amount":3}}"#);
    sandbox.write("own.json", &format!("{own}\n"));
    let script = "echo plain\necho bad >&2\ncat \"$SANDBOX/own.json\"\nemit web start\nexec sleep 1000";
    let processes = json!({
        "web": {"command": sandbox.script("web", script)},
        "jobs": {
            "command": sandbox.script("jobs", "cat \"$SANDBOX/own.json\"\nemit jobs start\nexec sleep 1000"),
            "logging": {"json": {"enabled": true, "extract_message": true, "merge_fields": true}},
        },
    });
    let config = sandbox.config(global(&sandbox, &receiver.endpoint()), processes);
    let mut supervisor = Supervisor::start(&sandbox, &config);
    for process in ["web", "jobs"] {
        sandbox.started(process, 1);
    }
    assert_eq!(supervisor.stop(), 0);
    let records =
        receiver.wait_for_record("the last words", |r| r.body.starts_with("everything has stopped"));

    let plain = says(&records, "plain");
    let spawned = receiver.spans().of("process.spawn", "web");
    assert_eq!((&plain.trace, &plain.span), (&spawned.trace, &spawned.id));
    assert_eq!((plain.severity, plain.get("log.iostream"), plain.get("process.name")), (9, "stdout", "web"));
    assert_eq!((plain.get("process.instance_id"), plain.get("process.incarnation")), ("web-0", "1"));
    assert!(plain.get("log.record.sequence").parse::<u64>().is_ok(), "{plain:?}");
    assert_eq!(
        (plain.resource["service.name"].as_str(), plain.resource["service.instance.id"].as_str()),
        ("web", "web-0")
    );
    assert_eq!(says(&records, "bad").get("log.iostream"), "stderr");

    let told = says(&records, &own);
    assert_eq!((told.trace.as_str(), told.span.as_str()), (OWN_TRACE, OWN_SPAN), "what stands in the line");
    let parsed = says(&records, "paid");
    assert_eq!(
        (parsed.trace.as_str(), parsed.span.as_str()),
        (OWN_TRACE, OWN_SPAN),
        "what stands in its fields"
    );
    assert_eq!((parsed.get("amount"), parsed.get("trace_id")), ("3", ""));

    let ours =
        records.iter().find(|r| r.resource["service.name"] == "phpeek-pm" && r.get("process.name") == "web");
    let ours = ours.expect("a record of the supervisor about the process");
    assert_eq!((&ours.trace, ours.get("log.iostream")), (&spawned.trace, ""));
    let shown = supervisor.records().len();
    assert_eq!(records.len(), shown, "every record of standard output, once");
}

#[test]
fn a_receiver_that_never_answers_holds_nothing_up_and_what_is_lost_is_counted() {
    let (sandbox, receiver) = (Sandbox::new(), Receiver::start(Manner::Hangs));
    let flood = "emit web start\nyes 'a line that is long enough to fill something, sooner or later' | head -n 400000\nemit web done\nexec sleep 1000";
    let processes = json!({"web": {"command": sandbox.script("web", flood)}});
    let mut settings = global(&sandbox, &receiver.endpoint());
    settings["tracing_spool_max_mb"] = json!(1);
    let config = sandbox.config(settings, processes);
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.seen("web", "done", 1);
    let logs = wait_for(Duration::from_secs(30), "lines are lost and counted", || {
        let logs = account(&sandbox);
        let lost = |reason: &str| logs["dropped"][reason].as_u64().unwrap_or_default();
        (lost("spool_full") + lost("queue_full") > 0 && logs["started"].as_u64() >= Some(400_000))
            .then_some(logs)
    });
    assert!(balances(&logs), "{logs}");
    assert!(logs["pending"].as_u64() < Some(20_000), "a megabyte holds no more: {logs}");
    let begun = Instant::now();
    assert_eq!(supervisor.stop(), 0);
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
}

#[test]
fn what_could_not_be_sent_waits_in_the_spool_for_the_next_supervisor() {
    let sandbox = Sandbox::new();
    let spool = sandbox.path("spool");
    let config = |endpoint: &str| {
        let mut settings = global(&sandbox, endpoint);
        settings["tracing_enabled"] = json!(false);
        settings["tracing_spool_dir"] = json!(spool);
        let script = sandbox.script("web", "echo kept\nemit web start\nexec sleep 1000");
        sandbox.config(settings, json!({"web": {"command": script}}))
    };
    let mut first = Supervisor::start(&sandbox, &config(&closed_port()));
    sandbox.started("web", 1);
    assert_eq!(first.stop(), 0);
    assert!(first.stdout().contains("log records wait in the spool"), "{}", first.stdout());
    let receiver = Receiver::start(Manner::Takes);
    let mut second = Launch::new(&sandbox).serve(&config(&receiver.endpoint()));
    let kept = |records: &[Record]| records.iter().filter(|record| record.body == "kept").count();
    sandbox.started("web", 2);
    assert_eq!(second.stop(), 0);
    let records = receiver.wait_for_record("the line of the first", |record| record.body == "kept");
    assert_eq!(kept(&records), 2, "one of each run");
    assert!(records.iter().all(|record| record.trace.is_empty()), "tracing is off");
}

#[test]
fn http_goes_to_the_path_of_logs_and_the_report_says_so() {
    let sandbox = Sandbox::new();
    let mut settings = global(&sandbox, "http://127.0.0.1:9/v1/traces");
    settings["tracing_exporter"] = json!("otlp-http");
    let config = sandbox.config(settings, json!({"web": {"command": sandbox.worker("web")}}));
    let supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("web", 1);
    let logs = wait_for(Duration::from_secs(30), "a failure is told", || {
        Some(account(&sandbox)).filter(|logs| logs["state"] == "failing")
    });
    assert_eq!(
        (&logs["endpoint"], &logs["exporter"]),
        (&json!("http://127.0.0.1:9/v1/logs"), &json!("otlp-http"))
    );
    let socket = sandbox.path("control.sock");
    let (code, text) = run(&sandbox, &["telemetry", "--socket", &socket.to_string_lossy()]);
    assert!(code == 1 && text.contains("\nlogs\n") && text.contains("log records"), "{text}");
    drop(supervisor);
}
