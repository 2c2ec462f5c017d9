//! The `TelemetryActor`: moves spans from the queue to the store, and from the store through the exporter, as the pure
//! [`Batcher`] decides. Owns the exporter, the store, the batch in flight and what is said about the receiver, once for
//! each change. Must never be on the supervision arbiter, and holds no timer while nothing is queued or waits. Woken by
//! [`super::Queue`].

use super::health::ReceiverState;
use super::messages::{Flush, FlushKind, Hasten, Make, Parts};
use super::panics::{Caught, Part};
use super::wake::Wake;
use super::{Dropped, FlushOutcome, News, Queue, Sieve, SpanExporter, SpanStore};
use crate::clock::Clock;
use crate::ports::LogSink;
use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, SpawnHandle, WrapFuture};
use phpeek_core::batch::{Batcher, Decision, Rules};
use phpeek_core::otel::OtelSignal;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// News for which the lists between queue and store keep their memory.
const SPARE: usize = 1024;
/// How long the actor waits for more once the end is near.
const LINGER_AT_THE_END: Duration = Duration::from_millis(4);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct InFlight {
    pub(super) spans: u64,
    pub(super) bytes: usize,
}

impl InFlight {
    pub(super) fn size(self) -> usize {
        usize::try_from(self.spans).unwrap_or(usize::MAX)
    }
}

/// What stores before this one had found and lost.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Base {
    pub(super) recovered: u64,
    pub(super) dropped: Dropped,
    /// What this store has found and was never anybody else's.
    pub(super) ours: u64,
}

/// Moves spans from the queue to the receiver.
pub struct TelemetryActor {
    pub(super) signal: OtelSignal,
    pub(super) queue: Arc<Queue>,
    pub(super) sift: Box<dyn Sieve>,
    pub(super) store: Box<dyn SpanStore>,
    pub(super) exporter: Box<dyn SpanExporter>,
    pub(super) make_sift: Make<Box<dyn Sieve>>,
    pub(super) make_store: Make<Box<dyn SpanStore>>,
    pub(super) make_exporter: Make<Box<dyn SpanExporter>>,
    pub(super) rules: Rules,
    linger: Duration,
    pub(super) clock: Clock,
    pub(super) log: Arc<dyn LogSink>,
    pub(super) trim: Box<dyn Fn()>,
    pub(super) batcher: Batcher,
    pub(super) in_flight: Option<InFlight>,
    pub(super) attempt: Option<SpawnHandle>,
    pub(super) timer: Option<SpawnHandle>,
    pub(super) flushes: Vec<(FlushKind, oneshot::Sender<FlushOutcome>)>,
    /// Until when the actor looks by itself.
    look_again: Option<Duration>,
    /// Empty lists, for their memory.
    pub(super) spare: [Vec<News>; 2],
    pub(super) receiver: ReceiverState,
    /// Whether the receiver's warnings were told.
    pub(super) warned: bool,
    pub(super) trim_spans: u64,
    pub(super) trimmed_at: Option<Duration>,
    pub(super) base: Base,
    /// What runs; a panic is told as one of it.
    pub(super) part: Part,
    /// Panics since a batch was taken last.
    pub(super) panics: u32,
    /// Panics of the exporter over the batch that waits.
    pub(super) exporter_panics: u32,
}

impl TelemetryActor {
    /// An actor that has sent nothing.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { signal, queue, mut sift, mut store, mut exporter, rules, linger, clock, log, trim } =
            parts;
        Self {
            signal,
            queue,
            sift: sift(),
            store: store(),
            exporter: exporter(),
            make_sift: sift,
            make_store: store,
            make_exporter: exporter,
            rules,
            linger,
            clock,
            log,
            trim,
            batcher: Batcher::new(rules),
            in_flight: None,
            attempt: None,
            timer: None,
            flushes: Vec::new(),
            look_again: None,
            spare: Default::default(),
            receiver: ReceiverState::Good,
            warned: false,
            trim_spans: 0,
            trimmed_at: None,
            base: Base::default(),
            part: Part::Actor,
            panics: 0,
            exporter_panics: 0,
        }
    }

    pub(super) fn advance(&mut self, ctx: &mut Context<Self>) {
        self.gather();
        let now = self.clock.now();
        let waiting = usize::try_from(self.store.waiting()).unwrap_or(usize::MAX);
        let due = match self.batcher.decide(now, waiting) {
            Decision::Nothing => None,
            Decision::At(at) => Some(at),
            Decision::Take { most } => {
                self.send(most, ctx);
                None
            }
        };
        self.end_flush_if_over(ctx);
        let flush = self.batcher.flush_ends();
        let next = due.into_iter().chain(self.look_again).chain(flush).min();
        self.look_at(next.map(|at| at.saturating_sub(now)), ctx);
    }

    /// One timer, for whatever comes first.
    pub(super) fn look_at(&mut self, after: Option<Duration>, ctx: &mut Context<Self>) {
        if let Some(timer) = self.timer.take() {
            ctx.cancel_future(timer);
        }
        self.timer = after.map(|after| {
            ctx.run_later(after, |actor, ctx| {
                actor.timer = None;
                actor.guarded(ctx, Self::advance);
            })
        });
    }

    /// Moves what is queued into the store.
    pub(super) fn gather(&mut self) {
        let [list, mut kept] = std::mem::take(&mut self.spare);
        let mut list = self.queue.take(list);
        if list.is_empty() {
            let now = self.clock.now();
            match self.look_again {
                // Something may have come between the two looks: then there is another one.
                Some(at) if now >= at => {
                    self.look_again = if self.queue.rest() { None } else { Some(now) };
                }
                Some(_) => {}
                // Woken for nothing: the store is to look at what was there before us.
                None => self.keep_news(&mut kept, 0),
            }
        } else {
            let left_out = self.in_sift(|sift| sift.pass(&mut list, &mut kept));
            self.keep_news(&mut kept, left_out);
            let hasty = self.batcher.is_hasty();
            let linger = if hasty { self.linger.min(LINGER_AT_THE_END) } else { self.linger };
            self.look_again = Some(self.clock.now().saturating_add(linger));
        }
        list.shrink_to(SPARE);
        kept.shrink_to(SPARE);
        self.spare = [list, kept];
    }

    pub(super) fn keep_news(&mut self, kept: &mut Vec<News>, left_out: u64) {
        self.in_store(|store| store.keep(kept));
        self.queue.handed_on();
        kept.clear();
        if left_out > 0 {
            self.queue.leave_out(left_out);
        }
        self.account();
    }

    /// Tells the account what the stores have found and lost.
    pub(super) fn account(&self) {
        let Base { recovered, dropped, ours } = self.base;
        let recovered = recovered + self.store.recovered().saturating_sub(ours);
        self.queue.account_store(recovered, dropped + self.store.dropped());
    }

    pub(super) fn put_back(&mut self) {
        self.in_store(|store| store.put_back());
        self.account();
    }

    fn send(&mut self, most: usize, ctx: &mut Context<Self>) {
        let Some(batch) = self.in_store(|store| store.batch(most)) else {
            // What waited could not be read or had become too old.
            self.account();
            return self.batcher.abandon(None);
        };
        self.in_flight = Some(InFlight { spans: batch.spans, bytes: batch.request.len() });
        let attempt = Caught(self.in_exporter(|exporter| exporter.export(batch)));
        self.attempt = Some(ctx.spawn(attempt.into_actor(self).map(|answer, actor, ctx| {
            actor.attempt = None;
            actor.guarded(ctx, |actor, ctx| {
                match answer {
                    Ok(answer) => actor.answered(answer),
                    Err(cause) => return actor.exporter_panicked(&cause, ctx),
                }
                actor.advance(ctx);
            });
        })));
    }
}

impl Actor for TelemetryActor {
    type Context = Context<Self>;
}

impl Handler<Wake> for TelemetryActor {
    type Result = ();

    fn handle(&mut self, _: Wake, ctx: &mut Self::Context) {
        self.guarded(ctx, Self::advance);
    }
}

impl Handler<Hasten> for TelemetryActor {
    type Result = ();

    fn handle(&mut self, _: Hasten, ctx: &mut Self::Context) {
        self.guarded(ctx, |actor, ctx| {
            actor.batcher.hasten();
            actor.look_again = None;
            actor.advance(ctx);
        });
    }
}

impl Handler<Flush> for TelemetryActor {
    type Result = ();

    fn handle(&mut self, flush: Flush, ctx: &mut Self::Context) {
        self.guarded(ctx, |actor, ctx| actor.begin_flush(flush, ctx));
    }
}
