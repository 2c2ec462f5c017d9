//! How the spool is doing, for status readers. A value behind a lock; written by the store, read by anybody.

use serde::Serialize;

/// Where spans wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct SpoolReport {
    /// Where spans wait.
    pub state: SpoolState,
    /// The directory, if one is configured.
    pub directory: Option<String>,
    /// Its files.
    pub segments: usize,
    /// Bytes of all of them, or of what is in memory.
    pub bytes: u64,
    /// Spans that wait.
    pub spans: u64,
    /// How long the oldest of them has waited, in seconds.
    pub oldest_seconds: Option<u64>,
    /// Why the directory cannot be used, or could not be used last.
    pub last_error: Option<String>,
}
