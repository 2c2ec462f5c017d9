//! Everything that reaches the supervisor's standard output: the lines of children, the supervisor's own records, and
//! blocks such as exported spans. Owns the read ends and the queue before stdout; never makes supervision or the stop
//! wait for a reader, and a child only for one that makes progress. The composition root starts it; the spawners and
//! the log port feed it.
//!
//! Law of accounting: every captured line is written, dropped for a counted reason, or still queued.

mod actor;
mod door;
mod framer;
mod handle;
mod held;
mod intake;
mod last_words;
mod lines;
mod notice;
mod pieces;
mod pipes;
mod queue;
pub mod record;
mod redact;
mod sink;
mod stamp;
mod stats;
mod steps;
mod writer;

pub use handle::{FlushReport, Output, StartError};
pub use lines::LINE_CAP;
pub use stats::Stats;

use phpeek_actors::ports::Level;
use std::time::Duration;

/// How records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Json,
    /// One plain line a record.
    Text,
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

/// `log_format`, `log_level`, `log_on_full`, `log_patience` and `log_buffer`.
#[derive(Debug, Clone, Copy)]
pub struct OutputSettings {
    /// How records are written.
    pub format: Format,
    /// The least level that is shown. Lines of children are at [`Level::Info`].
    pub level: Level,
    /// What becomes of lines that find the buffer full.
    pub on_full: OnFull,
    /// How long a reader may make no progress.
    pub patience: Duration,
    /// Bytes of lines that may wait in memory. The records of one read may stand over it.
    pub buffer: usize,
}

impl OutputSettings {
    /// With the defaults of what a full buffer means.
    #[must_use]
    pub fn new(format: Format, level: Level) -> Self {
        Self { format, level, on_full: OnFull::Wait, patience: Duration::from_secs(10), buffer: 8 << 20 }
    }
}

impl From<crate::config::LogFormat> for Format {
    fn from(format: crate::config::LogFormat) -> Self {
        match format {
            crate::config::LogFormat::Json => Self::Json,
            crate::config::LogFormat::Text => Self::Text,
        }
    }
}
