//! Spans as OTLP protobuf, written straight from `SpanData`: a quarter of the cost of the generated structures. Owns
//! the wire format of spans (opentelemetry-proto 1.11, trace.proto); the tests hold it to the generated code. Must
//! never fail.

use super::item;
pub use super::origin::Origin;
use super::wire::{
    attributes, bytes, fixed32, fixed64, head, message, nanos, number, raw, text, varint_length,
};
use opentelemetry::trace::{Event, Link, SpanId, SpanKind, Status};
use opentelemetry_sdk::trace::SpanData;

/// An `ExportTraceServiceRequest` with one resource and one scope, of spans that are encoded already; or that of another
/// signal, of items that bring their own.
#[must_use]
pub fn request<'a>(origin: &Origin, spans: impl Iterator<Item = &'a [u8]> + Clone) -> Vec<u8> {
    if origin.is_of_each() {
        return item::request(spans);
    }
    let all: usize = spans.clone().map(|s| 1 + varint_length(s.len()) + s.len()).sum();
    let (resource, scope) = origin.parts();
    let in_scope = scope.len() + all;
    let in_resource = resource.len() + 1 + varint_length(in_scope) + in_scope;
    let mut out = Vec::with_capacity(in_resource + 12);
    head(&mut out, 1, in_resource);
    out.extend_from_slice(resource);
    head(&mut out, 2, in_scope);
    out.extend_from_slice(scope);
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

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use opentelemetry::trace::{SpanContext, TraceFlags, TraceId, TraceState};
    use opentelemetry::{Array, InstrumentationScope, KeyValue, Value};
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
    use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
    use opentelemetry_sdk::Resource;
    use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};
    use proptest::prelude::*;
    use prost::Message;
    use std::time::Duration;
    use std::time::UNIX_EPOCH;

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
