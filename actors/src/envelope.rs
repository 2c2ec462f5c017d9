//! What requests, commands and reports travel in between the actors of supervision: the message, the span under which
//! its handler starts its own, and when it was sent, so that the time in a mailbox is part of the operation and no time
//! is dark. It carries the 64-byte `SpanContext`, never a `Context`: a cloned `Context` would keep a span open.

use crate::clock::Moment;
use opentelemetry::trace::SpanContext;

/// A message with the context of the operation that it belongs to.
#[derive(Debug, Clone)]
pub struct Envelope<M> {
    /// The span that caused the message; [`SpanContext::NONE`] when there is none.
    pub parent: SpanContext,
    /// When it was sent: the beginning of whatever it asks for.
    pub at: Moment,
    /// The message itself.
    pub message: M,
}

impl<M> Envelope<M> {
    /// A message that belongs to the operation `parent`.
    pub fn under(parent: SpanContext, at: Moment, message: M) -> Self {
        Self { parent, at, message }
    }

    /// A message that belongs to no operation.
    pub fn root(at: Moment, message: M) -> Self {
        Self { parent: SpanContext::NONE, at, message }
    }
}

impl<M: actix::Message> actix::Message for Envelope<M> {
    type Result = M::Result;
}
