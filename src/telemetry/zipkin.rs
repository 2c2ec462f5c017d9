//! Spans as Zipkin's JSON, version 2, by the rules of the OpenTelemetry specification (`trace/sdk_exporters/zipkin`).
//! Owns the mapping. Zipkin knows no links: they become tags, so that a restart can still be followed. Must never
//! fail for what a span holds.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What the specification of resources calls a service without a name.
const NO_NAME: &str = "unknown_service";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ZipkinSpan<'a> {
    trace_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<String>,
    id: String,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    /// Microseconds.
    timestamp: u64,
    /// Microseconds, at least 1: Zipkin takes 0 for "unknown".
    duration: u64,
    local_endpoint: LocalEndpoint<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    annotations: Vec<Annotation>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LocalEndpoint<'a> {
    service_name: &'a str,
}

#[derive(Serialize)]
struct Annotation {
    /// Microseconds.
    timestamp: u64,
    value: String,
}

/// The body of a request: a JSON array.
///
/// # Errors
/// When the JSON cannot be written, which is a fault of the program.
pub fn write(request: &ExportTraceServiceRequest) -> serde_json::Result<Vec<u8>> {
    let mut all = Vec::new();
    for block in &request.resource_spans {
        let attributes = block.resource.as_ref().map(|r| r.attributes.as_slice()).unwrap_or_default();
        let service = attributes.iter().find(|a| a.key == "service.name").and_then(text).unwrap_or(NO_NAME);
        for scope in &block.scope_spans {
            all.extend(scope.spans.iter().map(|s| span(s, service, attributes, scope.scope.as_ref())));
        }
    }
    serde_json::to_vec(&all)
}

fn span<'a>(
    span: &'a Span,
    service: &'a str,
    resource: &[KeyValue],
    scope: Option<&InstrumentationScope>,
) -> ZipkinSpan<'a> {
    let start = span.start_time_unix_nano / 1000;
    ZipkinSpan {
        trace_id: const_hex::encode(&span.trace_id),
        parent_id: (!span.parent_span_id.is_empty()).then(|| const_hex::encode(&span.parent_span_id)),
        id: const_hex::encode(&span.span_id),
        name: &span.name,
        kind: kind(span.kind()),
        timestamp: start,
        duration: (span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano) / 1000).max(1),
        local_endpoint: LocalEndpoint { service_name: service },
        annotations: span.events.iter().map(annotation).collect(),
        tags: tags(span, resource, scope),
    }
}

fn kind(kind: SpanKind) -> Option<&'static str> {
    match kind {
        SpanKind::Client => Some("CLIENT"),
        SpanKind::Server => Some("SERVER"),
        SpanKind::Producer => Some("PRODUCER"),
        SpanKind::Consumer => Some("CONSUMER"),
        SpanKind::Internal | SpanKind::Unspecified => None,
    }
}

/// Attributes, then what Zipkin has no field for. The resource's own come first, so that a span's win.
fn tags(
    span: &Span,
    resource: &[KeyValue],
    scope: Option<&InstrumentationScope>,
) -> BTreeMap<String, String> {
    let own =
        |key: &str| ["service.instance.id", "service.version", "host.name", "container.id"].contains(&key);
    let of_resource = resource.iter().filter(|a| own(&a.key));
    let mut tags: BTreeMap<String, String> =
        of_resource.chain(&span.attributes).map(|a| (a.key.clone(), shown(a.value.as_ref()))).collect();
    // An `error` tag of any value means "failed" to Zipkin: only the status may set it.
    let error = tags.remove("error");
    match span.status.as_ref().map(|s| (s.code(), s.message.as_str())) {
        Some((StatusCode::Ok, _)) => drop(tags.insert("otel.status_code".into(), "OK".into())),
        Some((StatusCode::Error, message)) => {
            tags.insert("otel.status_code".into(), "ERROR".into());
            let said = if message.is_empty() { error.unwrap_or_default() } else { message.to_owned() };
            tags.insert("error".into(), said);
        }
        Some((StatusCode::Unset, _)) | None => {}
    }
    if let Some(scope) = scope.filter(|s| !s.name.is_empty()) {
        tags.insert("otel.scope.name".into(), scope.name.clone());
        if !scope.version.is_empty() {
            tags.insert("otel.scope.version".into(), scope.version.clone());
        }
    }
    let dropped = [
        ("otel.dropped_attributes_count", span.dropped_attributes_count),
        ("otel.dropped_events_count", span.dropped_events_count),
    ];
    let dropped = dropped.into_iter().filter(|(_, n)| *n > 0);
    tags.extend(dropped.map(|(key, n)| (key.to_owned(), n.to_string())));
    tags.extend(span.links.iter().enumerate().map(|(i, link)| (format!("link.{i}"), target(link))));
    tags
}

fn target(link: &Link) -> String {
    format!("{}-{}", const_hex::encode(&link.trace_id), const_hex::encode(&link.span_id))
}

/// `"name": {attributes}`, or the name alone.
fn annotation(event: &Event) -> Annotation {
    let value = if event.attributes.is_empty() {
        event.name.clone()
    } else {
        format!("{}: {}", Value::String(event.name.clone()), object(&event.attributes))
    };
    Annotation { timestamp: event.time_unix_nano / 1000, value }
}

fn text(attribute: &KeyValue) -> Option<&str> {
    match attribute.value.as_ref()?.value.as_ref()? {
        Any::StringValue(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// A value as the text of a tag: a text as it is, everything else as JSON.
fn shown(value: Option<&AnyValue>) -> String {
    match json(value) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn json(value: Option<&AnyValue>) -> Value {
    match value.and_then(|v| v.value.as_ref()) {
        None => Value::Null,
        Some(Any::StringValue(text)) => Value::from(text.as_str()),
        Some(Any::BoolValue(truth)) => Value::from(*truth),
        Some(Any::IntValue(number)) => Value::from(*number),
        Some(Any::DoubleValue(number)) => Value::from(*number),
        Some(Any::ArrayValue(array)) => array.values.iter().map(|v| json(Some(v))).collect(),
        Some(Any::KvlistValue(list)) => object(&list.values),
        Some(Any::BytesValue(bytes)) => Value::from(const_hex::encode(bytes)),
        Some(other) => Value::from(format!("{other:?}")),
    }
}

fn object(attributes: &[KeyValue]) -> Value {
    attributes.iter().map(|a| (a.key.clone(), json(a.value.as_ref()))).collect::<Map<_, _>>().into()
}
