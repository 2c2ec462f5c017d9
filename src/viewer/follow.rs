//! `trace --follow`: each trace is drawn when its root has ended; until then its spans and their events are lines. Owns
//! what is known of traces that are open, within bounds; reads and prints nothing itself.

use super::links::{Names, short};
use super::model::{Span, Trace};
use super::style::{Ink, Style};
use super::{select, text, waterfall};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span as OtlpSpan;
use std::collections::{HashMap, HashSet, VecDeque};

/// Most traces that are kept while their roots are awaited: more than a supervisor has operations under way.
const OPEN: usize = 1000;
/// Most traces whose spans are known to come late, and whose names links may ask for.
const DRAWN: usize = 1000;
/// Most spans that one open trace keeps; what comes beyond is shown as a line and counted.
const SPANS: usize = 100_000;

/// Traces on their way.
#[derive(Default)]
pub struct Follower {
    open: HashMap<Vec<u8>, Open>,
    /// The ids of open traces in the order in which they came.
    order: VecDeque<Vec<u8>>,
    drawn: HashSet<Vec<u8>>,
    drawn_order: VecDeque<Vec<u8>>,
    names: Names,
}

#[derive(Default)]
struct Open {
    request: ExportTraceServiceRequest,
    spans: usize,
    left_out: usize,
    ended: bool,
}

/// Whether this span's end is the end of what this supervisor does in the trace.
fn is_root(span: &OtlpSpan) -> bool {
    /// trace.proto, SpanFlags: bit 8 says that bit 9 is known, bit 9 that the parent is remote.
    const REMOTE: u32 = 0x300;
    span.parent_span_id.iter().all(|b| *b == 0) || span.flags & REMOTE == REMOTE
}

impl Follower {
    /// Takes what came and gives what is to be shown of the traces that are wanted; of one whose root has not ended yet
    /// the part that came is asked about.
    #[must_use]
    pub fn take(
        &mut self,
        request: ExportTraceServiceRequest,
        wanted: impl Fn(&Trace) -> bool,
        style: &Style,
    ) -> String {
        let mut out = String::new();
        let traces = Trace::all(&request);
        self.names.learn(&traces);
        let ids: HashSet<Vec<u8>> = select::spans(&request).map(|s| s.trace_id.clone()).collect();
        for id in &ids {
            if !self.drawn.contains(id) {
                self.keep(id, &request);
            }
        }
        let over = |id: &[u8]| self.open.get(id).is_some_and(|open| open.ended);
        let over: HashSet<String> = ids.iter().filter(|id| over(id)).map(const_hex::encode).collect();
        let lines = traces.iter().filter(|t| !over.contains(&t.id) && wanted(t));
        lines
            .flat_map(|t| t.spans.iter().map(move |s| (t, s)))
            .for_each(|(t, s)| line(t, s, style, &mut out));
        let mut ended: Vec<Vec<u8>> = Vec::new();
        self.order.retain(|id| {
            let over = self.open.get(id).is_none_or(|open| open.ended);
            ended.extend(over.then(|| id.clone()));
            !over
        });
        for id in ended {
            self.finish(id, &wanted, style, &mut out);
        }
        while self.order.len() > OPEN {
            if let Some(id) = self.order.pop_front() {
                self.finish(id, &wanted, style, &mut out);
            }
        }
        out
    }

    /// What is left when the source ends.
    #[must_use]
    pub fn rest(&mut self, wanted: impl Fn(&Trace) -> bool, style: &Style) -> String {
        let mut out = String::new();
        while let Some(id) = self.order.pop_front() {
            self.finish(id, &wanted, style, &mut out);
        }
        out
    }

    fn keep(&mut self, id: &[u8], request: &ExportTraceServiceRequest) {
        let part = select::keep(request, |other| other == id);
        let count = select::spans(&part).count();
        let open = self.open.entry(id.to_owned()).or_insert_with(|| {
            self.order.push_back(id.to_owned());
            Open::default()
        });
        open.ended |= select::spans(&part).any(is_root);
        if open.spans + count > SPANS {
            open.left_out += count;
        } else {
            open.spans += count;
            open.request.resource_spans.extend(part.resource_spans);
        }
    }

    fn finish(&mut self, id: Vec<u8>, wanted: &impl Fn(&Trace) -> bool, style: &Style, out: &mut String) {
        let Some(open) = self.open.remove(&id) else { return };
        let traces: Vec<Trace> = Trace::all(&open.request).into_iter().filter(wanted).collect();
        for trace in &traces {
            out.push_str(&waterfall::draw(trace, &self.names, style));
        }
        if open.left_out > 0 && !traces.is_empty() {
            out.push_str(&format!("{} more are not drawn\n", text::count(open.left_out, "span")));
        }
        if self.drawn.insert(id.clone()) {
            self.drawn_order.push_back(id);
        }
        while self.drawn_order.len() > DRAWN {
            if let Some(old) = self.drawn_order.pop_front() {
                self.names.forget(&const_hex::encode(&old));
                self.drawn.remove(&old);
            }
        }
    }
}

/// A span of a trace that is open, and its events.
fn line(trace: &Trace, span: &Span, style: &Style, out: &mut String) {
    let time = text::time(span.end);
    let clock = time.get(11..23).unwrap_or(&time).to_owned();
    let (on, off) = style.ink(if span.error().is_some() { Ink::Failed } else { Ink::Plain });
    let took = text::duration(span.took(), style.charset);
    let events = super::notes::event_names(span, style);
    let mark = style.mark(" · ", " * ");
    let said = [
        text::clean(&span.title(), style.charset).into_owned(),
        if events.is_empty() { String::new() } else { format!("{mark}{events}") },
        span.error().map(|e| format!(": {}", text::clean(e, style.charset))).unwrap_or_default(),
    ]
    .concat();
    let head = format!("{clock} {} {}{took} ", short(&trace.id), pad(&took));
    let said = text::fit(&said, style.width.saturating_sub(text::width(&head)), style.charset);
    out.push_str(&format!("{head}{on}{}{off}\n", said.trim_end()));
}

fn pad(took: &str) -> String {
    " ".repeat(11_usize.saturating_sub(text::width(took)))
}
