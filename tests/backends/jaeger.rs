//! Jaeger: found by its search, read by its query API, equal to what was sent; over OTLP/gRPC, OTLP/HTTP and Zipkin.

use crate::as_sent::{same, spans};
use crate::day::{self, BAD, GOOD, RESTART, SHUTDOWN, START, check_bad, check_good, of_service, traced};
use crate::support::jaeger::Jaeger;
use crate::support::otlp::{Outcome, Trace};
use crate::wire::Tap;
use crate::zipkin;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use serde_json::Value;
use std::collections::BTreeSet;

/// The traces of a service that have this operation, by the search of Jaeger's own user interface.
fn search(jaeger: &Jaeger, service: &str, operation: &str) -> Vec<String> {
    let path = format!("/api/traces?service={service}&operation={operation}&limit=20&lookback=1h");
    let answer = jaeger.ask(&path).unwrap_or_default();
    let id = |trace: &Value| trace["traceID"].as_str().expect("an id").to_owned();
    answer["data"].as_array().into_iter().flatten().map(id).collect()
}

/// One trace as the user interface shows it: its spans.
fn shown(jaeger: &Jaeger, id: &str) -> Vec<Value> {
    let answer = jaeger.ask(&format!("/api/traces/{id}")).expect("it was found");
    answer["data"][0]["spans"].as_array().expect("spans").clone()
}

/// Every trace of both lives: Jaeger names the operations, finds the traces of each, and gives each by its id.
fn fetched(jaeger: &Jaeger) -> Vec<ExportTraceServiceRequest> {
    let mut ids = BTreeSet::new();
    for service in [GOOD, BAD] {
        let operations = jaeger.ask(&format!("/api/services/{service}/operations")).unwrap_or_default();
        for operation in operations["data"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            ids.extend(search(jaeger, service, operation));
        }
    }
    ids.iter().filter_map(|id| jaeger.found(&format!("/api/v3/traces/{id}"))).collect()
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
    for (service, operation) in
        [(GOOD, START), (GOOD, RESTART), (GOOD, SHUTDOWN), (BAD, START), (BAD, SHUTDOWN)]
    {
        assert_eq!(search(&jaeger, service, operation).len(), 1, "{operation} of {service}");
    }
    let services = jaeger.ask("/api/services").unwrap_or_default();
    for service in [GOOD, BAD] {
        assert!(services["data"].as_array().is_some_and(|all| all.contains(&service.into())), "{services}");
    }
}

/// What a person relies on: a restart refers to the start of the run that died, and a failure says why.
#[test]
fn the_user_interface_shows_links_and_failures() {
    let jaeger = Jaeger::start();
    day::live(&traced("otlp-grpc", &jaeger.endpoint()));
    day::complete(1, || search(&jaeger, BAD, START).len());
    let (start, restart) = (search(&jaeger, GOOD, START).remove(0), search(&jaeger, GOOD, RESTART).remove(0));
    let spans = shown(&jaeger, &restart);
    let root = spans.iter().find(|s| s["operationName"] == RESTART).expect("the restart");
    let references = root["references"].as_array().expect("references");
    assert!(
        references.iter().any(|r| r["refType"] == "FOLLOWS_FROM" && r["traceID"] == start.as_str()),
        "{references:?}"
    );
    let spans = shown(&jaeger, &search(&jaeger, BAD, START)[0]);
    let root = spans.iter().find(|s| s["operationName"] == START).expect("the start");
    let tags = root["tags"].as_array().expect("tags");
    let has = |key: &str, value: &dyn Fn(&Value) -> bool| {
        tags.iter().any(|t| t["key"] == key && value(&t["value"]))
    };
    // The first of them makes the interface draw the span as failed; ours of the same name is the message.
    assert!(has("error", &|v| v == true), "{tags:?}");
    assert!(has("otel.status_code", &|v| v == "ERROR"), "{tags:?}");
    let tells = |v: &Value| v.as_str().is_some_and(|text| text.contains("lost"));
    assert!(has("error", &tells) && has("otel.status_description", &tells), "{tags:?}");
}

#[test]
fn http_and_zipkin_are_taken_too() {
    let jaeger = Jaeger::start();
    day::live(&traced("otlp-http", &format!("127.0.0.1:{}", jaeger.http)));
    day::complete(1, || search(&jaeger, BAD, START).len());
    tells(fetched(&jaeger));

    let jaeger = Jaeger::start();
    let tap = Tap::to(jaeger.zipkin);
    day::live(&traced("zipkin", &tap.endpoint()));
    let sent = zipkin::sent(&tap);
    day::complete(sent.len(), || spans(fetched(&jaeger)).len());
    let failed = search(&jaeger, BAD, START);
    let trace = Trace::from(jaeger.found(&format!("/api/v3/traces/{}", failed[0])).expect("it was found"));
    assert_eq!(trace.one(START).outcome, Outcome::Error);
    assert_eq!(trace.orphans(), Vec::<String>::new());
}
