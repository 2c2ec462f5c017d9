//! The `TelemetryActor`: moves spans from the queue to the store, and from the store through the exporter, as the pure
//! [`Batcher`] decides. Owns the exporter, the store, the batch in flight and what is said about the receiver, once for
//! each change. Must never be on the supervision arbiter, and holds no timer while nothing is queued or waits. Woken by
//! [`super::Queue`].

use super::health::{LastError, ReceiverState};
use super::messages::{Flush, FlushKind, Parts, Wake};
use super::{Answer, FlushOutcome, News};
use crate::ports::{Level, LogRecord, Value};
use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, SpawnHandle, WrapFuture};
use phpeek_core::backoff::Jitter;
use phpeek_core::batch::{Batcher, Decision, Split};
use std::time::Duration;
use tokio::sync::oneshot;

/// Spans exported since the last trim before it is worth another, and the shortest time between two.
const TRIM_SPANS: u64 = 512;
const TRIM_EVERY: Duration = Duration::from_secs(10);
/// A request of fewer bytes than this is not too large for any receiver: what it refuses then is not the size.
const SMALL_REQUEST: usize = 32 << 10;
/// News for which the lists between queue and store keep their memory.
const SPARE: usize = 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct InFlight {
    spans: u64,
    bytes: usize,
}

/// Moves spans from the queue to the receiver.
pub struct TelemetryActor {
    parts: Parts,
    batcher: Batcher,
    in_flight: Option<InFlight>,
    attempt: Option<SpawnHandle>,
    timer: Option<SpawnHandle>,
    flush_timer: Option<SpawnHandle>,
    flushes: Vec<(FlushKind, oneshot::Sender<FlushOutcome>)>,
    /// Until when the actor looks by itself.
    look_again: Option<Duration>,
    /// Empty lists, for their memory.
    spare: [Vec<News>; 2],
    receiver: ReceiverState,
    trim_spans: u64,
    trimmed_at: Option<Duration>,
}

impl TelemetryActor {
    /// An actor that has sent nothing.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            batcher: Batcher::new(parts.rules),
            parts,
            in_flight: None,
            attempt: None,
            timer: None,
            flush_timer: None,
            flushes: Vec::new(),
            look_again: None,
            spare: Default::default(),
            receiver: ReceiverState::Good,
            trim_spans: 0,
            trimmed_at: None,
        }
    }

    fn advance(&mut self, ctx: &mut Context<Self>) {
        if let Some(timer) = self.timer.take() {
            ctx.cancel_future(timer);
        }
        self.gather();
        let now = self.parts.clock.now();
        let waiting = usize::try_from(self.parts.store.waiting()).unwrap_or(usize::MAX);
        let due = match self.batcher.decide(now, waiting) {
            Decision::Nothing => None,
            Decision::At(at) => Some(at),
            Decision::Take { most } => {
                self.send(most, ctx);
                None
            }
        };
        if let Some(at) = due.into_iter().chain(self.look_again).min() {
            self.timer = Some(ctx.run_later(at.saturating_sub(now), |actor, ctx| {
                actor.timer = None;
                actor.advance(ctx);
            }));
        }
        self.end_flush_if_done(ctx);
    }

    /// Moves what is queued into the store.
    fn gather(&mut self) {
        let [list, kept] = std::mem::take(&mut self.spare);
        let (mut list, mut kept) = (self.parts.queue.take(list), kept);
        if list.is_empty() {
            let now = self.parts.clock.now();
            match self.look_again {
                // Something may have come between the two looks: then there is another one.
                Some(at) if now >= at => {
                    self.look_again = if self.parts.queue.rest() { None } else { Some(now) };
                }
                Some(_) => {}
                // Woken for nothing: the store is to look at what was there before us.
                None => self.store(&mut kept, 0),
            }
        } else {
            let left_out = self.parts.sift.pass(&mut list, &mut kept);
            self.store(&mut kept, left_out);
            self.look_again = Some(self.parts.clock.now().saturating_add(self.parts.linger));
        }
        list.shrink_to(SPARE);
        kept.shrink_to(SPARE);
        self.spare = [list, kept];
    }

    fn store(&mut self, kept: &mut Vec<News>, left_out: u64) {
        self.parts.store.keep(kept);
        kept.clear();
        if left_out > 0 {
            self.parts.queue.leave_out(left_out);
        }
        self.account();
    }

    /// Tells the account what the store has found and lost.
    fn account(&self) {
        self.parts.queue.account_store(self.parts.store.recovered(), self.parts.store.dropped());
    }

    fn send(&mut self, most: usize, ctx: &mut Context<Self>) {
        let Some(batch) = self.parts.store.batch(most) else {
            // What waited could not be read or had become too old.
            self.account();
            return self.batcher.abandon();
        };
        self.in_flight = Some(InFlight { spans: batch.spans, bytes: batch.request.len() });
        let attempt = self.parts.exporter.export(batch);
        self.attempt = Some(ctx.spawn(attempt.into_actor(self).map(|answer, actor, ctx| {
            actor.attempt = None;
            actor.answered(answer);
            actor.advance(ctx);
        })));
    }

    fn answered(&mut self, answer: Answer) {
        let Some(InFlight { spans, bytes }) = self.in_flight.take() else { return };
        match answer {
            Answer::Accepted { rejected } => {
                let rejected = rejected.min(spans);
                self.settle(spans - rejected, rejected, true);
                self.trim_spans += spans;
                match rejected {
                    0 => self.say(ReceiverState::Good, String::new()),
                    n => self
                        .say(ReceiverState::Refusing, format!("the receiver rejected {n} of {spans} spans")),
                }
                self.trim_when_drained();
            }
            Answer::TooLarge { cause } => self.too_large(spans, bytes, cause),
            Answer::Refused { cause } => self.refused(spans, cause),
            Answer::Retry { after, cause } => {
                self.parts.store.put_back();
                self.account();
                self.batcher.failed(self.parts.clock.now(), after, Jitter(fastrand::u16(..)));
                self.say(ReceiverState::Failing, cause);
            }
        }
    }

    fn settle(&mut self, exported: u64, failed: u64, well: bool) {
        self.parts.store.settle();
        self.account();
        self.parts.queue.settle(exported, failed);
        self.batcher.settled(well);
    }

    fn refused(&mut self, spans: u64, cause: String) {
        self.settle(0, spans, false);
        self.say(ReceiverState::Refusing, cause);
    }

    fn too_large(&mut self, spans: u64, bytes: usize, cause: String) {
        if bytes < SMALL_REQUEST {
            return self.refused(spans, cause);
        }
        match self.batcher.too_large(usize::try_from(spans).unwrap_or(usize::MAX)) {
            Split::Smaller => {
                self.parts.store.put_back();
                self.account();
            }
            Split::Indivisible => self.refused(spans, cause),
        }
    }

    fn trim_when_drained(&mut self) {
        let now = self.parts.clock.now();
        let rested = self.trimmed_at.is_none_or(|at| now.saturating_sub(at) >= TRIM_EVERY);
        if self.trim_spans >= TRIM_SPANS && rested && self.parts.store.waiting() == 0 {
            self.trim_spans = 0;
            self.trimmed_at = Some(now);
            (self.parts.trim)();
        }
    }

    /// Says a change of the receiver's state, once; keeps the last cause for whoever asks.
    fn say(&mut self, state: ReceiverState, cause: String) {
        let (at, target) = (self.parts.clock.now(), self.parts.exporter.target());
        self.parts.queue.note_health(|health| {
            health.state = state;
            health.target = target;
            match state {
                ReceiverState::Good => health.last_export = Some(at),
                ReceiverState::Failing | ReceiverState::Refusing => {
                    health.last_error = Some(LastError { at, cause: cause.clone() });
                }
            }
        });
        if self.receiver == state {
            return;
        }
        self.receiver = state;
        let (level, message) = match state {
            ReceiverState::Good => (Level::Info, "spans are exported again"),
            ReceiverState::Failing => (Level::Warn, "spans cannot be exported; they are kept and sent again"),
            ReceiverState::Refusing => (Level::Warn, "the receiver refuses spans; they are lost"),
        };
        self.record(level, message, cause);
    }

    fn record(&self, level: Level, message: &'static str, cause: String) {
        let stats = self.parts.queue.stats();
        let count = |n: u64| Value::Int(i64::try_from(n).unwrap_or(i64::MAX));
        let mut fields = vec![
            ("spans_exported", count(stats.exported)),
            ("spans_failed", count(stats.failed)),
            ("spans_dropped", count(stats.dropped_queue_full + stats.dropped.total())),
            ("spans_pending", count(stats.pending)),
        ];
        if !cause.is_empty() {
            fields.insert(0, ("cause", cause.into()));
        }
        let at = self.parts.clock.now();
        self.parts.log.log(LogRecord {
            at,
            level,
            message: message.into(),
            process: None,
            instance: None,
            fields,
        });
    }

    fn end_flush_if_done(&mut self, ctx: &mut Context<Self>) {
        if self.flushes.is_empty() {
            return;
        }
        let drained =
            self.batcher.is_ready() && self.parts.store.waiting() == 0 && self.parts.queue.is_empty();
        if drained || !self.batcher.is_flushing() {
            self.end_flush(ctx);
        }
    }

    fn end_flush(&mut self, ctx: &mut Context<Self>) {
        self.batcher.end_flush();
        if let Some(timer) = self.flush_timer.take() {
            ctx.cancel_future(timer);
        }
        let left = self.parts.queue.stats().pending;
        let last = self.flushes.iter().any(|(kind, _)| *kind == FlushKind::Last);
        let outcome = match (left, last) {
            (0, _) => FlushOutcome::Drained,
            (left, true) => match self.lose_the_rest(ctx) {
                0 => FlushOutcome::Spooled(left),
                lost => FlushOutcome::Left(lost),
            },
            (left, false) => FlushOutcome::Left(left),
        };
        for (_, reply) in self.flushes.drain(..) {
            // Whoever asked may have stopped waiting, and then nobody is to be told.
            reply.send(outcome).ok();
        }
    }

    fn give_attempt_up(&mut self, ctx: &mut Context<Self>) {
        for handle in [self.attempt.take(), self.timer.take()].into_iter().flatten() {
            ctx.cancel_future(handle);
        }
        if self.in_flight.take().is_some() {
            self.parts.store.put_back();
            self.account();
            self.batcher.abandon();
        }
    }

    /// Gives up what does not outlive the program, and says how many spans that were.
    fn lose_the_rest(&mut self, ctx: &mut Context<Self>) -> u64 {
        self.give_attempt_up(ctx);
        let before = self.parts.queue.stats().failed;
        let lost = self.parts.store.lose_what_does_not_last();
        self.account();
        self.parts.queue.settle(0, lost);
        self.parts.queue.give_up();
        self.batcher.abandon();
        let lost = self.parts.queue.stats().failed - before;
        if lost > 0 {
            self.record(
                Level::Warn,
                "spans could not be delivered before the end and are lost",
                String::new(),
            );
        }
        lost
    }
}

impl Actor for TelemetryActor {
    type Context = Context<Self>;
}

impl Handler<Wake> for TelemetryActor {
    type Result = ();

    fn handle(&mut self, _: Wake, ctx: &mut Self::Context) {
        self.advance(ctx);
    }
}

impl Handler<Flush> for TelemetryActor {
    type Result = ();

    fn handle(&mut self, flush: Flush, ctx: &mut Self::Context) {
        let bound = self.batcher.flush(self.parts.clock.now(), flush.limit);
        if flush.kind == FlushKind::Last {
            self.gather();
            let mut kept = std::mem::take(&mut self.spare[1]);
            let left_out = self.parts.sift.decide_all(&mut kept);
            self.store(&mut kept, left_out);
        }
        self.flushes.push((flush.kind, flush.reply));
        if let Some(timer) = self.flush_timer.take() {
            ctx.cancel_future(timer);
        }
        self.flush_timer = Some(ctx.run_later(bound, |actor, ctx| {
            actor.flush_timer = None;
            actor.end_flush(ctx);
            actor.advance(ctx);
        }));
        self.advance(ctx);
    }
}
