//! Panics of the parts of telemetry: the part is made anew, what went with it is counted, and it is told. Owns the rule
//! that no panic ends the `TelemetryActor`: a span that waits is never waited for by nobody.

use super::actor::{Base, InFlight, TelemetryActor};
use super::health::ReceiverState;
use super::panics::{Part, text};
use super::{Batch, Dropped, News, Sieve, SpanExporter, SpanStore};
use crate::ports::Level;
use actix::{AsyncContext, Context};
use phpeek_core::backoff::Jitter;
use phpeek_core::batch::{Batcher, Setback};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// Panics of the exporter over one batch until the batch is to blame, and goes in halves.
const TRIES: u32 = 3;
/// After a panic nothing is tried for so long, at least: whatever it is must not keep a processor busy.
const REST: Duration = Duration::from_secs(1);
const MOST_DOUBLINGS: u32 = 5;

impl TelemetryActor {
    pub(super) fn in_sift<T>(&mut self, action: impl FnOnce(&mut dyn Sieve) -> T) -> T {
        let before = std::mem::replace(&mut self.part, Part::Sift);
        let result = action(self.sift.as_mut());
        self.part = before;
        result
    }

    pub(super) fn in_store<T>(&mut self, action: impl FnOnce(&mut dyn SpanStore) -> T) -> T {
        let before = std::mem::replace(&mut self.part, Part::Store);
        let result = action(self.store.as_mut());
        self.part = before;
        result
    }

    /// Runs a handler. Everything that the actor does goes through here.
    pub(super) fn guarded(
        &mut self,
        ctx: &mut Context<Self>,
        action: impl FnOnce(&mut Self, &mut Context<Self>),
    ) {
        self.part = Part::Actor;
        // The part that has panicked is thrown away; what the others were told stands.
        let Err(payload) = catch_unwind(AssertUnwindSafe(|| action(self, ctx))) else { return };
        let (part, cause) = (self.part, text(payload.as_ref()));
        let again = catch_unwind(AssertUnwindSafe(|| self.start_again(part, &cause, ctx)));
        if again.is_err() {
            // The part cannot be made, or not be told of: what is left tries again with the timer.
            self.queue.note_health(|health| health.state = ReceiverState::Failing);
        }
        self.rest(ctx);
    }

    pub(super) fn in_exporter<T>(&mut self, action: impl FnOnce(&mut dyn SpanExporter) -> T) -> T {
        let before = std::mem::replace(&mut self.part, Part::Exporter);
        let result = action(self.exporter.as_mut());
        self.part = before;
        result
    }

    /// The attempt has panicked.
    pub(super) fn exporter_panicked(&mut self, cause: &str, ctx: &mut Context<Self>) {
        self.start_again(Part::Exporter, cause, ctx);
        self.rest(ctx);
    }

    fn start_again(&mut self, part: Part, cause: &str, ctx: &mut Context<Self>) {
        self.part = part;
        self.panics = self.panics.saturating_add(1);
        self.queue.note_health(|health| health.panics += 1);
        match part {
            // An attempt that is under way has its answer to come, and all is as it was.
            Part::Actor if self.attempt.is_some() => {}
            Part::Actor => self.forget_attempt(ctx),
            Part::Sift => self.sift = (self.make_sift)(),
            Part::Store => self.new_store(ctx),
            Part::Exporter => {
                self.exporter = (self.make_exporter)();
                self.blame_the_batch(cause);
            }
        }
        // All that is pending and lies nowhere went with the part.
        let lies = self.queue.len() as u64 + self.sift.undecided() + self.store.waiting();
        self.queue.lose(self.queue.stats().pending.saturating_sub(lies));
        self.part = Part::Actor;
        let told = part.told(self.signal.items());
        self.say(ReceiverState::Failing, &format!("{told}: {cause}"));
        self.record(Level::Error, told, cause);
        if !self.batcher.is_flushing() {
            // Whoever waits for a flush is not to wait for the next try.
            self.end_flush_if_over(ctx);
        }
    }

    fn forget_attempt(&mut self, ctx: &mut Context<Self>) {
        if let Some(attempt) = self.attempt.take() {
            ctx.cancel_future(attempt);
        }
        let spans = self.in_flight.take().map_or(usize::MAX, InFlight::size);
        self.put_back();
        // A flush that was going on has failed, and whoever asked for it is told.
        let hasty = self.batcher.is_hasty();
        self.batcher = Batcher::new(self.rules);
        if hasty {
            self.batcher.hasten();
        }
        self.batcher.failed(self.clock.now(), spans, Setback::Away, None, Jitter(fastrand::u16(..)));
    }

    /// A store that lies on a disk finds there what the one before had written: that is not recovered, it is ours.
    fn new_store(&mut self, ctx: &mut Context<Self>) {
        let stats = self.queue.stats();
        let had = stats.pending.saturating_sub(self.queue.len() as u64 + self.sift.undecided());
        // First the old one goes, with its lock.
        self.store = Box::new(Nothing::default());
        self.store = (self.make_store)();
        self.store.keep(&mut Vec::new());
        let ours = self.store.recovered().min(had);
        self.base = Base { recovered: stats.recovered, dropped: stats.dropped, ours };
        self.forget_attempt(ctx);
    }

    fn blame_the_batch(&mut self, cause: &str) {
        let Some(batch) = self.in_flight.take() else { return };
        self.exporter_panics = self.exporter_panics.saturating_add(1);
        if self.exporter_panics < TRIES {
            self.put_back();
            let jitter = Jitter(fastrand::u16(..));
            return self.batcher.failed(self.clock.now(), batch.size(), Setback::Away, None, jitter);
        }
        self.in_halves(batch, cause);
    }

    /// Looks again after a while, whatever else happens; longer when it panics again and again.
    fn rest(&mut self, ctx: &mut Context<Self>) {
        let rest = REST.saturating_mul(1 << self.panics.saturating_sub(1).min(MOST_DOUBLINGS));
        self.look_at(Some(rest), ctx);
    }
}

/// In place of a store that is being made anew. What it is given is lost, and counted.
#[derive(Default)]
struct Nothing(Dropped);

impl SpanStore for Nothing {
    fn keep(&mut self, news: &mut Vec<News>) {
        self.0.damaged +=
            news.drain(..).filter(|one| matches!(one, News::Ended(_) | News::Item(_))).count() as u64;
    }

    fn waiting(&self) -> u64 {
        0
    }

    fn batch(&mut self, _: usize) -> Option<Batch> {
        None
    }

    fn settle(&mut self) {}

    fn put_back(&mut self) {}

    fn dropped(&self) -> Dropped {
        self.0
    }

    fn recovered(&self) -> u64 {
        0
    }

    fn is_durable(&self) -> bool {
        false
    }

    fn lose_what_does_not_last(&mut self) -> u64 {
        0
    }
}
