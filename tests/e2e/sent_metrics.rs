//! Metrics over OTLP, with the real program: the values of the page under its names, cumulative since the right time, what each
//! instance uses under its own resource, and nothing of it unless it is asked for.

use crate::support::otlp::{Manner, Receiver};
use crate::support::supervisor::{Supervisor, run};
use crate::support::{Sandbox, wait_for};
use serde_json::{Value, json};
use std::time::Duration;

fn now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    u64::try_from(now.as_nanos()).expect("before 2554")
}

/// A tick of the kernel (USER_HZ), in nanoseconds.
const TICK: u64 = 10_000_000;

#[test]
fn what_is_counted_arrives_cumulative_and_each_instance_is_a_resource() {
    let (sandbox, receiver) = (Sandbox::new(), Receiver::start(Manner::Takes));
    let before = now();
    let global = json!({
        "tracing_enabled": true, "tracing_exporter": "otlp-grpc", "tracing_endpoint": receiver.endpoint(),
        "otlp_metrics": true, "otlp_metrics_interval": "100ms", "otlp_logs": true,
        "resource_metrics_enabled": true, "resource_metrics_interval": "1s", "control_socket": "none",
    });
    let crash = "n=$(cat \"$SANDBOX/n\" 2>/dev/null || echo 0)\necho $((n + 1)) > \"$SANDBOX/n\"\nemit crash start\n\
                 if [ \"$n\" -lt 2 ]; then exit 3; fi\nexec sleep 1000";
    let processes = json!({
        "web": {"command": sandbox.worker("web"), "scale": 2},
        "crash": {"command": sandbox.script("crash", crash), "restart": "always"},
    });
    let mut supervisor = Supervisor::start(&sandbox, &sandbox.config(global, processes));
    sandbox.started("crash", 3);

    let up =
        receiver.wait_for_sample("phpeek_pm_process_up", |s| s.get("instance") == "web-1" && s.value == 1.0);
    assert_eq!((up.get("name"), up.grows, up.resource["service.name"].as_str()), ("web", false, "phpeek-pm"));
    let restarts = |value: f64| {
        receiver.wait_for_sample("phpeek_pm_process_restarts_total", |s| {
            s.get("name") == "crash" && s.value == value
        })
    };
    let counted = restarts(2.0);
    assert_eq!((counted.get("reason"), counted.grows), ("crash", true));
    assert!(before < counted.since && counted.since < counted.at && counted.at < now(), "{counted:?}");
    assert_eq!(counted.trace.len(), 32, "the trace that has raised it");
    let later = receiver.wait_for_sample("phpeek_pm_process_restarts_total", |s| s.at > counted.at);
    assert_eq!(later.since, counted.since, "it counts on from the same beginning");

    // Who looks at a program that is only just loaded sees little of it.
    let memory = receiver.wait_for_sample("process.memory.usage", |s| {
        s.resource["service.instance.id"] == "web-1" && s.value > 100_000.0
    });
    assert_eq!((memory.resource["service.name"].as_str(), memory.unit.as_str()), ("web", "By"));
    // The kernel tells the beginning of a run in whole ticks, rounded down.
    assert!(memory.since + TICK > before, "{memory:?}");
    for mode in ["user", "system"] {
        receiver.wait_for_sample("process.cpu.time", |s| {
            s.resource["service.name"] == "crash" && s.grows && s.get("cpu.mode") == mode
        });
    }
    let spans = receiver.wait_for_sample("otel.sdk.exporter.span.exported", |s| {
        s.get("error.type").is_empty() && s.value > 3.0
    });
    assert_eq!(
        (spans.resource["service.name"].as_str(), spans.grows, spans.unit.as_str()),
        ("phpeek-pm", true, "{span}")
    );
    receiver.wait_for_sample("otel.sdk.log.created", |s| s.value > 3.0);
    let points = receiver.wait_for_sample("otel.sdk.exporter.metric_data_point.exported", |s| {
        s.get("error.type").is_empty() && s.value > 50.0
    });
    assert_eq!((points.grows, points.unit.as_str()), (true, "{data_point}"));

    assert_eq!(supervisor.stop(), 0);
    // The moment at the end is told too.
    receiver.wait_for_sample("phpeek_pm_shutdown_duration_seconds", |s| s.value == 1.0);
}

#[test]
fn a_receiver_that_is_away_is_told_of_and_holds_nothing_up() {
    let sandbox = Sandbox::new();
    let socket = sandbox.path("control.sock");
    let global = json!({
        "otlp_metrics": true, "otlp_metrics_interval": "100ms", "otlp_metrics_endpoint": "http://127.0.0.1:9",
        "tracing_exporter": "otlp-http", "control_socket": socket,
    });
    let mut supervisor = Supervisor::start(
        &sandbox,
        &sandbox.config(global, json!({"web": {"command": sandbox.worker("web")}})),
    );
    sandbox.started("web", 1);
    let report = wait_for(Duration::from_secs(30), "a failure is told", || {
        let (_, text) = run(&sandbox, &["telemetry", "--json", "--socket", &socket.to_string_lossy()]);
        let report: Value = serde_json::from_str(&text).ok()?;
        (report["metrics"]["state"] == "failing").then_some(report)
    });
    assert_eq!(
        (&report["state"], &report["metrics"]["endpoint"]),
        (&json!("off"), &json!("http://127.0.0.1:9/v1/metrics"))
    );
    let of = |key: &str| report["metrics"][key].as_u64().unwrap_or_default();
    assert_eq!(of("started"), of("pending") + of("exported") + of("failed"), "{report}");
    assert_eq!(supervisor.stop(), 0);
    assert!(
        supervisor.stdout().contains("metrics could not be delivered before the end"),
        "{}",
        supervisor.stdout()
    );
}
