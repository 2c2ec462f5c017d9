//! Where the control socket meets telemetry: the newest spans, as the socket hands them out. An adapter; keeps nothing.

use phpeek_actors::telemetry::Queue;
use phpeek_actors::trace::Tracing;
use phpeek_api::{TraceSource, Unfinished};
use phpeek_telemetry::TelemetryHandle;
use phpeek_telemetry::recent::Recent;
use serde_json::Value;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

/// The newest spans.
pub(super) struct Kept {
    spans: Arc<Recent>,
    /// What has not ended.
    tracing: Tracing,
    /// What has ended and is not among the newest yet.
    queue: Arc<Queue>,
    /// Microseconds since 1970: there are never as many spans.
    began: u64,
}

impl Kept {
    /// From now on; none when tracing is off.
    pub(super) fn new(telemetry: &TelemetryHandle, now: SystemTime) -> Option<Self> {
        let micros = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        let began = u64::try_from(micros).unwrap_or_default();
        let (spans, queue) = (telemetry.recent()?, telemetry.queue()?);
        Some(Self { spans, tracing: telemetry.tracing(), queue, began })
    }
}

impl TraceSource for Kept {
    fn began(&self) -> u64 {
        self.began
    }
    fn traces(&self, limit: usize) -> Vec<u8> {
        self.spans.traces(limit)
    }
    fn trace(&self, prefix: &str) -> Vec<u8> {
        self.spans.trace(prefix)
    }
    fn since(&self, from: u64) -> (Vec<u8>, u64) {
        self.spans.since(from)
    }
    fn spans(&self, from: u64, most: usize) -> Vec<(u64, Value)> {
        self.spans.json(from, most)
    }
    fn unfinished(&self) -> Unfinished {
        // In the order in which a span goes: none slips through between two looks.
        let open = self.tracing.unended();
        let (queued, in_hand) = self.queue.on_the_way();
        Unfinished {
            open: open.into_iter().map(|(id, spans)| (id.to_string(), spans)).collect(),
            on_the_way: queued.into_iter().map(|id| id.to_string()).collect(),
            any_on_the_way: in_hand,
        }
    }
    fn subscribe(&self) -> watch::Receiver<u64> {
        self.spans.subscribe()
    }
}
