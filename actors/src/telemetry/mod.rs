//! The way of an ended span: queue, batch, exporter. Owns the account of every span and the flush at exit. Must never
//! hold supervision up. Built by the composition root; spans arrive from [`crate::trace`].

mod actor;
mod export;
mod queue;

pub use actor::{Flush, FlushKind, TelemetryActor, Wake};
pub use export::{Answer, ExportFuture, SpanExporter};
pub use queue::{Queue, QueueProcessor, TelemetryStats};

/// How a flush ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlushOutcome {
    /// The receiver has taken or finally refused all that there was.
    Drained,
    /// So many spans could not be delivered in time.
    Left(u64),
}
