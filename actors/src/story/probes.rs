//! What the story holds of the health of an instance, and which probes it tells.

use crate::trace::OpenSpan;
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

/// Which probes have spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProbeSpans {
    /// Those that fail, and those that change what is known.
    #[default]
    Changes,
    /// All.
    All,
}

/// What is open of the health of an instance.
#[derive(Default)]
pub(super) struct HealthStory {
    /// `process.wait_ready` of the run.
    pub(super) wait: Option<OpenSpan>,
    /// Probes that are asked, by their serials; none unless all have spans.
    pub(super) asked: Vec<(u64, OpenSpan)>,
    /// The probe by which the instance has fallen last.
    pub(super) fell: Option<SpanContext>,
}

impl HealthStory {
    /// The probe by which the instance has fallen, if that is why its run ended.
    pub(super) fn fell(&self) -> Option<&SpanContext> {
        self.fell.as_ref()
    }

    /// The context of a probe that is asked and has a span.
    pub(super) fn context_of(&self, serial: u64) -> Option<SpanContext> {
        self.asked.iter().find(|(own, _)| *own == serial).map(|(_, span)| span.context())
    }
}

/// For a probe whose span is made when its answer is known, if at all: whoever is asked sees a trace of its own, and
/// that nobody records it.
pub(super) fn unrecorded() -> SpanContext {
    let (trace, span) = (fastrand::u128(1..), fastrand::u64(1..));
    let (trace, span) = (TraceId::from(trace), SpanId::from(span));
    SpanContext::new(trace, span, TraceFlags::default(), false, TraceState::default())
}
