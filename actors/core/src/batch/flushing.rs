//! A flush of the batcher: when it begins, how long it may still take, when it is over. Pure.

use super::flush::{Flush, PATIENCE, Receiver};
use super::{Batcher, Phase};
use std::time::Duration;

impl Batcher {
    /// Begins a flush that takes `limit` at most.
    pub fn flush(&mut self, now: Duration, limit: Duration) {
        let mut flush = Flush { ends: now.saturating_add(limit), patience: now, alive: false };
        flush.begin_wait(now, self.receiver);
        if let Phase::InFlight { since } = self.phase {
            flush.begin_wait(since, self.receiver);
            flush.patience = flush.patience.max(now.saturating_add(PATIENCE));
        }
        self.flush = Some(flush);
    }

    /// When to ask [`Self::is_flush_over`]; `None` when no flush goes on.
    #[must_use]
    pub fn flush_ends(&self) -> Option<Duration> {
        self.flush.map(|flush| flush.ends.min(flush.patience))
    }

    /// Whether the flush has used up its time, or there was none. `alive` is whether the receiver has given a sign of
    /// life on its connection: then it may still answer, unless it is known to be bad.
    pub fn is_flush_over(&mut self, now: Duration, alive: bool) -> bool {
        let (phase, receiver) = (self.phase, self.receiver);
        let Some(flush) = &mut self.flush else { return true };
        let since = match phase {
            Phase::InFlight { since } => since,
            Phase::Ready | Phase::Held { .. } => now,
        };
        if now >= flush.patience && alive && !flush.alive && receiver != Receiver::Bad {
            flush.alive = true;
            flush.patience = since.saturating_add(receiver.answer());
        }
        if now < flush.ends.min(flush.patience) {
            return false;
        }
        self.flush = None;
        true
    }

    /// Ends a flush.
    pub fn end_flush(&mut self) {
        self.flush = None;
    }

    /// Whether a flush goes on.
    #[must_use]
    pub fn is_flushing(&self) -> bool {
        self.flush.is_some()
    }
}
