//! The exporter `none`: spans go nowhere and are kept for `phpeek-pm trace`, in memory and in the spool.

use phpeek_actors::telemetry::{Answer, Batch, ExportFuture, SpanExporter};

/// Takes everything and sends nothing.
pub struct Nowhere;

impl SpanExporter for Nowhere {
    fn target(&self) -> String {
        "nowhere".to_owned()
    }

    fn export(&mut self, _: Batch) -> ExportFuture {
        Box::pin(std::future::ready(Answer::TAKEN))
    }
}
