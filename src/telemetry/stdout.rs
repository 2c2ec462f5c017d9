//! Spans as pretty JSON, with the documented keys in the documented order. Owns that format. Must never write to a
//! descriptor itself: a block goes to the sink that also writes the log records, so the two never mix.

use bytes::Bytes;
use jiff::Timestamp;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use phpeek_actors::telemetry::{Answer, Batch, ExportFuture, SpanExporter};
use prost::Message as _;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

/// Takes a block of bytes that must stay in one piece; false when it cannot.
pub type WriteBlock = Arc<dyn Fn(Vec<u8>) -> bool + Send + Sync>;

/// Writes spans for people.
pub struct StdoutExporter {
    write: WriteBlock,
}

impl StdoutExporter {
    /// An exporter over `write`.
    #[must_use]
    pub fn new(write: WriteBlock) -> Self {
        Self { write }
    }

    /// How many spans were written. One block a span: a block that is too much for the sink loses one span, and the
    /// count is exact.
    fn write(&self, request: Bytes) -> u64 {
        // What was encoded here can be decoded here.
        let request = ExportTraceServiceRequest::decode(request).unwrap_or_default();
        let mut written = 0;
        for block in &request.resource_spans {
            let resource =
                attributes(block.resource.as_ref().map(|r| r.attributes.as_slice()).unwrap_or_default());
            for group in &block.scope_spans {
                let scope = group.scope.as_ref();
                let scope = Scope {
                    name: scope.map(|s| s.name.as_str()).unwrap_or_default(),
                    version: scope.map(|s| s.version.as_str()).unwrap_or_default(),
                };
                let sent = |span: &&Span| render(span, &resource, scope).is_some_and(|b| (self.write)(b));
                written += group.spans.iter().filter(sent).count() as u64;
            }
        }
        written
    }
}

impl SpanExporter for StdoutExporter {
    fn target(&self) -> String {
        "standard output".to_owned()
    }

    fn export(&mut self, batch: Batch) -> ExportFuture {
        let rejected = batch.spans.saturating_sub(self.write(batch.request));
        Box::pin(std::future::ready(Answer::Accepted { rejected, said: String::new() }))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown<'a> {
    name: &'a str,
    span_context: Ids,
    parent: ParentIds,
    span_kind: &'static str,
    start_time: String,
    end_time: String,
    attributes: Vec<Attribute<'a>>,
    status: ShownStatus<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    events: Vec<ShownEvent<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<ShownLink<'a>>,
    resource: &'a [Attribute<'a>],
    instrumentation_scope: Scope<'a>,
}

#[derive(Serialize)]
struct Ids {
    #[serde(rename = "TraceID")]
    trace: String,
    #[serde(rename = "SpanID")]
    span: String,
    #[serde(rename = "TraceFlags")]
    flags: String,
}

#[derive(Serialize)]
struct ParentIds {
    #[serde(rename = "TraceID")]
    trace: String,
    #[serde(rename = "SpanID")]
    span: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute<'a> {
    key: &'a str,
    value: Typed,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Typed {
    r#type: &'static str,
    value: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ShownStatus<'a> {
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ShownEvent<'a> {
    name: &'a str,
    time: String,
    attributes: Vec<Attribute<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ShownLink<'a> {
    span_context: Ids,
    attributes: Vec<Attribute<'a>>,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Scope<'a> {
    name: &'a str,
    version: &'a str,
}

fn render(span: &Span, resource: &[Attribute<'_>], scope: Scope<'_>) -> Option<Vec<u8>> {
    let root = span.parent_span_id.is_empty();
    let ids = |trace: &[u8], id: &[u8], flags: u32| Ids {
        trace: hex(trace, 16),
        span: hex(id, 8),
        flags: format!("{:02x}", flags & 0xff),
    };
    let status = span.status.as_ref();
    let shown = Shown {
        name: &span.name,
        span_context: ids(&span.trace_id, &span.span_id, span.flags),
        parent: ParentIds {
            trace: if root { hex(&[], 16) } else { hex(&span.trace_id, 16) },
            span: hex(&span.parent_span_id, 8),
        },
        span_kind: kind(span.kind()),
        start_time: time(span.start_time_unix_nano),
        end_time: time(span.end_time_unix_nano),
        attributes: attributes(&span.attributes),
        status: match status.map(|s| s.code()) {
            None | Some(StatusCode::Unset) => ShownStatus { code: "Unset", description: None },
            Some(StatusCode::Ok) => ShownStatus { code: "Ok", description: None },
            Some(StatusCode::Error) => {
                ShownStatus { code: "Error", description: status.map(|s| s.message.as_str()) }
            }
        },
        events: span
            .events
            .iter()
            .map(|e| ShownEvent {
                name: &e.name,
                time: time(e.time_unix_nano),
                attributes: attributes(&e.attributes),
            })
            .collect(),
        links: span
            .links
            .iter()
            .map(|l| ShownLink {
                span_context: ids(&l.trace_id, &l.span_id, l.flags),
                attributes: attributes(&l.attributes),
            })
            .collect(),
        resource,
        instrumentation_scope: scope,
    };
    let mut block = serde_json::to_vec_pretty(&shown).ok()?;
    block.push(b'\n');
    Some(block)
}

/// An id in hexadecimal; one that is not there is all zeros.
fn hex(id: &[u8], length: usize) -> String {
    if id.len() != length {
        return "00".repeat(length);
    }
    const_hex::encode(id)
}

fn kind(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Unspecified | SpanKind::Internal => "Internal",
        SpanKind::Server => "Server",
        SpanKind::Client => "Client",
        SpanKind::Producer => "Producer",
        SpanKind::Consumer => "Consumer",
    }
}

fn attributes(pairs: &[KeyValue]) -> Vec<Attribute<'_>> {
    pairs.iter().map(|p| Attribute { key: &p.key, value: typed(p.value.as_ref()) }).collect()
}

fn typed(value: Option<&AnyValue>) -> Typed {
    let (r#type, value) = match value.and_then(|v| v.value.as_ref()) {
        Some(Any::ArrayValue(array)) => {
            let items: Vec<Typed> = array.values.iter().map(|v| typed(Some(v))).collect();
            let r#type = match items.first().map_or("STRING", |first| first.r#type) {
                "BOOL" => "BOOLSLICE",
                "INT64" => "INT64SLICE",
                "FLOAT64" => "FLOAT64SLICE",
                _ => "STRINGSLICE",
            };
            (r#type, items.into_iter().map(|item| item.value).collect::<Vec<_>>().into())
        }
        Some(Any::BoolValue(v)) => ("BOOL", (*v).into()),
        Some(Any::IntValue(v)) => ("INT64", (*v).into()),
        Some(Any::DoubleValue(v)) => ("FLOAT64", (*v).into()),
        Some(Any::StringValue(v)) => ("STRING", v.as_str().into()),
        // Nothing here makes the others.
        _ => ("STRING", Value::String(String::new())),
    };
    Typed { r#type, value }
}

fn time(nanos: u64) -> String {
    // 2^64 ns end in the year 2554, which can be shown.
    let at = Timestamp::from_nanosecond(i128::from(nanos)).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{at:.9}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use crate::encode::{self, Origin};
    use opentelemetry::trace::{SpanContext, SpanId, Status, TraceFlags, TraceId, TraceState};
    use opentelemetry::{InstrumentationScope, KeyValue as Pair};
    use opentelemetry_sdk::Resource;
    use opentelemetry_sdk::trace::SpanData;
    use std::sync::{Arc, Mutex};
    use std::time::{Duration, SystemTime};

    #[test]
    fn the_documented_keys_in_the_documented_order() {
        let scope = InstrumentationScope::builder("phpeek-pm").build();
        let start = SystemTime::UNIX_EPOCH + Duration::from_micros(1_763_893_815_123_456);
        let span = SpanData {
            span_context: SpanContext::new(
                TraceId::from(0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736),
                SpanId::from(0x00f0_67aa_0ba9_02b7),
                TraceFlags::SAMPLED,
                false,
                TraceState::NONE,
            ),
            parent_span_id: SpanId::INVALID,
            parent_span_is_remote: false,
            span_kind: opentelemetry::trace::SpanKind::Internal,
            name: "process_manager.start_process".into(),
            start_time: start,
            end_time: start,
            attributes: vec![Pair::new("process.name", "php-fpm"), Pair::new("process.scale", 2)],
            dropped_attributes_count: 0,
            events: Default::default(),
            links: Default::default(),
            status: Status::Ok,
            instrumentation_scope: scope.clone(),
        };
        let origin = Origin::new(&Resource::builder_empty().build(), &scope);
        let written = Arc::new(Mutex::new(Vec::new()));
        let sink = written.clone();
        let exporter = StdoutExporter::new(Arc::new(move |block| {
            sink.lock().expect("no panic in here").extend(block);
            true
        }));
        let request = encode::request(&origin, [encode::span(&span).as_slice()].into_iter());
        assert_eq!(exporter.write(request.into()), 1);
        let text = String::from_utf8(written.lock().expect("no panic in here").clone()).expect("is text");
        let compact: String = text.split_whitespace().collect();
        let expected = concat!(
            r#"{"Name":"process_manager.start_process","SpanContext":{"TraceID":"4bf92f3577b34da6a3ce929d0e0e4736","#,
            r#""SpanID":"00f067aa0ba902b7","TraceFlags":"01"},"Parent":{"TraceID":"00000000000000000000000000000000","#,
            r#""SpanID":"0000000000000000"},"SpanKind":"Internal","StartTime":"2025-11-23T10:30:15.123456000Z","#,
            r#""EndTime":"2025-11-23T10:30:15.123456000Z","Attributes":[{"Key":"process.name","Value":{"Type":"STRING","#,
            r#""Value":"php-fpm"}},{"Key":"process.scale","Value":{"Type":"INT64","Value":2}}],"Status":{"Code":"Ok"},"#,
        );
        assert!(compact.starts_with(expected), "{compact}");
    }
}
