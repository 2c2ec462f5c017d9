//! The port behind which spans leave the program. Owns the answers that an exporter can give. Implemented by the
//! exporters of `phpeek-pm`; called by the `TelemetryActor`.

use opentelemetry_sdk::trace::SpanData;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The receiver has it.
    Accepted {
        /// Spans of the batch that it did not want (partial success of OTLP); they are not sent again.
        rejected: u64,
    },
    /// Not now: the batch is kept and sent again.
    Retry {
        /// How long the receiver wants to be left alone.
        after: Option<Duration>,
        /// For the log.
        cause: String,
    },
    /// Never: the batch is lost.
    Refused {
        /// For the log.
        cause: String,
    },
}

/// An attempt. Runs on the telemetry arbiter; dropping it gives the attempt up.
pub type ExportFuture = Pin<Box<dyn Future<Output = Answer>>>;

/// Sends batches of spans. One attempt is in flight at a time.
pub trait SpanExporter {
    /// Begins an attempt. The batch is shared, so that it can be sent again.
    fn export(&mut self, batch: Arc<Vec<SpanData>>) -> ExportFuture;
}
