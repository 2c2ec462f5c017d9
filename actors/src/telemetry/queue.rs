//! The bounded queue between supervision and the telemetry arbiter, and the account of every span. Owns the law
//! `started + recovered = exported + failed + dropped + pending`, which holds in every snapshot: all of it is under
//! one lock that is held for a push or a swap. Must never block on anything else.

use super::account::TelemetryStats;
use super::health::Health;
use super::store::{Begun, Dropped, News};
use super::wake::Wake;
use opentelemetry::StringValue;
use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Bytes of items of other signals that may be queued.
const ITEM_BYTES: usize = 8 << 20;

#[derive(Debug, Default)]
struct Inner {
    news: Vec<News>,
    /// Ended spans, and items of other signals, among the news.
    ended: usize,
    /// Bytes of the latter.
    item_bytes: usize,
    /// Since when something waits to be looked at.
    unseen: Option<Instant>,
    /// Whether the actor has spans in its hands that it has not handed on.
    in_hand: bool,
    /// Whether the actor will look again by itself.
    awake: bool,
    stats: TelemetryStats,
    health: Health,
}

/// Whether the actor has to be told that there is something.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// It sleeps.
    Wake,
    /// It looks by itself.
    Nothing,
}

/// The queue. Shared by those who push and the actor.
#[derive(Debug)]
pub struct Queue {
    inner: Mutex<Inner>,
    capacity: usize,
    wake: OnceLock<actix::Recipient<Wake>>,
}

impl Queue {
    /// A queue of at most `capacity` ended spans.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { inner: Mutex::default(), capacity: capacity.max(1), wake: OnceLock::new() }
    }

    /// Whom to wake. Said once, before the first push.
    pub fn wakes(&self, actor: actix::Recipient<Wake>) {
        self.wake.get_or_init(|| actor);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while it is held; a poisoned lock still holds a sound queue.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an ended span or counts it as dropped. What sleeps is woken once, and then looks by itself until it has
    /// found nothing for a while: a wake for each span would cost ten times the push.
    pub fn push(&self, span: SpanData) -> Wanted {
        let mut inner = self.lock();
        inner.stats.started += 1;
        if inner.ended >= self.capacity {
            inner.stats.dropped_queue_full += 1;
            return Self::note(&mut inner, News::Gone(span.span_context.span_id()), self.capacity);
        }
        inner.stats.pending += 1;
        inner.ended += 1;
        inner.news.push(News::Ended(span));
        // A burst that would overflow before the actor looks again wakes it once more.
        if inner.ended == self.capacity / 2 {
            inner.awake = true;
            return Wanted::Wake;
        }
        Self::wanted(&mut inner)
    }

    /// Adds something that is no span. What finds no room is forgotten: at worst the next supervisor tells of a span
    /// that it was not seen to end.
    fn note(inner: &mut Inner, news: News, capacity: usize) -> Wanted {
        if inner.news.len() < capacity.saturating_mul(4) {
            inner.news.push(news);
        }
        Self::wanted(inner)
    }

    fn wanted(inner: &mut Inner) -> Wanted {
        inner.unseen.get_or_insert_with(Instant::now);
        if std::mem::replace(&mut inner.awake, true) { Wanted::Nothing } else { Wanted::Wake }
    }

    /// Adds an item of another signal, or counts it as dropped; wakes the actor by itself.
    pub fn push_item(&self, item: Box<[u8]>) {
        let mut inner = self.lock();
        inner.stats.started += 1;
        if inner.ended >= self.capacity || inner.item_bytes + item.len() > ITEM_BYTES {
            inner.stats.dropped_queue_full += 1;
            return;
        }
        inner.stats.pending += 1;
        inner.ended += 1;
        inner.item_bytes += item.len();
        inner.news.push(News::Item(item));
        let wanted = Self::wanted(&mut inner);
        drop(inner);
        self.tell(wanted);
    }

    /// Whether items that come now are sure to find room.
    #[must_use]
    pub fn has_room(&self) -> bool {
        let inner = self.lock();
        inner.ended < self.capacity.div_ceil(2) && inner.item_bytes < ITEM_BYTES / 2
    }

    /// So many items were lost on their way here, for want of room.
    pub fn miss(&self, count: u64) {
        let stats = &mut self.lock().stats;
        stats.started += count;
        stats.dropped_queue_full += count;
    }

    fn tell(&self, wanted: Wanted) {
        if wanted == Wanted::Wake
            && let Some(wake) = self.wake.get()
        {
            // Unbounded, and bounded all the same: at most two messages are under way. When the actor is gone the spans
            // stay pending and the last flush counts them.
            wake.do_send(Wake);
        }
    }

    /// A span has begun.
    pub(crate) fn begun(&self, begun: Begun) {
        let wanted = Self::note(&mut self.lock(), News::Begun(begun), self.capacity);
        self.tell(wanted);
    }

    /// What a begun span is about.
    pub(crate) fn about(&self, span: SpanId, what: StringValue) {
        let wanted = Self::note(&mut self.lock(), News::About(span, what), self.capacity);
        self.tell(wanted);
    }

    /// Gives all that is queued in exchange for an empty list.
    pub fn take(&self, empty: Vec<News>) -> Vec<News> {
        let mut inner = self.lock();
        inner.in_hand |= inner.ended > 0;
        (inner.ended, inner.item_bytes, inner.unseen) = (0, 0, None);
        std::mem::replace(&mut inner.news, empty)
    }

    /// What was taken is where it is kept.
    pub(super) fn handed_on(&self) {
        self.lock().in_hand = false;
    }

    /// The traces of which ended spans are queued, and whether the actor has some in its hands, of any trace.
    #[must_use]
    pub fn on_the_way(&self) -> (HashSet<TraceId>, bool) {
        let inner = self.lock();
        let ended = inner.news.iter().filter_map(|news| match news {
            News::Ended(span) => Some(span.span_context.trace_id()),
            _ => None,
        });
        (ended.collect(), inner.in_hand)
    }

    /// The actor wants to sleep. False when something has come: then it must look again.
    #[must_use]
    pub fn rest(&self) -> bool {
        let mut inner = self.lock();
        inner.awake = !inner.news.is_empty();
        !inner.awake
    }

    /// Settles spans that were pending.
    pub fn settle(&self, exported: u64, failed: u64) {
        let stats = &mut self.lock().stats;
        stats.exported += exported;
        stats.failed += failed;
        stats.pending = stats.pending.saturating_sub(exported + failed);
    }

    /// An attempt with so many spans has failed, and another follows.
    pub(super) fn put_back(&self, spans: u64) {
        self.lock().stats.put_back += spans;
    }

    /// Spans that were pending and that the sampling has left out.
    pub fn leave_out(&self, count: u64) {
        let stats = &mut self.lock().stats;
        stats.dropped_sampled_out += count;
        stats.pending = stats.pending.saturating_sub(count);
    }

    /// What the store has found and lost so far.
    pub fn account_store(&self, recovered: u64, dropped: Dropped) {
        let stats = &mut self.lock().stats;
        let found = recovered.saturating_sub(stats.recovered);
        let lost = dropped.total().saturating_sub(stats.dropped.total());
        stats.pending = (stats.pending + found).saturating_sub(lost);
        stats.recovered = recovered;
        stats.dropped = dropped;
    }

    /// Spans that were pending and that went with a part that panicked.
    pub(super) fn lose(&self, count: u64) {
        let stats = &mut self.lock().stats;
        let count = count.min(stats.pending);
        stats.dropped_panic += count;
        stats.pending -= count;
    }

    /// Gives up what is still queued.
    pub fn give_up(&self) {
        let mut inner = self.lock();
        let left = u64::try_from(std::mem::take(&mut inner.ended)).unwrap_or(u64::MAX);
        (inner.news, inner.item_bytes) = (Vec::new(), 0);
        inner.stats.failed += left;
        inner.stats.pending = inner.stats.pending.saturating_sub(left);
    }

    /// How long the oldest of what is queued has waited for the actor, which looks within a moment when it can.
    #[must_use]
    pub fn unseen_for(&self) -> Duration {
        self.lock().unseen.map(|since| since.elapsed()).unwrap_or_default()
    }

    /// Ended spans that are queued.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().ended
    }

    /// Whether no ended span is queued.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many ended spans find room.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// What is known of the receiver.
    #[must_use]
    pub fn health(&self) -> Health {
        self.lock().health.clone()
    }

    /// Changes what is known of the receiver.
    pub(crate) fn note_health(&self, change: impl FnOnce(&mut Health)) {
        change(&mut self.lock().health);
    }

    /// The account.
    #[must_use]
    pub fn stats(&self) -> TelemetryStats {
        self.lock().stats
    }
}

/// Hands ended spans from the SDK to the queue. Not the SDK's batch processor: that one blocks the arbiter for five
/// seconds at shutdown and loses the spans.
#[derive(Debug)]
pub struct QueueProcessor {
    queue: Arc<Queue>,
    unsampled: Unsampled,
}

/// What becomes of recorded spans that the head of their trace did not choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsampled {
    /// They are not queued.
    Ignored,
    /// They are queued: the end of their trace decides.
    Queued,
}

impl QueueProcessor {
    /// Pushes into `queue`.
    #[must_use]
    pub fn new(queue: Arc<Queue>, unsampled: Unsampled) -> Self {
        Self { queue, unsampled }
    }
}

impl SpanProcessor for QueueProcessor {
    fn on_start(&self, _: &mut Span, _: &opentelemetry::Context) {}

    fn on_end(&self, span: SpanData) {
        // A span that is recorded and not sampled also arrives here.
        if span.span_context.is_sampled() || self.unsampled == Unsampled::Queued {
            let wanted = self.queue.push(span);
            self.queue.tell(wanted);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
