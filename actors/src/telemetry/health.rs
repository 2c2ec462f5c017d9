//! How the receiver is doing, for status readers. A value; written by the `TelemetryActor`, read by anybody.

use crate::clock::Moment;

/// What the receiver makes of spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReceiverState {
    /// Nothing was sent yet, or the last batch was taken.
    #[default]
    Good,
    /// It cannot take spans now.
    Failing,
    /// It refuses spans.
    Refusing,
    /// Nobody exports any more: spans wait, and will not go out.
    Dead,
}

impl ReceiverState {
    /// One word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Failing => "failing",
            Self::Refusing => "refusing",
            Self::Dead => "dead",
        }
    }
}

/// The last thing that went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastError {
    /// When.
    pub at: Moment,
    /// What, for people; never a secret.
    pub cause: String,
}

/// How exporting goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    /// What the receiver makes of spans.
    pub state: ReceiverState,
    /// Where batches went last.
    pub target: String,
    /// The last failure, also when all is well again.
    pub last_error: Option<LastError>,
    /// When a batch was taken last.
    pub last_export: Option<Moment>,
    /// How often a part of telemetry has panicked and was started again.
    pub panics: u64,
}
