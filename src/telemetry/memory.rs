//! Spans kept in memory, for `demo`. Owns a bounded list.

use bytes::Bytes;
use phpeek_actors::telemetry::{Answer, Batch, ExportFuture, SpanExporter};
use std::sync::{Arc, Mutex, PoisonError};

/// Most spans that are kept.
const LIMIT: u64 = 100_000;

/// The spans that have been exported so far, as requests of OTLP. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryExporter(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    requests: Vec<Bytes>,
    spans: u64,
}

impl MemoryExporter {
    /// Takes the requests out.
    #[must_use]
    pub fn take(&self) -> Vec<Bytes> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).requests
    }
}

impl SpanExporter for MemoryExporter {
    fn target(&self) -> String {
        "memory".to_owned()
    }

    fn export(&mut self, batch: Batch) -> ExportFuture {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rejected = if kept.spans + batch.spans > LIMIT {
            batch.spans
        } else {
            kept.spans += batch.spans;
            kept.requests.push(batch.request);
            0
        };
        Box::pin(std::future::ready(Answer::Accepted { rejected, said: String::new() }))
    }
}
