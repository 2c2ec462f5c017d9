//! How captured streams leave this layer. Owns the types alone; never reads a byte. The spawner threads call the
//! sink, the output layer implements it.

use phpeek_actors::ports::RunId;
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
}

/// The read end of one stream of a run that has just begun.
#[derive(Debug)]
pub struct Capture {
    /// Whose stream it is.
    pub process: ProcessName,
    /// Which run of it.
    pub run: RunId,
    /// Which stream.
    pub stream: Stream,
    /// Non-blocking, close-on-exec; end of file once the last writer is gone.
    pub read_end: OwnedFd,
}

/// Takes the read ends of streams.
pub trait CaptureSink: Send + Sync {
    /// Takes one. Called on a spawner thread after the program has begun and before its `Spawned` is reported.
    fn capture(&self, capture: Capture);

    /// Asks for the last lines of the standard error of a run that has ended. Returns at once. True: `hearer` is told
    /// them, once, maybe that there are none.
    fn ask_last_words(&self, run: RunId, hearer: Arc<dyn WordsHearer>) -> bool;
}

/// Hears the last words of runs. Called on any thread.
pub trait WordsHearer: Send + Sync {
    /// The last lines of a run, oldest first, with secrets masked.
    fn hear(&self, run: RunId, lines: Vec<String>);
}
