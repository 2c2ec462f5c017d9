//! Which process the spans of a trace are about. Pure.

use super::model::Trace;
use phpeek_core::names;

impl Trace {
    /// Whether a span of it is about this process, or about this instance of one.
    #[must_use]
    pub fn is_about(&self, name: &str) -> bool {
        let instance = |span: &super::model::Span| span.attribute(names::PROCESS_INSTANCE_ID);
        processes(self).iter().flatten().any(|process| process == name)
            || self.spans.iter().any(|span| instance(span).is_some_and(|id| id == name))
    }
}

/// The process that each span is about: what it says itself, else what its parent is about.
pub(super) fn processes(trace: &Trace) -> Vec<Option<String>> {
    let mut found: Vec<Option<String>> = Vec::with_capacity(trace.spans.len());
    for span in &trace.spans {
        let own = span.attribute(names::PROCESS_NAME);
        let own = own.or_else(|| span.attribute(names::PROCESS_INSTANCE_ID).map(|id| of_instance(&id)));
        let above = || span.parent.and_then(|p| found.get(p).cloned().flatten());
        let process = own.or_else(above);
        found.push(process);
    }
    found
}

/// `web-0` is an instance of `web`.
fn of_instance(id: &str) -> String {
    match id.rsplit_once('-') {
        Some((name, number)) if number.bytes().all(|b| b.is_ascii_digit()) => name.to_owned(),
        _ => id.to_owned(),
    }
}
