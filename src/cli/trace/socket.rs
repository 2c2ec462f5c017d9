//! Traces from a running supervisor, over its control socket: the newest that it keeps in memory, and behind them those that
//! its spool has.

use super::stored::SpoolSource;
use crate::cli::ask::Target;
use crate::cli::past;
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use phpeek_api::client::{Client, ClientError, Messages};
use phpeek_core::causes::chain;
use phpeek_viewer::source::{Source, SourceError, Unfinished};
use prost::Message as _;
use std::collections::HashSet;
use std::time::Duration;

/// A running supervisor.
pub(super) struct SocketSource {
    client: Client,
    stream: Option<Messages>,
    disk: Option<SpoolSource>,
    /// What to say beside the answers; each once.
    remarks: Vec<String>,
}

impl SocketSource {
    /// The supervisor that `target` names.
    pub(super) fn open(target: &Target) -> Result<Self, SourceError> {
        let client = target.client().map_err(elsewhere)?;
        Ok(Self { client, stream: None, disk: None, remarks: Vec::new() })
    }

    /// What the disk has beside that. What cannot be read there is said once, and the rest is shown.
    fn with_disk(
        &mut self,
        mut live: ExportTraceServiceRequest,
        ask: impl FnOnce(&mut SpoolSource) -> Result<ExportTraceServiceRequest, SourceError>,
    ) -> ExportTraceServiceRequest {
        let Some(folder) = past::spool_of(&self.client) else { return live };
        let opened = match self.disk.take() {
            Some(disk) => Ok(disk),
            None => SpoolSource::open(&folder),
        };
        let kept = opened.and_then(|mut disk| {
            let kept = ask(&mut disk)?;
            self.disk = Some(disk);
            Ok(kept)
        });
        match kept {
            Ok(kept) => add_missing(&mut live, kept),
            Err(error) => {
                self.note(format!("what was delivered long ago is not shown: {}", chain(&error)));
            }
        }
        live
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
    /// Spans gather for a second before they are kept.
    fn on_the_way(&self) -> Option<Duration> {
        Some(Duration::from_millis(1500))
    }

    /// One of another version may not know; then all is taken as it is.
    fn unfinished(&mut self) -> Unfinished {
        let told = self.client.get("/traces/unfinished").ok();
        let told = told.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let phpeek_api::Unfinished { open, on_the_way, any_on_the_way } = told.unwrap_or_default();
        Unfinished { open, on_the_way, any_on_the_way }
    }

    fn recent(&mut self, limit: usize) -> Result<ExportTraceServiceRequest, SourceError> {
        let live = self.get(&format!("/traces?limit={limit}"))?;
        let known: HashSet<&[u8]> = spans(&live).map(|span| span.trace_id.as_slice()).collect();
        if known.len() >= limit {
            return Ok(live);
        }
        Ok(self.with_disk(live, |disk| disk.recent(limit)))
    }

    fn find(&mut self, prefix: &str) -> Result<ExportTraceServiceRequest, SourceError> {
        let live = self.get(&format!("/traces/{prefix}"))?;
        Ok(self.with_disk(live, |disk| disk.find(prefix)))
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

    fn note(&mut self, text: String) {
        if !self.remarks.contains(&text) {
            self.remarks.push(text);
        }
    }

    fn remarks(&mut self) -> Vec<String> {
        std::mem::take(&mut self.remarks)
    }
}

fn spans(request: &ExportTraceServiceRequest) -> impl Iterator<Item = &Span> {
    request.resource_spans.iter().flat_map(|group| &group.scope_spans).flat_map(|scope| &scope.spans)
}

/// Puts what the disk has in front of what the memory has, each span once.
fn add_missing(live: &mut ExportTraceServiceRequest, mut kept: ExportTraceServiceRequest) {
    let id = |span: &Span| (span.trace_id.clone(), span.span_id.clone());
    let known: HashSet<_> = spans(live).map(id).collect();
    for scope in kept.resource_spans.iter_mut().flat_map(|group| &mut group.scope_spans) {
        scope.spans.retain(|span| !known.contains(&id(span)));
    }
    kept.resource_spans.append(&mut live.resource_spans);
    *live = kept;
}

fn elsewhere(error: ClientError) -> SourceError {
    SourceError::Elsewhere(Box::new(error))
}
