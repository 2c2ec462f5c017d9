//! Everything that reaches the supervisor's standard output: the lines of children, the supervisor's own records, and
//! blocks such as exported spans. Owns the read ends and the queue before stdout; never makes a child, supervision or
//! the stop wait for a reader. The composition root starts it; the spawners and the log port feed it.
//!
//! Law of accounting: every captured line is written, dropped for a counted reason, or still queued.

mod actor;
mod framer;
mod handle;
mod intake;
mod last_words;
mod lines;
mod notice;
mod pieces;
mod pipes;
pub mod record;
mod redact;
mod sink;
mod stamp;
mod stats;
mod steps;

pub use handle::{FlushReport, Output, StartError};
pub use lines::LINE_CAP;
pub use sink::QUEUE_LIMIT;
pub use stats::Stats;

use phpeek_actors::ports::Level;

/// How records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Json,
    /// One plain line a record.
    Text,
}

/// `log_format` and `log_level`.
#[derive(Debug, Clone, Copy)]
pub struct OutputSettings {
    /// How records are written.
    pub format: Format,
    /// The least level that is shown. Lines of children are at [`Level::Info`].
    pub level: Level,
}

impl From<crate::config::LogFormat> for Format {
    fn from(format: crate::config::LogFormat) -> Self {
        match format {
            crate::config::LogFormat::Json => Self::Json,
            crate::config::LogFormat::Text => Self::Text,
        }
    }
}
