//! A receiver that is not ours: rotel, read by its debug log. Called by the stack's tests.

use crate::support::backend::{Running, free_port, installed};
use crate::support::otlp::{Outcome, Span, Trace};
use crate::support::{LONG, wait_for};
use std::collections::BTreeMap;
use std::process::Command;

/// rotel, which writes what it decoded to its log.
#[derive(Debug)]
pub(crate) struct Rotel {
    running: Running,
    port: u16,
}

impl Rotel {
    /// Starts it on free ports.
    pub(crate) fn start() -> Self {
        let port = free_port();
        let address = |port: u16| format!("127.0.0.1:{port}");
        let mut running = Running::start(Command::new(installed("bin/rotel-agent", "tests/run")).args([
            "start",
            "--otlp-grpc-endpoint",
            &address(port),
            "--otlp-http-endpoint",
            &address(free_port()),
            "--exporter",
            "blackhole",
            "--debug-log",
            "traces",
            "--debug-log-verbosity",
            "detailed",
            "--log-file",
            "/dev/stdout",
        ]));
        running.listens(port);
        Self { running, port }
    }

    /// For `tracing_endpoint`.
    pub(crate) fn endpoint(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Reads its log until a span of this name is there and the log has come to rest behind it.
    pub(crate) fn wait_for(&self, name: &str) -> Trace {
        let mut before = 0;
        wait_for(LONG, &format!("{name} in rotel"), || {
            let log = self.running.log();
            let rests = std::mem::replace(&mut before, log.len()) == log.len();
            let trace = Trace(crate::backend::from_log(&log));
            (rests && !trace.named(name).is_empty()).then_some(trace)
        })
    }
}

/// Where `-> key: value` lines belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Resource,
    Attributes,
    Event,
    Link,
    Nothing,
}

/// The text of `--debug-log-verbosity detailed`.
pub(crate) fn from_log(log: &str) -> Vec<Span> {
    let (mut spans, mut resource, mut into): (Vec<Span>, BTreeMap<String, String>, Section) =
        (Vec::new(), BTreeMap::new(), Section::Nothing);
    for line in log.lines() {
        match line {
            "Attributes:" => into = Section::Attributes,
            "Events:" | "Links:" => into = Section::Nothing,
            _ if line.starts_with("Resource attributes") => {
                (into, resource) = (Section::Resource, BTreeMap::new())
            }
            _ if line.starts_with("SpanEvent #") => into = Section::Event,
            _ if line.starts_with("SpanLink #") => into = Section::Link,
            _ if line.starts_with("Span #") => {
                spans.push(empty(&resource));
                into = Section::Nothing;
            }
            _ => field(line, into, spans.last_mut(), &mut resource),
        }
    }
    spans
}

fn empty(resource: &BTreeMap<String, String>) -> Span {
    let none = String::new;
    Span {
        trace: none(),
        id: none(),
        parent: none(),
        name: none(),
        start: 0,
        end: 0,
        attributes: BTreeMap::new(),
        outcome: Outcome::Unset,
        message: none(),
        events: Vec::new(),
        links: Vec::new(),
        link_types: Vec::new(), // rotel shows none
        resource: resource.clone(),
    }
}

/// `Str(web)`, `Int(3)`: the text between the outermost parentheses. The tail of a text of several lines is left out.
fn value(text: &str) -> String {
    let inner = text.split_once('(').map_or(text, |(_, rest)| rest);
    inner.strip_suffix(')').unwrap_or(inner).to_owned()
}

fn field(line: &str, into: Section, span: Option<&mut Span>, resource: &mut BTreeMap<String, String>) {
    if let Some((key, text)) = line.trim_start().strip_prefix("-> ").and_then(|pair| pair.split_once(": ")) {
        match (into, span) {
            (Section::Resource, _) => drop(resource.insert(key.to_owned(), value(text))),
            (Section::Attributes, Some(span)) => drop(span.attributes.insert(key.to_owned(), value(text))),
            (Section::Event, Some(span)) if key == "Name" => span.events.push(text.to_owned()),
            (Section::Link, Some(span)) if key == "Trace ID" => {
                span.links.push((text.to_owned(), String::new()))
            }
            (Section::Link, Some(span)) if key == "ID" => {
                if let Some(link) = span.links.last_mut() {
                    link.1 = text.to_owned();
                }
            }
            _ => {}
        }
        return;
    }
    let (Some(span), Some((key, text))) = (span, line.split_once(':')) else { return };
    let text = text.trim();
    match key.trim() {
        "Trace ID" => span.trace = text.to_owned(),
        "Parent ID" => span.parent = text.to_owned(),
        "ID" => span.id = text.to_owned(),
        "Name" => span.name = text.to_owned(),
        "Start time" => span.start = text.parse().unwrap_or(0),
        "End time" => span.end = text.parse().unwrap_or(0),
        "Status message" => span.message = text.to_owned(),
        "Status code" if text.ends_with("OK") => span.outcome = Outcome::Ok,
        "Status code" if text.ends_with("ERROR") => span.outcome = Outcome::Error,
        _ => {}
    }
}
