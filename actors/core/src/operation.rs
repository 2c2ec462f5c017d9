//! What was asked for, and by what: an operation has an id and a cause, and both go with commands and with the facts of
//! what begins. Values only. The span that it was asked under travels beside it, in the envelope of
//! each message, for this crate knows no spans.

use crate::ids::{ProcessId, RunId};
use crate::signal::{Signal, SignalSender};
use std::sync::Arc;

/// One operation while the supervisor runs; never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId {
    /// The process that set it off itself; `None`: the system, or somebody outside.
    pub of: Option<ProcessId>,
    /// Counts the operations of that origin, from 1.
    pub serial: u64,
}

/// Something that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Which one.
    pub id: OperationId,
    /// What asked for it.
    pub cause: Cause,
}

/// What asked for an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The start of the supervisor.
    Boot,
    /// A signal to the supervisor.
    Signal {
        /// Which.
        signal: Signal,
        /// Who sent it, where that is known.
        sender: Option<Arc<SignalSender>>,
    },
    /// A person or a program, through the supervisor's own means.
    Request,
    /// This file, or what is below this folder, has changed, and is watched for the process; of a reload, the configuration
    /// that is followed, or a file that it includes.
    Watch(Arc<str>),
    /// A run ended, or never began, and its policy wants another.
    Death(RunId),
    /// What a process needs of this one was lost, and the two share it (`restart: true`).
    Dependency(ProcessId),
    /// Every process has ended.
    AllEnded,
    /// This process has ended, which is the end of everything.
    Fatal(ProcessId),
    /// The boot failed; why is told by [`crate::ends::BootFailure`].
    BootFailed,
    /// A part of the supervisor itself was lost.
    Internal,
}

impl Cause {
    /// A signal of which only the number is known.
    #[must_use]
    pub fn signal(signal: Signal) -> Self {
        Self::Signal { signal, sender: None }
    }

    /// Who sent the signal, if one asked and its sender is known.
    #[must_use]
    pub fn sender(&self) -> Option<&SignalSender> {
        match self {
            Self::Signal { sender, .. } => sender.as_deref(),
            _ => None,
        }
    }
}

/// Gives operations their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operations {
    of: Option<ProcessId>,
    given: u64,
}

impl Operations {
    /// Those of the system, and of whoever asks from outside.
    #[must_use]
    pub fn of_system() -> Self {
        Self { of: None, given: 0 }
    }

    /// Those that a process sets off itself.
    #[must_use]
    pub fn of_process(process: ProcessId) -> Self {
        Self { of: Some(process), given: 0 }
    }

    /// A new one.
    pub fn begin(&mut self, cause: Cause) -> Operation {
        self.given = self.given.saturating_add(1);
        Operation { id: OperationId { of: self.of, serial: self.given }, cause }
    }
}
