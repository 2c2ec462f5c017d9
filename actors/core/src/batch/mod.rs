//! When a batch of spans goes out and how large it is: what is due, what is in flight, when a failed batch is tried
//! again and in which pieces, how long a flush may take. Pure; `now` and jitter are arguments. Must never know what a
//! span is.

mod flush;
mod flushing;
#[cfg(test)]
mod tests;

pub use flush::Receiver;

use crate::backoff::{Backoff, Jitter};
use flush::Flush;
use std::time::Duration;

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

/// Why a batch is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setback {
    /// The receiver is away, or cannot take spans now.
    Away,
    /// It is there and wants less: fewer at a time, or smaller pieces. Nobody says which of the two.
    Limited,
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
/// How often a batch is sent whole to a receiver that limits, before it goes in halves.
const WHOLE: u32 = 3;
/// The longest that a receiver is left alone when it asks for it.
const LONGEST_ASKED: Duration = Duration::from_secs(300);

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
    /// Attempts that failed since the last that went well, or since a batch was split: the number of the backoff.
    failures: u32,
    /// How often the batch that is kept met a limit.
    limited: u32,
    /// The size of a batch that was sent and is kept: what waits behind it never goes with it.
    kept: Option<usize>,
    receiver: Receiver,
    flush: Option<Flush>,
    hasty: bool,
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
            limited: 0,
            kept: None,
            receiver: Receiver::default(),
            flush: None,
            hasty: false,
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
            (self.due, self.kept) = (None, None);
            return Decision::Nothing;
        }
        match self.phase {
            Phase::Held { until } if self.flush.is_none() && now < until => Decision::At(until),
            Phase::Held { .. } => self.take(now, waiting),
            Phase::Ready | Phase::InFlight { .. } => self.decide_ready(now, waiting),
        }
    }

    fn decide_ready(&mut self, now: Duration, waiting: usize) -> Decision {
        let delay = if self.sent_before { self.rules.delay } else { self.rules.first_delay };
        let due = *self.due.get_or_insert(now.saturating_add(delay));
        // A receiver that takes little at a time gets it without a pause.
        let full = waiting >= self.rules.batch.min(self.limit);
        if self.hasty || self.flush.is_some() || full || now >= due {
            return self.take(now, waiting);
        }
        Decision::At(due)
    }

    fn take(&mut self, now: Duration, waiting: usize) -> Decision {
        self.due = None;
        self.sent_before = true;
        self.phase = Phase::InFlight { since: now };
        if let Some(flush) = &mut self.flush {
            flush.begin_wait(now, self.receiver);
        }
        let backlog = waiting >= self.rules.batch.saturating_mul(BACKLOG);
        // A flush has time for so many answers of a slow receiver, and no more.
        let few = self.flush.is_some() && self.receiver.is_slow();
        let most = if backlog || few { self.rules.backlog_batch } else { self.rules.batch };
        Decision::Take { most: most.min(self.limit).min(self.kept.unwrap_or(usize::MAX)).max(1) }
    }

    /// The attempt in flight has its final answer, good or bad: the batch is gone. `answered_well` says whether the
    /// receiver took it.
    pub fn settled(&mut self, now: Duration, answered_well: bool) {
        if let Phase::InFlight { since } = self.phase {
            self.receiver.answered(now.saturating_sub(since));
        }
        self.phase = Phase::Ready;
        (self.kept, self.limited) = (None, 0);
        // A refusal is an answer too, and who answers is there.
        self.failures = 0;
        self.taken_in_a_row = if answered_well { self.taken_in_a_row.saturating_add(1) } else { 0 };
        if self.taken_in_a_row >= GROW_AFTER {
            self.taken_in_a_row = 0;
            self.limit = self.limit.saturating_mul(2);
        }
    }

    /// The receiver found the batch in flight, of `spans` spans, too large. A batch that can be split goes out again
    /// at once, in halves; one that cannot is over, and the caller settles it.
    pub fn too_large(&mut self, spans: usize) -> Split {
        self.phase = Phase::Ready;
        if !self.halve(spans) {
            return Split::Indivisible;
        }
        self.due = Some(Duration::ZERO);
        Split::Smaller
    }

    /// Whether `spans` can go in halves; from here on they do.
    fn halve(&mut self, spans: usize) -> bool {
        self.taken_in_a_row = 0;
        if spans <= 1 {
            return false;
        }
        self.limit = (spans / 2).max(1);
        self.kept = Some(self.limit);
        true
    }

    /// The attempt in flight failed and its batch of `spans` is kept. `after` is what the receiver asked for. A batch
    /// that meets a limit again and again goes in halves. Ends a flush, unless smaller pieces may still get through.
    pub fn failed(
        &mut self,
        now: Duration,
        spans: usize,
        setback: Setback,
        after: Option<Duration>,
        jitter: Jitter,
    ) {
        self.kept = Some(spans.max(1));
        self.limited = if setback == Setback::Limited { self.limited.saturating_add(1) } else { 0 };
        let hurried = self.flush.is_some() && setback == Setback::Limited;
        if (self.limited >= WHOLE || hurried) && setback == Setback::Limited && self.halve(spans) {
            self.failures = 0;
            if hurried {
                self.phase = Phase::Ready;
                return;
            }
        }
        let own = self.rules.backoff.delay(self.failures, jitter);
        let delay = after.map_or(own, |asked| asked.min(LONGEST_ASKED).max(own));
        self.failures = self.failures.saturating_add(1);
        self.phase = Phase::Held { until: now.saturating_add(delay) };
        self.receiver = Receiver::Bad;
        self.flush = None;
    }

    /// The batch in flight was given up, or there was none; `spans` of it wait again.
    pub fn abandon(&mut self, spans: Option<usize>) {
        self.phase = Phase::Ready;
        self.kept = spans.or(self.kept);
        self.flush = None;
    }

    /// From here on spans go out as soon as the receiver has answered: the end is near, and what has gone out by then
    /// need not be waited for.
    pub fn hasten(&mut self) {
        self.hasty = true;
    }

    /// Whether it was hastened.
    #[must_use]
    pub fn is_hasty(&self) -> bool {
        self.hasty
    }

    /// Whether no batch is in flight or held.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.phase == Phase::Ready
    }
}
