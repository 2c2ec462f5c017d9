//! Where traces are read from, by the command line: a file, a spool directory, or the supervisor that runs.

use super::socket::SocketSource;
use super::stored::SpoolSource;
use crate::cli::ask::Target;
use clap::Args;
use phpeek_viewer::file::FileSource;
use phpeek_viewer::source::{Source, SourceError};
use std::path::PathBuf;

/// Where traces are read from.
#[derive(Debug, Clone, Default, Args)]
#[group(multiple = false)]
pub struct TraceFrom {
    /// A file of OTLP JSON lines; `-` is standard input.
    #[arg(long, global = true, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The spool directory of a supervisor.
    #[arg(long, global = true, value_name = "DIR")]
    pub spool: Option<PathBuf>,
    /// The control socket of a running supervisor; the usual place when nothing is named.
    #[arg(long, global = true, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// The configuration file that was named: it may say where the socket is.
    #[arg(skip)]
    pub config: Option<PathBuf>,
}

/// The source that the command line names: a file, a spool directory, or else the control socket of the supervisor that
/// runs.
///
/// # Errors
/// [`SourceError`] when it is not there.
pub(super) fn open(from: &TraceFrom) -> Result<Box<dyn Source>, SourceError> {
    match from {
        TraceFrom { file: Some(file), .. } => Ok(Box::new(FileSource::new(file))),
        TraceFrom { spool: Some(folder), .. } => Ok(Box::new(SpoolSource::open(folder)?)),
        TraceFrom { socket, config, .. } => {
            let target = Target { socket: socket.clone(), config: config.clone() };
            Ok(Box::new(SocketSource::open(&target)?))
        }
    }
}
