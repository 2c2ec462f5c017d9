//! What the fleet holds of what is under way: a start, a rolling restart, a reload, a wish of somebody.

use super::words::{Amount, Wanted};
use crate::ends::{RestartScope, Standing};
use crate::ids::ProcessId;
use crate::name::ProcessName;
use crate::operation::{Operation, OperationId};
use crate::plan::Action;
use crate::process::ScheduleCommand;
use crate::spec::ProcessSpec;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// A rolling restart under way.
#[derive(Debug, Clone)]
pub(super) struct Rolling {
    pub(super) operation: Operation,
    pub(super) scope: RestartScope,
    /// Whose turn it is.
    pub(super) current: ProcessId,
    /// Whether that one is started, for nothing of it ran, and not restarted.
    pub(super) starts: bool,
    pub(super) rest: VecDeque<ProcessId>,
}

/// A start under way.
#[derive(Debug, Clone)]
pub(super) struct Start {
    pub(super) operation: Operation,
    /// Where the process stood before; it stands there again when it was never told to start.
    pub(super) before: Standing,
    /// Until when it may take to be ready, once it was told to start, where checks say whether it is.
    pub(super) until: Option<Duration>,
}

/// What is wanted of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Start,
    Stop,
    Scale(Amount),
    /// Something for its schedule.
    Schedule(ScheduleCommand),
}

/// A wish that is not fulfilled yet.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) operation: OperationId,
    pub(super) process: ProcessId,
    pub(super) wish: Wish,
}

/// A reload under way.
#[derive(Debug, Clone)]
pub(super) struct Reload {
    pub(super) operation: Operation,
    /// What ran before it.
    pub(super) back: Arc<Wanted>,
    /// The process whose failure is the reason for going back, when that is under way.
    pub(super) reason: Option<ProcessName>,
    /// What has failed since the way was taken.
    pub(super) failed: Option<ProcessName>,
    /// Those that are to go, and are not gone.
    pub(super) removing: BTreeSet<ProcessId>,
    /// What is to be started or restarted, in order.
    pub(super) queue: VecDeque<(ProcessId, Action, Arc<ProcessSpec>)>,
    /// Those whose start is under way.
    pub(super) waits: BTreeSet<ProcessId>,
    /// What is to be changed once it rests.
    pub(super) due: BTreeMap<ProcessId, Arc<ProcessSpec>>,
    /// Those that it has stopped to start them again.
    pub(super) ours: BTreeSet<ProcessId>,
    /// Those that somebody has stopped, before it or since: it starts none of them, nor one that it has removed and brings
    /// back.
    pub(super) halted: BTreeSet<ProcessName>,
    /// How many instances somebody has asked for of those that are configured with another number: before it, or since. The way
    /// back leads there.
    pub(super) scales: BTreeMap<ProcessName, u32>,
    /// Whose instances come or go.
    pub(super) scaling: Option<ProcessId>,
    /// Whether a rolling restart of its own is to begin.
    pub(super) rolls: bool,
    /// Whether it may be the last that was there to do: one that changes nothing leaves all that has ended as it is.
    pub(super) may_end: bool,
}

impl Reload {
    /// Whether it is on its way back.
    pub(super) fn is_going_back(&self) -> bool {
        self.reason.is_some()
    }
}
