//! The two formats of a page, and which of them somebody gets.

/// What a page is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// The text format of Prometheus, version 0.0.4.
    Prometheus,
}

impl Format {
    /// What somebody gets who accepts this.
    #[must_use]
    pub fn accepted(accept: &str) -> Self {
        let named = accept.to_ascii_lowercase().contains("application/openmetrics-text");
        if named { Self::OpenMetrics } else { Self::Prometheus }
    }

    /// As the head of an answer says it.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}
