//! Zipkin: found by its search, read by its API, equal to the JSON that was sent. Zipkin has neither links nor status:
//! they are tags, and its names come back in lower case.

use crate::day::{self, BAD, GOOD, RESTART, SHUTDOWN, START, check_bad, check_good, of_service, traced};
use crate::support::backend::{Running, free_port, installed};
use crate::support::http::get;
use crate::support::otlp::{Outcome, Span, Trace};
use crate::support::{LONG, wait_until};
use crate::wire::Tap;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// A running Zipkin, with its store in memory.
#[derive(Debug)]
pub(crate) struct Zipkin {
    _running: Running,
    /// Takes spans and answers questions.
    pub(crate) port: u16,
}

impl Zipkin {
    /// Starts it on a free port, and waits until it is up.
    pub(crate) fn start() -> Self {
        let port = free_port();
        let mut running = Running::start(
            Command::new("java")
                .args(["-Xms64m", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-jar"])
                .arg(installed("bin/zipkin.jar", "tests/run --backends"))
                .arg("--armeria.ports[0].ip=127.0.0.1")
                .arg(format!("--armeria.ports[0].port={port}"))
                .arg("--armeria.ports[0].protocols[0]=http"),
        );
        running.listens(port);
        let zipkin = Self { _running: running, port };
        wait_until(LONG, "Zipkin is up", || zipkin.ask("/health").is_some());
        zipkin
    }

    fn ask(&self, path: &str) -> Option<Value> {
        let (status, body) = get(self.port, path).ok()?;
        (status == 200).then(|| serde_json::from_str(&body).ok())?
    }

    /// The traces of a service that have a span of this name.
    pub(crate) fn search(&self, service: &str, name: &str) -> BTreeSet<String> {
        let path = format!("/api/v2/traces?serviceName={service}&spanName={name}&limit=100&lookback=3600000");
        let traces = self.ask(&path).unwrap_or_default();
        let ids = list(&traces).filter_map(|trace| Some(trace[0]["traceId"].as_str()?.to_owned()));
        ids.collect()
    }

    /// Every trace of both lives: Zipkin names the spans, finds the traces of each, and gives each by its id.
    fn fetched(&self) -> Vec<Value> {
        let mut ids = BTreeSet::new();
        for service in [GOOD, BAD] {
            let names = self.ask(&format!("/api/v2/spans?serviceName={service}")).unwrap_or_default();
            ids.extend(list(&names).filter_map(Value::as_str).flat_map(|name| self.search(service, name)));
        }
        let traces = ids.iter().filter_map(|id| self.ask(&format!("/api/v2/trace/{id}")));
        traces.flat_map(|trace| list(&trace).cloned().collect::<Vec<_>>()).collect()
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The spans that went through a tap, as they were written.
pub(crate) fn sent(tap: &Tap) -> Vec<Value> {
    let mut all = Vec::new();
    for (path, body) in tap.http() {
        assert_eq!(path, "/api/v2/spans");
        all.extend(serde_json::from_slice::<Vec<Value>>(&body).expect("an array"));
    }
    all
}

/// By the ids of trace and span. Several annotations may be of one moment: Zipkin orders those as it likes.
fn by_id(spans: &[Value]) -> BTreeMap<(String, String), Value> {
    let id = |span: &Value, key: &str| span[key].as_str().expect("an id").to_owned();
    let ordered = |span: &Value| {
        let mut span = span.clone();
        if let Some(annotations) = span["annotations"].as_array_mut() {
            annotations.sort_by_key(|a| (a["timestamp"].as_u64(), a["value"].to_string()));
        }
        span
    };
    spans.iter().map(|span| ((id(span, "traceId"), id(span, "id")), ordered(span))).collect()
}

/// A span as all other tests of traces know it.
fn read(span: &Value) -> Span {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let tags: BTreeMap<String, String> =
        span["tags"].as_object().into_iter().flatten().map(|(k, v)| (k.clone(), text(v))).collect();
    let start = span["timestamp"].as_u64().unwrap_or(0) * 1000;
    let link = |(key, value): (&String, &String)| {
        key.strip_prefix("link.")?;
        value.split_once('-').map(|(trace, span)| (trace.to_owned(), span.to_owned()))
    };
    // `"name": {attributes}`, or the name alone.
    let name_of = |annotation: &Value| {
        let value = text(&annotation["value"]);
        value.split_once("\": ").map_or(value.clone(), |(name, _)| name.trim_start_matches('"').to_owned())
    };
    Span {
        trace: text(&span["traceId"]),
        id: text(&span["id"]),
        parent: text(&span["parentId"]),
        name: text(&span["name"]),
        start,
        end: start + span["duration"].as_u64().unwrap_or(0) * 1000,
        outcome: match tags.get("otel.status_code").map(String::as_str) {
            Some("OK") => Outcome::Ok,
            Some("ERROR") => Outcome::Error,
            _ => Outcome::Unset,
        },
        message: tags.get("error").cloned().unwrap_or_default(),
        events: list(&span["annotations"]).map(name_of).collect(),
        links: tags.iter().filter_map(link).collect(),
        link_types: Vec::new(), // a tag holds the ids alone
        attributes: tags,
        resource: [("service.name".to_owned(), text(&span["localEndpoint"]["serviceName"]))].into(),
    }
}

#[test]
fn every_trace_is_found_by_search_and_is_as_it_was_sent() {
    let zipkin = Zipkin::start();
    let tap = Tap::to(zipkin.port);
    day::live(&traced("zipkin", &tap.endpoint()));
    let sent = by_id(&sent(&tap));
    day::complete(sent.len(), || zipkin.fetched().len());
    let fetched = zipkin.fetched();
    let found = by_id(&fetched);
    for (key, wanted) in &sent {
        assert_eq!(found.get(key), Some(wanted), "{}", wanted["name"]);
    }
    assert_eq!(found.len(), sent.len());
    let trace = Trace(fetched.iter().map(read).collect());
    check_good(&of_service(&trace, GOOD));
    check_bad(&of_service(&trace, BAD));
    for (service, name) in [(GOOD, START), (GOOD, RESTART), (GOOD, SHUTDOWN), (BAD, START), (BAD, SHUTDOWN)] {
        assert_eq!(zipkin.search(service, name).len(), 1, "{name} of {service}");
    }
}
