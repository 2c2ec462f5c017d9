//! A span that has not ended. Owns how a span ends: well, with an error, or abandoned, and that it ends once. Must
//! never read another clock than the one of supervision.

use super::names;
use super::times::Kept;
use crate::clock::{Clock, Moment};
use crate::telemetry::Queue;
use opentelemetry::trace::{Span as _, SpanContext, Status};
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::trace::Span;
use std::sync::Arc;

/// Longest text of an attribute or a status, in bytes. The SDK has no limit of its own, and an argument list or a
/// tail of output can be long.
pub(super) const TEXT_LIMIT: usize = 4096;

/// A span that has not ended. Dropping it ends it as an error of type `abandoned`: an operation whose end nobody
/// tells is a fault worth seeing.
#[must_use]
#[derive(Debug, Default)]
pub struct OpenSpan(Inner);

/// Small, because a span is moved about much more often than it is opened.
#[derive(Debug, Default)]
enum Inner {
    /// Tracing is off, or the span has ended.
    #[default]
    None,
    /// Below a span that is not sampled: it has no life of its own, only hands the decision on.
    Unsampled(SpanContext),
    /// A span of the SDK.
    Open(Box<Started>),
}

#[derive(Debug)]
struct Started {
    span: Span,
    /// That of its trace.
    clock: Clock,
    /// None for a span whose times nobody will see.
    _kept: Option<Kept>,
    /// Whom the span is named to, when its beginning was told.
    begins: Option<Arc<Queue>>,
    /// Its name, when the process is to stand behind it and does not stand there for good.
    named: Option<&'static str>,
}

impl OpenSpan {
    /// No span: every call does nothing.
    #[inline]
    pub fn none() -> Self {
        Self(Inner::None)
    }

    pub(super) fn started(span: Span, clock: Clock, kept: Option<Kept>, begins: Option<Arc<Queue>>) -> Self {
        Self(Inner::Open(Box::new(Started { span, clock, _kept: kept, begins, named: None })))
    }

    /// Puts the process behind this name, once it is known.
    pub(super) fn named(mut self, name: Option<&'static str>) -> Self {
        if let Inner::Open(started) = &mut self.0 {
            started.named = name;
        }
        self
    }

    pub(super) fn unsampled(parent: SpanContext) -> Self {
        Self(Inner::Unsampled(parent))
    }

    /// Whether attributes and events are kept; ask before building costly ones.
    #[must_use]
    #[inline]
    pub fn is_recording(&self) -> bool {
        matches!(&self.0, Inner::Open(s) if s.span.is_recording())
    }

    /// What children and links point to. [`SpanContext::NONE`] when tracing is off. A span that is not sampled has a
    /// valid context that says so: its children follow it and do not become roots.
    #[must_use]
    pub fn context(&self) -> SpanContext {
        match &self.0 {
            Inner::None => SpanContext::NONE,
            Inner::Unsampled(context) => context.clone(),
            Inner::Open(s) => s.span.span_context().clone(),
        }
    }

    /// Adds an attribute. Long texts are cut to 4 KiB.
    #[inline]
    pub fn set(&mut self, key: &'static str, value: impl Into<Value>) {
        if let Inner::Open(started) = &mut self.0
            && started.span.is_recording()
        {
            let value = cut_value(value.into());
            if let (Some(queue), names::PROCESS_NAME, Value::String(name)) = (&started.begins, key, &value) {
                queue.about(started.span.span_context().span_id(), name.clone());
            }
            if let (Some(name), Value::String(about)) = (started.named, &value)
                && matches!(key, names::PROCESS_NAME | names::PROCESS_INSTANCE_ID)
            {
                started.span.update_name(format!("{name} {about}"));
                // An instance says more than its process, whichever is told first.
                started.named = started.named.filter(|_| key == names::PROCESS_NAME);
            }
            started.span.set_attribute(KeyValue::new(key, value));
        }
    }

    /// As [`Self::set`], with an attribute that is made.
    pub fn set_attribute(&mut self, attribute: KeyValue) {
        if let Some(span) = self.recording() {
            span.set_attribute(KeyValue::new(attribute.key, cut_value(attribute.value)));
        }
    }

    /// Adds a link, with what it is about. One that is not valid is left out.
    pub fn link(&mut self, kind: &'static str, to: &SpanContext) {
        if let Some(span) = self.recording().filter(|_| to.is_valid()) {
            span.add_link(to.clone(), vec![KeyValue::new(names::LINK_TYPE, kind)]);
        }
    }

    /// Adds an event. The attributes are built only when the span is recorded.
    pub fn event(&mut self, name: &'static str, at: Moment, attributes: impl FnOnce() -> Vec<KeyValue>) {
        if let Inner::Open(started) = &mut self.0
            && started.span.is_recording()
        {
            let Started { span, clock, .. } = &mut **started;
            let mut attributes = attributes();
            for attribute in &mut attributes {
                let value = std::mem::replace(&mut attribute.value, Value::Bool(false));
                attribute.value = cut_value(value);
            }
            span.add_event_with_timestamp(name, clock.wall(at), attributes);
        }
    }

    /// Ends with status Ok.
    #[inline]
    pub fn ok(self, at: Moment) {
        if let Inner::Open(_) = self.0 {
            self.finish(at, Status::Ok);
        }
    }

    /// Ends with the status left unset.
    #[inline]
    pub fn end(self, at: Moment) {
        if let Inner::Open(_) = self.0 {
            self.finish(at, Status::Unset);
        }
    }

    /// Ends with status Error, and the attributes `error` (the message) and `error.type`.
    pub fn fail(mut self, at: Moment, error_type: &str, message: &str) {
        if let Some(span) = self.recording() {
            let message = cut(message).to_owned();
            span.set_attribute(KeyValue::new(names::ERROR, message.clone()));
            span.set_attribute(KeyValue::new(names::ERROR_TYPE, cut(error_type).to_owned()));
            span.set_status(Status::error(message));
        }
        self.finish(at, Status::Unset);
    }

    #[inline]
    fn recording(&mut self) -> Option<&mut Span> {
        match &mut self.0 {
            Inner::Open(s) if s.span.is_recording() => Some(&mut s.span),
            _ => None,
        }
    }

    #[cold]
    fn abandon(&mut self) {
        if let Inner::Open(started) = std::mem::take(&mut self.0) {
            let Started { mut span, clock, .. } = *started;
            if span.is_recording() {
                span.set_attribute(KeyValue::new(names::ERROR, "the operation was abandoned"));
                span.set_attribute(KeyValue::new(names::ERROR_TYPE, names::ERROR_ABANDONED));
                span.set_status(Status::error("the operation was abandoned"));
            }
            span.end_with_timestamp(clock.wall(clock.now()));
        }
    }

    fn finish(mut self, at: Moment, status: Status) {
        // Taken out, so that the drop that follows finds nothing to end.
        if let Inner::Open(started) = std::mem::take(&mut self.0) {
            let Started { mut span, clock, .. } = *started;
            if status != Status::Unset {
                span.set_status(status);
            }
            span.end_with_timestamp(clock.wall(at));
        }
    }
}

impl Drop for OpenSpan {
    #[inline]
    fn drop(&mut self) {
        // With tracing off a span must cost next to nothing: the test is inlined, what follows is not.
        if let Inner::Open(_) = self.0 {
            self.abandon();
        }
    }
}

/// The first [`TEXT_LIMIT`] bytes, or a few fewer: a character is never cut in two.
fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(TEXT_LIMIT)).unwrap_or(text)
}

fn cut_value(value: Value) -> Value {
    match value {
        Value::String(text) if text.as_str().len() > TEXT_LIMIT => {
            Value::String(cut(text.as_str()).to_owned().into())
        }
        other => other,
    }
}
