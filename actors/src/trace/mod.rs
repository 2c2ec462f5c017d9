//! Spans of supervision: [`Tracing`] opens them, [`OpenSpan`] is one that has not ended. Owns the rules that every
//! span follows: times come from the [`Clock`], a parent counts only when it is valid, long texts are cut, and no
//! span is lost silently. Must never block or wait.

mod open;
#[cfg(test)]
mod tests;
mod times;

pub use open::OpenSpan;
pub use opentelemetry::trace::SpanContext;
pub use phpeek_core::names;

use crate::clock::{Clock, Moment};
use crate::telemetry::{Queue, Unsampled, begun};
use opentelemetry::Context;
use opentelemetry::trace::{Span as _, SpanKind, TraceContextExt, TraceId, Tracer};
use opentelemetry_sdk::trace::SdkTracer;
use std::sync::Arc;
use times::{Kept, Times};

/// Opens spans, or does nothing when tracing is off. Cheap to copy; every actor has its own.
#[derive(Debug, Clone)]
pub struct Tracing {
    tracer: Option<SdkTracer>,
    clock: Clock,
    times: Times,
    /// Whom the beginning of a span is told, if anybody.
    begins: Option<Arc<Queue>>,
    unsampled: Unsampled,
    naming: Naming,
}

/// A span that will be told.
#[derive(Debug)]
pub struct Expected(#[expect(dead_code, reason = "its drop counts")] Kept);

/// What spans are called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Naming {
    /// As it is documented.
    #[default]
    Documented,
    /// With the instance or the process behind it.
    WithProcess,
}

impl Tracing {
    /// Tracing that is off: every span is [`OpenSpan::none`].
    #[must_use]
    pub fn off(clock: Clock) -> Self {
        Self {
            tracer: None,
            clock,
            times: Times::default(),
            begins: None,
            unsampled: Unsampled::Ignored,
            naming: Naming::Documented,
        }
    }

    /// Tracing through `tracer`, whose provider decides about sampling and takes the ended spans.
    #[must_use]
    pub fn new(tracer: SdkTracer, clock: Clock) -> Self {
        Self { tracer: Some(tracer), ..Self::off(clock) }
    }

    /// Tells `queue` of each span that begins, so that one whose end is never told is known.
    #[must_use]
    pub fn telling_begins(self, queue: Arc<Queue>) -> Self {
        Self { begins: Some(queue), ..self }
    }

    /// Makes spans below unsampled ones too, when the end of a trace decides about it.
    #[must_use]
    pub fn with_unsampled(self, unsampled: Unsampled) -> Self {
        Self { unsampled, ..self }
    }

    /// Calls spans like this.
    #[must_use]
    pub fn with_naming(self, naming: Naming) -> Self {
        Self { naming, ..self }
    }

    /// Whether spans are made at all.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.tracer.is_some()
    }

    /// The traces that go on, each with the number of its spans that have not ended.
    #[must_use]
    pub fn unended(&self) -> Vec<(TraceId, usize)> {
        self.times.open()
    }

    /// A trace goes on while this is held: a span of it is to be told later, with the time at which it begins now.
    #[must_use]
    pub fn expecting(&self, below: &SpanContext) -> Option<Expected> {
        let seen = below.is_sampled() || self.unsampled == Unsampled::Queued;
        (self.is_on() && below.is_valid() && seen).then(|| {
            let clock = self.times.of(below.trace_id(), &self.clock);
            Expected(self.times.keep(below.trace_id(), clock))
        })
    }

    /// Opens a span under `parent`; a root when `parent` is not valid.
    #[inline]
    pub fn open(&self, name: &'static str, parent: &SpanContext, at: Moment) -> OpenSpan {
        match &self.tracer {
            None => OpenSpan::none(),
            Some(tracer) => self.start(tracer, (name, SpanKind::Internal), parent, at),
        }
    }

    /// Opens a span of a request that somebody else has sent (kind SERVER).
    pub fn open_server(&self, name: &'static str, parent: &SpanContext, at: Moment) -> OpenSpan {
        match &self.tracer {
            None => OpenSpan::none(),
            Some(tracer) => self.start(tracer, (name, SpanKind::Server), parent, at),
        }
    }

    fn start(
        &self,
        tracer: &SdkTracer,
        (name, kind): (&'static str, SpanKind),
        parent: &SpanContext,
        at: Moment,
    ) -> OpenSpan {
        // The decision was made at the root: the SDK would only find it out again, at a tenth of a microsecond.
        if self.unsampled == Unsampled::Ignored && parent.is_valid() && !parent.is_sampled() {
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
        let clock = match parent.is_valid() {
            true => self.times.of(parent.trace_id(), &self.clock),
            false => self.clock.pinned(),
        };
        let start = clock.wall(at);
        let builder = tracer.span_builder(name).with_kind(kind).with_start_time(start);
        let span = tracer.build_with_context(builder, &context);
        if !span.is_recording() {
            return OpenSpan::started(span, clock, None, None);
        }
        if let Some(queue) = &self.begins {
            queue.begun(begun(span.span_context(), parent, name, start));
        }
        let kept = self.times.keep(span.span_context().trace_id(), clock);
        let naming = (self.naming == Naming::WithProcess).then_some(name);
        OpenSpan::started(span, clock, Some(kept), self.begins.clone()).named(naming)
    }
}
