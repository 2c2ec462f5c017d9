//! The end of a leader, and what is told of one that nobody asked for. Values only.

use crate::autopsy::Autopsy;
use std::time::Duration;

/// Whether an end was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// By a command.
    Yes,
    /// By nobody.
    No,
}

/// The end of a leader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Death {
    /// Of which run.
    pub run: u64,
    /// All that the kernel knows of it.
    pub autopsy: Autopsy,
    /// When the leader ended.
    pub ended: Duration,
    /// How long it had lived.
    pub uptime: Duration,
    /// Whether it was asked for.
    pub asked: Asked,
    /// Whether it was no failure, as its process has it.
    pub fine: bool,
}

/// A death that nobody asked for, fully told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obituary {
    /// The death.
    pub death: Death,
    /// When nobody was left of the run.
    pub over: Duration,
    /// How many more failures are forgiven; `None`: without bound, or nothing follows.
    pub left: Option<u32>,
    /// The last lines that it wrote.
    pub words: Words,
}

/// How long whoever tells of an end waits for the last words. A pipe is read within a few milliseconds, unless a
/// grandchild keeps it open and busy.
pub const WORDS_PATIENCE: Duration = Duration::from_millis(100);

/// The last lines of a run, or of the program of a probe, oldest first, with secrets masked; maybe none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// Of its standard output.
    pub stdout: Vec<String>,
    /// Of its standard error.
    pub stderr: Vec<String>,
}

impl Words {
    /// Whether it has said nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stdout.is_empty() && self.stderr.is_empty()
    }
}
