//! How the log is written: its format and its least level.

use phpeek_core::level::Level;

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
