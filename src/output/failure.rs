//! Why the output layer, or a thread of it, could not start. Values.

use std::io;

/// Why the output layer could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The descriptor that all pipes are watched through.
    #[error("cannot watch the output of processes")]
    Watch(#[source] io::Error),
    /// A thread.
    #[error("cannot start a thread for output")]
    Thread(#[source] io::Error),
}
