//! The vocabulary of a `ProcessActor`: what it is told, and what it reports. Values only.

use phpeek_core::fleet::{Ending, RestartOutcome};
use phpeek_core::ids::RunId;
use phpeek_core::lifecycle::Urgency;
use phpeek_core::name::ProcessName;
use phpeek_core::outcome::SpawnFailure;
use phpeek_core::signal::Signal;
use phpeek_core::spec::{Condition, ProcessIndex};

/// A dependency that a process waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// Which process.
    pub process: ProcessIndex,
    /// Its name, for the span.
    pub name: ProcessName,
    /// What must have happened to it.
    pub condition: Condition,
}

/// What a `ProcessActor` is told. Sent by the `ManagerActor` alone, each in an envelope; no reply, reports follow.
#[derive(Debug, Clone, PartialEq, Eq, actix::Message)]
#[rtype(result = "()")]
pub enum Command {
    /// The start of the process begins, and it has to wait for these.
    Begin(Vec<Wait>),
    /// One of them is there.
    DependencyMet(ProcessIndex),
    /// One of them will never be there.
    DependencyFailed {
        /// Which.
        process: ProcessIndex,
        /// A short, stable word.
        error_type: &'static str,
        /// Why, for people.
        message: String,
    },
    /// Start all instances. Answered by `Up` or `StartFailed`.
    Start,
    /// Stop all instances. Answered by `Stopped`.
    Stop(Urgency),
    /// Restart all instances, one at a time. Answered by `Restarted`.
    Restart {
        /// For `restart.reason`.
        reason: &'static str,
    },
    /// Restart no further instance: a shutdown came first. Not answered.
    AbandonRestart,
    /// Hand a signal on to the leader of each instance.
    Relay(Signal),
    /// Everything is over: end the spans that are open as errors. Sent with `send`, so that the reply tells that they
    /// have ended. Nothing is done after it.
    Finish,
}

/// What a `ProcessActor` reports to the manager. Sent with `do_send`: a handful for each process, and none may be lost.
#[derive(Debug, Clone, PartialEq, Eq, actix::Message)]
#[rtype(result = "()")]
pub struct ProcessReport {
    /// Whose report it is.
    pub process: ProcessIndex,
    /// What it says.
    pub kind: ReportKind,
}

/// What a report says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportKind {
    /// All instances run.
    Up,
    /// An instance could not be started.
    StartFailed(SpawnFailure),
    /// All instances have come to rest by themselves.
    Ended(Ending),
    /// All instances have come to rest because of a command.
    Stopped,
    /// The restart is over.
    Restarted(RestartOutcome),
    /// The actor has panicked.
    Lost {
        /// Runs that were not over; nobody looks after them any more.
        runs: Vec<RunId>,
    },
}
