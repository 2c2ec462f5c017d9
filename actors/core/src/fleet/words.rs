//! The words of the fleet: what may happen to the system, and what it asks for. Values only.

use crate::ends::{Ending, OperationEnd, Outcome, Refusal, RestartOutcome};
use crate::hook::words as hook;
use crate::ids::{ProcessId, TaskId};
use crate::name::ProcessName;
use crate::operation::{Operation, OperationId};
use crate::outcome::SpawnFailure;
use crate::process::{Command, ScheduleCommand};
use crate::program::TaskEvent;
use crate::signal::Handed;
use crate::spec::{ProcessSpec, SystemSpec};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// How many instances there are to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// So many.
    To(u32),
    /// So many more, or fewer, than were asked for last; fewer than none are none.
    By(i32),
}

impl Amount {
    /// How many that is, where `now` were asked for last.
    #[must_use]
    pub fn resolve(self, now: u32) -> u32 {
        match self {
            Self::To(to) => to,
            Self::By(by) => now.saturating_add_signed(by),
        }
    }
}

/// What may happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Command: start everything.
    Boot(Operation),
    /// All instances of a process run for the first time since it was told to start.
    Up(ProcessId),
    /// All instances of a process are ready again.
    Ready(ProcessId),
    /// Not all instances of a process are ready: any more, or yet, when all have run since it was told to start.
    Unready(ProcessId),
    /// A process could not be started.
    StartFailed(ProcessId, SpawnFailure),
    /// All instances of a process have come to rest by themselves. Between an order to restart and its answer, and
    /// between an order to stop and its answer, it is older than the order and counts for nothing.
    Ended(ProcessId, Ending),
    /// A process, or an instance of it, has ended so, and that is the end of everything.
    Fatal(ProcessId, Ending),
    /// An instance of a process has ended well, and daemons that it has put into the background live on.
    Left(ProcessId),
    /// All instances of a process are at rest after it was told to stop. Every order to stop is answered by it, also
    /// when nothing ran.
    Stopped(ProcessId),
    /// The restart of a process is over. When it failed and nothing of the process is left, `Ended` follows.
    Restarted(ProcessId, RestartOutcome),
    /// The part of the supervisor that owned a process is gone, and these of its tasks are not over.
    Lost(ProcessId, Vec<TaskId>),
    /// Command: restart every long-running process.
    RestartAll(Operation),
    /// Command: restart the processes of these names, in one rolling restart.
    RestartThese(Operation, Vec<ProcessName>),
    /// Command: restart the process of this name.
    Restart(Operation, ProcessName),
    /// Command: run this from now on. While the boot, a rolling restart or another reload is under way it waits; the
    /// last one that waits is done.
    Reload(Operation, Arc<Wanted>),
    /// Command: start the process of this name.
    Start(Operation, ProcessName),
    /// Command: stop the process of this name, until somebody starts it again.
    Stop(Operation, ProcessName),
    /// Command: let there be so many instances of the process of this name.
    Scale(Operation, ProcessName, Amount),
    /// A process has as many instances as it was told by this operation, or one of the new ones could not be started.
    Scaled(ProcessId, OperationId, RestartOutcome),
    /// Command: tell the schedule of the process of this name something.
    Schedule(Operation, ProcessName, ScheduleCommand),
    /// What the schedule of a process was told is done, or cannot be.
    Answered(ProcessId, OperationId, Result<OperationEnd, Refusal>),
    /// Command: hand a signal on to the leaders of the process of this name.
    Relay(Operation, ProcessName, Handed),
    /// Command: stop everything; when that is under way already, kill everything.
    Shutdown(Operation),
    /// Something has happened to a task of the system, or to one whose owner is lost.
    Task(TaskId, TaskEvent),
    /// Time has passed.
    Tick,
}

/// What shall run from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// How long a whole shutdown may take.
    pub shutdown_timeout: Duration,
    /// How long a process may wait for one dependency.
    pub dependency_timeout: Duration,
    /// All processes, checked: their dependencies are among them, and have no cycle.
    pub processes: Vec<Arc<ProcessSpec>>,
    /// Those whose output is written in another way; that is done elsewhere.
    pub relogged: BTreeSet<ProcessName>,
}

impl Wanted {
    /// What this system has.
    #[must_use]
    pub fn of(spec: &SystemSpec, relogged: BTreeSet<ProcessName>) -> Self {
        Self {
            shutdown_timeout: spec.shutdown_timeout,
            dependency_timeout: spec.dependency_timeout,
            processes: spec.processes.clone(),
            relogged,
        }
    }
}

/// What the machine asks for, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Make what looks after this process, which has this id. Comes before anything else for it.
    Create(ProcessId, Arc<ProcessSpec>),
    /// A process is configured like this from now on. Where its checks differ, it rests; a scale that differs
    /// holds from the next order on, when it does not.
    Configure(ProcessId, Arc<ProcessSpec>),
    /// A process is no more; it rests. The last that is asked for it.
    Remove(ProcessId),
    /// Tell a process to do this, as part of this operation.
    Command(ProcessId, Operation, Command),
    /// Kill all that belongs to this task: its owner is lost, and nobody else would stop it.
    Kill(TaskId),
    /// For a hook of the system.
    Hook(hook::Effect),
    /// Have a process tell what it has under way: it was told to stop, has not answered, and is waited for no longer.
    Finish(ProcessId),
    /// Everything is over, once those that were told to finish have: comes last.
    Done(Outcome),
}

impl From<hook::Effect> for Effect {
    fn from(effect: hook::Effect) -> Self {
        Self::Hook(effect)
    }
}
