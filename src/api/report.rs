//! What `GET /telemetry` answers: where spans go, and what became of each. Values only: filled by the composition
//! root, read by the command. Never holds a header's value, nor anything else that is secret.

use phpeek_actors::telemetry::{LastError, ReceiverState, SpoolReport};
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
    /// The last attempt that failed; when, as RFC 3339 says it.
    pub last_error: Option<LastError<String>>,
    /// When spans were taken last, as RFC 3339 says it.
    pub last_export_at: Option<String>,
    /// The same of log records, when they are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logs: Option<Box<Self>>,
    /// The same of metrics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Box<Self>>,
}

/// How the receiver does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExporterState {
    /// Tracing is off.
    Off,
    /// It is on, and this is what became of it.
    #[serde(untagged)]
    On(ReceiverState),
}

/// The queue in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct QueueReport {
    /// Spans in it.
    pub length: Option<u64>,
    /// The most that it holds.
    pub capacity: Option<u64>,
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

    /// Other signals than spans, by name.
    pub fn others(&self) -> impl Iterator<Item = (&'static str, &Self)> {
        let named = [("logs", &self.logs), ("metrics", &self.metrics)];
        named.into_iter().filter_map(|(name, other)| Some((name, &**other.as_ref()?)))
    }

    /// What waits, of all signals.
    #[must_use]
    pub fn pending_in_all(&self) -> u64 {
        self.pending + self.others().map(|(_, other)| other.pending).sum::<u64>()
    }

    /// Whether all is well. A span that was lost is not forgotten: only a new start forgets it.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self.others().any(|(_, other)| other.verdict() == Verdict::Ill) {
            return Verdict::Ill;
        }
        let lost = self.failed > 0 || self.dropped.values().any(|count| *count > 0);
        match self.state {
            Some(ExporterState::On(
                ReceiverState::Failing | ReceiverState::Refusing | ReceiverState::Dead,
            )) => Verdict::Ill,
            Some(ExporterState::On(ReceiverState::Good) | ExporterState::Off) | None if lost => Verdict::Ill,
            Some(ExporterState::On(ReceiverState::Good) | ExporterState::Off) | None => Verdict::Well,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_one_word_on_the_wire() {
        let all = [
            (ExporterState::Off, "\"off\""),
            (ExporterState::On(ReceiverState::Good), "\"good\""),
            (ExporterState::On(ReceiverState::Failing), "\"failing\""),
            (ExporterState::On(ReceiverState::Refusing), "\"refusing\""),
            (ExporterState::On(ReceiverState::Dead), "\"dead\""),
        ];
        for (state, text) in all {
            assert_eq!(serde_json::to_string(&state).ok().as_deref(), Some(text));
            assert_eq!(serde_json::from_str(text).ok(), Some(state));
        }
    }
}
