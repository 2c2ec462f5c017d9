//! Spans of supervision: [`Tracing`] opens them, [`OpenSpan`] is one that has not ended. Owns the rules that every
//! span follows: times come from the [`Clock`], a parent counts only when it is valid, long texts are cut, and no
//! span is lost silently. Must never block or wait. Called by the actors at the start and end of an operation.

pub mod names;
mod open;
#[cfg(test)]
mod tests;

pub use open::OpenSpan;

use crate::clock::{Clock, Moment};
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt, Tracer};
use opentelemetry_sdk::trace::SdkTracer;

/// Opens spans, or does nothing when tracing is off. Cheap to copy; every actor has its own.
#[derive(Debug, Clone)]
pub struct Tracing {
    tracer: Option<SdkTracer>,
    clock: Clock,
}

impl Tracing {
    /// Tracing that is off: every span is [`OpenSpan::none`].
    #[must_use]
    pub fn off(clock: Clock) -> Self {
        Self { tracer: None, clock }
    }

    /// Tracing through `tracer`, whose provider decides about sampling and takes the ended spans.
    #[must_use]
    pub fn new(tracer: SdkTracer, clock: Clock) -> Self {
        Self { tracer: Some(tracer), clock }
    }

    /// Whether spans are made at all.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.tracer.is_some()
    }

    /// Opens a span under `parent`; a root when `parent` is not valid.
    #[inline]
    pub fn open(&self, name: &'static str, parent: &SpanContext, at: Moment) -> OpenSpan {
        match &self.tracer {
            None => OpenSpan::none(),
            Some(tracer) => self.start(tracer, name, parent, at),
        }
    }

    fn start(&self, tracer: &SdkTracer, name: &'static str, parent: &SpanContext, at: Moment) -> OpenSpan {
        // The decision was made at the root: the SDK would only find it out again, at a tenth of a microsecond.
        if parent.is_valid() && !parent.is_sampled() {
            return OpenSpan::unsampled(parent.clone());
        }
        // A parent-based sampler takes a context that holds `SpanContext::NONE` for an unsampled parent, and every
        // root would be lost: only a valid parent is attached. `Context::new` and not the current one: a span's
        // parent is said by the message, never by the thread.
        let context = if parent.is_valid() {
            Context::new().with_remote_span_context(parent.clone())
        } else {
            Context::new()
        };
        let builder = tracer.span_builder(name).with_start_time(self.clock.wall(at));
        OpenSpan::started(tracer.build_with_context(builder, &context), self.clock)
    }
}
