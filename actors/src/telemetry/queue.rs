//! The bounded queue between supervision and the exporter, and the account of every span. Owns the law
//! `started = exported + failed + dropped + pending`, which holds in every snapshot: all of it is under one lock
//! that is held for a push or a drain. Must never block on anything else. Called by the SDK at the end of a span and
//! by the `TelemetryActor`.

use super::actor::Wake;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Largest request, estimated: receivers commonly refuse more than 4 MiB.
const BATCH_BYTES: usize = 2 * 1024 * 1024;

/// What became of the spans that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TelemetryStats {
    /// Sampled spans that ended.
    pub started: u64,
    /// Taken by the receiver.
    pub exported: u64,
    /// Refused by the receiver, or given up at the end.
    pub failed: u64,
    /// Not queued, because the queue was full.
    pub dropped_queue_full: u64,
    /// Queued, in flight or kept for another attempt.
    pub pending: u64,
}

#[derive(Debug, Default)]
struct Inner {
    spans: VecDeque<SpanData>,
    stats: TelemetryStats,
}

/// The queue. Shared by the processor and the actor.
#[derive(Debug)]
pub struct Queue {
    inner: Mutex<Inner>,
    capacity: usize,
    batch: usize,
}

impl Queue {
    /// A queue of at most `capacity` spans, read in batches of `batch`.
    #[must_use]
    pub fn new(capacity: usize, batch: usize) -> Self {
        Self { inner: Mutex::default(), capacity: capacity.max(1), batch: batch.clamp(1, capacity.max(1)) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while it is held; a poisoned lock still holds a sound queue.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a span or counts it as dropped. True when the actor should be woken: at the first span of an empty queue
    /// and at every full batch.
    pub fn push(&self, span: SpanData) -> bool {
        let mut inner = self.lock();
        inner.stats.started += 1;
        if inner.spans.len() >= self.capacity {
            inner.stats.dropped_queue_full += 1;
            return false;
        }
        inner.stats.pending += 1;
        inner.spans.push_back(span);
        let length = inner.spans.len();
        length == 1 || length.is_multiple_of(self.batch)
    }

    /// The oldest spans: at most a batch, and about 2 MiB.
    #[must_use]
    pub fn take(&self) -> Vec<SpanData> {
        let mut inner = self.lock();
        let mut bytes = 0usize;
        let fit = |span: &&SpanData| {
            bytes = bytes.saturating_add(estimated_size(span));
            bytes <= BATCH_BYTES
        };
        let count = inner.spans.iter().take(self.batch).take_while(fit).count();
        let count = count.max(1).min(inner.spans.len());
        let batch = inner.spans.drain(..count).collect();
        if inner.spans.is_empty() {
            inner.spans.shrink_to(self.batch);
        }
        batch
    }

    /// Settles spans that were taken.
    pub fn settle(&self, exported: u64, failed: u64) {
        let stats = &mut self.lock().stats;
        stats.exported += exported;
        stats.failed += failed;
        stats.pending = stats.pending.saturating_sub(exported + failed);
    }

    /// Gives up what is still queued, and returns how many spans that were.
    pub fn give_up(&self) -> u64 {
        let mut inner = self.lock();
        let left = u64::try_from(inner.spans.len()).unwrap_or(u64::MAX);
        inner.spans = VecDeque::new();
        inner.stats.failed += left;
        inner.stats.pending = inner.stats.pending.saturating_sub(left);
        left
    }

    /// Queued spans, without those that were taken.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().spans.len()
    }

    /// Whether nothing is queued.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The account.
    #[must_use]
    pub fn stats(&self) -> TelemetryStats {
        self.lock().stats
    }
}

/// About what a span takes on the wire; never far below, since texts are counted in full.
fn estimated_size(span: &SpanData) -> usize {
    fn of(attributes: &[opentelemetry::KeyValue]) -> usize {
        attributes.iter().map(|a| a.key.as_str().len() + a.value.as_str().len() + 16).sum()
    }
    let events: usize = span.events.events.iter().map(|e| e.name.len() + 24 + of(&e.attributes)).sum();
    let links: usize = span.links.links.iter().map(|l| 48 + of(&l.attributes)).sum();
    128 + span.name.len() + of(&span.attributes) + events + links
}

/// Hands ended spans from the SDK to the queue. Not the SDK's batch processor: that one blocks the arbiter for five
/// seconds at shutdown and loses the spans.
#[derive(Debug)]
pub struct QueueProcessor {
    queue: Arc<Queue>,
    wake: actix::Recipient<Wake>,
}

impl QueueProcessor {
    /// Pushes into `queue` and wakes `wake` where [`Queue::push`] says so.
    #[must_use]
    pub fn new(queue: Arc<Queue>, wake: actix::Recipient<Wake>) -> Self {
        Self { queue, wake }
    }
}

impl SpanProcessor for QueueProcessor {
    fn on_start(&self, _: &mut Span, _: &opentelemetry::Context) {}

    fn on_end(&self, span: SpanData) {
        // A span that is recorded and not sampled also arrives here.
        if span.span_context.is_sampled() && self.queue.push(span) {
            // Unbounded, and bounded all the same: one message for each batch that the queue can hold. When the
            // actor is gone the spans stay pending and the last flush counts them.
            self.wake.do_send(Wake);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}
