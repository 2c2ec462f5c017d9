//! Spans in a file: one `ExportTraceServiceRequest` as OTLP JSON a line, rotated by size. Owns the file. A line is
//! whole or not there. Notices when somebody else has moved the file, and opens a new one. Lives on the telemetry
//! arbiter, the only one that waits when the disk is slow.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use phpeek_actors::telemetry::{Answer, Batch, ExportFuture, SpanExporter};
use phpeek_core::causes::chain;
use phpeek_settings::tracing::FileSettings;
use prost::Message as _;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Readable for the group: a trace names programs, hosts and failures.
const MODE: u32 = 0o640;

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the trace file {path} cannot be {what}")]
pub struct FileError {
    what: &'static str,
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// Writes batches to a file.
pub struct FileExporter {
    settings: FileSettings,
    /// Not there until it can be opened.
    file: Option<File>,
}

impl FileExporter {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn open(settings: FileSettings) -> Result<Self, FileError> {
        let file = Some(open(&settings.path)?);
        Ok(Self { settings, file })
    }

    /// An exporter that opens the file with the first batch.
    #[must_use]
    pub fn new(settings: FileSettings) -> Self {
        Self { settings, file: None }
    }

    fn append(&mut self, line: &[u8]) -> Result<(), FileError> {
        let path = self.settings.path.clone();
        let failed = |what, source| FileError { what, path: path.clone(), source };
        let mut file = self.follow()?;
        let mut before = file.metadata().map_err(|e| failed("read", e))?.len();
        if before > 0 && before.saturating_add(line.len() as u64) > self.settings.max_size {
            drop(file);
            file = self.rotate()?;
            before = 0;
        }
        let written = file.write_all(line).map_err(|source| {
            // The batch comes again: half a line would be in the way of it. If even that fails, the reader of the
            // file skips one line.
            drop(file.set_len(before));
            failed("written", source)
        });
        self.file = Some(file);
        written
    }

    /// The file, opened anew when its name leads elsewhere, as after a rotation by somebody else.
    fn follow(&mut self) -> Result<File, FileError> {
        let same = |a: &fs::Metadata, b: &fs::Metadata| a.dev() == b.dev() && a.ino() == b.ino();
        let named = fs::metadata(&self.settings.path).ok();
        match self.file.take() {
            Some(file) if named.zip(file.metadata().ok()).is_some_and(|(a, b)| same(&a, &b)) => Ok(file),
            _ => open(&self.settings.path),
        }
    }

    /// `traces.json` becomes `traces.json.1`, that `.2`, and the last one goes.
    fn rotate(&self) -> Result<File, FileError> {
        let path = &self.settings.path;
        let failed = |source: io::Error| FileError { what: "rotated", path: path.clone(), source };
        let absent = |e: &io::Error| e.kind() == io::ErrorKind::NotFound;
        for n in (1..self.settings.max_files).rev() {
            match fs::rename(numbered(path, n), numbered(path, n + 1)) {
                Err(error) if !absent(&error) => return Err(failed(error)),
                _ => {}
            }
        }
        match self.settings.max_files {
            0 => fs::remove_file(path).map_err(failed)?,
            _ => fs::rename(path, numbered(path, 1)).map_err(failed)?,
        }
        open(path)
    }
}

fn numbered(path: &Path, n: u32) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(format!(".{n}"));
    PathBuf::from(name)
}

fn open(path: &Path) -> Result<File, FileError> {
    let failed = |source| FileError { what: "opened", path: path.to_owned(), source };
    // Asked before it is opened: the open of a FIFO would wait for a reader.
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => {
            Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")))
        }
        _ => OpenOptions::new().append(true).create(true).mode(MODE).open(path).map_err(failed),
    }
}

fn line(encoded: &[u8]) -> Result<Vec<u8>, String> {
    let request = ExportTraceServiceRequest::decode(encoded).map_err(|e| e.to_string())?;
    let mut line = serde_json::to_vec(&request).map_err(|e| e.to_string())?;
    line.push(b'\n');
    Ok(line)
}

impl SpanExporter for FileExporter {
    fn target(&self) -> String {
        self.settings.path.display().to_string()
    }

    fn export(&mut self, batch: Batch) -> ExportFuture {
        let answer = match line(&batch.request) {
            Err(cause) => Answer::Refused { cause },
            Ok(line) => match self.append(&line) {
                Ok(()) => Answer::TAKEN,
                Err(error) => Answer::Retry { after: None, cause: chain(&error) },
            },
        };
        Box::pin(std::future::ready(answer))
    }
}
