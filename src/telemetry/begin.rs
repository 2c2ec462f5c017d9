//! What telemetry needs of the program to begin, and why it cannot.

use super::file::FileError;
use super::spool::SpoolError;
use super::stdout::WriteBlock;
use super::target::TargetError;
use phpeek_actors::clock::Clock;
use phpeek_actors::ports::LogSink;
use std::io;
use std::sync::Arc;

/// Why tracing cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The receiver's address or the TLS roots cannot be used.
    #[error("the OTLP exporter cannot be built for {endpoint}")]
    Exporter {
        /// Where it should send to.
        endpoint: String,
        /// Why not.
        #[source]
        source: TargetError,
    },
    /// The file of the file exporter.
    #[error(transparent)]
    File(#[from] FileError),
    /// The spool.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The system has no thread or descriptor left.
    #[error("the telemetry thread cannot be started")]
    Thread(#[source] io::Error),
    /// The bounds between attempts are the wrong way round: a fault of the program.
    #[error("the shortest delay between attempts is longer than the longest")]
    Backoff,
}

/// What tracing needs of the program.
pub struct Surroundings {
    /// Where changes of the receiver's state are said.
    pub log: Arc<dyn LogSink>,
    /// The clock of supervision.
    pub clock: Clock,
    /// Where the `stdout` exporter writes.
    pub write_block: WriteBlock,
    /// Runs first in the telemetry thread, for its signal mask.
    pub thread_init: Box<dyn FnOnce() + Send>,
    /// Gives memory back after a drained burst.
    pub trim: Box<dyn Fn() + Send>,
}
