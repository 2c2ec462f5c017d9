//! Tracing as it runs: what the composition root asks of it, and what status readers see. Owns the end of the telemetry
//! thread. Never says "good" of what is dead or hangs. Made by [`super::start()`].

use super::recent::Recent;
use super::spool::SpoolReport;
use super::thread::Thread;
use actix::Addr;
use opentelemetry_sdk::trace::SdkTracerProvider;
use phpeek_actors::clock::Clock;
use phpeek_actors::telemetry::{
    Flush, FlushKind, FlushOutcome, Hasten, Health, LastError, Queue, ReceiverState, TelemetryActor,
    TelemetryStats,
};
use phpeek_actors::trace::Tracing;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// Ended spans are looked at within a tenth of a second, unless the telemetry thread hangs.
const UNSEEN: Duration = Duration::from_secs(5);

pub(super) struct Running {
    pub(super) queue: Arc<Queue>,
    pub(super) recent: Arc<Recent>,
    pub(super) spool: Arc<Mutex<SpoolReport>>,
    pub(super) actor: Addr<TelemetryActor>,
    // The tracers hold the provider too; it is kept so that its end is the handle's.
    pub(super) _provider: SdkTracerProvider,
    pub(super) clock: Clock,
    pub(super) _thread: Thread,
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

/// Tracing as it runs, or as it is off.
pub struct TelemetryHandle {
    pub(super) tracing: Tracing,
    pub(super) running: Option<Running>,
}

impl TelemetryHandle {
    /// Opens spans; every actor gets a clone.
    #[must_use]
    pub fn tracing(&self) -> Tracing {
        self.tracing.clone()
    }

    /// The account of every span.
    #[must_use]
    pub fn stats(&self) -> TelemetryStats {
        self.running.as_ref().map(|r| r.queue.stats()).unwrap_or_default()
    }

    /// The newest spans, for `phpeek-pm trace`; none when tracing is off.
    #[must_use]
    pub fn recent(&self) -> Option<Arc<Recent>> {
        self.running.as_ref().map(|r| r.recent.clone())
    }

    /// How it all goes; `None` when tracing is off.
    #[must_use]
    pub fn state(&self) -> Option<TelemetryState> {
        let Running { queue, spool, actor, clock, .. } = self.running.as_ref()?;
        let mut health = queue.health();
        let unseen = queue.unseen_for();
        if !actor.connected() {
            health.state = ReceiverState::Dead;
        } else if unseen >= UNSEEN && health.state == ReceiverState::Good {
            let cause =
                format!("nobody has looked at ended spans for {} s: a disk may hang", unseen.as_secs());
            health.state = ReceiverState::Failing;
            health.last_error = Some(LastError { at: clock.now(), cause });
        }
        Some(TelemetryState {
            stats: queue.stats(),
            queued: queue.len(),
            capacity: queue.capacity(),
            health,
            spool: spool.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        })
    }

    /// The last flush: what is not delivered within `limit` stays in the spool, or is counted as failed.
    pub async fn flush(&self, limit: Duration) -> FlushOutcome {
        let Some(running) = &self.running else { return FlushOutcome::Drained };
        let (reply, answer) = oneshot::channel();
        // A little less for the actor, so that it has counted and said the loss before the caller stops waiting.
        let own = limit.saturating_sub(Duration::from_millis(20));
        running.actor.do_send(Flush { limit: own, kind: FlushKind::Last, reply });
        match tokio::time::timeout(limit, answer).await {
            Ok(Ok(outcome)) => outcome,
            // The telemetry thread is late or gone.
            Ok(Err(_)) | Err(_) => match running.queue.stats().pending {
                0 => FlushOutcome::Drained,
                left => FlushOutcome::Unanswered(left),
            },
        }
    }

    /// The end is near: spans go out as they come, so that the last flush finds little.
    pub fn hasten(&self) {
        if let Some(running) = &self.running {
            running.actor.do_send(Hasten);
        }
    }

    /// Asks for a flush and returns at once. What cannot be delivered stays queued.
    pub fn request_flush(&self) {
        if let Some(running) = &self.running {
            let (reply, _) = oneshot::channel();
            running.actor.do_send(Flush {
                limit: Duration::from_secs(10),
                kind: FlushKind::OnRequest,
                reply,
            });
        }
    }
}
