//! What every message between actors travels in: the message, and the span under which its handler starts its own.
//! It carries the 64-byte `SpanContext`, never a `Context`: a cloned `Context` would keep a span open.

use opentelemetry::trace::SpanContext;

/// A message with the context of the operation that it belongs to.
#[derive(Debug, Clone)]
pub struct Envelope<M> {
    /// The span that caused the message; [`SpanContext::NONE`] when there is none.
    pub parent: SpanContext,
    /// The message itself.
    pub message: M,
}

impl<M> Envelope<M> {
    /// A message that belongs to the operation `parent`.
    pub fn under(parent: SpanContext, message: M) -> Self {
        Self { parent, message }
    }

    /// A message that belongs to no operation.
    pub fn root(message: M) -> Self {
        Self { parent: SpanContext::NONE, message }
    }
}

impl<M: actix::Message> actix::Message for Envelope<M> {
    type Result = M::Result;
}
