//! How the log is written: its format, its least level, and what a slow reader means.

use phpeek_core::level::Level;
use std::time::Duration;

/// How a log record is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people on a terminal, JSON elsewhere.
    Auto,
    /// One JSON object a line.
    Json,
    /// For people, with colours where the terminal may be given some.
    Text,
    /// For people, with colours.
    Colour,
}

impl LogFormat {
    /// What may be written, and what it means.
    pub const WORDS: [(&'static str, Self); 3] =
        [("auto", Self::Auto), ("json", Self::Json), ("text", Self::Text)];
}

/// What becomes of lines that find the buffer full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFull {
    /// They wait in their pipes while the reader of stdout makes progress, and for the patience with one that does not;
    /// then they are dropped and counted.
    #[default]
    Wait,
    /// They are dropped and counted.
    Drop,
}

impl OnFull {
    /// What may be written, and what it means.
    pub const WORDS: [(&'static str, Self); 2] = [("wait", Self::Wait), ("drop", Self::Drop)];
}

/// The supervisor's own log, and the output of processes, which goes the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSettings {
    /// How a record is written.
    pub format: LogFormat,
    /// The least level that is written.
    pub level: Level,
    /// What becomes of lines that find the buffer full.
    pub on_full: OnFull,
    /// How long a reader may make no progress.
    pub patience: Duration,
    /// Bytes of lines that may wait in memory. The records of one read may stand over it.
    pub buffer: usize,
}

impl LogSettings {
    /// With room and patience enough for anybody; what is configured comes from the table of keys.
    #[must_use]
    pub fn new(format: LogFormat, level: Level) -> Self {
        Self { format, level, on_full: OnFull::Wait, patience: Duration::from_secs(10), buffer: 8 << 20 }
    }
}
