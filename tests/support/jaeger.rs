//! Jaeger with its memory store, and its query API. Called by the tests of the stack and of the backends.

use super::backend::{Running, free_port, installed};
use super::http::get;
use super::otlp::Trace;
use super::wait::{LONG, wait_for};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

/// A running Jaeger.
#[derive(Debug)]
pub struct Jaeger {
    _running: Running,
    /// Takes OTLP/gRPC.
    pub grpc: u16,
    /// Takes OTLP/HTTP.
    pub http: u16,
    /// Takes Zipkin's JSON.
    pub zipkin: u16,
    /// Answers questions.
    pub query: u16,
}

impl Jaeger {
    /// Starts it on free ports.
    pub fn start() -> Self {
        let config = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/backends/jaeger/jaeger.yaml");
        let [grpc, http, zipkin, query] = std::array::from_fn(|_| free_port());
        let mut running = Running::start(
            Command::new(installed("bin/jaeger", "tests/run"))
                .arg("--config")
                .arg(config)
                .env("JAEGER_GRPC_PORT", grpc.to_string())
                .env("JAEGER_HTTP_PORT", http.to_string())
                .env("JAEGER_ZIPKIN_PORT", zipkin.to_string())
                .env("JAEGER_QUERY_PORT", query.to_string())
                .env("JAEGER_QUERY_GRPC_PORT", free_port().to_string())
                .env("JAEGER_HEALTH_PORT", free_port().to_string()),
        );
        for port in [grpc, http, zipkin, query] {
            running.listens(port);
        }
        Self { _running: running, grpc, http, zipkin, query }
    }

    /// For `tracing_endpoint`, over gRPC.
    pub fn endpoint(&self) -> String {
        format!("127.0.0.1:{}", self.grpc)
    }

    /// Asks the query API; nothing when it has no such thing.
    pub fn ask(&self, path: &str) -> Option<Value> {
        let (status, body) = get(self.query, path).ok()?;
        (status == 200).then(|| serde_json::from_str(&body).ok())?
    }

    /// Everything that the query API (`/api/v3`, OTLP JSON) has at this path.
    pub fn found(&self, path: &str) -> Option<ExportTraceServiceRequest> {
        let answer = self.ask(path)?;
        Some(serde_json::from_value(answer["result"].clone()).expect("OTLP JSON"))
    }

    /// Asks for everything of a service until a span of this name is there.
    pub fn wait_for(&self, service: &str, name: &str) -> Trace {
        let path = format!(
            "/api/v3/traces?query.service_name={service}&query.num_traces=1000\
             &query.start_time_min=2020-01-01T00:00:00Z&query.start_time_max=2100-01-01T00:00:00Z"
        );
        wait_for(LONG, &format!("{name} in Jaeger"), || {
            self.found(&path).map(Trace::from).filter(|trace| !trace.named(name).is_empty())
        })
    }
}
