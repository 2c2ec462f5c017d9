//! Why a command has no answer, and the exit code that says so: the one place for both.

use crate::exit;
use phpeek_api::client::ClientError;
use phpeek_telemetry::spool::SpoolError;
use phpeek_telemetry::spool::reader::ReadError;
use phpeek_viewer::source::SourceError;
use std::io;
use std::path::PathBuf;

/// Why a command has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The supervisor cannot be asked.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// An order was given, and nobody knows what comes of it.
    #[error("{0}, and what it was asked for may be done then")]
    Unsure(ClientError),
    /// The source of traces.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// There is nothing to show.
    #[error("{0}")]
    Nothing(String),
    /// The command line asks for something that is not there.
    #[error("{0}")]
    Usage(String),
    /// A spool directory cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A spool directory cannot be locked.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// Nobody has named a spool directory.
    #[error("no spool is configured: name a directory with --spool DIR, or set tracing_spool_dir")]
    NoSpool,
    /// A directory that is no spool.
    #[error("{} is no spool: there is no segment in it, nor the lock of a supervisor", path.display())]
    NoSpoolAt {
        /// The directory.
        path: PathBuf,
    },
    /// The configuration that would name it cannot be used.
    #[error(
        "the configuration has errors: see `phpeek-pm check-config`, or name the directory with --spool DIR"
    )]
    Configuration,
    /// It cannot even be read, for this reason.
    #[error("{0}; name the directory with --spool DIR, or another file")]
    Unread(String),
    /// A file that was to be made cannot be.
    #[error("cannot write {}", path.display())]
    Make {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A file is there already.
    #[error("{} is there already and is not overwritten: name another with --output FILE, or - for standard output", path.display())]
    There {
        /// The file.
        path: PathBuf,
    },
    /// What was to be imported cannot be read.
    #[error("{} cannot be imported: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not, and what to do.
        why: String,
    },
    /// A file cannot be removed.
    #[error("cannot remove {}", path.display())]
    Remove {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Standard output takes nothing.
    #[error("cannot write the spans")]
    Write(#[source] io::Error),
}

impl Fault {
    /// The exit code of a command that ends because of it.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Client(error) | Self::Unsure(error) => of_client(error),
            Self::Source(error) => of_source(error),
            Self::Nothing(_) | Self::Write(_) => exit::FAILURE,
            Self::Usage(_) | Self::NoSpool => exit::USAGE,
            Self::Read(_) | Self::Unreadable { .. } | Self::NoSpoolAt { .. } => exit::NO_INPUT,
            Self::Spool(_) | Self::Remove { .. } | Self::Make { .. } | Self::There { .. } => {
                exit::CANNOT_CREATE
            }
            Self::Configuration | Self::Unread(_) => exit::CONFIG,
        }
    }
}

fn of_client(error: &ClientError) -> u8 {
    match error {
        ClientError::NotRunning { .. } | ClientError::Theirs { .. } | ClientError::NotOurs { .. } => {
            exit::NOT_RUNNING
        }
        error if error.is_anothers() => exit::NOT_RUNNING,
        ClientError::Configuration(_) | ClientError::Unread(_) => exit::CONFIG,
        _ => exit::UNKNOWN,
    }
}

fn of_source(error: &SourceError) -> u8 {
    match error {
        SourceError::Read { .. } | SourceError::Malformed { .. } => exit::NO_INPUT,
        SourceError::Answer(_) => exit::UNKNOWN,
        SourceError::Unsupported { .. } => exit::USAGE,
        // A spool, or the supervisor.
        SourceError::Elsewhere(error) => error.downcast_ref().map_or(exit::NO_INPUT, of_client),
    }
}
