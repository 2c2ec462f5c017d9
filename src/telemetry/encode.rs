//! Spans as OTLP protobuf, written straight from `SpanData`: a quarter of the cost of the generated structures. Owns
//! the wire format of spans (opentelemetry-proto 1.11, trace.proto); the tests hold it to the generated code. Must
//! never fail.

use opentelemetry::trace::{Event, Link, SpanId, SpanKind, Status};
use opentelemetry::{Array, InstrumentationScope, KeyValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use std::time::{SystemTime, UNIX_EPOCH};

/// Whose spans they are: what stands before the spans of one supervisor in a request, encoded once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Field 1 of `ResourceSpans`.
    resource: Vec<u8>,
    /// Field 1 of `ScopeSpans`.
    scope: Vec<u8>,
}

impl Origin {
    /// The resource and the scope of this supervisor.
    #[must_use]
    pub fn new(resource: &Resource, scope: &InstrumentationScope) -> Self {
        let (mut first, mut second) = (Vec::new(), Vec::new());
        message(&mut first, 1, |out| {
            for (key, value) in resource.iter() {
                key_value(out, 1, key.as_str(), value);
            }
        });
        message(&mut second, 1, |out| {
            text(out, 1, scope.name());
            text(out, 2, scope.version().unwrap_or_default());
        });
        Self { resource: first, scope: second }
    }

    /// From the two parts, as [`Self::parts`] gave them.
    #[must_use]
    pub fn from_parts(resource: Vec<u8>, scope: Vec<u8>) -> Self {
        Self { resource, scope }
    }

    /// The two parts, for the spool.
    #[must_use]
    pub fn parts(&self) -> (&[u8], &[u8]) {
        (&self.resource, &self.scope)
    }
}

/// An `ExportTraceServiceRequest` with one resource and one scope, of spans that are encoded already.
#[must_use]
pub fn request<'a>(origin: &Origin, spans: impl Iterator<Item = &'a [u8]> + Clone) -> Vec<u8> {
    let all: usize = spans.clone().map(|s| 1 + varint_length(s.len()) + s.len()).sum();
    let in_scope = origin.scope.len() + all;
    let in_resource = origin.resource.len() + 1 + varint_length(in_scope) + in_scope;
    let mut out = Vec::with_capacity(in_resource + 12);
    head(&mut out, 1, in_resource);
    out.extend_from_slice(&origin.resource);
    head(&mut out, 2, in_scope);
    out.extend_from_slice(&origin.scope);
    for span in spans {
        raw(&mut out, 2, span);
    }
    out
}

/// A `Span`. It begins with the ids, at fixed places: see [`trace_id`] and [`span_id`].
#[must_use]
pub fn span(span: &SpanData) -> Vec<u8> {
    let mut out = Vec::with_capacity(320);
    span_into(&mut out, span);
    out
}

/// As [`span()`], behind what is in `out` already.
pub fn span_into(out: &mut Vec<u8>, span: &SpanData) {
    encode_span(out, span);
}

/// The trace of an encoded span; zeros when it is none.
#[must_use]
pub fn trace_id(encoded: &[u8]) -> [u8; 16] {
    encoded.get(2..18).and_then(|b| b.try_into().ok()).unwrap_or_default()
}

/// The id of an encoded span; zeros when it is none.
#[must_use]
pub fn span_id(encoded: &[u8]) -> [u8; 8] {
    encoded.get(20..28).and_then(|b| b.try_into().ok()).unwrap_or_default()
}

/// Tag and length of a message of which the length is known.
fn head(out: &mut Vec<u8>, field: u32, length: usize) {
    tag(out, field, 2);
    varint(out, length as u64);
}

fn varint_length(value: usize) -> usize {
    (usize::BITS - (value | 1).leading_zeros()).div_ceil(7) as usize
}

fn encode_span(out: &mut Vec<u8>, span: &SpanData) {
    let context = &span.span_context;
    bytes(out, 1, &context.trace_id().to_bytes());
    bytes(out, 2, &context.span_id().to_bytes());
    text(out, 3, &context.trace_state().header());
    if span.parent_span_id != SpanId::INVALID {
        bytes(out, 4, &span.parent_span_id.to_bytes());
    }
    text(out, 5, &span.name);
    number(out, 6, kind(&span.span_kind));
    fixed64(out, 7, nanos(span.start_time));
    fixed64(out, 8, nanos(span.end_time));
    attributes(out, 9, &span.attributes);
    number(out, 10, u64::from(span.dropped_attributes_count));
    for event in &span.events.events {
        message(out, 11, |out| encode_event(out, event));
    }
    number(out, 12, u64::from(span.events.dropped_count));
    for link in &span.links.links {
        message(out, 13, |out| encode_link(out, link));
    }
    number(out, 14, u64::from(span.links.dropped_count));
    message(out, 15, |out| match &span.status {
        Status::Unset => {}
        Status::Ok => number(out, 3, 1),
        Status::Error { description } => {
            text(out, 2, description);
            number(out, 3, 2);
        }
    });
    fixed32(out, 16, flags(span.parent_span_is_remote, context.trace_flags().to_u8()));
}

fn encode_event(out: &mut Vec<u8>, event: &Event) {
    fixed64(out, 1, nanos(event.timestamp));
    text(out, 2, &event.name);
    attributes(out, 3, &event.attributes);
    number(out, 4, u64::from(event.dropped_attributes_count));
}

fn encode_link(out: &mut Vec<u8>, link: &Link) {
    let context = &link.span_context;
    bytes(out, 1, &context.trace_id().to_bytes());
    bytes(out, 2, &context.span_id().to_bytes());
    text(out, 3, &context.trace_state().header());
    attributes(out, 4, &link.attributes);
    number(out, 5, u64::from(link.dropped_attributes_count));
    fixed32(out, 6, flags(context.is_remote(), context.trace_flags().to_u8()));
}

/// `SpanFlags`: bit 8 says that bit 9 is known, bit 9 that the parent or linked span is remote.
fn flags(remote: bool, trace_flags: u8) -> u32 {
    u32::from(trace_flags) | 0x100 | if remote { 0x200 } else { 0 }
}

fn kind(kind: &SpanKind) -> u64 {
    match kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    }
}

fn nanos(time: SystemTime) -> u64 {
    // Times before 1970 are none: the epoch, as the SDK's exporter has it. 2^64 ns end in the year 2554.
    time.duration_since(UNIX_EPOCH).map_or(0, |d| u64::try_from(d.as_nanos()).unwrap_or(u64::MAX))
}

fn attributes(out: &mut Vec<u8>, field: u32, attributes: &[KeyValue]) {
    for attribute in attributes {
        key_value(out, field, attribute.key.as_str(), &attribute.value);
    }
}

fn key_value(out: &mut Vec<u8>, field: u32, key: &str, value: &Value) {
    message(out, field, |out| {
        text(out, 1, key);
        message(out, 2, |out| any_value(out, value));
    });
}

/// `AnyValue`: a oneof, so that empty texts and zeros are written too.
fn any_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::String(v) => raw(out, 1, v.as_str().as_bytes()),
        Value::Bool(v) => any_bool(out, *v),
        Value::I64(v) => any_int(out, *v),
        Value::F64(v) => any_double(out, *v),
        Value::Array(array) => message(out, 5, |out| match array {
            Array::String(v) => {
                v.iter().for_each(|v| message(out, 1, |out| raw(out, 1, v.as_str().as_bytes())))
            }
            Array::Bool(v) => v.iter().for_each(|v| message(out, 1, |out| any_bool(out, *v))),
            Array::I64(v) => v.iter().for_each(|v| message(out, 1, |out| any_int(out, *v))),
            Array::F64(v) => v.iter().for_each(|v| message(out, 1, |out| any_double(out, *v))),
            other => message(out, 1, |out| raw(out, 1, other.to_string().as_bytes())),
        }),
        other => raw(out, 1, other.to_string().as_bytes()),
    }
}

fn any_bool(out: &mut Vec<u8>, value: bool) {
    tag(out, 2, 0);
    varint(out, u64::from(value));
}

fn any_int(out: &mut Vec<u8>, value: i64) {
    tag(out, 3, 0);
    varint(out, value.cast_unsigned());
}

fn any_double(out: &mut Vec<u8>, value: f64) {
    tag(out, 4, 1);
    out.extend_from_slice(&value.to_le_bytes());
}

/// Wire types: 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes.
fn tag(out: &mut Vec<u8>, field: u32, wire_type: u32) {
    varint(out, u64::from(field << 3 | wire_type));
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn raw(out: &mut Vec<u8>, field: u32, value: &[u8]) {
    tag(out, field, 2);
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

fn bytes(out: &mut Vec<u8>, field: u32, value: &[u8]) {
    if !value.is_empty() {
        raw(out, field, value);
    }
}

fn text(out: &mut Vec<u8>, field: u32, value: &str) {
    bytes(out, field, value.as_bytes());
}

fn number(out: &mut Vec<u8>, field: u32, value: u64) {
    if value != 0 {
        tag(out, field, 0);
        varint(out, value);
    }
}

fn fixed64(out: &mut Vec<u8>, field: u32, value: u64) {
    if value != 0 {
        tag(out, field, 1);
        out.extend_from_slice(&value.to_le_bytes());
    }
}

fn fixed32(out: &mut Vec<u8>, field: u32, value: u32) {
    if value != 0 {
        tag(out, field, 5);
        out.extend_from_slice(&value.to_le_bytes());
    }
}

/// A nested message. One byte is kept for its length; a longer length moves the body, which is short or last.
fn message(out: &mut Vec<u8>, field: u32, body: impl FnOnce(&mut Vec<u8>)) {
    tag(out, field, 2);
    let at = out.len();
    out.push(0);
    body(out);
    let mut length = Vec::with_capacity(10);
    varint(&mut length, (out.len() - at - 1) as u64);
    match (length.as_slice(), out.get_mut(at)) {
        ([short], Some(byte)) => *byte = *short,
        _ => drop(out.splice(at..=at, length)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use opentelemetry::trace::{SpanContext, TraceFlags, TraceId, TraceState};
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
    use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
    use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};
    use proptest::prelude::*;
    use prost::Message;
    use std::time::Duration;

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            ".{0,200}".prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            (-1e9..1e9f64).prop_map(Value::from),
            prop::collection::vec(any::<i64>(), 0..4).prop_map(|v| Value::Array(Array::I64(v))),
            prop::collection::vec(any::<bool>(), 0..4).prop_map(|v| Value::Array(Array::Bool(v))),
        ]
    }

    fn pairs() -> impl Strategy<Value = Vec<KeyValue>> {
        prop::collection::vec(("[a-z.]{1,20}", value()).prop_map(|(k, v)| KeyValue::new(k, v)), 0..6)
    }

    fn context() -> impl Strategy<Value = SpanContext> {
        (1..u128::MAX, 1..u64::MAX, any::<bool>()).prop_map(|(t, s, remote)| {
            let state = TraceState::from_key_value([("a", "b")]).expect("a sound state");
            SpanContext::new(TraceId::from(t), SpanId::from(s), TraceFlags::SAMPLED, remote, state)
        })
    }

    fn status() -> impl Strategy<Value = Status> {
        prop_oneof![Just(Status::Unset), Just(Status::Ok), ".{0,300}".prop_map(Status::error)]
    }

    fn span() -> impl Strategy<Value = SpanData> {
        (
            context(),
            any::<u64>(),
            "[a-z_.]{0,40}",
            0..u64::MAX / 2,
            pairs(),
            prop::collection::vec(pairs(), 0..3),
            context(),
            status(),
        )
            .prop_map(|(span_context, parent, name, start, attributes, events, linked, status)| {
                let start_time = UNIX_EPOCH + Duration::from_nanos(start);
                let mut span_events = SpanEvents::default();
                span_events.events =
                    events.into_iter().map(|a| Event::new("exited", start_time, a, 3)).collect();
                let mut links = SpanLinks::default();
                links.links = vec![Link::new(linked, vec![], 1)];
                SpanData {
                    span_context,
                    parent_span_id: SpanId::from(parent % 3),
                    parent_span_is_remote: parent % 2 == 0,
                    span_kind: if parent % 5 == 0 { SpanKind::Server } else { SpanKind::Internal },
                    name: name.into(),
                    start_time,
                    end_time: start_time + Duration::from_nanos(5),
                    attributes,
                    dropped_attributes_count: 2,
                    events: span_events,
                    links,
                    status,
                    instrumentation_scope: scope(),
                }
            })
    }

    fn scope() -> InstrumentationScope {
        InstrumentationScope::builder("phpeek-pm").with_version("1").build()
    }

    proptest! {
        #[test]
        fn equal_to_the_generated_code(spans in prop::collection::vec(span(), 1..8)) {
            let resource = Resource::builder_empty().with_attribute(KeyValue::new("service.name", "x")).build();
            let encoded: Vec<Vec<u8>> = spans.iter().map(super::span).collect();
            for (bytes, span) in encoded.iter().zip(&spans) {
                prop_assert_eq!(trace_id(bytes), span.span_context.trace_id().to_bytes());
                prop_assert_eq!(span_id(bytes), span.span_context.span_id().to_bytes());
            }
            let joined = request(&Origin::new(&resource, &scope()), encoded.iter().map(Vec::as_slice));
            let ours = ExportTraceServiceRequest::decode(joined.as_slice()).expect("valid");
            let theirs = group_spans_by_resource_and_scope(spans, &ResourceAttributesWithSchema::from(&resource));
            prop_assert_eq!(ours.resource_spans, theirs);
        }
    }
}
