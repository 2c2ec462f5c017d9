//! The critical path of a trace: the chain of spans that decided when its roots ended. Pure.

use super::model::{Span, Trace};

/// Whether each span is on the critical path of its root.
///
/// Walks back from the end: of the children that began before the time in question, the one that ended last was
/// waited for; then the same inside it, and before it.
#[must_use]
pub(super) fn path(trace: &Trace) -> Vec<bool> {
    let mut found = vec![false; trace.spans.len()];
    let mut left: Vec<(usize, u64)> = (trace.spans.iter().enumerate())
        .filter(|(_, s)| s.parent.is_none())
        .map(|(at, s)| (at, s.end))
        .collect();
    while let Some((at, until)) = left.pop() {
        if let Some(on_path) = found.get_mut(at) {
            *on_path = true;
        }
        waited_for(trace, at, until, &mut left);
    }
    found
}

/// Adds the children that this span waited for until then, each with the time until which it was waited for.
fn waited_for(trace: &Trace, at: usize, until: u64, found: &mut Vec<(usize, u64)>) {
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
        found.push((*next, until));
        until = child.start.min(until);
        rest = remaining;
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{span, trace};
    use super::*;

    fn marked(spans: Vec<opentelemetry_proto::tonic::trace::v1::Span>) -> Vec<String> {
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
}
