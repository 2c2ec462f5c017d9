//! Traces for the tests of this module: spans in a few words.

use super::model::Trace;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span};

/// 2026-11-23T22:15:04Z.
pub(super) const EPOCH: u64 = 1_795_472_104_000_000_000;

/// A span of trace 0x4f2a… that began and ended so many milliseconds after the epoch of the samples.
pub(super) fn span(name: &str, id: u8, parent: u8, start: u64, end: u64) -> Span {
    let wide = |id: u8| if id == 0 { Vec::new() } else { vec![0, 0, 0, 0, 0, 0, 0, id] };
    Span {
        trace_id: [0x4f, 0x2a].repeat(8),
        span_id: wide(id),
        parent_span_id: wide(parent),
        name: name.to_owned(),
        kind: 1,
        start_time_unix_nano: EPOCH + start * 1_000_000,
        end_time_unix_nano: EPOCH + end * 1_000_000,
        ..Span::default()
    }
}

/// The span with attributes.
pub(super) fn with(mut span: Span, attributes: &[(&str, &str)]) -> Span {
    span.attributes.extend(attributes.iter().map(|(k, v)| pair(k, v)));
    span
}

/// The span, failed.
pub(super) fn failed(mut span: Span, message: &str) -> Span {
    span.status = Some(Status { message: message.to_owned(), code: 2 });
    span
}

/// The span with an event so many milliseconds after the epoch of the samples.
pub(super) fn event(mut span: Span, at: u64, name: &str, attributes: &[(&str, &str)]) -> Span {
    span.events.push(span::Event {
        time_unix_nano: EPOCH + at * 1_000_000,
        name: name.to_owned(),
        attributes: attributes.iter().map(|(k, v)| pair(k, v)).collect(),
        dropped_attributes_count: 0,
    });
    span
}

fn pair(key: &str, text: &str) -> KeyValue {
    let value = text.parse().map_or_else(|_| Value::StringValue(text.to_owned()), Value::IntValue);
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

/// A request with these spans.
pub(super) fn request(spans: Vec<Span>) -> ExportTraceServiceRequest {
    let resource = Resource { attributes: vec![pair("service.name", "shop")], ..Resource::default() };
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    let spans = ResourceSpans { resource: Some(resource), scope_spans, ..ResourceSpans::default() };
    ExportTraceServiceRequest { resource_spans: vec![spans] }
}

/// The one trace of these spans.
pub(super) fn trace(spans: Vec<Span>) -> Trace {
    let mut traces = Trace::all(&request(spans));
    assert_eq!(traces.len(), 1);
    traces.remove(0)
}

/// A start as the README shows it: `web` waits for `migrate`, which waits for `database`; `worker` fails.
pub(super) fn start() -> Vec<Span> {
    let process = |name, id, start, end| {
        with(span("process_manager.start_process", id, 1, start, end), &[("process.name", name)])
    };
    let wait = |name, on, id, parent, start, end| {
        let attributes = [("process.name", name), ("dependency.name", on)];
        with(span("process_manager.wait_dependency", id, parent, start, end), &attributes)
    };
    let spawn = |instance, id, parent, start, end| {
        with(span("process.spawn", id, parent, start, end), &[("process.instance_id", instance)])
    };
    vec![
        span("process_manager.start", 1, 0, 0, 1200),
        process("database", 2, 0, 10),
        spawn("database-0", 3, 2, 0, 10),
        process("migrate", 4, 0, 20),
        wait("migrate", "database", 5, 4, 0, 10),
        spawn("migrate-0", 6, 4, 10, 20),
        with(span("process.run", 7, 6, 20, 1170), &[("process.instance_id", "migrate-0")]),
        process("web", 8, 0, 1200),
        wait("web", "migrate", 9, 8, 0, 1170),
        spawn("web-0", 10, 8, 1170, 1200),
        failed(process("worker", 11, 0, 5), "no such file or directory"),
    ]
}
