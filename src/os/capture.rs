//! How captured streams leave this layer. Owns the types alone; never reads a byte. The spawner threads call the
//! sink, the output layer implements it.

use phpeek_core::ids::TaskId;
use phpeek_core::name::ProcessName;
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// Which stream of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Descriptor 1.
    Stdout,
    /// Descriptor 2.
    Stderr,
    /// A file that it writes by itself.
    File,
}

/// The read end of one stream of a task that has just begun.
#[derive(Debug)]
pub struct Capture {
    /// Whose stream it is; of a hook of the system, the hook.
    pub process: ProcessName,
    /// The name of the hook, when it is one.
    pub hook: Option<Arc<str>>,
    /// What the file is called that it is read from, when it is one.
    pub file: Option<Arc<str>>,
    /// Which task.
    pub task: TaskId,
    /// The number of the instance that it is, or works for; none when it works for the system.
    pub number: Option<u32>,
    /// Which stream.
    pub stream: Stream,
    /// Non-blocking, close-on-exec; end of file once the last writer is gone.
    pub read_end: OwnedFd,
}

impl Capture {
    /// Whether what comes from it is of a process, and not of the system.
    #[must_use]
    pub fn is_of_process(&self) -> bool {
        self.number.is_some() || self.file.is_some()
    }
}

/// Takes the read ends of streams.
pub trait CaptureSink: Send + Sync {
    /// Takes one. Called on a spawner thread after the program has begun and before its `Spawned` is reported.
    fn capture(&self, capture: Capture);
}
