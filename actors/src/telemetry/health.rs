//! How the receiver and the spool are doing, for status readers. Values; what the wire of the control socket says of them
//! is derived here, so that there is one of each.

use crate::clock::Moment;
use serde::{Deserialize, Serialize};

/// What the receiver makes of spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    /// One word, as in JSON.
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

/// The last thing that went wrong. `At` is a moment of the supervisor's, or a text on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastError<At = Moment> {
    /// When.
    pub at: At,
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

/// Where spans wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpoolState {
    /// In memory: no directory is configured.
    #[default]
    Memory,
    /// In the directory.
    Disk,
    /// In memory for now: the directory cannot be used.
    Degraded,
}

/// How the spool is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SpoolReport {
    /// Where spans wait.
    pub state: SpoolState,
    /// The directory, if one is configured.
    pub directory: Option<String>,
    /// Its files.
    pub segments: usize,
    /// Bytes of what waits, there and in memory.
    pub bytes: u64,
    /// Bytes of what was delivered and is kept.
    #[serde(default)]
    pub history_bytes: u64,
    /// Spans that wait.
    pub spans: u64,
    /// How long the oldest of them has waited, in seconds.
    pub oldest_age_s: Option<u64>,
    /// Why the directory cannot be used, or could not be used last.
    pub last_error: Option<String>,
}
