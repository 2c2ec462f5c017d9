//! What `GET /telemetry` answers: where spans go, and what became of each. Values only: filled by the composition
//! root, read by the command. Never holds a header's value, nor anything else that is secret.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where spans go, and what became of each.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TelemetryReport {
    /// `otlp-grpc`, `otlp-http`, `zipkin`, `file`, `stdout`, or `off`.
    pub exporter: String,
    /// Where spans are sent at the moment.
    pub endpoint: Option<String>,
    /// Whether they are taken there.
    pub state: Option<ExporterState>,
    /// What waits in memory.
    pub queue: QueueReport,
    /// What waits on disk, or would.
    pub spool: Option<SpoolReport>,
    /// Sampled spans that ended.
    pub started: u64,
    /// Spans of a run before that were found in the spool.
    pub recovered: Option<u64>,
    /// Spans that were taken.
    pub exported: u64,
    /// Spans that were refused for good, or given up.
    pub failed: u64,
    /// Spans that were dropped, by reason.
    pub dropped: BTreeMap<String, u64>,
    /// Spans of traces that the sampling has left out.
    pub left_out: u64,
    /// Spans that are queued, in flight or kept for another attempt.
    pub pending: u64,
    /// How often a part of telemetry has panicked, and was started again.
    #[serde(default)]
    pub panics: u64,
    /// The last attempt that failed.
    pub last_error: Option<LastError>,
    /// When spans were taken last, as RFC 3339 says it.
    pub last_export_at: Option<String>,
}

/// How the receiver does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExporterState {
    /// It takes spans.
    Good,
    /// It cannot be reached, or says to try again.
    Failing,
    /// It refuses spans for good.
    Refusing,
    /// Nobody exports any more.
    Dead,
    /// Tracing is off.
    Off,
}

impl ExporterState {
    /// The word for it, as in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Failing => "failing",
            Self::Refusing => "refusing",
            Self::Dead => "dead",
            Self::Off => "off",
        }
    }
}

/// The queue in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct QueueReport {
    /// Spans in it.
    pub length: Option<u64>,
    /// The most that it holds.
    pub capacity: Option<u64>,
}

/// The spool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpoolReport {
    /// Its directory, or `memory`.
    pub directory: String,
    /// Segments in it.
    pub segments: u64,
    /// Their size.
    pub bytes: u64,
    /// Spans in them.
    pub spans: u64,
    /// How old the oldest is, in seconds.
    pub oldest_age_s: Option<f64>,
    /// One word: whether it works.
    pub state: String,
    /// Why it does not.
    pub last_error: Option<String>,
}

/// An attempt that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastError {
    /// When, as RFC 3339 says it.
    pub at: String,
    /// Why.
    pub cause: String,
}

/// Whether all is well with the spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// None is lost and the receiver takes them, or tracing is off.
    Well,
    /// Some are lost, or the receiver does not take them.
    Ill,
}

impl TelemetryReport {
    /// Tracing that is off.
    #[must_use]
    pub fn off() -> Self {
        Self { exporter: "off".to_owned(), state: Some(ExporterState::Off), ..Self::default() }
    }

    /// Whether all is well. A span that was lost is not forgotten: only a new start forgets it.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let lost = self.failed > 0 || self.dropped.values().any(|count| *count > 0);
        match self.state {
            Some(ExporterState::Failing | ExporterState::Refusing | ExporterState::Dead) => Verdict::Ill,
            Some(ExporterState::Good | ExporterState::Off) | None if lost => Verdict::Ill,
            Some(ExporterState::Good | ExporterState::Off) | None => Verdict::Well,
        }
    }
}
