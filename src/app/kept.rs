//! Where the control socket meets telemetry: the newest spans, as the socket hands them out. An adapter; keeps nothing.

use phpeek_api::TraceSource;
use phpeek_telemetry::recent::Recent;
use serde_json::Value;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

/// The newest spans.
pub(super) struct Kept {
    spans: Arc<Recent>,
    /// Microseconds since 1970: there are never as many spans.
    began: u64,
}

impl Kept {
    /// From now on.
    pub(super) fn new(spans: Arc<Recent>, now: SystemTime) -> Self {
        let micros = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        Self { spans, began: u64::try_from(micros).unwrap_or_default() }
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
    fn subscribe(&self) -> watch::Receiver<u64> {
        self.spans.subscribe()
    }
}
