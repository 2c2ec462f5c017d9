//! The vocabulary of a `ProcessActor`: what it is told, and what it reports. Values only.

use phpeek_core::ids::{ProcessId, TaskId};
use phpeek_core::operation::Operation;
use phpeek_core::process::{Command, Report};
use phpeek_core::spec::ProcessSpec;
use std::sync::Arc;

/// What a `ProcessActor` is told, as part of an operation. Sent by the `ManagerActor` alone, each in an envelope; no
/// reply, reports follow.
#[derive(Debug, Clone, PartialEq, Eq, actix::Message)]
#[rtype(result = "()")]
pub struct Order {
    /// The operation.
    pub operation: Operation,
    /// What to do.
    pub command: Command,
}

/// Its configuration changes. Sent by the `ManagerActor` alone, with `do_send`, between orders; no reply.
#[derive(Debug, Clone, PartialEq, Eq, actix::Message)]
#[rtype(result = "()")]
pub enum Reconfigure {
    /// To this.
    To(Arc<ProcessSpec>),
    /// There is none any more: the last message. The actor ends.
    Gone,
}

/// Everything is over: end what is open. Sent with `send`, so that the reply tells that it has ended. Nothing is done
/// after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, actix::Message)]
#[rtype(result = "()")]
pub struct Finish;

/// The clock on the wall was set, or the machine has slept: what goes by it looks at it anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, actix::Message)]
#[rtype(result = "()")]
pub struct ClockSet;

/// What a `ProcessActor` reports to the manager. Sent with `do_send`: a handful for each process, and none may be lost.
#[derive(Debug, Clone, PartialEq, Eq, actix::Message)]
#[rtype(result = "()")]
pub struct ProcessReport {
    /// Whose report it is.
    pub process: ProcessId,
    /// What it says.
    pub kind: ReportKind,
}

/// What a report says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportKind {
    /// What the machine of the process has to say.
    Machine(Report),
    /// The actor has panicked.
    Lost {
        /// Tasks that were not over; nobody looks after them any more.
        tasks: Vec<TaskId>,
    },
}
