//! The port behind which spans leave the program. Owns the answers that an exporter can give. Implemented by the
//! exporters of `phpeek-pm`.

use bytes::Bytes;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// Spans on their way out. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// An `ExportTraceServiceRequest` of OTLP, encoded.
    pub request: Bytes,
    /// How many spans are in it; at least one.
    pub spans: u64,
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The receiver has it.
    Accepted {
        /// Spans of the batch that it did not want (partial success of OTLP); they are not sent again.
        rejected: u64,
        /// What it says to that, or of spans that it took with a warning; mostly nothing.
        said: String,
    },
    /// Not now: the batch is kept and sent again.
    Retry {
        /// How long the receiver wants to be left alone.
        after: Option<Duration>,
        /// For the log.
        cause: String,
    },
    /// Too much for now, or for ever: a receiver that limits the rate says the same of a batch that is larger than it
    /// will ever take. The batch is kept and sent again, after some tries in halves.
    Limited {
        /// How long the receiver wants to be left alone.
        after: Option<Duration>,
        /// For the log.
        cause: String,
    },
    /// Not in one piece: it is sent again in smaller ones.
    TooLarge {
        /// For the log.
        cause: String,
    },
    /// Never: the batch is lost.
    Refused {
        /// For the log.
        cause: String,
    },
}

impl Answer {
    /// The receiver has all of it and says nothing to that.
    pub const TAKEN: Self = Self::Accepted { rejected: 0, said: String::new() };
}

/// An attempt. Runs on the telemetry arbiter; dropping it gives the attempt up.
pub type ExportFuture = Pin<Box<dyn Future<Output = Answer>>>;

/// Sends batches of spans. One attempt is in flight at a time.
pub trait SpanExporter {
    /// Begins an attempt.
    fn export(&mut self, batch: Batch) -> ExportFuture;

    /// Where batches go at the moment, for people; never a secret.
    fn target(&self) -> String;

    /// Whether whoever the attempt in flight went to may be working on it: false when there is no connection yet, or
    /// not a word has come over it although its protocol begins with one.
    fn is_alive(&self) -> bool {
        true
    }
}
