//! Traces from a running supervisor, over its control socket: the newest that it keeps in memory. Called through
//! `trace::source`.

use super::source::{Source, SourceError};
use crate::control::client::{Client, Messages, Target};
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;

/// A running supervisor.
pub(super) struct SocketSource {
    client: Client,
    stream: Option<Messages>,
}

impl SocketSource {
    /// The supervisor that `target` names.
    pub(super) fn open(target: &Target) -> Result<Self, SourceError> {
        Ok(Self { client: Client::find(target)?, stream: None })
    }

    fn get(&self, path: &str) -> Result<ExportTraceServiceRequest, SourceError> {
        match self.client.get(path) {
            Ok(bytes) => decoded(bytes),
            // It has none of these; that tracing is off it says in other words.
            Err(error) if error.is_nothing() => Ok(ExportTraceServiceRequest::default()),
            Err(error) => Err(error.into()),
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
                let opened = self.client.stream("/traces/follow")?;
                self.stream.insert(opened)
            }
        };
        stream.next()?.map(decoded).transpose()
    }
}
