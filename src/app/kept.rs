//! Where the control socket meets telemetry: the newest spans, as the socket hands them out. An adapter; keeps nothing.

use phpeek_api::TraceSource;
use phpeek_telemetry::recent::Recent;
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::watch;

/// The newest spans.
pub(super) struct Kept(pub(super) Arc<Recent>);

impl TraceSource for Kept {
    fn traces(&self, limit: usize) -> Vec<u8> {
        self.0.traces(limit)
    }
    fn trace(&self, prefix: &str) -> Vec<u8> {
        self.0.trace(prefix)
    }
    fn since(&self, from: u64) -> (Vec<u8>, u64) {
        self.0.since(from)
    }
    fn spans(&self, from: u64, most: usize) -> Vec<(u64, Value)> {
        self.0.json(from, most)
    }
    fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}
