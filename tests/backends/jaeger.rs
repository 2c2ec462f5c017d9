//! Jaeger: found by its search, read by its query API, equal to what was sent; over OTLP/gRPC, OTLP/HTTP and Zipkin.

use crate::as_sent::{same, spans};
use crate::day::{self, BAD, GOOD, RESTART, SHUTDOWN, START, check_bad, check_good, of_service, traced};
use crate::support::jaeger::Jaeger;
use crate::support::otlp::Trace;
use crate::wire::Tap;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use serde_json::Value;

/// The traces of a service that have this operation, by the search of Jaeger's own user interface.
fn search(jaeger: &Jaeger, service: &str, operation: &str) -> Vec<String> {
    let path = format!("/api/traces?service={service}&operation={operation}&limit=20&lookback=1h");
    let answer = jaeger.ask(&path).unwrap_or_default();
    let id = |trace: &Value| trace["traceID"].as_str().expect("an id").to_owned();
    answer["data"].as_array().into_iter().flatten().map(id).collect()
}

/// Every trace of both lives: found by its operation, fetched by its id.
fn fetched(jaeger: &Jaeger) -> Vec<ExportTraceServiceRequest> {
    let mut all = Vec::new();
    for (service, operation) in [(GOOD, START), (GOOD, RESTART), (GOOD, SHUTDOWN), (BAD, START), (BAD, SHUTDOWN)] {
        for id in search(jaeger, service, operation) {
            all.extend(jaeger.found(&format!("/api/v3/traces/{id}")));
        }
    }
    all
}

fn tells(requests: Vec<ExportTraceServiceRequest>) {
    let trace = Trace(requests.into_iter().flat_map(|r| Trace::from(r).0).collect());
    check_good(&of_service(&trace, GOOD));
    check_bad(&of_service(&trace, BAD));
}

#[test]
fn every_trace_is_found_by_search_and_is_as_it_was_sent() {
    let jaeger = Jaeger::start();
    let tap = Tap::to(jaeger.grpc);
    day::live(&traced("jaeger", &tap.endpoint()));
    let sent = spans(tap.grpc());
    day::complete(sent.len(), || spans(fetched(&jaeger)).len());
    let found = fetched(&jaeger);
    same(&spans(found.clone()), &sent);
    tells(found);
    let services = jaeger.ask("/api/services").unwrap_or_default();
    for service in [GOOD, BAD] {
        assert!(services["data"].as_array().is_some_and(|all| all.contains(&service.into())), "{services}");
    }
}
