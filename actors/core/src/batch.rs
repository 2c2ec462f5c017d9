//! When a batch of spans goes out and how large it is: what is due, what is in flight, when a failed batch is tried
//! again, how long a flush may take. Pure; `now` and jitter are arguments. Must never know what a span is. Called by
//! the `TelemetryActor`, which performs what [`Batcher::decide`] says.

use crate::backoff::{Backoff, Jitter};
use std::time::Duration;

/// An attempt that is pending for this long at the start of a flush has a silent receiver.
const SILENT_AFTER: Duration = Duration::from_millis(500);
/// How much longer a flush waits for a receiver that is silent or known to be bad.
const PATIENCE: Duration = Duration::from_millis(400);

/// The numbers of batching.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Spans of a full batch; at least 1.
    pub batch: usize,
    /// Spans of a batch while many wait, after an outage; at least as many.
    pub backlog_batch: usize,
    /// From the first span ever to its export.
    pub first_delay: Duration,
    /// From the first queued span to its export, later on.
    pub delay: Duration,
    /// Between attempts of a batch that a receiver could not take.
    pub backoff: Backoff,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Nothing, and no timer: a wake or the end of the export in flight comes next.
    Nothing,
    /// Ask again at this time.
    At(Duration),
    /// Send the oldest spans that wait, at most so many.
    Take {
        /// At least 1.
        most: usize,
    },
}

/// What to do with a batch that is too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// Its spans are sent again, fewer at a time.
    Smaller,
    /// It cannot be split: it is lost.
    Indivisible,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Ready,
    InFlight { since: Duration },
    Held { until: Duration },
}

/// Batches in a row that a receiver takes before twice as many spans are tried again.
const GROW_AFTER: u32 = 16;
/// So many full batches wait when it is a backlog.
const BACKLOG: usize = 4;

/// The state of batching. At most one batch is in flight.
#[derive(Debug, Clone)]
pub struct Batcher {
    rules: Rules,
    phase: Phase,
    /// Fewer spans than the rules say, since a receiver found a batch too large.
    limit: usize,
    taken_in_a_row: u32,
    due: Option<Duration>,
    sent_before: bool,
    failures: u32,
    flushing: bool,
}

impl Batcher {
    /// Nothing queued, nothing sent.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            phase: Phase::Ready,
            limit: usize::MAX,
            taken_in_a_row: 0,
            due: None,
            sent_before: false,
            failures: 0,
            flushing: false,
        }
    }

    /// What to do at `now` with `waiting` spans that wait. After `Take` the attempt is in flight.
    pub fn decide(&mut self, now: Duration, waiting: usize) -> Decision {
        if let Phase::InFlight { .. } = self.phase {
            return Decision::Nothing;
        }
        if waiting == 0 {
            // What was held may have been dropped by the store meanwhile.
            self.phase = Phase::Ready;
            self.due = None;
            return Decision::Nothing;
        }
        match self.phase {
            Phase::Held { until } if !self.flushing && now < until => Decision::At(until),
            Phase::Held { .. } => self.take(now, waiting),
            Phase::Ready | Phase::InFlight { .. } => self.decide_ready(now, waiting),
        }
    }

    fn decide_ready(&mut self, now: Duration, waiting: usize) -> Decision {
        let delay = if self.sent_before { self.rules.delay } else { self.rules.first_delay };
        let due = *self.due.get_or_insert(now.saturating_add(delay));
        // A receiver that takes little at a time gets it without a pause.
        if self.flushing || waiting >= self.rules.batch.min(self.limit) || now >= due {
            return self.take(now, waiting);
        }
        Decision::At(due)
    }

    fn take(&mut self, now: Duration, waiting: usize) -> Decision {
        self.due = None;
        self.sent_before = true;
        self.phase = Phase::InFlight { since: now };
        let backlog = waiting >= self.rules.batch.saturating_mul(BACKLOG);
        let most = if backlog { self.rules.backlog_batch } else { self.rules.batch };
        Decision::Take { most: most.min(self.limit).max(1) }
    }

    /// The attempt in flight has its final answer, good or bad: the batch is gone. `answered_well` says whether the
    /// receiver took it.
    pub fn settled(&mut self, answered_well: bool) {
        self.phase = Phase::Ready;
        self.failures = if answered_well { 0 } else { self.failures.saturating_add(1) };
        self.flushing &= answered_well;
        self.taken_in_a_row = if answered_well { self.taken_in_a_row.saturating_add(1) } else { 0 };
        if self.taken_in_a_row >= GROW_AFTER {
            self.taken_in_a_row = 0;
            self.limit = self.limit.saturating_mul(2);
        }
    }

    /// The receiver found the batch in flight, of `spans` spans, too large. A batch that can be split goes out again
    /// at once, in halves; one that cannot is over, and the caller settles it.
    pub fn too_large(&mut self, spans: usize) -> Split {
        self.taken_in_a_row = 0;
        self.phase = Phase::Ready;
        if spans <= 1 {
            return Split::Indivisible;
        }
        self.limit = (spans / 2).max(1);
        self.due = Some(Duration::ZERO);
        Split::Smaller
    }

    /// The attempt in flight failed and the batch is kept. `after` is what the receiver asked for. Ends a flush: a
    /// receiver that cannot take spans now gets one attempt.
    pub fn failed(&mut self, now: Duration, after: Option<Duration>, jitter: Jitter) {
        let own = self.rules.backoff.delay(self.failures, jitter);
        let delay = after.map_or(own, |asked| asked.min(self.rules.backoff.max()).max(own));
        self.failures = self.failures.saturating_add(1);
        self.phase = Phase::Held { until: now.saturating_add(delay) };
        self.flushing = false;
    }

    /// Begins a flush, and says how long it may take: all of `limit` for a receiver that is healthy or untried, a
    /// little for one that is silent or whose last attempt failed.
    pub fn flush(&mut self, now: Duration, limit: Duration) -> Duration {
        self.flushing = true;
        let silent =
            matches!(self.phase, Phase::InFlight { since } if now.saturating_sub(since) >= SILENT_AFTER);
        if silent || self.failures > 0 { limit.min(PATIENCE) } else { limit }
    }

    /// Ends a flush that has used up its time.
    pub fn end_flush(&mut self) {
        self.flushing = false;
    }

    /// The batch in flight was given up.
    pub fn abandon(&mut self) {
        self.phase = Phase::Ready;
        self.flushing = false;
    }

    /// Whether a flush is going on.
    #[must_use]
    pub fn is_flushing(&self) -> bool {
        self.flushing
    }

    /// Whether no batch is in flight or held.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.phase == Phase::Ready
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use proptest::prelude::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn batcher() -> Batcher {
        let backoff = Backoff::new(ms(1000), ms(30_000)).expect("1 s is less than 30 s");
        Batcher::new(Rules {
            batch: 512,
            backlog_batch: 4096,
            first_delay: ms(100),
            delay: ms(1000),
            backoff,
        })
    }

    const FULL: Decision = Decision::Take { most: 512 };

    #[test]
    fn the_first_batch_waits_100_ms_and_later_ones_a_second() {
        let mut b = batcher();
        assert_eq!(b.decide(ms(0), 1), Decision::At(ms(100)));
        assert_eq!(b.decide(ms(100), 3), FULL);
        assert_eq!(b.decide(ms(200), 600), Decision::Nothing, "one export in flight");
        b.settled(true);
        assert_eq!(b.decide(ms(300), 600), FULL, "a full batch goes at once");
        b.settled(true);
        assert_eq!(b.decide(ms(300), 88), Decision::At(ms(1300)));
        assert_eq!(b.decide(ms(400), 0), Decision::Nothing, "no timer when idle");
    }

    #[test]
    fn a_flush_gives_a_bad_or_silent_receiver_little() {
        let mut b = batcher();
        assert_eq!(b.flush(ms(0), ms(2000)), ms(2000));
        assert_eq!(b.decide(ms(0), 1), FULL);
        assert_eq!(b.flush(ms(499), ms(2000)), ms(2000));
        assert_eq!(b.flush(ms(500), ms(2000)), ms(400));
        b.failed(ms(600), None, Jitter::NONE);
        assert!(!b.is_flushing(), "one attempt and done");
        assert_eq!(b.decide(ms(600), 1), Decision::At(ms(1600)));
        assert_eq!(b.flush(ms(700), ms(2000)), ms(400));
        assert_eq!(b.decide(ms(700), 1), FULL);
    }

    #[test]
    fn a_backlog_goes_in_large_batches_and_a_refused_one_in_halves() {
        let mut b = batcher();
        assert_eq!(b.decide(ms(0), 100_000), Decision::Take { most: 4096 });
        assert_eq!(b.too_large(4096), Split::Smaller);
        assert_eq!(b.decide(ms(1), 100_000), Decision::Take { most: 2048 });
        assert_eq!(b.too_large(1), Split::Indivisible);
        for _ in 0..GROW_AFTER {
            assert_eq!(b.decide(ms(2), 100_000), Decision::Take { most: 2048 });
            b.settled(true);
        }
        assert_eq!(b.decide(ms(3), 100_000), Decision::Take { most: 4096 }, "it grows again");
    }

    #[test]
    fn a_small_batch_that_was_too_large_goes_again_at_once() {
        let mut b = batcher();
        assert_eq!(b.decide(ms(0), 2), Decision::At(ms(100)));
        assert_eq!(b.decide(ms(100), 2), FULL);
        assert_eq!(b.too_large(2), Split::Smaller);
        assert_eq!(b.decide(ms(101), 2), Decision::Take { most: 1 });
        b.settled(true);
        assert_eq!(b.decide(ms(102), 1), Decision::Take { most: 1 }, "a full one, for this receiver");
    }

    proptest! {
        /// Whatever happens: one batch at a time, a held batch is sent again within the cap, and no timer is set for
        /// the past or while there is nothing to do.
        #[test]
        fn a_batch_is_never_lost_and_never_doubled(steps in prop::collection::vec((0u8..6, 0u64..5000, 0usize..1200), 1..200)) {
            let mut b = batcher();
            let (mut now, mut in_flight) = (Duration::ZERO, false);
            for (what, later, queued) in steps {
                now += ms(later);
                match what {
                    0 if in_flight => { b.settled(true); in_flight = false; }
                    1 if in_flight => { b.failed(now, Some(ms(later * 20)), Jitter(7)); in_flight = false; }
                    2 if in_flight => { b.settled(false); in_flight = false; }
                    4 if in_flight => { let _split = b.too_large(queued); in_flight = false; }
                    3 => { let _bound = b.flush(now, ms(later)); }
                    _ => match b.decide(now, queued) {
                        Decision::Take { most } => {
                            prop_assert!(!in_flight && queued > 0 && (1..=4096).contains(&most));
                            in_flight = true;
                        }
                        Decision::At(at) => prop_assert!(at > now && at <= now + ms(30_000) && !in_flight && queued > 0),
                        Decision::Nothing => prop_assert!(in_flight || queued == 0),
                    },
                }
            }
        }
    }
}
