//! Flushes: their end, and what becomes of what could not be delivered. How long one may take is the batcher's.

use super::FlushOutcome;
use super::actor::TelemetryActor;
use super::messages::{Flush, FlushKind};
use crate::ports::Level;
use actix::{AsyncContext, Context};

impl TelemetryActor {
    pub(super) fn begin_flush(&mut self, flush: Flush, ctx: &mut Context<Self>) {
        self.flushes.push((flush.kind, flush.reply));
        self.batcher.flush(self.clock.now(), flush.limit);
        if flush.kind == FlushKind::Last {
            self.gather();
            let mut kept = std::mem::take(&mut self.spare[1]);
            let left_out = self.in_sift(|sift| sift.decide_all(&mut kept));
            self.keep_news(&mut kept, left_out);
        }
        self.advance(ctx);
    }

    /// Ends the flush when all is delivered or its time is over.
    pub(super) fn end_flush_if_over(&mut self, ctx: &mut Context<Self>) {
        if self.flushes.is_empty() {
            return;
        }
        let drained = self.batcher.is_ready() && self.store.waiting() == 0 && self.queue.is_empty();
        let alive = self.in_exporter(|exporter| exporter.is_alive());
        if drained || self.batcher.is_flush_over(self.clock.now(), alive) {
            self.end_flush(ctx);
        }
    }

    fn end_flush(&mut self, ctx: &mut Context<Self>) {
        let left = self.queue.stats().pending;
        let last = self.flushes.iter().any(|(kind, _)| *kind == FlushKind::Last);
        let outcome = match (left, last) {
            (0, _) => FlushOutcome::Drained,
            (left, true) => match self.lose_the_rest(ctx) {
                0 => FlushOutcome::Spooled(left),
                lost => FlushOutcome::Left(lost),
            },
            (left, false) => FlushOutcome::Left(left),
        };
        self.batcher.end_flush();
        for (_, reply) in self.flushes.drain(..) {
            // Whoever asked may have stopped waiting, and then nobody is to be told.
            reply.send(outcome).ok();
        }
    }

    /// Gives up what does not outlive the program, and says how many spans that were.
    fn lose_the_rest(&mut self, ctx: &mut Context<Self>) -> u64 {
        for handle in [self.attempt.take(), self.timer.take()].into_iter().flatten() {
            ctx.cancel_future(handle);
        }
        if self.in_flight.take().is_some() {
            self.put_back();
        }
        self.batcher.abandon(None);
        let before = self.queue.stats().failed;
        let lost = self.in_store(|store| store.lose_what_does_not_last());
        self.account();
        self.queue.settle(0, lost);
        self.queue.give_up();
        let lost = self.queue.stats().failed - before;
        if lost > 0 {
            let items = self.signal.items();
            self.record(
                Level::Warn,
                format!("{items} could not be delivered before the end and are lost"),
                "",
            );
        }
        lost
    }
}
