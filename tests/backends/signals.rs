//! Log records and metrics in the OpenTelemetry Collector, in both protocols: what arrives, and that a line stands under
//! the span that has started its run.

use crate::day::SPAWN;
use crate::otelcol::{Collector, Variant};
use crate::support::otlp::{Record, Sample};
use crate::support::{LONG, Sandbox, Supervisor, wait_for};
use serde_json::{Value, json};

/// Spans, log records and metrics to this endpoint.
pub(crate) fn all_signals(exporter: &str, endpoint: &str) -> Value {
    json!({
        "tracing_enabled": true, "tracing_exporter": exporter, "tracing_endpoint": endpoint, "otlp_logs": true,
        "otlp_metrics": true, "otlp_metrics_interval": "200ms",
        "resource_metrics_enabled": true, "resource_metrics_interval": "1s",
    })
}

/// A life with a line in each stream, a restart, and a stop when `meanwhile` is over.
pub(crate) fn life(settings: Value, meanwhile: impl FnOnce()) {
    let sandbox = Sandbox::new();
    let crash = "echo 'a plain line'\necho 'a bad line' >&2\nn=$(cat \"$SANDBOX/n\" 2>/dev/null || echo 0)\n\
                 echo $((n + 1)) > \"$SANDBOX/n\"\nemit web start\nif [ \"$n\" -lt 1 ]; then exit 3; fi\nexec sleep 1000";
    let processes = json!({"web": {"command": sandbox.script("web", crash), "restart": "always"}});
    let mut supervisor = Supervisor::start(&sandbox, &sandbox.config(settings, processes));
    sandbox.started("web", 2);
    meanwhile();
    assert_eq!(supervisor.stop(), 0);
}

fn record(collector: &Collector, body: &str, incarnation: &str) -> Record {
    wait_for(LONG, body, || {
        let is = |r: &Record| r.body == body && r.get("process.incarnation") == incarnation;
        collector.records().into_iter().find(is)
    })
}

fn sample(collector: &Collector, what: &str, is: impl Fn(&Sample) -> bool) -> Sample {
    wait_for(LONG, what, || collector.samples().into_iter().find(&is))
}

#[test]
fn lines_and_metrics_arrive_beside_spans_in_both_protocols() {
    for exporter in ["otlp-grpc", "otlp-http"] {
        let collector = Collector::start(&[Variant::AllSignals]);
        let port = if exporter == "otlp-grpc" { collector.grpc } else { collector.http };
        life(all_signals(exporter, &format!("127.0.0.1:{port}")), || {
            sample(&collector, "process.memory.usage", |s| {
                s.name == "process.memory.usage" && s.resource["service.name"] == "web"
            });
        });

        let mut spawns = collector.wait(SPAWN, 2);
        spawns.sort_by_key(|span| span.start);
        for (run, spawn) in ["1", "2"].into_iter().zip(&spawns) {
            let plain = record(&collector, "a plain line", run);
            assert_eq!((&plain.trace, &plain.span), (&spawn.trace, &spawn.id), "run {run} by {exporter}");
            let told = (plain.severity, plain.get("log.iostream"), plain.get("process.name"));
            assert_eq!(told, (9, "stdout", "web"));
            assert_eq!(plain.resource["service.instance.id"], "web-0");
            assert_eq!(record(&collector, "a bad line", run).get("log.iostream"), "stderr");
        }

        let restarts = sample(&collector, "phpeek_pm_process_restarts_total", |s| {
            s.name == "phpeek_pm_process_restarts_total" && s.value == 1.0
        });
        assert_eq!((restarts.get("name"), restarts.get("reason"), restarts.grows), ("web", "crash", true));
        assert!(
            spawns.iter().any(|s| s.trace == restarts.trace),
            "its exemplar is of the trace of the restart"
        );
        sample(&collector, "otel.sdk.exporter.span.exported", |s| {
            s.name == "otel.sdk.exporter.span.exported" && s.value > 0.0
        });
    }
}
