//! Proves the two readers of [`crate::backend`]: the same spans are sent to both receivers, and both must tell the same.

use crate::backend::Rotel;
use crate::support::jaeger::Jaeger;
use crate::support::otlp::{Outcome, Trace};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use std::time::{SystemTime, UNIX_EPOCH};

fn pair(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn request() -> ExportTraceServiceRequest {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    let now = u64::try_from(since.as_nanos()).expect("before the year 2554");
    let root = Span {
        trace_id: vec![7; 16],
        span_id: vec![1; 8],
        name: "root".to_owned(),
        start_time_unix_nano: now,
        end_time_unix_nano: now + 1000,
        status: Some(Status { code: 1, ..Status::default() }),
        ..Span::default()
    };
    let child = Span {
        trace_id: vec![7; 16],
        span_id: vec![2; 8],
        parent_span_id: vec![1; 8],
        name: "child".to_owned(),
        start_time_unix_nano: now + 1,
        end_time_unix_nano: now + 991,
        attributes: vec![
            pair("process.name", Value::StringValue("web (1)".to_owned())),
            pair("process.scale", Value::IntValue(3)),
            pair("good", Value::BoolValue(true)),
        ],
        events: vec![Event { time_unix_nano: now + 2, name: "signal_sent".to_owned(), ..Event::default() }],
        links: vec![Link { trace_id: vec![9; 16], span_id: vec![8; 8], ..Link::default() }],
        status: Some(Status { code: 2, message: "no such file".to_owned() }),
        ..Span::default()
    };
    let resource = Resource {
        attributes: vec![pair("service.name", Value::StringValue("php-stack".to_owned()))],
        ..Resource::default()
    };
    let scope_spans = vec![ScopeSpans { spans: vec![root, child], ..ScopeSpans::default() }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource),
            scope_spans,
            ..ResourceSpans::default()
        }],
    }
}

fn send(endpoint: &str, request: &ExportTraceServiceRequest) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut client = TraceServiceClient::connect(format!("http://{endpoint}")).await.expect("it listens");
        client.export(request.clone()).await.expect("it takes the spans");
    });
}

fn told(trace: &Trace) {
    let (root, child) = (trace.one("root"), trace.one("child"));
    assert_eq!(
        (root.trace.as_str(), root.id.as_str(), root.parent.as_str()),
        ("07".repeat(16).as_str(), "01".repeat(8).as_str(), "")
    );
    assert_eq!(root.outcome, Outcome::Ok);
    assert_eq!((&child.trace, &child.parent), (&root.trace, &root.id));
    assert_eq!((root.duration(), child.duration()), (1000, 990));
    assert_eq!(
        (child.get("process.name"), child.get("process.scale"), child.get("good")),
        ("web (1)", "3", "true")
    );
    assert_eq!((child.outcome, child.message.as_str()), (Outcome::Error, "no such file"));
    assert_eq!(child.events, ["signal_sent"]);
    assert_eq!(child.links, [("09".repeat(16), "08".repeat(8))]);
    assert_eq!(child.resource.get("service.name").map(String::as_str), Some("php-stack"));
    assert!((trace.covered(&root) - 0.99).abs() < 1e-9);
    assert_eq!(trace.orphans(), Vec::<String>::new());
}

#[test]
fn both_receivers_tell_what_was_sent() {
    let request = request();
    let jaeger = Jaeger::start();
    send(&jaeger.endpoint(), &request);
    told(&jaeger.wait_for("php-stack", "child"));
    let rotel = Rotel::start();
    send(&rotel.endpoint(), &request);
    told(&rotel.wait_for("child"));
}
