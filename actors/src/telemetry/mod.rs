//! The way of an ended span: queue, store, batch, exporter. Owns the account of every span and the flush at exit. Must
//! never hold supervision up. Built by the composition root; spans arrive from [`crate::trace`].

mod account;
mod actor;
mod answered;
mod export;
mod flushing;
mod guard;
mod health;
pub mod measured;
mod messages;
mod panics;
mod queue;
mod sift;
mod store;
mod voice;
mod wake;
mod words;

pub use account::TelemetryStats;
pub use actor::TelemetryActor;
pub use export::{Answer, Batch, ExportFuture, SpanExporter};
pub use health::{Health, LastError, ReceiverState, SpoolReport, SpoolState};
pub use messages::{Flush, FlushKind, Hasten, Make, Parts};
pub use phpeek_core::tail::CallersDecision;
pub use queue::{Queue, QueueProcessor, Unsampled, Wanted};
pub use sift::Sieve;
pub use sift::Sift;
pub(crate) use sift::begun;
pub use store::{Begun, Dropped, News, SpanStore};
pub use wake::Wake;
pub use words::words;

/// How a flush ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlushOutcome {
    /// The receiver has taken or finally refused all that there was.
    Drained,
    /// So many spans could not be delivered in time.
    Left(u64),
    /// So many spans could not be delivered in time, and wait in the spool for the next supervisor.
    Spooled(u64),
    /// The telemetry thread did not answer: a disk may hang. So many spans were not delivered by then.
    Unanswered(u64),
}
