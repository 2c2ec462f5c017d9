//! Spans kept in memory, for `demo`. Owns a bounded list. Called by the `TelemetryActor` and by the waterfall.

use opentelemetry_sdk::trace::SpanData;
use phpeek_actors::telemetry::{Answer, ExportFuture, SpanExporter};
use std::sync::{Arc, Mutex, PoisonError};

/// Most spans that are kept.
const LIMIT: usize = 100_000;

/// The spans that have been exported so far. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryExporter(Arc<Mutex<Vec<SpanData>>>);

impl MemoryExporter {
    /// Takes the spans out.
    #[must_use]
    pub fn take(&self) -> Vec<SpanData> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl SpanExporter for MemoryExporter {
    fn export(&mut self, batch: Arc<Vec<SpanData>>) -> ExportFuture {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = LIMIT.saturating_sub(kept.len()).min(batch.len());
        kept.extend(batch.iter().take(room).cloned());
        let rejected = u64::try_from(batch.len() - room).unwrap_or(u64::MAX);
        Box::pin(std::future::ready(Answer::Accepted { rejected }))
    }
}
