//! What a `TelemetryActor` is told, and what it is made of. Values only.

use super::{FlushOutcome, Queue, Sieve, SpanExporter, SpanStore};
use crate::clock::Clock;
use crate::ports::LogSink;
use actix::Message;
use phpeek_core::batch::Rules;
use phpeek_core::otel::OtelSignal;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Whether supervision goes on after a flush.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlushKind {
    /// What cannot be delivered now waits on.
    OnRequest,
    /// What cannot be delivered is left to the spool; without one it is lost, counted and said.
    Last,
}

/// Deliver what is queued, within `limit`; answers through `reply`.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Flush {
    /// Never longer than this.
    pub limit: Duration,
    /// What happens to the rest.
    pub kind: FlushKind,
    /// Gets the outcome; may be gone.
    pub reply: oneshot::Sender<FlushOutcome>,
}

/// The end is near: spans go out as they come, so that the last flush finds little.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Hasten;

/// Makes a part, and makes it anew when it has panicked.
pub type Make<T> = Box<dyn FnMut() -> T>;

/// What a `TelemetryActor` is made of.
pub struct Parts {
    /// What is sent.
    pub signal: OtelSignal,
    /// Where news come from.
    pub queue: Arc<Queue>,
    /// What of them is kept.
    pub sift: Make<Box<dyn Sieve>>,
    /// Where spans wait.
    pub store: Make<Box<dyn SpanStore>>,
    /// Where they go.
    pub exporter: Make<Box<dyn SpanExporter>>,
    /// When.
    pub rules: Rules,
    /// How long the actor looks again by itself after it has found something: until then nobody has to wake it.
    pub linger: Duration,
    /// The clock of supervision.
    pub clock: Clock,
    /// Where changes of the receiver are said.
    pub log: Arc<dyn LogSink>,
    /// Gives memory back after a drained burst.
    pub trim: Box<dyn Fn()>,
}
