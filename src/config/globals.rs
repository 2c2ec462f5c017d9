//! The keys of `global` about the log. Called by `load`.

use super::tree::Node;
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
