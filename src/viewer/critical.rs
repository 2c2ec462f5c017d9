//! The critical path of a trace: the chain of spans that decided when its roots ended. Pure.

use super::model::{Span, Trace};
use super::process::processes;
use super::value;
use phpeek_core::names;
use std::collections::{BinaryHeap, HashMap};

/// Whether each span is on the critical path of its root.
///
/// Walks back from the end: of the children that began before the time in question, the one that ended last was
/// waited for; then the same inside it, and before it. A wait for a dependency leads on to what it waited for, and to
/// what that came after.
#[must_use]
pub(super) fn path(trace: &Trace) -> Vec<bool> {
    let mut found = vec![false; trace.spans.len()];
    let waits = Waits::of(trace);
    // The latest time comes first: whoever is found again was waited for longer before.
    let mut left: BinaryHeap<(u64, usize)> = (trace.spans.iter().enumerate())
        .filter(|(_, s)| s.parent.is_none())
        .map(|(at, s)| (s.end, at))
        .collect();
    while let Some((until, at)) = left.pop() {
        let (Some(on_path), Some(span)) = (found.get_mut(at), trace.spans.get(at)) else { continue };
        if std::mem::replace(on_path, true) {
            continue;
        }
        waited_for(trace, at, until, &mut left);
        for target in waits.targets(span) {
            let ended = trace.spans.get(target).map_or(0, |t| t.end);
            // What had ended before the wait began was not waited for.
            if ended > span.start {
                left.push((ended.min(until), target));
            }
        }
        // Whoever was found through a wait came after what stands above it.
        let above = span.parent.filter(|p| found.get(*p) == Some(&false));
        left.extend(above.map(|p| (span.start.min(until), p)));
    }
    found
}

/// What waits for dependencies were for: by their links, else by the name of the dependency.
struct Waits<'a> {
    ids: HashMap<&'a str, usize>,
    /// What each process did, by its name: when it ended, and which span it was.
    done: HashMap<String, Vec<(u64, usize)>>,
    trace: &'a str,
}

impl<'a> Waits<'a> {
    fn of(trace: &'a Trace) -> Self {
        let mut waits = Self { ids: HashMap::new(), done: HashMap::new(), trace: &trace.id };
        if !trace.spans.iter().any(is_wait) {
            return waits;
        }
        waits.ids = trace.spans.iter().enumerate().map(|(at, s)| (s.id.as_str(), at)).collect();
        for ((at, span), process) in trace.spans.iter().enumerate().zip(processes(trace)) {
            if let Some(process) = process.filter(|_| !is_wait(span)) {
                waits.done.entry(process).or_default().push((span.end, at));
            }
        }
        waits
    }

    fn targets(&self, span: &Span) -> Vec<usize> {
        if !is_wait(span) {
            return Vec::new();
        }
        let about = |key: &str| key == names::LINK_DEPENDENCY;
        let linked: Vec<usize> = (span.links.iter())
            .filter(|l| value::find(&l.attributes, names::LINK_TYPE).as_deref().is_some_and(about))
            .filter(|l| const_hex::encode(&l.trace_id) == self.trace)
            .filter_map(|l| self.ids.get(const_hex::encode(&l.span_id).as_str()).copied())
            .collect();
        if !linked.is_empty() {
            return linked;
        }
        // Of what the dependency did until then the last counts, and of that the whole: it stands before its parts.
        let done = span.attribute(names::DEPENDENCY_NAME).and_then(|name| self.done.get(&name));
        let until = done.into_iter().flatten().filter(|(ended, _)| *ended <= span.end);
        until
            .max_by_key(|(ended, at)| (*ended, std::cmp::Reverse(*at)))
            .map(|(_, at)| *at)
            .into_iter()
            .collect()
    }
}

fn is_wait(span: &Span) -> bool {
    span.name == names::SPAN_WAIT_DEPENDENCY
}

/// Adds the children that this span waited for until then, each with the time until which it was waited for.
fn waited_for(trace: &Trace, at: usize, until: u64, found: &mut BinaryHeap<(u64, usize)>) {
    let Some(span) = trace.spans.get(at) else { return };
    let mut until = until.min(span.end);
    let mut children: Vec<(usize, &Span)> =
        span.children.iter().filter_map(|c| Some((*c, trace.spans.get(*c)?))).collect();
    // The last to end comes first; of those that ended together, the one that began first.
    children.sort_by(|(a, x), (b, y)| y.end.cmp(&x.end).then(x.start.cmp(&y.start)).then(b.cmp(a)));
    let mut rest = children.as_slice();
    loop {
        // Whoever ended later than the time in question was waited for until then: the one that began first counts.
        let late = rest.iter().take_while(|(_, child)| child.end >= until).count();
        let (running, ended) = rest.split_at(late);
        let first = (running.iter().filter(|(_, child)| child.start < until))
            .min_by(|(a, x), (b, y)| x.start.cmp(&y.start).then(b.cmp(a)));
        let (Some((next, child)), remaining) = (match first {
            Some(one) => (Some(one), ended),
            None => (ended.first(), ended.get(1..).unwrap_or(&[])),
        }) else {
            return;
        };
        found.push((until, *next));
        until = child.start.min(until);
        rest = remaining;
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{span, trace, with};
    use super::*;
    use opentelemetry_proto::tonic::trace::v1::{Span, span::Link};

    fn marked(spans: Vec<Span>) -> Vec<String> {
        let trace = trace(spans);
        let on = path(&trace);
        trace.spans.iter().zip(on).filter(|(_, on)| *on).map(|(s, _)| s.name.clone()).collect()
    }

    #[test]
    fn the_child_that_ended_last_was_waited_for() {
        let spans = vec![
            span("root", 1, 0, 0, 100),
            span("a", 2, 1, 0, 30),
            span("b", 3, 1, 0, 100),
            span("b1", 4, 3, 0, 90),
            span("b2", 5, 3, 90, 100),
        ];
        assert_eq!(marked(spans), ["root", "b", "b1", "b2"]);
    }

    #[test]
    fn before_the_last_child_comes_the_one_that_led_to_it() {
        let spans = vec![
            span("root", 1, 0, 0, 100),
            span("a", 2, 1, 0, 40),
            span("b", 3, 1, 40, 100),
            span("c", 4, 1, 10, 20),
        ];
        assert_eq!(marked(spans), ["root", "a", "b"]);
    }

    #[test]
    fn what_was_waited_for_is_the_culprit_and_what_that_came_after() {
        let trace = trace(super::super::samples::start());
        let on = path(&trace);
        let marked: Vec<String> =
            trace.spans.iter().zip(&on).filter(|(_, on)| **on).map(|(s, _)| s.title()).collect();
        let wanted = [
            "process_manager.start",
            "process_manager.start_process database",
            "process.spawn database-0",
            "process_manager.start_process migrate",
            "process_manager.wait_dependency migrate for database",
            "process.spawn migrate-0",
            "process.run migrate-0",
            "process_manager.start_process web",
            "process_manager.wait_dependency web for migrate",
            "process.spawn web-0",
        ];
        assert_eq!(marked, wanted);
    }

    #[test]
    fn a_link_says_what_was_waited_for_and_what_was_up_before_was_not() {
        let wait = |id, start, end, of| {
            let mut wait =
                with(span("process_manager.wait_dependency", id, 2, start, end), &[("dependency.name", "x")]);
            let attributes = with(Span::default(), &[("link.type", "dependency")]).attributes;
            let to = span("", of, 0, 0, 0);
            wait.links =
                vec![Link { trace_id: to.trace_id, span_id: to.span_id, attributes, ..Link::default() }];
            wait
        };
        let spans = vec![
            span("root", 1, 0, 0, 100),
            span("web", 2, 1, 0, 100),
            wait(3, 20, 90, 6),
            wait(4, 15, 20, 5),
            span("up before", 5, 1, 0, 10),
            span("culprit", 6, 7, 30, 90),
            span("before it", 7, 1, 10, 30),
            span("beside", 8, 1, 0, 95),
        ];
        let wait = "process_manager.wait_dependency";
        assert_eq!(marked(spans), ["root", "web", wait, wait, "before it", "culprit"]);
    }

    #[test]
    fn waits_that_go_in_a_circle_end() {
        let wait = |id, parent, on| {
            with(span("process_manager.wait_dependency", id, parent, 0, 50), &[("dependency.name", on)])
        };
        let process =
            |id, name| with(span("process_manager.start_process", id, 1, 0, 50), &[("process.name", name)]);
        let spans = vec![
            span("root", 1, 0, 0, 50),
            process(2, "a"),
            wait(3, 2, "b"),
            process(4, "b"),
            wait(5, 4, "a"),
        ];
        assert_eq!(marked(spans).len(), 5);
    }
}
