//! Keeps every span that ends, and knows of every span that began: for questions about a whole trace.

use crate::clock::Clock;
use crate::trace::{Tracing, names};
use opentelemetry::trace::{Span as _, SpanId, Status, TracerProvider};
use opentelemetry::{Context, Value};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, Span, SpanData, SpanProcessor};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

#[derive(Debug, Default)]
struct Kept {
    /// How often each span that began has ended.
    ends: BTreeMap<[u8; 8], u32>,
    spans: Vec<SpanData>,
}

/// A recorder of spans. Clones share what they keep.
#[derive(Debug, Clone, Default)]
pub struct SpanRecorder(Arc<Mutex<Kept>>);

impl SpanProcessor for SpanRecorder {
    fn on_start(&self, span: &mut Span, _: &Context) {
        self.with(|kept| kept.ends.insert(span.span_context().span_id().to_bytes(), 0));
    }

    fn on_end(&self, span: SpanData) {
        self.with(|kept| {
            *kept.ends.entry(span.span_context.span_id().to_bytes()).or_default() += 1;
            kept.spans.push(span);
        });
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

impl SpanRecorder {
    fn with<T>(&self, act: impl FnOnce(&mut Kept) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tracing that ends here, every span of it.
    #[must_use]
    pub fn tracing(&self, clock: Clock) -> Tracing {
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)))
            .with_span_processor(self.clone())
            .build();
        Tracing::new(provider.tracer("phpeek-pm"), clock)
    }

    /// Every span that has ended, in the order of their ends.
    #[must_use]
    pub fn spans(&self) -> Vec<SpanData> {
        self.with(|kept| kept.spans.clone())
    }

    /// Those with this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Vec<SpanData> {
        self.with(|kept| kept.spans.iter().filter(|s| s.name == name).cloned().collect())
    }

    /// The span with this id, if it has ended.
    #[must_use]
    pub fn by_id(&self, id: SpanId) -> Option<SpanData> {
        self.with(|kept| kept.spans.iter().find(|s| s.span_context.span_id() == id).cloned())
    }

    /// Its children.
    #[must_use]
    pub fn children(&self, parent: &SpanData) -> Vec<SpanData> {
        let id = parent.span_context.span_id();
        self.with(|kept| kept.spans.iter().filter(|s| s.parent_span_id == id).cloned().collect())
    }

    /// The spans that it links to, as far as they have ended.
    #[must_use]
    pub fn linked(&self, span: &SpanData) -> Vec<SpanData> {
        span.links.links.iter().filter_map(|l| self.by_id(l.span_context.span_id())).collect()
    }

    /// Which share of its time its children explain: the length of their union inside it. 1 for a span of no time.
    #[must_use]
    pub fn coverage(&self, parent: &SpanData) -> f64 {
        let children = self.children(parent);
        share(parent, children.iter().map(|c| (c.start_time, c.end_time)).collect())
    }

    /// How many spans have begun and not ended.
    #[must_use]
    pub fn open(&self) -> usize {
        self.with(|kept| kept.ends.values().filter(|n| **n == 0).count())
    }

    /// Whether no span has ended twice.
    #[must_use]
    pub fn each_ended_once(&self) -> bool {
        self.with(|kept| kept.ends.values().all(|n| *n <= 1))
    }

    /// Spans whose end nobody told.
    #[must_use]
    pub fn abandoned(&self) -> Vec<SpanData> {
        let mut spans = self.spans();
        spans.retain(|s| error_type(s).as_deref() == Some(names::ERROR_ABANDONED));
        spans
    }
}

fn share(parent: &SpanData, mut parts: Vec<(SystemTime, SystemTime)>) -> f64 {
    let total = duration(parent);
    if total.is_zero() {
        return 1.0;
    }
    parts.sort();
    let (mut explained, mut until) = (Duration::ZERO, parent.start_time);
    for (start, end) in parts {
        let (start, end) = (start.max(until), end.min(parent.end_time));
        explained += end.duration_since(start).unwrap_or_default();
        until = until.max(end);
    }
    explained.as_secs_f64() / total.as_secs_f64()
}

/// How long it lasted; zero when it ended before it began.
#[must_use]
pub fn duration(span: &SpanData) -> Duration {
    span.end_time.duration_since(span.start_time).unwrap_or_default()
}

/// An attribute.
#[must_use]
pub fn attribute(span: &SpanData, key: &str) -> Option<Value> {
    span.attributes.iter().find(|a| a.key.as_str() == key).map(|a| a.value.clone())
}

/// The kind of its error.
#[must_use]
pub fn error_type(span: &SpanData) -> Option<String> {
    attribute(span, names::ERROR_TYPE).map(|v| v.as_str().into_owned())
}

/// Whether it failed.
#[must_use]
pub fn is_error(span: &SpanData) -> bool {
    matches!(span.status, Status::Error { .. })
}
