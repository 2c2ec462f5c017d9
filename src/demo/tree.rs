//! Spans as trees: one for each trace, in the order in which they began. Pure; made from what the exporter was given.

use opentelemetry::Value;
use opentelemetry::trace::{SpanId, Status};
use opentelemetry_sdk::trace::SpanData;
use std::collections::{HashMap, HashSet};
use std::time::{Duration, SystemTime};

/// A span as it is drawn. Times count from the beginning of its tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrawnSpan {
    /// Its name.
    pub name: String,
    /// What it is about: process or instance, and what else tells it from its siblings.
    pub label: String,
    /// When it began.
    pub start: Duration,
    /// When it ended.
    pub end: Duration,
    /// Why it failed, if it did.
    pub error: Option<String>,
    /// The spans below it, in the order in which they began.
    pub children: Vec<DrawnSpan>,
}

/// A trace as a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// The trace's id in hexadecimal.
    pub trace: String,
    /// The span that has no parent among those known.
    pub root: DrawnSpan,
}

impl Tree {
    /// Builds the trees of these spans; the oldest first.
    #[must_use]
    pub fn of(spans: &[SpanData]) -> Vec<Self> {
        let known: HashSet<SpanId> = spans.iter().map(|s| s.span_context.span_id()).collect();
        let mut below: HashMap<SpanId, Vec<&SpanData>> = HashMap::new();
        let mut roots = Vec::new();
        for span in spans {
            if known.contains(&span.parent_span_id) {
                below.entry(span.parent_span_id).or_default().push(span);
            } else {
                roots.push(span);
            }
        }
        roots.sort_by_key(|s| s.start_time);
        let tree = |root: &&SpanData| Self {
            trace: root.span_context.trace_id().to_string(),
            root: drawn(root, root.start_time, &below),
        };
        roots.iter().map(tree).collect()
    }
}

fn drawn(span: &SpanData, origin: SystemTime, below: &HashMap<SpanId, Vec<&SpanData>>) -> DrawnSpan {
    let since = |t: SystemTime| t.duration_since(origin).unwrap_or_default();
    let mut children: Vec<DrawnSpan> = below
        .get(&span.span_context.span_id())
        .map(|list| list.iter().map(|s| drawn(s, origin, below)).collect())
        .unwrap_or_default();
    children.sort_by(|a, b| a.start.cmp(&b.start).then(b.end.cmp(&a.end)));
    let error = match &span.status {
        Status::Error { description } => Some(description.to_string()),
        Status::Ok | Status::Unset => None,
    };
    DrawnSpan {
        name: span.name.to_string(),
        label: label(span),
        start: since(span.start_time),
        end: since(span.end_time),
        error,
        children,
    }
}

/// What tells a span from its siblings, in a few words.
fn label(span: &SpanData) -> String {
    let find = |key: &str| span.attributes.iter().find(|kv| kv.key.as_str() == key).map(|kv| text(&kv.value));
    let mut words: Vec<String> = Vec::new();
    words.extend(find("process.instance_id").or_else(|| find("process.name")));
    words.extend(find("dependency.name").map(|d| format!("for {d}")));
    words.extend(find("restart.reason").map(|r| format!("({r})")));
    words.extend(find("shutdown.reason").map(|r| format!("({r})")));
    words.join(" ")
}

fn text(value: &Value) -> String {
    value.as_str().into_owned()
}
