//! The exporters beside gRPC: OTLP over HTTP, Zipkin, files. What arrives, and what becomes of each answer.

use super::http_server::HttpServer;
use super::{LIMIT, assert_law, launch, spans, until};
use opentelemetry::trace::SpanContext;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use phpeek_actors::telemetry::FlushOutcome;
use phpeek_actors::trace::names;
use phpeek_settings::compression::Compression;
use phpeek_settings::endpoint::{Endpoint, Protocol, Security};
use phpeek_settings::headers::Header;
use phpeek_settings::tracing::{ExporterSettings, FileSettings, HttpEncoding, Receiver};
use prost::Message;
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};

pub(super) fn at(text: &str, protocol: Protocol) -> Receiver {
    Endpoint::parse_as(text, protocol, Security::ByPort).expect("an endpoint").into()
}

fn http(port: u16) -> Receiver {
    at(&format!("127.0.0.1:{port}"), Protocol::OtlpHttp)
}

pub(super) fn protobuf(receiver: Receiver) -> ExporterSettings {
    ExporterSettings::OtlpHttp(receiver, HttpEncoding::Protobuf)
}

fn count(request: &ExportTraceServiceRequest) -> usize {
    request.resource_spans.iter().flat_map(|r| &r.scope_spans).map(|s| s.spans.len()).sum()
}

#[actix::test]
async fn protobuf_and_json_say_the_same_and_one_connection_serves_all() {
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        for encoding in [HttpEncoding::Protobuf, HttpEncoding::Json] {
            let server = HttpServer::default();
            let headers = vec![Header::new("x-team", "k3y").expect("sound")];
            let receiver = Receiver { compression, headers, ..http(server.serve()) };
            let (handle, said, clock) = launch(ExporterSettings::OtlpHttp(receiver, encoding));
            spans(&handle, clock, 600);
            assert_eq!(handle.flush(LIMIT).await, FlushOutcome::Drained, "{}", said.text());
            let posts = server.posts();
            let kind = match encoding {
                HttpEncoding::Protobuf => "application/x-protobuf",
                HttpEncoding::Json => "application/json",
            };
            let mut received = 0;
            for post in &posts {
                let request = match encoding {
                    HttpEncoding::Protobuf => {
                        ExportTraceServiceRequest::decode(post.body.as_slice()).expect("valid")
                    }
                    HttpEncoding::Json => serde_json::from_slice(&post.body).expect("valid"),
                };
                received += count(&request);
                assert_eq!((post.path.as_str(), post.header("content-type")), ("/v1/traces", Some(kind)));
                assert_eq!(post.header("x-team"), Some("k3y"));
                assert!(post.header("user-agent").is_some_and(|a| a.starts_with("OTel-OTLP-Exporter-")));
            }
            assert_eq!((received, server.connections()), (600, 1), "{compression:?} {encoding:?}");
            assert!(posts.len() > 1 && !said.text().contains("k3y"));
            assert_law(handle.stats());
        }
    }
}

#[actix::test]
async fn retryable_codes_keep_the_batch_and_retry_after_holds() {
    let server = HttpServer::with([(503, "retry-after: 1\r\n", b"full".to_vec())]);
    let (handle, said, clock) = launch(protobuf(http(server.serve())));
    let begin = Instant::now();
    spans(&handle, clock, 5);
    until(|| handle.stats().exported == 5).await;
    assert!(begin.elapsed() >= Duration::from_millis(900), "{:?}", begin.elapsed());
    assert!(said.text().contains("503") && said.text().contains("full"), "{}", said.text());
    assert_law(handle.stats());
}

#[actix::test]
async fn fatal_codes_lose_the_batch_and_say_what_the_receiver_said() {
    let status = tonic_types::Status { code: 3, message: "no such key".to_owned(), details: vec![] };
    let server = HttpServer::with([(401, "", status.encode_to_vec())]);
    let (handle, said, clock) = launch(protobuf(http(server.serve())));
    spans(&handle, clock, 5);
    until(|| handle.stats().failed == 5).await;
    assert!(said.text().contains("401") && said.text().contains("no such key"), "{}", said.text());
    assert_law(handle.stats());
}

#[actix::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = HttpServer::default();
    let location = format!("location: http://127.0.0.1:{}/v1/traces\r\n", elsewhere.serve());
    let server = HttpServer::with([(307, &*location.leak(), Vec::new())]);
    let (handle, _, clock) = launch(protobuf(http(server.serve())));
    spans(&handle, clock, 5);
    until(|| handle.stats().failed == 5).await;
    assert_eq!((server.posts().len(), elsewhere.connections()), (1, 0));
}

#[actix::test]
async fn spans_that_the_receiver_rejects_are_counted() {
    let partial = ExportTracePartialSuccess { rejected_spans: 2, error_message: String::new() };
    let reply = ExportTraceServiceResponse { partial_success: Some(partial) };
    let server = HttpServer::with([(200, "", reply.encode_to_vec())]);
    let (handle, _, clock) = launch(protobuf(http(server.serve())));
    spans(&handle, clock, 5);
    until(|| handle.stats().exported == 3).await;
    assert_eq!(handle.stats().failed, 2);
}

#[actix::test]
async fn a_unix_socket_is_an_endpoint() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("collector.sock");
    let server = HttpServer::default();
    server.serve_unix(&path);
    let (handle, said, clock) = launch(protobuf(at(&format!("unix:{}", path.display()), Protocol::OtlpHttp)));
    spans(&handle, clock, 3);
    assert_eq!(handle.flush(LIMIT).await, FlushOutcome::Drained, "{}", said.text());
    assert_eq!(server.posts()[0].path, "/v1/traces");
}

#[actix::test]
async fn zipkin_gets_its_own_json() {
    let server = HttpServer::with([(202, "", Vec::new())]);
    let receiver = at(&format!("127.0.0.1:{}", server.serve()), Protocol::Zipkin);
    let (handle, said, clock) = launch(ExporterSettings::Zipkin(receiver));
    let now = clock.now();
    let mut root = handle.tracing().open(names::SPAN_SPAWN, &SpanContext::NONE, now);
    root.set(names::PROCESS_NAME, "web");
    root.event("exited", now, || vec![opentelemetry::KeyValue::new("code", 3)]);
    let context = root.context();
    let mut child = handle.tracing().open(names::SPAN_EXIT, &context, now);
    child.link(names::LINK_PREVIOUS_RUN, &context);
    child.fail(now, "exit", "ended with 3");
    root.ok(now);
    assert_eq!(handle.flush(LIMIT).await, FlushOutcome::Drained, "{}", said.text());
    let post = server.posts().remove(0);
    assert_eq!(
        (post.path.as_str(), post.header("content-type")),
        ("/api/v2/spans", Some("application/json"))
    );
    let all: Vec<Value> = serde_json::from_slice(&post.body).expect("an array");
    let named = |name: &str| all.iter().find(|s| s["name"] == name).expect("the span");
    let (root, child) = (named(names::SPAN_SPAWN), named(names::SPAN_EXIT));
    assert!(root.get("parentId").is_none() && root.get("kind").is_none());
    assert_eq!((&child["parentId"], &child["traceId"]), (&root["id"], &root["traceId"]));
    assert_eq!(
        (root["id"].as_str().map(str::len), root["traceId"].as_str().map(str::len)),
        (Some(16), Some(32))
    );
    assert_eq!(root["localEndpoint"]["serviceName"], "phpeek-pm");
    assert_eq!((root["duration"].as_u64(), &root["tags"]["process.name"]), (Some(1), &Value::from("web")));
    assert_eq!(root["tags"]["otel.status_code"], "OK");
    assert!(root["tags"].get("error").is_none());
    assert_eq!(root["annotations"][0]["value"], r#""exited": {"code":3}"#);
    assert_eq!(
        (&child["tags"]["otel.status_code"], &child["tags"]["error"]),
        (&"ERROR".into(), &"ended with 3".into())
    );
    let link = format!("{}-{}", context.trace_id(), context.span_id());
    assert_eq!(child["tags"]["link.0"], link);
}

fn lines(path: &Path) -> usize {
    let text = std::fs::read_to_string(path).expect("the file is there");
    text.lines().map(|l| count(&serde_json::from_str(l).expect("a whole request"))).sum()
}

#[actix::test]
async fn a_file_holds_whole_lines_and_is_rotated() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("traces.jsonl");
    let settings = FileSettings { path: path.clone(), max_size: 1, max_files: 2 };
    let (handle, said, clock) = launch(ExporterSettings::File(settings));
    for round in 1..=4 {
        spans(&handle, clock, 512);
        until(|| handle.stats().exported == round * 512).await;
    }
    let rotated = |n: u32| folder.path().join(format!("traces.jsonl.{n}"));
    assert_eq!((lines(&path), lines(&rotated(1)), lines(&rotated(2))), (512, 512, 512), "{}", said.text());
    assert!(!rotated(3).exists());
    assert_law(handle.stats());
}

#[actix::test]
async fn a_file_that_somebody_moved_is_made_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("traces.jsonl");
    let settings = FileSettings { path: path.clone(), max_size: 1 << 30, max_files: 2 };
    let (handle, _, clock) = launch(ExporterSettings::File(settings));
    spans(&handle, clock, 512);
    until(|| handle.stats().exported == 512).await;
    let moved = folder.path().join("moved");
    std::fs::rename(&path, &moved).expect("moved");
    spans(&handle, clock, 512);
    until(|| handle.stats().exported == 1024).await;
    assert_eq!((lines(&moved), lines(&path)), (512, 512));
}

#[actix::test]
async fn another_receiver_takes_over_when_the_first_is_down() {
    let server = HttpServer::default();
    let other = http(server.serve()).endpoint;
    let closed = at(&super::receiver::closed_port(), Protocol::OtlpHttp);
    let (handle, said, clock) = launch(protobuf(Receiver { failover: vec![other], ..closed }));
    spans(&handle, clock, 5);
    assert_eq!(handle.flush(LIMIT).await, FlushOutcome::Drained, "{}", said.text());
    assert_eq!((server.posts().len(), said.warnings()), (1, 0));
    assert_law(handle.stats());
}
