//! Spans as pretty JSON, with the documented keys in the documented order. Owns that format. Must never write to a
//! descriptor itself: a block goes to the sink that also writes the log records, so the two never mix. Called by the
//! `TelemetryActor`.

use jiff::Timestamp;
use opentelemetry::trace::{SpanContext, SpanId, Status, TraceId};
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use phpeek_actors::telemetry::{Answer, ExportFuture, SpanExporter};
use serde::Serialize;
use std::sync::Arc;
use std::time::SystemTime;

/// Takes a block of bytes that must stay in one piece; false when it cannot.
pub type WriteBlock = Box<dyn Fn(Vec<u8>) -> bool + Send>;

/// Writes spans for people.
pub struct StdoutExporter {
    write: WriteBlock,
    resource: Resource,
}

impl StdoutExporter {
    /// An exporter over `write`.
    #[must_use]
    pub fn new(write: WriteBlock, resource: Resource) -> Self {
        Self { write, resource }
    }
}

impl SpanExporter for StdoutExporter {
    fn export(&mut self, batch: Arc<Vec<SpanData>>) -> ExportFuture {
        let resource: Vec<_> =
            self.resource.iter().map(|(k, v)| Attribute { key: k.as_str(), value: typed(v) }).collect();
        // One block a span: a block that is too much for the sink loses one span, and the count is exact.
        let written = |span: &&SpanData| render(span, &resource).is_some_and(|block| (self.write)(block));
        let taken = batch.iter().filter(written).count();
        let rejected = u64::try_from(batch.len() - taken).unwrap_or(u64::MAX);
        Box::pin(std::future::ready(Answer::Accepted { rejected }))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown<'a> {
    name: &'a str,
    span_context: Ids,
    parent: ParentIds,
    span_kind: String,
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
    value: serde_json::Value,
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

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Scope<'a> {
    name: &'a str,
    version: &'a str,
}

fn render(span: &SpanData, resource: &[Attribute<'_>]) -> Option<Vec<u8>> {
    let root = span.parent_span_id == SpanId::INVALID;
    let trace = if root { TraceId::INVALID } else { span.span_context.trace_id() };
    let scope = &span.instrumentation_scope;
    let shown = Shown {
        name: &span.name,
        span_context: ids(&span.span_context),
        parent: ParentIds { trace: trace.to_string(), span: span.parent_span_id.to_string() },
        span_kind: format!("{:?}", span.span_kind),
        start_time: time(span.start_time),
        end_time: time(span.end_time),
        attributes: attributes(&span.attributes),
        status: match &span.status {
            Status::Unset => ShownStatus { code: "Unset", description: None },
            Status::Ok => ShownStatus { code: "Ok", description: None },
            Status::Error { description } => ShownStatus { code: "Error", description: Some(description) },
        },
        events: span
            .events
            .events
            .iter()
            .map(|e| ShownEvent {
                name: &e.name,
                time: time(e.timestamp),
                attributes: attributes(&e.attributes),
            })
            .collect(),
        links: span
            .links
            .links
            .iter()
            .map(|l| ShownLink { span_context: ids(&l.span_context), attributes: attributes(&l.attributes) })
            .collect(),
        resource,
        instrumentation_scope: Scope { name: scope.name(), version: scope.version().unwrap_or_default() },
    };
    let mut block = serde_json::to_vec_pretty(&shown).ok()?;
    block.push(b'\n');
    Some(block)
}

fn ids(context: &SpanContext) -> Ids {
    Ids {
        trace: context.trace_id().to_string(),
        span: context.span_id().to_string(),
        flags: format!("{:02x}", context.trace_flags().to_u8()),
    }
}

fn attributes(pairs: &[KeyValue]) -> Vec<Attribute<'_>> {
    pairs.iter().map(|p| Attribute { key: p.key.as_str(), value: typed(&p.value) }).collect()
}

fn typed(value: &Value) -> Typed {
    let (r#type, value) = match value {
        Value::Bool(v) => ("BOOL", (*v).into()),
        Value::I64(v) => ("INT64", (*v).into()),
        Value::F64(v) => ("FLOAT64", (*v).into()),
        Value::String(v) => ("STRING", v.as_str().into()),
        Value::Array(opentelemetry::Array::Bool(v)) => ("BOOLSLICE", v.clone().into()),
        Value::Array(opentelemetry::Array::I64(v)) => ("INT64SLICE", v.clone().into()),
        Value::Array(opentelemetry::Array::F64(v)) => ("FLOAT64SLICE", v.clone().into()),
        Value::Array(opentelemetry::Array::String(v)) => {
            ("STRINGSLICE", v.iter().map(|s| s.as_str().to_owned()).collect::<Vec<_>>().into())
        }
        other => ("STRING", other.to_string().into()),
    };
    Typed { r#type, value }
}

fn time(at: SystemTime) -> String {
    // Beyond the year 9999 there is no RFC 3339; such a time is a fault of the clock and is shown as the epoch.
    format!("{:.9}", Timestamp::try_from(at).unwrap_or(Timestamp::UNIX_EPOCH))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use opentelemetry::InstrumentationScope;
    use opentelemetry::trace::{SpanKind, TraceFlags, TraceState};
    use std::time::Duration;

    #[test]
    fn the_documented_keys_in_the_documented_order() {
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
            span_kind: SpanKind::Internal,
            name: "process_manager.start_process".into(),
            start_time: start,
            end_time: start,
            attributes: vec![KeyValue::new("process.name", "php-fpm"), KeyValue::new("process.scale", 2)],
            dropped_attributes_count: 0,
            events: Default::default(),
            links: Default::default(),
            status: Status::Ok,
            instrumentation_scope: InstrumentationScope::builder("phpeek-pm").build(),
        };
        let text = String::from_utf8(render(&span, &[]).expect("renders")).expect("is text");
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
