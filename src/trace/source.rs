//! Where traces are read from: what a source answers, why it may not, and the one place where the command line becomes a
//! source. Called by the commands of `trace`.

use super::file::FileSource;
use super::socket::SocketSource;
use super::spool::SpoolSource;
use crate::cli::TraceFrom;
use crate::control::client::{ClientError, Target};
use crate::exit;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use std::io;

/// Where traces are read from.
pub trait Source {
    /// All that is known of the `limit` traces that were heard of last.
    ///
    /// # Errors
    /// [`SourceError`].
    fn recent(&mut self, limit: usize) -> Result<ExportTraceServiceRequest, SourceError>;

    /// All that is known of the traces whose id begins with `prefix` (lower-case hexadecimal).
    ///
    /// # Errors
    /// [`SourceError`].
    fn find(&mut self, prefix: &str) -> Result<ExportTraceServiceRequest, SourceError>;

    /// What was added since the last call; blocks until there is something or the source ends (then None).
    ///
    /// # Errors
    /// [`SourceError`].
    fn follow(&mut self) -> Result<Option<ExportTraceServiceRequest>, SourceError>;

    /// What was left out of the answers so far, for people: one line each. Telling it once is enough.
    fn remarks(&mut self) -> Vec<String> {
        Vec::new()
    }
}

/// Why a source has no answer.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It cannot be read.
    #[error("cannot read {name}")]
    Read {
        /// Its name for people.
        name: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It holds something else.
    #[error("{name}, line {line}: no OTLP JSON (`phpeek-pm` writes it with `tracing_exporter: file`)")]
    Malformed {
        /// Its name for people.
        name: String,
        /// Where, counted from 1.
        line: usize,
        /// What the reader stumbled over.
        #[source]
        source: serde_json::Error,
    },
    /// A spool directory.
    #[error(transparent)]
    Spool(crate::telemetry::spool::reader::ReadError),
    /// The supervisor.
    #[error(transparent)]
    Socket(#[from] ClientError),
    /// What the supervisor answers is no OTLP.
    #[error("the supervisor's answer cannot be read: it may be of another version")]
    Answer(#[source] prost::DecodeError),
    /// This way of reading is not there.
    #[error("traces cannot be read from {what}")]
    Unsupported {
        /// From where, or how.
        what: String,
    },
}

impl SourceError {
    /// The exit code of a command that ends because of it.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Read { .. } | Self::Malformed { .. } | Self::Spool(_) => exit::NO_INPUT,
            Self::Socket(error) => error.exit_code(),
            Self::Answer(_) => exit::UNKNOWN,
            Self::Unsupported { .. } => exit::USAGE,
        }
    }
}

/// The source that the command line names: a file, a spool directory, or else the control socket of the supervisor that
/// runs.
///
/// # Errors
/// [`SourceError`] when it is not there.
pub fn open(from: &TraceFrom) -> Result<Box<dyn Source>, SourceError> {
    match from {
        TraceFrom { file: Some(file), .. } => Ok(Box::new(FileSource::new(file))),
        TraceFrom { spool: Some(folder), .. } => Ok(Box::new(SpoolSource::open(folder)?)),
        TraceFrom { socket, config, .. } => {
            let target = Target { socket: socket.clone(), config: config.clone() };
            Ok(Box::new(SocketSource::open(&target)?))
        }
    }
}
