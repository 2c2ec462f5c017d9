//! OTLP JSON from a file or standard input, one request after the other: what the exporter `file` and the Collector's
//! file exporter write. Owns the reading; holds all of a file in memory while the command runs.

use super::select;
use super::source::{Source, SourceError};
use super::tail::{Tail, is_stdin};
use super::text;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use std::collections::HashMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// A file of OTLP JSON.
#[derive(Debug)]
pub struct FileSource {
    path: PathBuf,
    read: Option<ExportTraceServiceRequest>,
    tail: Option<Tail>,
    remarks: Vec<String>,
}

impl FileSource {
    /// The file with this path; `-` is standard input.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), read: None, tail: None, remarks: Vec::new() }
    }

    fn name(&self) -> String {
        if is_stdin(&self.path) { "standard input".to_owned() } else { self.path.display().to_string() }
    }

    /// All that is in it, read once.
    fn all(&mut self) -> Result<&ExportTraceServiceRequest, SourceError> {
        let request = match self.read.take() {
            Some(request) => request,
            None => self.load()?,
        };
        Ok(self.read.insert(request))
    }

    fn load(&mut self) -> Result<ExportTraceServiceRequest, SourceError> {
        let name = self.name();
        let mut bytes = Vec::new();
        let got = if is_stdin(&self.path) {
            io::stdin().lock().read_to_end(&mut bytes).map(drop)
        } else {
            std::fs::read(&self.path).map(|all| bytes = all)
        };
        got.map_err(|source| SourceError::Read { name: name.clone(), source })?;
        let mut request = ExportTraceServiceRequest::default();
        let mut documents = serde_json::Deserializer::from_slice(&bytes).into_iter();
        while let Some(next) = documents.next() {
            let begin = documents.byte_offset();
            match next {
                Ok(more) => join(&mut request, more),
                // The writer is not done with the last line, or was killed over it.
                Err(error) if error.is_eof() && begin > 0 => {
                    let size = text::count(bytes.len() - begin, "byte");
                    self.remarks.push(format!("{name} ends within a line: its last {size} are left out"));
                    break;
                }
                Err(source) => {
                    return Err(SourceError::Malformed { name, line: source.line(), source });
                }
            }
        }
        Ok(request)
    }
}

fn join(all: &mut ExportTraceServiceRequest, more: ExportTraceServiceRequest) {
    all.resource_spans.extend(more.resource_spans);
}

impl Source for FileSource {
    fn recent(&mut self, limit: usize) -> Result<ExportTraceServiceRequest, SourceError> {
        let all = self.all()?;
        // The place of the last span of each trace.
        let mut last: HashMap<&[u8], usize> = HashMap::new();
        last.extend(select::spans(all).enumerate().map(|(at, span)| (span.trace_id.as_slice(), at)));
        let mut places: Vec<usize> = last.values().copied().collect();
        places.sort_unstable_by(|a, b| b.cmp(a));
        let oldest = limit.checked_sub(1).and_then(|l| places.get(l).or(places.last())).copied();
        Ok(select::keep(all, |id| oldest.zip(last.get(id)).is_some_and(|(oldest, at)| *at >= oldest)))
    }

    fn find(&mut self, prefix: &str) -> Result<ExportTraceServiceRequest, SourceError> {
        Ok(select::keep(self.all()?, |id| const_hex::encode(id).starts_with(prefix)))
    }

    fn follow(&mut self) -> Result<Option<ExportTraceServiceRequest>, SourceError> {
        let name = self.name();
        let failed = |source| SourceError::Read { name: name.clone(), source };
        let tail = match self.tail.take() {
            Some(tail) => tail,
            None => Tail::open(&self.path).map_err(failed)?,
        };
        let Some(line) = self.tail.insert(tail).next().map_err(failed)? else { return Ok(None) };
        let malformed = |source| SourceError::Malformed { name: name.clone(), line: line.number, source };
        serde_json::from_slice(&line.text).map(Some).map_err(malformed)
    }

    fn remarks(&mut self) -> Vec<String> {
        std::mem::take(&mut self.remarks)
    }
}
