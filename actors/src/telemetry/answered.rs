//! What becomes of a batch when its attempt has an answer. Owns the judgement of sizes; the batcher decides when and in
//! which pieces it is sent again.

use super::Answer;
use super::actor::{InFlight, TelemetryActor};
use super::health::ReceiverState;
use crate::ports::Level;
use phpeek_core::backoff::Jitter;
use phpeek_core::batch::{Setback, Split};
use std::time::Duration;

/// Spans exported since the last trim before it is worth another, and the shortest time between two.
const TRIM_SPANS: u64 = 512;
const TRIM_EVERY: Duration = Duration::from_secs(10);
/// A request of fewer bytes than this is not too large for any receiver: what it refuses then is not the size.
const SMALL_REQUEST: usize = 32 << 10;

impl TelemetryActor {
    pub(super) fn answered(&mut self, answer: Answer) {
        let Some(batch) = self.in_flight.take() else { return };
        match answer {
            Answer::Accepted { rejected, said } => self.accepted(batch, rejected, &said),
            Answer::TooLarge { cause } => self.too_large(batch, &cause),
            Answer::Refused { cause } => self.refused(batch, &cause),
            Answer::Retry { after, cause } => self.keep(batch, Setback::Away, after, &cause),
            Answer::Limited { after, cause } => self.keep(batch, Setback::Limited, after, &cause),
        }
    }

    fn accepted(&mut self, InFlight { spans, .. }: InFlight, rejected: u64, said: &str) {
        let rejected = rejected.min(spans);
        (self.panics, self.exporter_panics) = (0, 0);
        self.settle(spans - rejected, rejected, true);
        self.trim_spans += spans;
        let (of, colon) = ("the receiver", if said.is_empty() { "" } else { ": " });
        let items = self.signal.items();
        match rejected {
            0 if said.is_empty() => self.say(ReceiverState::Good, ""),
            0 => {
                self.say(ReceiverState::Good, &format!("{of} took {spans} {items} with a warning: {said}"));
                if !std::mem::replace(&mut self.warned, true) {
                    self.record(Level::Warn, format!("the receiver takes {items} with a warning"), said);
                }
            }
            n => self
                .say(ReceiverState::Refusing, &format!("{of} rejected {n} of {spans} {items}{colon}{said}")),
        }
        self.trim_when_drained();
    }

    fn keep(&mut self, batch: InFlight, setback: Setback, after: Option<Duration>, cause: &str) {
        self.put_back();
        self.queue.put_back(batch.spans);
        let jitter = Jitter(fastrand::u16(..));
        self.batcher.failed(self.clock.now(), batch.size(), setback, after, jitter);
        self.say(ReceiverState::Failing, cause);
    }

    pub(super) fn settle(&mut self, exported: u64, failed: u64, well: bool) {
        self.in_store(|store| store.settle());
        self.account();
        self.queue.settle(exported, failed);
        self.batcher.settled(self.clock.now(), well);
    }

    pub(super) fn refused(&mut self, InFlight { spans, .. }: InFlight, cause: &str) {
        self.exporter_panics = 0;
        self.settle(0, spans, false);
        self.say(ReceiverState::Refusing, cause);
    }

    fn too_large(&mut self, batch: InFlight, cause: &str) {
        if batch.bytes < SMALL_REQUEST {
            return self.refused(batch, cause);
        }
        self.in_halves(batch, cause);
    }

    /// Sends the batch again in halves, at once; one span alone is refused.
    pub(super) fn in_halves(&mut self, batch: InFlight, cause: &str) {
        match self.batcher.too_large(batch.size()) {
            Split::Smaller => self.put_back(),
            Split::Indivisible => self.refused(batch, cause),
        }
    }

    fn trim_when_drained(&mut self) {
        let now = self.clock.now();
        let rested = self.trimmed_at.is_none_or(|at| now.saturating_sub(at) >= TRIM_EVERY);
        if self.trim_spans >= TRIM_SPANS && rested && self.store.waiting() == 0 {
            self.trim_spans = 0;
            self.trimmed_at = Some(now);
            (self.trim)();
        }
    }
}
