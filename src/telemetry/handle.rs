//! Tracing as it runs: what the composition root asks of it, and what status readers see. Owns the end of the telemetry
//! thread. Never says "good" of what is dead or hangs. Made by [`super::start()`].

use super::line::Pipe;
use super::logs::Logs;
use super::metrics::{Measure, Measures};
use super::recent::Recent;
use super::spool::SpoolReport;
use super::thread::Thread;
use opentelemetry_sdk::trace::SdkTracerProvider;
use phpeek_actors::clock::Clock;
use phpeek_actors::telemetry::{
    Flush, FlushKind, FlushOutcome, Hasten, Health, LastError, Queue, ReceiverState, TelemetryStats,
};
use phpeek_actors::trace::Tracing;
use phpeek_core::otel::OtelSignal;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// Ended spans are looked at within a tenth of a second, unless the telemetry thread hangs.
const UNSEEN: Duration = Duration::from_secs(5);

/// The way of spans.
pub(super) struct Running {
    pub(super) pipe: Pipe,
    pub(super) recent: Arc<Recent>,
    // The tracers hold the provider too; it is kept so that its end is the handle's.
    pub(super) _provider: SdkTracerProvider,
}

/// How tracing goes, for status readers.
#[derive(Debug, Clone)]
pub struct TelemetryState {
    /// The account of every span.
    pub stats: TelemetryStats,
    /// Ended spans in the queue.
    pub queued: usize,
    /// How many it holds.
    pub capacity: usize,
    /// The receiver.
    pub health: Health,
    /// Where spans wait.
    pub spool: SpoolReport,
}

/// Telemetry as it runs, or as it is off.
pub struct TelemetryHandle {
    pub(super) tracing: Tracing,
    pub(super) running: Option<Running>,
    pub(super) logs: Option<Logs>,
    pub(super) metrics: Option<Measures>,
    pub(super) clock: Clock,
    pub(super) _thread: Option<Thread>,
}

impl Pipe {
    fn state(&self, clock: Clock) -> TelemetryState {
        let Self { signal, queue, spool, actor, .. } = self;
        let mut health = queue.health();
        let unseen = queue.unseen_for();
        if !actor.connected() {
            health.state = ReceiverState::Dead;
        } else if unseen >= UNSEEN && health.state == ReceiverState::Good {
            let (items, unseen) = (signal.items(), unseen.as_secs());
            let cause = format!("nobody has looked at new {items} for {unseen} s: a disk may hang");
            health.state = ReceiverState::Failing;
            health.last_error = Some(LastError { at: clock.now(), cause });
        }
        TelemetryState {
            stats: queue.stats(),
            queued: queue.len(),
            capacity: queue.capacity(),
            health,
            spool: spool.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    async fn flush(&self, limit: Duration) -> FlushOutcome {
        let (reply, answer) = oneshot::channel();
        // A little less for the actor, so that it has counted and said the loss before the caller stops waiting.
        let own = limit.saturating_sub(Duration::from_millis(20));
        self.actor.do_send(Flush { limit: own, kind: FlushKind::Last, reply });
        match tokio::time::timeout(limit, answer).await {
            Ok(Ok(outcome)) => outcome,
            // The telemetry thread is late or gone.
            Ok(Err(_)) | Err(_) => match self.queue.stats().pending {
                0 => FlushOutcome::Drained,
                left => FlushOutcome::Unanswered(left),
            },
        }
    }

    fn request_flush(&self) {
        let (reply, _) = oneshot::channel();
        let limit = Duration::from_secs(10);
        self.actor.do_send(Flush { limit, kind: FlushKind::OnRequest, reply });
    }
}

impl TelemetryHandle {
    pub(super) fn off(clock: Clock) -> Self {
        Self { tracing: Tracing::off(clock), running: None, logs: None, metrics: None, clock, _thread: None }
    }

    /// Opens spans; every actor gets a clone.
    #[must_use]
    pub fn tracing(&self) -> Tracing {
        self.tracing.clone()
    }

    /// The account of every span.
    #[must_use]
    pub fn stats(&self) -> TelemetryStats {
        self.running.as_ref().map(|r| r.pipe.queue.stats()).unwrap_or_default()
    }

    /// The newest spans, for `phpeek-pm trace`; none when tracing is off.
    #[must_use]
    pub fn recent(&self) -> Option<Arc<Recent>> {
        self.running.as_ref().map(|r| r.recent.clone())
    }

    /// The queue that ended spans come through, on their way there; none when tracing is off.
    #[must_use]
    pub fn queue(&self) -> Option<Arc<Queue>> {
        self.running.as_ref().map(|r| r.pipe.queue.clone())
    }

    /// Who takes log records, when they are sent.
    #[must_use]
    pub fn logs(&self) -> Option<&Logs> {
        self.logs.as_ref()
    }

    /// Who takes metrics, when they are sent.
    #[must_use]
    pub fn measures(&self) -> Option<&Measures> {
        self.metrics.as_ref()
    }

    /// How it all goes with spans; `None` when tracing is off.
    #[must_use]
    pub fn state(&self) -> Option<TelemetryState> {
        self.state_of(OtelSignal::Traces)
    }

    /// How it goes with a signal; `None` when it is off.
    #[must_use]
    pub fn state_of(&self, signal: OtelSignal) -> Option<TelemetryState> {
        Some(self.pipe(signal)?.state(self.clock))
    }

    fn pipe(&self, signal: OtelSignal) -> Option<&Pipe> {
        match signal {
            OtelSignal::Traces => self.running.as_ref().map(|running| &running.pipe),
            OtelSignal::Logs => self.logs.as_ref().map(|logs| &logs.pipe),
            OtelSignal::Metrics => self.metrics.as_ref().map(|metrics| &metrics.pipe),
        }
    }

    /// The last flush of spans: what is not delivered within `limit` stays in the spool, or is counted as failed.
    pub async fn flush(&self, limit: Duration) -> FlushOutcome {
        match self.pipe(OtelSignal::Traces) {
            Some(pipe) => pipe.flush(limit).await,
            None => FlushOutcome::Drained,
        }
    }

    /// The same of log records: first those that have come so far are taken.
    pub async fn flush_logs(&self, limit: Duration) -> FlushOutcome {
        let Some(logs) = &self.logs else { return FlushOutcome::Drained };
        let begun = tokio::time::Instant::now();
        // When it takes too long, the flush counts what has not come.
        drop(tokio::time::timeout(limit / 2, logs.drain()).await);
        logs.pipe.flush(limit.saturating_sub(begun.elapsed())).await
    }

    /// The same of metrics: first what is counted at this moment.
    pub async fn flush_metrics(&self, measure: Measure, limit: Duration) -> FlushOutcome {
        let Some(metrics) = &self.metrics else { return FlushOutcome::Drained };
        let begun = tokio::time::Instant::now();
        drop(tokio::time::timeout(limit / 2, metrics.send_last(measure)).await); // as above
        metrics.pipe.flush(limit.saturating_sub(begun.elapsed())).await
    }

    /// The end is near: spans go out as they come, so that the last flush finds little.
    pub fn hasten(&self) {
        if let Some(running) = &self.running {
            running.pipe.actor.do_send(Hasten);
        }
    }

    /// Asks for a flush and returns at once. What cannot be delivered stays queued.
    pub fn request_flush(&self) {
        let all = [OtelSignal::Traces, OtelSignal::Logs, OtelSignal::Metrics];
        all.into_iter().filter_map(|signal| self.pipe(signal)).for_each(Pipe::request_flush);
    }
}
