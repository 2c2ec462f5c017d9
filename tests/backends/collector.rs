//! The OpenTelemetry Collector: what it writes is what was sent, in every protocol and compression; and what it refuses.

use crate::as_sent::{same, spans};
use crate::day::{self, BAD, GOOD, START, check_bad, check_good, of_service, traced};
use crate::otelcol::{Collector, Variant};
use crate::support::{LONG, wait_until};
use crate::wire::Tap;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use serde_json::json;

/// Both lives, when so many spans and the last of them are there.
fn tells(collector: &Collector, count: usize) {
    day::complete(count, || spans(collector.requests()).len());
    wait_until(LONG, "the end of the second life", || {
        !of_service(&collector.trace(), BAD).named(START).is_empty()
    });
    let trace = collector.trace();
    check_good(&of_service(&trace, GOOD));
    check_bad(&of_service(&trace, BAD));
}

#[test]
fn grpc_arrives_as_it_was_sent() {
    let collector = Collector::start(&[]);
    let tap = Tap::to(collector.grpc);
    day::live(&traced("otlp-grpc", &tap.endpoint()));
    let sent = spans(tap.grpc());
    tells(&collector, sent.len());
    same(&spans(collector.requests()), &sent);
}

#[test]
fn http_arrives_as_it_was_sent_in_both_encodings() {
    for protocol in ["http/protobuf", "http/json"] {
        let collector = Collector::start(&[]);
        let tap = Tap::to(collector.http);
        let mut settings = traced("otlp-http", &tap.endpoint());
        settings["tracing_protocol"] = json!(protocol);
        day::live(&settings);
        let decode = |(path, body): (String, Vec<u8>)| {
            assert_eq!(path, "/v1/traces");
            match protocol {
                "http/json" => serde_json::from_slice(&body).expect("OTLP JSON"),
                _ => ExportTraceServiceRequest::decode(body.as_slice()).expect("OTLP"),
            }
        };
        let sent = spans(tap.http().into_iter().map(decode));
        tells(&collector, sent.len());
        same(&spans(collector.requests()), &sent);
    }
}

#[test]
fn compressed_requests_are_understood() {
    for (exporter, compression) in
        [("otlp-grpc", "gzip"), ("otlp-grpc", "zstd"), ("otlp-http", "gzip"), ("otlp-http", "zstd")]
    {
        let collector = Collector::start(&[]);
        let port = if exporter == "otlp-grpc" { collector.grpc } else { collector.http };
        let mut settings = traced(exporter, &format!("127.0.0.1:{port}"));
        settings["tracing_compression"] = json!(compression);
        day::live(&settings);
        tells(&collector, 1);
    }
}

#[test]
fn a_unix_socket_is_an_endpoint() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("otel.sock");
    let collector = Collector::start(&[Variant::Socket(socket.clone())]);
    day::live(&traced("otlp-grpc", &format!("unix:{}", socket.display())));
    tells(&collector, 1);
}
