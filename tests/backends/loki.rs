//! Loki: the lines of processes are found by service and stream, and each leads to the trace of its run.

use crate::day::SPAWN;
use crate::otelcol::Collector;
use crate::signals::{all_signals, life};
use crate::support::backend::{Running, free_port, installed};
use crate::support::http::get;
use crate::support::{LONG, wait_for, wait_until};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// A running Loki.
#[derive(Debug)]
struct Loki {
    running: Running,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Loki {
    fn start() -> Self {
        let (port, folder) = (free_port(), tempfile::tempdir().expect("a temporary folder"));
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/backends/loki/loki.yaml");
        let mut command = Command::new(installed("bin/loki", "tests/run --backends"));
        command.args(["-config.expand-env=true", "-config.file"]).arg(config);
        command.env("LOKI_HTTP_PORT", port.to_string()).env("LOKI_GRPC_PORT", free_port().to_string());
        command.env("LOKI_FOLDER", folder.path());
        let mut running = Running::start(&mut command);
        running.listens(port);
        let loki = Self { running, port, _folder: folder };
        wait_until(LONG, "Loki is ready", || matches!(get(loki.port, "/ready"), Ok((200, _))));
        loki
    }

    /// The streams that a query in its language finds, each with its labels and its lines.
    fn find(&self, query: &str) -> Vec<Value> {
        let query = query.replace('{', "%7B").replace('}', "%7D").replace('"', "%22").replace('|', "%7C");
        let path = format!("/loki/api/v1/query_range?limit=100&query={}", query.replace(' ', "%20"));
        let Ok((200, body)) = get(self.port, &path) else { return Vec::new() };
        let answer: Value = serde_json::from_str(&body).expect("JSON");
        answer["data"]["result"].as_array().cloned().unwrap_or_default()
    }
}

#[test]
fn a_line_is_found_by_its_service_and_leads_to_the_trace_of_its_run() {
    let (loki, collector) = (Loki::start(), Collector::start(&[]));
    let mut settings = all_signals("otlp-http", &format!("127.0.0.1:{}", collector.http));
    settings["otlp_logs_endpoint"] = json!(format!("http://127.0.0.1:{}/otlp", loki.port));
    settings["otlp_metrics"] = json!(false);
    life(settings, || {});

    let spawns = collector.wait(SPAWN, 2);
    for spawn in spawns {
        let query =
            format!("{{service_name=\"web\"}} | trace_id=\"{}\" | log_iostream=\"stderr\"", spawn.trace);
        let streams = wait_for(LONG, &format!("the line in Loki; it says {}", loki.running.log()), || {
            Some(loki.find(&query)).filter(|found| !found.is_empty())
        });
        let [stream] = streams.as_slice() else { panic!("one stream: {streams:?}") };
        assert_eq!(stream["values"][0][1], "a bad line", "{stream}");
        assert_eq!(stream["stream"]["span_id"], spawn.id, "{stream}");
        assert_eq!(stream["stream"]["process_name"], "web", "{stream}");
    }
    let own = loki.find("{service_name=\"phpeek-pm\"} |= \"everything has stopped\"");
    assert_eq!(own.len(), 1, "the supervisor's own records: {own:?}");
}
