//! The three kinds of telemetry that leave the program. A value; knows nothing of how one is sent.

/// A signal, as OpenTelemetry calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum OtelSignal {
    /// Spans.
    #[default]
    Traces,
    /// Log records: of the supervisor, and the lines of processes.
    Logs,
    /// Metrics.
    Metrics,
}

impl OtelSignal {
    /// As paths and keys have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Logs => "logs",
            Self::Metrics => "metrics",
        }
    }

    /// What is counted of it, for people.
    #[must_use]
    pub fn items(self) -> &'static str {
        match self {
            Self::Traces => "spans",
            Self::Logs => "log records",
            Self::Metrics => "metrics",
        }
    }
}
