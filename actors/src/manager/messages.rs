//! The vocabulary of the `ManagerActor`: what `phpeek-pm` asks of it, and what it tells at the end. Values only.

use phpeek_core::fleet::{Amount, Outcome, Wanted};
use phpeek_core::name::ProcessName;
use phpeek_core::operation::{Cause, OperationId};
use phpeek_core::process::ScheduleCommand;
use phpeek_core::signal::Handed;
use std::sync::Arc;

/// What the manager is asked for, each in an envelope whose span is the parent of all that the request sets off. Sent
/// by the composition root, its signal loop and whoever answers requests. The reply says which operation it is: facts
/// tell what comes of it ([`phpeek_core::facts::SystemFact::Answered`]), and may have done so before.
#[derive(Debug, Clone, PartialEq, Eq, actix::Message)]
#[rtype(result = "OperationId")]
pub enum Request {
    /// Create an actor for each process and start everything.
    Boot,
    /// Stop everything; the second time, kill at once.
    Shutdown(Cause),
    /// Restart every long-running process, as many instances at a time as each may miss.
    RestartAll(Cause),
    /// Restart these, one after the other, as many instances at a time as each may miss.
    RestartThese(Vec<ProcessName>, Cause),
    /// Restart one process, as many instances at a time as it may miss.
    Restart(ProcessName, Cause),
    /// Run this from now on.
    Reload(Arc<Wanted>, Cause),
    /// Tell that nothing is taken over of what was to be read, for this reason.
    ReloadRefused(Arc<str>, Cause),
    /// Start one process, with all that a start waits for.
    Start(ProcessName, Cause),
    /// Stop one process, until somebody starts it again.
    Stop(ProcessName, Cause),
    /// Let there be so many instances of a process.
    Scale(ProcessName, Amount, Cause),
    /// Tell the schedule of a process something.
    Schedule(ProcessName, ScheduleCommand, Cause),
    /// Hand a signal on to the leaders of a process.
    Relay(ProcessName, Handed, Cause),
}

impl Request {
    /// What asks.
    #[must_use]
    pub fn cause(&self) -> &Cause {
        match self {
            Self::Boot => &Cause::Boot,
            Self::Shutdown(cause)
            | Self::RestartAll(cause)
            | Self::RestartThese(_, cause)
            | Self::Restart(_, cause)
            | Self::Start(_, cause)
            | Self::Stop(_, cause)
            | Self::Scale(_, _, cause)
            | Self::Schedule(_, _, cause)
            | Self::Reload(_, cause)
            | Self::ReloadRefused(_, cause)
            | Self::Relay(_, _, cause) => cause,
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
