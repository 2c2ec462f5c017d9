//! Traces as they are drawn: what OTLP says, grouped by trace, each span below its parent, in the order in which they
//! began and ended. Takes any input: spans whose parent is not there, cycles, duplicates, times that run backwards. Never recurses.
//! Pure.

use super::value;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::{Span as OtlpSpan, span, status::StatusCode};
use phpeek_core::names;
use std::collections::HashMap;

/// One trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Its id in lower-case hexadecimal.
    pub id: String,
    /// Its spans: each one behind its parent, with all that is below it in between. Never empty.
    pub spans: Vec<Span>,
    /// Attributes of the resources that its spans name.
    pub resources: Vec<Vec<KeyValue>>,
    /// When the first of its spans began, in nanoseconds since 1970.
    pub start: u64,
    /// When the last of its spans ended.
    pub end: u64,
    /// Spans that were left out because another with the same id is there.
    pub duplicates: usize,
}

/// One span of a trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Its id in lower-case hexadecimal.
    pub id: String,
    /// The id of its parent; empty when it has none.
    pub parent_id: String,
    /// Its parent, when that is among the spans of the trace and no cycle had to be cut.
    pub parent: Option<usize>,
    /// The spans below it, in the order in which they began.
    pub children: Vec<usize>,
    /// How many spans are above it.
    pub depth: usize,
    /// Its name.
    pub name: String,
    /// What it is about: process or instance, and what else tells it from its siblings.
    pub label: String,
    /// When it began, in nanoseconds since 1970.
    pub start: u64,
    /// When it ended; never before it began.
    pub end: u64,
    /// How it went.
    pub status: Status,
    /// The kind, as OTLP counts them.
    pub kind: i32,
    /// Its attributes.
    pub attributes: Vec<KeyValue>,
    /// Its events.
    pub events: Vec<span::Event>,
    /// Its links to other spans.
    pub links: Vec<span::Link>,
    /// Which of the trace's resources it belongs to.
    pub resource: usize,
    /// The name of its instrumentation scope.
    pub scope: String,
}

/// How an operation went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Nobody said.
    Unset,
    /// Well.
    Ok,
    /// It failed, for this reason; the reason may be empty.
    Error(String),
}

impl Span {
    /// How long it took, in nanoseconds.
    #[must_use]
    pub fn took(&self) -> u64 {
        self.end - self.start
    }

    /// The text of an attribute.
    #[must_use]
    pub fn attribute(&self, key: &str) -> Option<String> {
        value::find(&self.attributes, key)
    }

    /// Why it failed, if it did.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        match &self.status {
            Status::Error(message) => Some(message),
            Status::Ok | Status::Unset => None,
        }
    }

    /// Name and label.
    #[must_use]
    pub fn title(&self) -> String {
        if self.label.is_empty() { self.name.clone() } else { format!("{} {}", self.name, self.label) }
    }
}

impl Trace {
    /// The traces of a request, the oldest first.
    #[must_use]
    pub fn all(request: &ExportTraceServiceRequest) -> Vec<Self> {
        let mut found: HashMap<&[u8], Gathered<'_>> = HashMap::new();
        for resource_spans in &request.resource_spans {
            let resource = resource_spans.resource.as_ref().map_or(&[][..], |r| &r.attributes);
            for scope_spans in &resource_spans.scope_spans {
                let scope = scope_spans.scope.as_ref().map_or("", |s| s.name.as_str());
                for span in &scope_spans.spans {
                    found.entry(&span.trace_id).or_default().add(span, resource, scope);
                }
            }
        }
        let mut traces: Vec<Self> = found.into_iter().map(|(id, gathered)| gathered.finish(id)).collect();
        traces.sort_by(|a, b| a.start.cmp(&b.start).then_with(|| a.id.cmp(&b.id)));
        traces
    }

    /// The spans that stand at the top.
    pub fn roots(&self) -> impl Iterator<Item = &Span> {
        self.spans.iter().filter(|s| s.parent.is_none())
    }

    /// How long it took, in nanoseconds.
    #[must_use]
    pub fn took(&self) -> u64 {
        self.end - self.start
    }

    /// How many of its spans failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.spans.iter().filter(|s| s.error().is_some()).count()
    }
}

/// The spans of one trace as they come in.
#[derive(Default)]
struct Gathered<'a> {
    spans: Vec<Span>,
    known: HashMap<&'a [u8], usize>,
    resources: Vec<&'a [KeyValue]>,
    duplicates: usize,
}

impl<'a> Gathered<'a> {
    fn add(&mut self, span: &'a OtlpSpan, resource: &'a [KeyValue], scope: &str) {
        // Most spans share the resource of the one before.
        let at = self.resources.iter().rposition(|r| *r == resource).unwrap_or_else(|| {
            self.resources.push(resource);
            self.resources.len() - 1
        });
        let read = read(span, at, scope);
        match self.known.get(span.span_id.as_slice()).copied() {
            // An id that says nothing is nobody's.
            _ if span.span_id.iter().all(|b| *b == 0) => self.spans.push(read),
            None => {
                self.known.insert(&span.span_id, self.spans.len());
                self.spans.push(read);
            }
            // What was sent twice is one span; of two accounts the later one knows more.
            Some(before) => {
                self.duplicates += 1;
                if let Some(kept) = self.spans.get_mut(before).filter(|kept| kept.end <= read.end) {
                    *kept = read;
                }
            }
        }
    }

    fn finish(self, id: &[u8]) -> Trace {
        let spans = arrange(self.spans);
        // A time of zero is none.
        let begins = || spans.iter().map(|s| s.start).filter(|t| *t > 0);
        let start = begins().min().unwrap_or(0);
        let end = spans.iter().map(|s| s.end).max().unwrap_or(start).max(start);
        let resources = self.resources.into_iter().map(<[KeyValue]>::to_vec).collect();
        Trace { id: const_hex::encode(id), spans, resources, start, end, duplicates: self.duplicates }
    }
}

fn read(span: &OtlpSpan, resource: usize, scope: &str) -> Span {
    let status = match span.status.as_ref().map(|s| (s.code, &s.message)) {
        Some((code, message)) if code == StatusCode::Error as i32 => Status::Error(message.clone()),
        Some((code, _)) if code == StatusCode::Ok as i32 => Status::Ok,
        _ => Status::Unset,
    };
    Span {
        id: const_hex::encode(&span.span_id),
        parent_id: if span.parent_span_id.iter().all(|b| *b == 0) {
            String::new()
        } else {
            const_hex::encode(&span.parent_span_id)
        },
        parent: None,
        children: Vec::new(),
        depth: 0,
        name: name(span),
        label: label(&span.attributes),
        start: span.start_time_unix_nano,
        end: span.end_time_unix_nano.max(span.start_time_unix_nano),
        status,
        kind: span.kind,
        attributes: span.attributes.clone(),
        events: span.events.clone(),
        links: span.links.clone(),
        resource,
        scope: scope.to_owned(),
    }
}

/// Its name as it is documented: `tracing_span_names: with_process` puts the process behind it.
fn name(span: &OtlpSpan) -> String {
    let about =
        [names::PROCESS_INSTANCE_ID, names::PROCESS_NAME].map(|key| value::find(&span.attributes, key));
    let without = |about: &String| span.name.strip_suffix(about.as_str())?.strip_suffix(' ');
    let name = about.iter().flatten().find_map(without).filter(|n| !n.is_empty());
    name.unwrap_or(&span.name).to_owned()
}

/// What tells a span from its siblings, in a few words.
fn label(attributes: &[KeyValue]) -> String {
    let find = |key: &str| value::find(attributes, key);
    let mut words: Vec<String> = Vec::new();
    words.extend(find(names::PROCESS_INSTANCE_ID).or_else(|| find(names::PROCESS_NAME)));
    words.extend(find(names::DEPENDENCY_NAME).map(|d| format!("for {d}")));
    words.extend(find(names::RESTART_REASON).map(|r| format!("({r})")));
    words.extend(find(names::SHUTDOWN_REASON).map(|r| format!("({r})")));
    words.join(" ")
}

/// Puts each span behind its parent. Spans that are on a cycle, which no root leads to, are cut loose where the one that
/// began first is.
fn arrange(mut spans: Vec<Span>) -> Vec<Span> {
    let known: HashMap<&str, usize> = spans.iter().enumerate().map(|(at, s)| (s.id.as_str(), at)).collect();
    let parents: Vec<Option<usize>> = spans
        .iter()
        .map(|s| known.get(s.parent_id.as_str()).copied().filter(|_| !s.parent_id.is_empty()))
        .collect();
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); spans.len()];
    for (at, parent) in parents.iter().enumerate() {
        if let Some(list) = parent.and_then(|p| below.get_mut(p)) {
            list.push(at);
        }
    }
    // Of those that began together, the first to end is told first: others may have waited for it.
    let order = |at: &usize| spans.get(*at).map(|span| (span.start, span.end));
    below.iter_mut().for_each(|list| list.sort_by_key(order));
    // Roots first; of the rest the walk takes those that it has not come to from one.
    let mut tops: Vec<(bool, usize)> =
        parents.iter().enumerate().map(|(at, parent)| (parent.is_some(), at)).collect();
    tops.sort_by_key(|(rest, at)| (*rest, order(at)));
    let placed = walk(tops.into_iter().map(|(_, at)| at), &below);
    let mut sorted: Vec<Span> = Vec::with_capacity(spans.len());
    for (new, place) in placed.into_iter().enumerate() {
        let Some(slot) = spans.get_mut(place.old) else { continue };
        let mut span = std::mem::replace(slot, empty());
        span.parent = place.parent;
        span.depth = place.depth;
        if let Some(parent) = place.parent.and_then(|p| sorted.get_mut(p)) {
            parent.children.push(new);
        }
        sorted.push(span);
    }
    sorted
}

/// Where a span goes: its old number, its parent's number among those that are placed, its depth.
struct Place {
    old: usize,
    parent: Option<usize>,
    depth: usize,
}

/// The order of a walk that begins at each of these that no walk has come to before.
fn walk(beginnings: impl Iterator<Item = usize>, below: &[Vec<usize>]) -> Vec<Place> {
    let mut seen = vec![false; below.len()];
    let mut placed: Vec<Place> = Vec::with_capacity(below.len());
    let mut stack = Vec::new();
    for top in beginnings {
        stack.push(Place { old: top, parent: None, depth: 0 });
        while let Some(place) = stack.pop() {
            let (Some(seen), Some(children)) = (seen.get_mut(place.old), below.get(place.old)) else {
                continue;
            };
            if std::mem::replace(seen, true) {
                continue;
            }
            let (parent, depth) = (Some(placed.len()), place.depth + 1);
            stack.extend(children.iter().rev().map(|&old| Place { old, parent, depth }));
            placed.push(place);
        }
    }
    placed
}

/// What stands for a span that has been moved out.
fn empty() -> Span {
    read(&OtlpSpan::default(), 0, "")
}
