//! Links between traces for people: what is linked to by name, and an id that `trace show` takes. Pure, but for
//! asking a source about traces that are named and not there.

use super::model::Trace;
use super::source::{Source, SourceError};
use super::style::Style;
use super::text;
use super::value;
use opentelemetry_proto::tonic::trace::v1::span::Link;
use phpeek_core::names;
use std::collections::{BTreeSet, HashMap};

/// Hexadecimal digits of a trace's id where it is shown short: 48 bits, unique among millions with high odds.
pub(super) const SHORT: usize = 12;

/// Most traces that are looked up because something links to them: a restart has one or two.
const LOOKED_UP: usize = 16;

/// The attribute that says what a link is about.
const KIND: &str = names::LINK_TYPE;

/// The beginning of a trace's id.
#[must_use]
pub(super) fn short(id: &str) -> &str {
    id.get(..SHORT).unwrap_or(id)
}

/// What spans are called, by the ids of their trace and their own.
#[derive(Debug, Clone, Default)]
pub struct Names(HashMap<(String, String), String>);

impl Names {
    /// The names of all these spans.
    #[must_use]
    pub fn of(traces: &[Trace]) -> Self {
        let mut names = Self::default();
        names.learn(traces);
        names
    }

    /// Adds the names of these.
    pub(super) fn learn(&mut self, traces: &[Trace]) {
        for trace in traces {
            self.0.extend(trace.spans.iter().map(|s| ((trace.id.clone(), s.id.clone()), s.title())));
        }
    }

    /// Lets the names of a trace go.
    pub(super) fn forget(&mut self, trace: &str) {
        self.0.retain(|(of, _), _| of != trace);
    }

    /// The names of these spans, and of those that they are linked to, as far as the source knows them.
    ///
    /// # Errors
    /// What the source says.
    pub fn with_linked(traces: &[Trace], source: &mut dyn Source) -> Result<Self, SourceError> {
        let mut names = Self::of(traces);
        let links = traces.iter().flat_map(|t| &t.spans).flat_map(|s| &s.links);
        let ids = links.map(|l| (const_hex::encode(&l.trace_id), const_hex::encode(&l.span_id)));
        let wanted: BTreeSet<String> = ids.filter(|id| !names.0.contains_key(id)).map(|(t, _)| t).collect();
        for id in wanted.iter().filter(|id| !id.is_empty()).take(LOOKED_UP) {
            names.learn(&Trace::all(&source.find(id)?));
        }
        Ok(names)
    }

    /// A link in words, to be read behind a mark.
    #[must_use]
    pub fn sentence(&self, link: &Link, home: &Trace, style: &Style) -> String {
        let (trace, span) = (const_hex::encode(&link.trace_id), const_hex::encode(&link.span_id));
        let place =
            if trace == home.id { "this trace".to_owned() } else { format!("trace {}", short(&trace)) };
        let unknown = format!("span {span}");
        let to = style.titles.of(self.0.get(&(trace, span)).unwrap_or(&unknown));
        let kind = value::find(&link.attributes, KIND);
        let said: Vec<String> = (link.attributes.iter().filter(|a| a.key != KIND))
            .map(|a| format!("{}={}", a.key, value::text(a.value.as_ref())))
            .collect();
        let said = if said.is_empty() { String::new() } else { format!(" ({})", said.join(", ")) };
        let verb = match kind.as_deref() {
            Some("death") => "because of",
            Some("dependency") => "waited for",
            Some("start") => "belongs to",
            Some("previous_run") | None => "after",
            Some(other) => other,
        };
        text::clean(&format!("{verb} {to}, {place}{said}"), style.charset).into_owned()
    }
}
