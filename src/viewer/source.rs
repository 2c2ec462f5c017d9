//! Where traces are read from: what a source answers, and why it may not. Other rooms have sources of their own.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::io;
use std::time::Duration;

/// Where traces are read from.
pub trait Source {
    /// All that is known of the `limit` traces that were heard of last.
    ///
    /// # Errors
    /// [`SourceError`].
    fn recent(&mut self, limit: usize) -> Result<ExportTraceServiceRequest, SourceError>;

    /// All that is known of the traces whose id begins with `prefix` (lower-case hexadecimal).
    ///
    /// # Errors
    /// [`SourceError`].
    fn find(&mut self, prefix: &str) -> Result<ExportTraceServiceRequest, SourceError>;

    /// What was added since the last call; blocks until there is something or the source ends (then None).
    ///
    /// # Errors
    /// [`SourceError`].
    fn follow(&mut self) -> Result<Option<ExportTraceServiceRequest>, SourceError>;

    /// Which traces are not whole yet. A trace that it does not name is whole when it is asked for afterwards.
    fn unfinished(&mut self) -> Unfinished {
        Unfinished::default()
    }

    /// How long what has just ended may be on its way before it is answered; none: what is there is all.
    fn on_the_way(&self) -> Option<Duration> {
        None
    }

    /// Takes something to say beside the answers.
    fn note(&mut self, _text: String) {}

    /// What was left out of the answers so far, for people: one line each. Telling it once is enough.
    fn remarks(&mut self) -> Vec<String> {
        Vec::new()
    }
}

/// Traces of which something is missing in what a source answers.
#[derive(Debug, Default)]
pub struct Unfinished {
    /// Those that go on, by their ids: how many spans have not ended.
    pub open: HashMap<String, usize>,
    /// Those of which spans have ended that are not answered yet.
    pub on_the_way: HashSet<String>,
    /// Some are on their way, of whatever trace.
    pub any_on_the_way: bool,
}

impl Unfinished {
    /// Spans of this trace that have not ended.
    #[must_use]
    pub fn open(&self, id: &str) -> usize {
        self.open.get(id).copied().unwrap_or_default()
    }

    /// Whether all is whole.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.open.is_empty() && self.on_the_way.is_empty() && !self.any_on_the_way
    }

    /// Whether ended spans of this trace may be on their way.
    #[must_use]
    pub fn is_on_the_way(&self, id: &str) -> bool {
        self.any_on_the_way || self.on_the_way.contains(id)
    }
}

/// Why a source has no answer.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It cannot be read.
    #[error("cannot read {name}")]
    Read {
        /// Its name for people.
        name: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It holds something else.
    #[error("{name}, line {line}: no OTLP JSON (`phpeek-pm` writes it with `tracing_exporter: file`)")]
    Malformed {
        /// Its name for people.
        name: String,
        /// Where, counted from 1.
        line: usize,
        /// What the reader stumbled over.
        #[source]
        source: serde_json::Error,
    },
    /// A source that another room has; it knows why.
    #[error(transparent)]
    Elsewhere(Box<dyn Error + Send + Sync>),
    /// What the supervisor answers is no OTLP.
    #[error("the supervisor's answer cannot be read: it may be of another version")]
    Answer(#[source] prost::DecodeError),
    /// This way of reading is not there.
    #[error("traces cannot be read from {what}")]
    Unsupported {
        /// From where, or how.
        what: String,
    },
}
