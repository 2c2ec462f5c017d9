//! Traces from a running supervisor, over its control socket: the newest that it keeps in memory.

use crate::cli::ask::Target;
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use phpeek_api::client::{Client, ClientError, Messages};
use phpeek_viewer::source::{Source, SourceError};
use prost::Message as _;

/// A running supervisor.
pub(super) struct SocketSource {
    client: Client,
    stream: Option<Messages>,
}

impl SocketSource {
    /// The supervisor that `target` names.
    pub(super) fn open(target: &Target) -> Result<Self, SourceError> {
        Ok(Self { client: target.client().map_err(elsewhere)?, stream: None })
    }

    fn get(&self, path: &str) -> Result<ExportTraceServiceRequest, SourceError> {
        match self.client.get(path) {
            Ok(bytes) => decoded(bytes),
            // It has none of these; that tracing is off it says in other words.
            Err(error) if error.is_nothing() => Ok(ExportTraceServiceRequest::default()),
            Err(error) => Err(elsewhere(error)),
        }
    }
}

fn decoded(bytes: Bytes) -> Result<ExportTraceServiceRequest, SourceError> {
    ExportTraceServiceRequest::decode(bytes).map_err(SourceError::Answer)
}

impl Source for SocketSource {
    fn recent(&mut self, limit: usize) -> Result<ExportTraceServiceRequest, SourceError> {
        self.get(&format!("/traces?limit={limit}"))
    }

    fn find(&mut self, prefix: &str) -> Result<ExportTraceServiceRequest, SourceError> {
        self.get(&format!("/traces/{prefix}"))
    }

    fn follow(&mut self) -> Result<Option<ExportTraceServiceRequest>, SourceError> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            None => {
                let opened = self.client.stream("/traces/follow").map_err(elsewhere)?;
                self.stream.insert(opened)
            }
        };
        stream.next().map_err(elsewhere)?.map(decoded).transpose()
    }
}

fn elsewhere(error: ClientError) -> SourceError {
    SourceError::Elsewhere(Box::new(error))
}
