//! What each process of a trace took itself: the time in which its own spans ran and it waited for no dependency. Pure.

use crate::model::{Span, Trace};
use crate::process::processes;
use phpeek_core::names;
use std::collections::HashMap;

/// The part of one process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) process: String,
    /// When its own work began: behind what it waited for.
    pub(super) began: u64,
    /// When its last span ended.
    pub(super) ended: u64,
    /// What it took itself, in nanoseconds.
    pub(super) own: u64,
    /// Whether something of it failed.
    pub(super) failed: bool,
    /// What it waited for, and until when.
    pub(super) waits: Vec<(String, u64)>,
}

/// The part of each process, in the order in which they come in the trace.
pub(super) fn shares(trace: &Trace) -> Vec<Share> {
    let mut order: Vec<String> = Vec::new();
    let mut spans: HashMap<String, Vec<&Span>> = HashMap::new();
    for (span, process) in trace.spans.iter().zip(processes(trace)) {
        let Some(process) = process else { continue };
        let list = spans.entry(process.clone()).or_default();
        if list.is_empty() {
            order.push(process);
        }
        list.push(span);
    }
    order.into_iter().map(|process| share(spans.remove(&process).unwrap_or_default(), process)).collect()
}

fn share(spans: Vec<&Span>, process: String) -> Share {
    let (waits, work): (Vec<&Span>, Vec<&Span>) =
        spans.iter().copied().partition(|s| s.name == names::SPAN_WAIT_DEPENDENCY);
    let waited = union(waits.iter().map(|s| (s.start, s.end)).collect());
    let own = without(union(work.iter().map(|s| (s.start, s.end)).collect()), &waited);
    let ended = spans.iter().map(|s| s.end).max().unwrap_or(0);
    Share {
        process,
        began: own.first().map_or(ended, |i| i.0),
        ended,
        own: own.iter().map(|i| i.1 - i.0).sum(),
        failed: spans.iter().any(|s| s.error().is_some()),
        waits: waits.iter().filter_map(|s| Some((s.attribute(names::DEPENDENCY_NAME)?, s.end))).collect(),
    }
}

type Interval = (u64, u64);

/// The same time as disjoint intervals in order.
fn union(mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.sort_unstable();
    let mut merged: Vec<Interval> = Vec::new();
    for (start, end) in intervals {
        match merged.last_mut().filter(|last| last.1 >= start) {
            Some(last) => last.1 = last.1.max(end),
            None => merged.push((start, end)),
        }
    }
    merged
}

/// The time of the first that is not in the second; both disjoint and in order.
fn without(from: Vec<Interval>, taken: &[Interval]) -> Vec<Interval> {
    let mut left = Vec::new();
    let mut taken = taken.iter().peekable();
    for (mut start, end) in from {
        while taken.next_if(|t| t.1 <= start).is_some() {}
        while let Some((begin, until)) = taken.peek().filter(|t| t.0 < end) {
            if *begin > start {
                left.push((start, *begin));
            }
            start = (*until).max(start);
            if start >= end {
                break;
            }
            taken.next();
        }
        if start < end {
            left.push((start, end));
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_arithmetic_of_intervals_is_that_of_sets(
            a in prop::collection::vec((0u64..60, 0u64..9), 0..12),
            b in prop::collection::vec((0u64..60, 0u64..9), 0..12),
        ) {
            let spans = |v: Vec<(u64, u64)>| v.into_iter().map(|(s, d)| (s, s + d)).collect::<Vec<_>>();
            let (a, b) = (spans(a), spans(b));
            let holds = |set: &[Interval], t: u64| set.iter().any(|i| i.0 <= t && t < i.1);
            let left = without(union(a.clone()), &union(b.clone()));
            for t in 0..80 {
                prop_assert_eq!(holds(&left, t), holds(&a, t) && !holds(&b, t), "{} of {:?}", t, left);
            }
            prop_assert!(left.windows(2).all(|w| w[0].1 <= w[1].0));
        }
    }
}
