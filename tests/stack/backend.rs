//! Receivers that are not ours: rotel (its debug log) and Jaeger (its query API). Both lie where `tests/run` puts
//! them: `$PHPEEK_TEST_CACHE/bin`. Called by the stack's tests.

use super::http::get;
use super::stack::free_port;
use crate::support::otlp::{Outcome, Span, Trace};
use crate::support::{LONG, wait_for, wait_until};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

fn installed(name: &str) -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache/phpeek-pm-tests");
    let path = std::env::var_os("PHPEEK_TEST_CACHE").map_or_else(home, PathBuf::from).join("bin").join(name);
    assert!(path.exists(), "{} is not there: run tests/run, which installs it", path.display());
    path
}

/// A program that ends with the value.
#[derive(Debug)]
struct Running {
    child: Child,
    dir: TempDir,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let log = File::create(dir.path().join("log")).expect("a log");
        let both = log.try_clone().expect("a second handle");
        let child =
            command.stdin(Stdio::null()).stdout(log).stderr(both).spawn().expect("the receiver starts");
        Self { child, dir }
    }

    fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.dir.path().join("log")).unwrap_or_default()).into_owned()
    }

    fn listens(&mut self, port: u16) {
        wait_until(LONG, "the receiver listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        assert!(matches!(self.child.try_wait(), Ok(None)), "the receiver has ended: {}", self.log());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Jaeger with its memory store.
#[derive(Debug)]
pub(crate) struct Jaeger {
    _running: Running,
    otlp: u16,
    query: u16,
}

impl Jaeger {
    /// Starts it on free ports.
    pub(crate) fn start() -> Self {
        let config = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/backends/jaeger/jaeger.yaml");
        let (otlp, query) = (free_port(), free_port());
        let mut running = Running::start(
            Command::new(installed("jaeger"))
                .arg("--config")
                .arg(config)
                .env("JAEGER_GRPC_PORT", otlp.to_string())
                .env("JAEGER_QUERY_PORT", query.to_string())
                .env("JAEGER_QUERY_GRPC_PORT", free_port().to_string())
                .env("JAEGER_HEALTH_PORT", free_port().to_string()),
        );
        running.listens(otlp);
        running.listens(query);
        Self { _running: running, otlp, query }
    }

    /// For `tracing_endpoint`.
    pub(crate) fn endpoint(&self) -> String {
        format!("127.0.0.1:{}", self.otlp)
    }

    /// Asks the query API for everything of a service until a span of this name is there.
    pub(crate) fn wait_for(&self, service: &str, name: &str) -> Trace {
        let path = format!(
            "/api/v3/traces?query.service_name={service}&query.num_traces=1000\
             &query.start_time_min=2020-01-01T00:00:00Z&query.start_time_max=2100-01-01T00:00:00Z"
        );
        wait_for(LONG, &format!("{name} in Jaeger"), || {
            let (_, body) = get(self.query, &path).ok()?;
            let answer: Value = serde_json::from_str(&body).ok()?;
            let spans = list(&answer["result"]["resourceSpans"]).flat_map(from_otlp).collect();
            Some(Trace(spans)).filter(|trace| !trace.named(name).is_empty())
        })
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn pairs(value: &Value) -> BTreeMap<String, String> {
    let of = |pair: &Value| {
        let value = pair["value"].as_object().and_then(|v| v.values().next()).map(text).unwrap_or_default();
        (text(&pair["key"]), value)
    };
    list(value).map(of).collect()
}

/// OTLP JSON, one group of spans of a resource.
fn from_otlp(group: &Value) -> Vec<Span> {
    let resource = pairs(&group["resource"]["attributes"]);
    let number = |value: &Value| text(value).parse().unwrap_or(0);
    let read = |span: &Value| Span {
        trace: text(&span["traceId"]),
        id: text(&span["spanId"]),
        parent: span["parentSpanId"].as_str().unwrap_or_default().to_owned(),
        name: text(&span["name"]),
        start: number(&span["startTimeUnixNano"]),
        end: number(&span["endTimeUnixNano"]),
        attributes: pairs(&span["attributes"]),
        outcome: match text(&span["status"]["code"]).as_str() {
            "1" | "STATUS_CODE_OK" => Outcome::Ok,
            "2" | "STATUS_CODE_ERROR" => Outcome::Error,
            _ => Outcome::Unset,
        },
        message: span["status"]["message"].as_str().unwrap_or_default().to_owned(),
        events: list(&span["events"]).map(|e| text(&e["name"])).collect(),
        links: list(&span["links"]).map(|l| (text(&l["traceId"]), text(&l["spanId"]))).collect(),
        link_types: list(&span["links"])
            .map(|l| pairs(&l["attributes"]).remove("link.type").unwrap_or_default())
            .collect(),
        resource: resource.clone(),
    };
    list(&group["scopeSpans"]).flat_map(|scope| list(&scope["spans"])).map(read).collect()
}

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
        let mut running = Running::start(Command::new(installed("rotel-agent")).args([
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
