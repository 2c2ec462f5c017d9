//! The `TelemetryActor`: drains the queue through the exporter, as the pure [`Batcher`] decides. Owns the exporter,
//! the batch in flight and what is said about the receiver, once for each change. Must never be on the supervision
//! arbiter, and holds no timer while nothing is queued. Woken by [`super::QueueProcessor`].

use super::{Answer, FlushOutcome, Queue, SpanExporter};
use crate::clock::Clock;
use crate::ports::{Level, LogRecord, LogSink, Value};
use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, SpawnHandle, WrapFuture};
use opentelemetry_sdk::trace::SpanData;
use phpeek_core::backoff::Jitter;
use phpeek_core::batch::{Batcher, Decision, Rules};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// The queue has something to look at.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Wake;

/// Whether supervision goes on after a flush.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlushKind {
    /// What cannot be delivered now stays queued.
    OnRequest,
    /// What cannot be delivered is lost, counted and said.
    Last,
}

/// Deliver what is queued, within `limit`; answers through `reply`.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Flush {
    /// Never longer than this.
    pub limit: Duration,
    /// What happens to the rest.
    pub kind: FlushKind,
    /// Gets the outcome; may be gone.
    pub reply: oneshot::Sender<FlushOutcome>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Receiver {
    Good,
    Failing,
    Refusing,
}

/// Spans exported since the last trim before it is worth another, and the shortest time between two.
const TRIM_SPANS: u64 = 512;
const TRIM_EVERY: Duration = Duration::from_secs(10);

/// Drains the queue through the exporter.
pub struct TelemetryActor {
    queue: Arc<Queue>,
    exporter: Box<dyn SpanExporter>,
    batcher: Batcher,
    clock: Clock,
    log: Arc<dyn LogSink>,
    trim: Box<dyn Fn()>,
    batch: Option<Arc<Vec<SpanData>>>,
    attempt: Option<SpawnHandle>,
    timer: Option<SpawnHandle>,
    flush_timer: Option<SpawnHandle>,
    flushes: Vec<(FlushKind, oneshot::Sender<FlushOutcome>)>,
    receiver: Receiver,
    trim_spans: u64,
    trimmed_at: Option<Duration>,
}

impl TelemetryActor {
    /// An actor that has sent nothing. `trim` is called after a drained burst, to give memory back.
    #[must_use]
    pub fn new(
        queue: Arc<Queue>,
        exporter: Box<dyn SpanExporter>,
        rules: Rules,
        clock: Clock,
        log: Arc<dyn LogSink>,
        trim: Box<dyn Fn()>,
    ) -> Self {
        Self {
            queue,
            exporter,
            batcher: Batcher::new(rules),
            clock,
            log,
            trim,
            batch: None,
            attempt: None,
            timer: None,
            flush_timer: None,
            flushes: Vec::new(),
            receiver: Receiver::Good,
            trim_spans: 0,
            trimmed_at: None,
        }
    }

    fn advance(&mut self, ctx: &mut Context<Self>) {
        if let Some(timer) = self.timer.take() {
            ctx.cancel_future(timer);
        }
        match self.batcher.decide(self.clock.now(), self.queue.len()) {
            Decision::Nothing => {}
            Decision::At(at) => {
                let delay = at.saturating_sub(self.clock.now());
                self.timer = Some(ctx.run_later(delay, |actor, ctx| {
                    actor.timer = None;
                    actor.advance(ctx);
                }));
            }
            Decision::Take => {
                self.batch = Some(Arc::new(self.queue.take()));
                self.send(ctx);
            }
            Decision::Resend => self.send(ctx),
        }
        self.end_flush_if_done(ctx);
    }

    fn send(&mut self, ctx: &mut Context<Self>) {
        let Some(batch) = self.batch.clone() else { return self.batcher.abandon() };
        let attempt = self.exporter.export(batch);
        self.attempt = Some(ctx.spawn(attempt.into_actor(self).map(|answer, actor, ctx| {
            actor.attempt = None;
            actor.answered(answer);
            actor.advance(ctx);
        })));
    }

    fn answered(&mut self, answer: Answer) {
        match answer {
            Answer::Accepted { rejected } => {
                let size = self.batch_size();
                self.batch = None;
                let rejected = rejected.min(size);
                self.queue.settle(size - rejected, rejected);
                self.batcher.settled(true);
                self.trim_spans += size;
                match rejected {
                    0 => self.say(Receiver::Good, String::new()),
                    n => self.say(Receiver::Refusing, format!("the receiver rejected {n} of {size} spans")),
                }
                self.trim_when_drained();
            }
            Answer::Refused { cause } => {
                let size = self.batch_size();
                self.batch = None;
                self.queue.settle(0, size);
                self.batcher.settled(false);
                self.say(Receiver::Refusing, cause);
            }
            Answer::Retry { after, cause } => {
                self.batcher.failed(self.clock.now(), after, Jitter(fastrand::u16(..)));
                self.say(Receiver::Failing, cause);
            }
        }
    }

    fn batch_size(&self) -> u64 {
        self.batch.as_ref().map_or(0, |b| u64::try_from(b.len()).unwrap_or(u64::MAX))
    }

    fn trim_when_drained(&mut self) {
        let now = self.clock.now();
        let rested = self.trimmed_at.is_none_or(|at| now.saturating_sub(at) >= TRIM_EVERY);
        if self.trim_spans >= TRIM_SPANS && rested && self.queue.is_empty() {
            self.trim_spans = 0;
            self.trimmed_at = Some(now);
            (self.trim)();
        }
    }

    /// Says a change of the receiver's state, once.
    fn say(&mut self, state: Receiver, cause: String) {
        if self.receiver == state {
            return;
        }
        self.receiver = state;
        let (level, message) = match state {
            Receiver::Good => (Level::Info, "spans are exported again"),
            Receiver::Failing => (Level::Warn, "spans cannot be exported; they are kept and sent again"),
            Receiver::Refusing => (Level::Warn, "the receiver refuses spans; they are lost"),
        };
        self.record(level, message, cause);
    }

    fn record(&self, level: Level, message: &'static str, cause: String) {
        let stats = self.queue.stats();
        let count = |n: u64| Value::Int(i64::try_from(n).unwrap_or(i64::MAX));
        let mut fields = vec![
            ("spans_exported", count(stats.exported)),
            ("spans_failed", count(stats.failed)),
            ("spans_dropped", count(stats.dropped_queue_full)),
            ("spans_pending", count(stats.pending)),
        ];
        if !cause.is_empty() {
            fields.insert(0, ("cause", cause.into()));
        }
        let at = self.clock.now();
        self.log.log(LogRecord { at, level, message: message.into(), process: None, instance: None, fields });
    }

    fn end_flush_if_done(&mut self, ctx: &mut Context<Self>) {
        if self.flushes.is_empty() {
            return;
        }
        let drained = self.batcher.is_ready() && self.queue.is_empty();
        if drained || !self.batcher.is_flushing() {
            self.end_flush(ctx);
        }
    }

    fn end_flush(&mut self, ctx: &mut Context<Self>) {
        self.batcher.end_flush();
        if let Some(timer) = self.flush_timer.take() {
            ctx.cancel_future(timer);
        }
        let left = self.queue.stats().pending;
        if left > 0 && self.flushes.iter().any(|(kind, _)| *kind == FlushKind::Last) {
            self.lose_the_rest(ctx);
        }
        let outcome = if left == 0 { FlushOutcome::Drained } else { FlushOutcome::Left(left) };
        for (_, reply) in self.flushes.drain(..) {
            // Whoever asked may have stopped waiting, and then nobody is to be told.
            reply.send(outcome).ok();
        }
    }

    fn lose_the_rest(&mut self, ctx: &mut Context<Self>) {
        for handle in [self.attempt.take(), self.timer.take()].into_iter().flatten() {
            ctx.cancel_future(handle);
        }
        let size = self.batch_size();
        self.batch = None;
        self.queue.settle(0, size);
        self.queue.give_up();
        self.batcher.abandon();
        self.record(Level::Warn, "spans could not be delivered before the end and are lost", String::new());
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
        let bound = self.batcher.flush(self.clock.now(), flush.limit);
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
