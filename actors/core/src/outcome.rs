//! How a run ended, or why it never began. The whole status is a type that travels to the very end of the program:
//! nothing is squeezed into a number here. Owns what counts as success.

use crate::signal::Signal;
use std::fmt;

/// The end of a run, as wait(2) tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exit {
    /// It ended by itself with this code.
    Code(u8),
    /// A signal ended it.
    Signal {
        /// Which one.
        signal: Signal,
        /// Whether a core was dumped.
        core: bool,
    },
}

impl Exit {
    /// Code 0, nothing else.
    #[must_use]
    pub fn is_success(self) -> bool {
        self == Self::Code(0)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal { signal, core: false } => write!(f, "{signal}"),
            Self::Signal { signal, core: true } => write!(f, "{signal}, core dumped"),
        }
    }
}

/// What kind of thing kept a run from beginning; decides the exit code of a failed boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpawnFailureKind {
    /// The program is not there (ENOENT, ENOTDIR).
    NotFound,
    /// It is there and may not be run (EACCES, EPERM, ENOEXEC, a directory).
    NotExecutable,
    /// The configured user or group does not exist, or may not be taken.
    Credentials,
    /// The working directory cannot be entered.
    WorkingDirectory,
    /// The system had no room: memory, processes, descriptors. The only kind that may pass by itself.
    Resources,
    /// A hook that comes before it has failed.
    Hook(HookFault),
    /// Anything else.
    Other,
}

/// What happened to the last try of a hook that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HookFault {
    /// It ended like this.
    Exit(Exit),
    /// It took longer than its timeout.
    TimedOut,
    /// Its program is not there.
    NotFound,
    /// Its program is there and may not be run.
    NotExecutable,
    /// It could not be started for another reason.
    NotStarted,
}

impl HookFault {
    /// What kept a program from beginning.
    #[must_use]
    pub fn refused(kind: SpawnFailureKind) -> Self {
        match kind {
            SpawnFailureKind::NotFound => Self::NotFound,
            SpawnFailureKind::NotExecutable => Self::NotExecutable,
            _ => Self::NotStarted,
        }
    }
}

impl SpawnFailureKind {
    /// A short, stable word for `error.type`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::NotExecutable => "not_executable",
            Self::Credentials => "credentials",
            Self::WorkingDirectory => "working_directory",
            Self::Resources => "resources",
            Self::Hook(_) => "hook_failed",
            Self::Other => "spawn_failed",
        }
    }
}

/// Why a run never began.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SpawnFailure {
    /// The kind, for decisions.
    pub kind: SpawnFailureKind,
    /// What and why, for people: it names the program, the user or the directory.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_0_is_a_success() {
        assert!(Exit::Code(0).is_success() && !Exit::Code(1).is_success());
        assert!(!Exit::Signal { signal: Signal::TERM, core: false }.is_success());
    }
}
