//! The vocabulary of the `ManagerActor`: what `phpeek-pm` asks of it, and what it tells at the end. Values only.

use phpeek_core::fleet::{Outcome, ShutdownReason};
use phpeek_core::signal::{Signal, SignalSender};
use phpeek_core::spec::ProcessIndex;

/// What the manager is asked for. Sent by the composition root and its signal loop; no reply, the end is told by
/// [`Finished`].
#[derive(Debug, Clone, PartialEq, Eq, actix::Message)]
#[rtype(result = "()")]
pub enum Request {
    /// Create an actor for each process and start everything.
    Boot,
    /// Stop everything; the second time, kill at once. With who sent the signal that asks for it, where that is known.
    Shutdown(ShutdownReason, Option<SignalSender>),
    /// Restart every long-running process, one instance at a time.
    RestartAll(RestartOrigin),
    /// Restart one process, one instance at a time.
    Restart(ProcessIndex, RestartOrigin),
    /// Hand a signal on to the leaders of a process.
    Relay(ProcessIndex, Signal),
}

/// Who asked for a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestartOrigin {
    /// This signal, with who sent it, where that is known.
    Signal(Signal, Option<SignalSender>),
    /// A person.
    Manual,
}

impl RestartOrigin {
    /// As `restart.reason` says it.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Signal(..) => "signal",
            Self::Manual => "manual",
        }
    }
}

/// How everything ended. Sent once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// What it ended with.
    pub outcome: Outcome,
    /// Which process failed the boot and why, in one sentence.
    pub boot_failure: Option<String>,
}
