//! Which traces are kept although the rate left them out: those that failed or took too long, whole. Pure: a trace is
//! a number, a span is whatever the caller has. Owns the spans of undecided traces, within a bound. Must never decide
//! a trace twice in different ways, except to keep what failed late.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Most spans that wait for a decision. Beyond it the trace that began first is decided by what is known.
const MOST_WAITING: usize = 16_384;
/// Most traces that wait for one: the end of a span that was dropped is never told.
const MOST_TRACES: usize = 16_384;
/// Most decisions that are remembered, for spans that end after their trace was decided (a oneshot that outlives the
/// start).
const MOST_DECIDED: usize = 4096;

/// What is kept beside what the rate chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TailRules {
    /// Traces in which a span failed.
    pub errors: bool,
    /// Traces whose local root took at least this long.
    pub slow: Option<Duration>,
}

/// Whether the decision of whoever called stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallersDecision {
    /// It does.
    Stands,
    /// The rate decides in any case.
    Ignored,
}

/// What was decided when the local part of a trace began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head {
    /// The rate chose it.
    Chosen,
    /// The rate left it out.
    LeftOut,
    /// Whoever called decided to record it.
    CalledSampled,
    /// Whoever called decided against it, and that stands.
    CalledUnsampled,
}

/// For how many traces a kept one stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// As many as the rate says.
    ByRate,
    /// For itself: every trace like it is kept.
    One,
}

/// What became of a span.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict<T> {
    /// Kept.
    Keep(T, Weight),
    /// Left out.
    LeaveOut(T),
}

/// A span that has ended.
#[derive(Debug)]
pub struct Ended<T> {
    /// Its trace.
    pub trace: u128,
    /// The span.
    pub span: T,
    /// Whether it failed.
    pub failed: bool,
    /// Whether nothing of this program is above it.
    pub local_root: bool,
    /// How long it took.
    pub duration: Duration,
    /// The decision at the head of its trace.
    pub head: Head,
}

#[derive(Debug)]
struct Trace<T> {
    head: Head,
    open: usize,
    failed: bool,
    slow: bool,
    spans: Vec<T>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    Keep(Weight),
    LeaveOut,
}

/// The undecided traces, and the decisions of late.
#[derive(Debug)]
pub struct Tail<T> {
    rules: TailRules,
    undecided: BTreeMap<u128, Trace<T>>,
    /// The undecided ones in the order in which they began; may name some that are decided.
    order: VecDeque<u128>,
    waiting: usize,
    decided: BTreeMap<u128, (Head, Decision)>,
    forgotten_next: VecDeque<u128>,
}

impl<T> Tail<T> {
    /// Nothing has begun.
    #[must_use]
    pub fn new(rules: TailRules) -> Self {
        Self {
            rules,
            undecided: BTreeMap::new(),
            order: VecDeque::new(),
            waiting: 0,
            decided: BTreeMap::new(),
            forgotten_next: VecDeque::new(),
        }
    }

    /// Spans that wait for a decision.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// A span of this trace has begun; gives the decision at the head of the trace.
    pub fn begun(&mut self, trace: u128, head: Head) -> Head {
        if let Some((head, _)) = self.decided.get(&trace) {
            return *head;
        }
        let order = &mut self.order;
        let entry = self.undecided.entry(trace).or_insert_with(|| {
            order.push_back(trace);
            Trace { head, open: 0, failed: false, slow: false, spans: Vec::new() }
        });
        entry.open += 1;
        entry.head
    }

    /// A span has ended: what is decided by that goes to `out`.
    pub fn ended(&mut self, ended: Ended<T>, out: &mut Vec<Verdict<T>>) {
        let Ended { trace, span, failed, local_root, duration, head } = ended;
        let slow = local_root && self.rules.slow.is_some_and(|limit| duration >= limit);
        let Some(entry) = self.undecided.get_mut(&trace) else {
            return self.ended_late(trace, span, failed, slow, head, out);
        };
        entry.failed |= failed;
        entry.slow |= slow;
        entry.spans.push(span);
        entry.open = entry.open.saturating_sub(1);
        self.waiting += 1;
        if entry.open == 0 {
            self.decide(trace, out);
        }
        while self.waiting > MOST_WAITING || self.undecided.len() > MOST_TRACES {
            let Some(oldest) = self.order.pop_front() else { break };
            self.decide(oldest, out);
        }
    }

    /// Decides everything by what is known: the program ends.
    pub fn decide_all(&mut self, out: &mut Vec<Verdict<T>>) {
        while let Some(trace) = self.order.pop_front() {
            self.decide(trace, out);
        }
    }

    /// A span of a trace that is decided, or of which no beginning was told.
    fn ended_late(
        &mut self,
        trace: u128,
        span: T,
        failed: bool,
        slow: bool,
        head: Head,
        out: &mut Vec<Verdict<T>>,
    ) {
        let (head, before) = self.decided.get(&trace).copied().unwrap_or((head, Decision::LeaveOut));
        let decision = match before {
            Decision::Keep(weight) => Decision::Keep(weight),
            Decision::LeaveOut => self.judge(head, failed, slow),
        };
        if decision != before {
            self.remember(trace, head, decision);
        }
        out.push(verdict(span, decision));
    }

    fn decide(&mut self, trace: u128, out: &mut Vec<Verdict<T>>) {
        let Some(entry) = self.undecided.remove(&trace) else { return };
        let decision = self.judge(entry.head, entry.failed, entry.slow);
        self.waiting = self.waiting.saturating_sub(entry.spans.len());
        out.extend(entry.spans.into_iter().map(|span| verdict(span, decision)));
        self.remember(trace, entry.head, decision);
        // Names of decided traces gather at the front, since most traces end in the order in which they began.
        while self.order.front().is_some_and(|first| !self.undecided.contains_key(first)) {
            self.order.pop_front();
        }
    }

    fn judge(&self, head: Head, failed: bool, slow: bool) -> Decision {
        match head {
            Head::CalledUnsampled => Decision::LeaveOut,
            Head::CalledSampled => Decision::Keep(Weight::ByRate),
            Head::Chosen | Head::LeftOut if slow || (failed && self.rules.errors) => {
                Decision::Keep(Weight::One)
            }
            Head::Chosen => Decision::Keep(Weight::ByRate),
            Head::LeftOut => Decision::LeaveOut,
        }
    }

    fn remember(&mut self, trace: u128, head: Head, decision: Decision) {
        if self.decided.insert(trace, (head, decision)).is_none() {
            self.forgotten_next.push_back(trace);
        }
        if self.forgotten_next.len() > MOST_DECIDED
            && let Some(oldest) = self.forgotten_next.pop_front()
        {
            self.decided.remove(&oldest);
        }
    }
}

fn verdict<T>(span: T, decision: Decision) -> Verdict<T> {
    match decision {
        Decision::Keep(weight) => Verdict::Keep(span, weight),
        Decision::LeaveOut => Verdict::LeaveOut(span),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "a test may fail")]
    use super::*;
    use proptest::prelude::*;

    const RULES: TailRules = TailRules { errors: true, slow: Some(Duration::from_secs(5)) };

    fn ended(trace: u128, span: u32, failed: bool, head: Head) -> Ended<u32> {
        Ended { trace, span, failed, local_root: false, duration: Duration::ZERO, head }
    }

    #[test]
    fn a_trace_that_failed_is_kept_whole_and_stands_for_itself() {
        let (mut tail, mut out) = (Tail::new(RULES), Vec::new());
        for _ in 0..3 {
            tail.begun(1, Head::LeftOut);
        }
        tail.ended(ended(1, 10, false, Head::LeftOut), &mut out);
        tail.ended(ended(1, 11, true, Head::LeftOut), &mut out);
        assert_eq!((out.len(), tail.waiting()), (0, 2));
        tail.ended(ended(1, 12, false, Head::LeftOut), &mut out);
        let kept: Vec<_> = [10, 11, 12].map(|s| Verdict::Keep(s, Weight::One)).into();
        assert_eq!(out, kept);
    }

    #[test]
    fn a_failure_after_the_decision_is_kept_and_what_follows_it() {
        let (mut tail, mut out) = (Tail::new(RULES), Vec::new());
        tail.begun(1, Head::LeftOut);
        tail.ended(ended(1, 1, false, Head::LeftOut), &mut out);
        for (span, failed) in [(2, false), (3, true), (4, false)] {
            tail.begun(1, Head::LeftOut);
            tail.ended(ended(1, span, failed, Head::LeftOut), &mut out);
        }
        let wanted = vec![
            Verdict::LeaveOut(1),
            Verdict::LeaveOut(2),
            Verdict::Keep(3, Weight::One),
            Verdict::Keep(4, Weight::One),
        ];
        assert_eq!(out, wanted);
    }

    #[test]
    fn a_slow_root_is_kept_and_the_callers_decision_stands() {
        let (mut tail, mut out) = (Tail::new(RULES), Vec::new());
        let slow = |trace, head| Ended {
            local_root: true,
            duration: Duration::from_secs(5),
            ..ended(trace, 0, true, head)
        };
        for (trace, head) in [(1, Head::LeftOut), (2, Head::CalledUnsampled), (3, Head::CalledSampled)] {
            tail.begun(trace, head);
            tail.ended(slow(trace, head), &mut out);
        }
        let wanted =
            vec![Verdict::Keep(0, Weight::One), Verdict::LeaveOut(0), Verdict::Keep(0, Weight::ByRate)];
        assert_eq!(out, wanted);
    }

    proptest! {
        /// Whatever the order: every span comes out once, every trace with a failure is kept from the first failure
        /// that was known in time on (all of it when nothing was forced), every chosen one is kept, no other is.
        #[test]
        fn every_error_trace_is_kept(spans in prop::collection::vec((0u128..40, 0u8..10), 1..400)) {
            let (mut tail, mut out) = (Tail::new(RULES), Vec::new());
            let chosen = |trace: u128| if trace.is_multiple_of(5) { Head::Chosen } else { Head::LeftOut };
            let failed = |what: u8| what == 0;
            for (trace, _) in &spans {
                tail.begun(*trace, chosen(*trace));
            }
            for (number, (trace, what)) in (0u32..).zip(&spans) {
                tail.ended(ended(*trace, number, failed(*what), chosen(*trace)), &mut out);
            }
            prop_assert_eq!((out.len(), tail.waiting()), (spans.len(), 0));
            for verdict in out {
                let (span, kept) = match verdict {
                    Verdict::Keep(span, weight) => (span, Some(weight)),
                    Verdict::LeaveOut(span) => (span, None),
                };
                let trace = spans[span as usize].0;
                let error = spans.iter().any(|(t, what)| *t == trace && failed(*what));
                let wanted = match (error, chosen(trace)) {
                    (true, _) => Some(Weight::One),
                    (false, Head::Chosen) => Some(Weight::ByRate),
                    _ => None,
                };
                prop_assert_eq!(kept, wanted);
            }
        }

        /// However much begins and never ends, what waits is bounded.
        #[test]
        fn what_waits_is_bounded(extra in 0usize..3000) {
            let (mut tail, mut out) = (Tail::new(RULES), Vec::new());
            for number in 0..MOST_WAITING + extra {
                let trace = (number / 64) as u128;
                for _ in 0..2 {
                    tail.begun(trace, Head::Chosen);
                }
                tail.ended(ended(trace, 0, false, Head::Chosen), &mut out);
                prop_assert!(tail.waiting() <= MOST_WAITING);
            }
            let before = out.len();
            tail.decide_all(&mut out);
            prop_assert_eq!(out.len(), MOST_WAITING + extra);
            prop_assert!(before >= extra.min(1) * 64 || extra == 0);
        }
    }
}
