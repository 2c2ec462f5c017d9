//! Spans as trees: one for each trace, in the order in which they began. Pure; made from what the exporter was given.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

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
    pub fn of(spans: &[Span]) -> Vec<Self> {
        let known: HashSet<&[u8]> = spans.iter().map(|s| s.span_id.as_slice()).collect();
        let mut below: HashMap<&[u8], Vec<&Span>> = HashMap::new();
        let mut roots = Vec::new();
        for span in spans {
            if known.contains(span.parent_span_id.as_slice()) {
                below.entry(&span.parent_span_id).or_default().push(span);
            } else {
                roots.push(span);
            }
        }
        roots.sort_by_key(|s| s.start_time_unix_nano);
        let tree = |root: &&Span| Self {
            trace: root.trace_id.iter().map(|byte| format!("{byte:02x}")).collect(),
            root: drawn(root, root.start_time_unix_nano, &below),
        };
        roots.iter().map(tree).collect()
    }
}

fn drawn(span: &Span, origin: u64, below: &HashMap<&[u8], Vec<&Span>>) -> DrawnSpan {
    let since = |t: u64| Duration::from_nanos(t.saturating_sub(origin));
    let mut children: Vec<DrawnSpan> = below
        .get(span.span_id.as_slice())
        .map(|list| list.iter().map(|s| drawn(s, origin, below)).collect())
        .unwrap_or_default();
    children.sort_by(|a, b| a.start.cmp(&b.start).then(b.end.cmp(&a.end)));
    let failed = span.status.as_ref().filter(|s| s.code() == StatusCode::Error);
    DrawnSpan {
        name: span.name.clone(),
        label: label(span),
        start: since(span.start_time_unix_nano),
        end: since(span.end_time_unix_nano),
        error: failed.map(|s| s.message.clone()),
        children,
    }
}

/// What tells a span from its siblings, in a few words.
fn label(span: &Span) -> String {
    let find =
        |key: &str| match span.attributes.iter().find(|kv| kv.key == key)?.value.as_ref()?.value.as_ref()? {
            Value::StringValue(text) => Some(text.clone()),
            _ => None,
        };
    let mut words: Vec<String> = Vec::new();
    words.extend(find("process.instance_id").or_else(|| find("process.name")));
    words.extend(find("dependency.name").map(|d| format!("for {d}")));
    words.extend(find("restart.reason").map(|r| format!("({r})")));
    words.extend(find("shutdown.reason").map(|r| format!("({r})")));
    words.join(" ")
}
