//! The keys of `global` that are no matter of supervision: the log and tracing. Called by `load`.

use super::compile::truth;
use super::report::{Finding, Findings};
use super::tree::{Node, Place};
use super::value;
use crate::telemetry::endpoint::{Endpoint, EndpointError};
use crate::telemetry::settings::{ExporterSettings, TracingSettings};
use phpeek_actors::ports::Level;

/// How a log record is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// The supervisor's own log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSettings {
    /// How a record is written.
    pub format: LogFormat,
    /// The least level that is written.
    pub level: Level,
}

/// Reads `log_format` and `log_level`.
pub(crate) fn log(global: &Node) -> LogSettings {
    let format = match global.get("log_format").and_then(Node::text) {
        Some("text") => LogFormat::Text,
        _ => LogFormat::Json,
    };
    let level = match global.get("log_level").and_then(Node::text) {
        Some("debug") => Level::Debug,
        Some("warn") => Level::Warn,
        Some("error") => Level::Error,
        _ => Level::Info,
    };
    LogSettings { format, level }
}

/// Reads `tracing_*`. The exporter and the endpoint are judged even when tracing is off: a wrong one would only be
/// found on the day when it is switched on.
pub(crate) fn tracing(global: &Node, findings: &mut Findings) -> Option<TracingSettings> {
    let text = |key: &str| global.get(key).and_then(Node::text);
    let place = |key: &str| global.get(key).map_or(Place::Nowhere, |n| n.place.clone());
    let on = truth(global, "tracing_enabled").unwrap_or(false);
    let exporter = match text("tracing_exporter").unwrap_or("stdout") {
        "stdout" => Some(ExporterSettings::Stdout),
        "otlp-grpc" => match Endpoint::parse(text("tracing_endpoint").unwrap_or("localhost:4317")) {
            Ok(endpoint) => Some(ExporterSettings::OtlpGrpc(endpoint)),
            Err(error) => {
                // Whatever else is wrong with it, a user and a password must not be repeated.
                let credentials = text("tracing_endpoint").is_some_and(|e| e.contains('@'));
                let error = if credentials { EndpointError::Credentials } else { error };
                let path = "global.tracing_endpoint";
                findings.push(Finding::error(path, place("tracing_endpoint"), error.to_string()));
                None
            }
        },
        name => {
            let later = matches!(name, "otlp-http" | "zipkin" | "jaeger");
            let path = "global.tracing_exporter";
            let at = place("tracing_exporter");
            let finding = match (later, on) {
                (true, true) => Finding::error(path, at, format!("the exporter {name:?} is not there yet")),
                // A file that was written for another supervisor still starts: nothing is lost while tracing is off.
                (true, false) => Finding::warning(
                    path,
                    at,
                    format!("the exporter {name:?} is not there yet; tracing is off"),
                ),
                (false, _) => Finding::error(path, at, format!("there is no exporter {name:?}")),
            };
            findings.push(finding.advice("write otlp-grpc or stdout"));
            None
        }
    };
    let rate = text("tracing_sample_rate").and_then(value::float).unwrap_or(1.0);
    exporter.filter(|_| on).map(|exporter| TracingSettings {
        exporter,
        sample_rate: rate,
        service_name: text("tracing_service_name").filter(|n| !n.is_empty()).map(str::to_owned),
    })
}
