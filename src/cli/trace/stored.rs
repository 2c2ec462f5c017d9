//! Traces from a spool directory: what waits there, and what was delivered of late. Works beside a living supervisor and
//! after a dead one.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use phpeek_telemetry::spool::reader::{ReadError, SpoolReader};
use phpeek_viewer::source::{Source, SourceError};
use prost::Message as _;
use std::path::{Path, PathBuf};

/// A spool directory.
pub(super) struct SpoolSource {
    folder: PathBuf,
    reader: SpoolReader,
}

impl SpoolSource {
    /// The directory with this path.
    pub(super) fn open(folder: &Path) -> Result<Self, SourceError> {
        Ok(Self { folder: folder.to_owned(), reader: SpoolReader::open(folder).map_err(elsewhere)? })
    }
}

/// One request of many, the oldest spans first.
fn joined(newest_first: Vec<Vec<u8>>) -> ExportTraceServiceRequest {
    let decoded = |bytes: Vec<u8>| ExportTraceServiceRequest::decode(bytes.as_slice()).ok();
    let all = newest_first.into_iter().rev().filter_map(decoded).flat_map(|r| r.resource_spans);
    ExportTraceServiceRequest { resource_spans: all.collect() }
}

impl Source for SpoolSource {
    fn recent(&mut self, limit: usize) -> Result<ExportTraceServiceRequest, SourceError> {
        Ok(joined(self.reader.recent(limit).map_err(elsewhere)?))
    }

    fn find(&mut self, prefix: &str) -> Result<ExportTraceServiceRequest, SourceError> {
        Ok(joined(self.reader.find(prefix).map_err(elsewhere)?))
    }

    fn follow(&mut self) -> Result<Option<ExportTraceServiceRequest>, SourceError> {
        let what = format!("the spool {} as they come: follow a running supervisor", self.folder.display());
        Err(SourceError::Unsupported { what })
    }
}

fn elsewhere(error: ReadError) -> SourceError {
    SourceError::Elsewhere(Box::new(error))
}
