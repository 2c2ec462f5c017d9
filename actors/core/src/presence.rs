//! Who comes and goes, and which program runs, as facts tell it: the one classification for whoever keeps a list of processes or instances, so that a
//! new fact of this kind cannot go unheard by some of them.

use crate::facts::{Fact, HookFact, InstanceFact, ProcessFact};
use crate::ids::{InstanceId, ProcessId, TaskId};
use crate::spec::ProcessSpec;
use std::sync::Arc;

/// Somebody comes, is changed, or goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Presence<'a> {
    /// A process is there.
    ProcessCame(ProcessId, &'a Arc<ProcessSpec>),
    /// A process is configured in another way.
    ProcessChanged(ProcessId, &'a Arc<ProcessSpec>),
    /// A process is no more.
    ProcessWent(ProcessId),
    /// An instance is there, with its number.
    InstanceCame(InstanceId, u32),
    /// An instance is no more.
    InstanceWent(InstanceId),
}

impl Fact {
    /// Who comes, is changed or goes by it.
    #[must_use]
    #[inline]
    pub fn presence(&self) -> Option<Presence<'_>> {
        match self {
            Self::Process(process, fact) => of_process(*process, fact),
            Self::Instance(instance, fact) => of_instance(*instance, fact),
            Self::System(_) | Self::Hook(..) | Self::Health(..) | Self::Schedule(..) => None,
        }
    }

    /// The task whose program is told to run by it: a run, or a try of a hook.
    #[must_use]
    #[inline]
    pub fn started(&self) -> Option<TaskId> {
        match self {
            Self::Instance(instance, InstanceFact::Started { run, .. }) => {
                Some(TaskId::Run(instance.run(*run)))
            }
            Self::Hook(_, HookFact::Started { task, .. }) => Some(TaskId::Hook(*task)),
            // A start has a fact of its own, and whoever adds one finds it beside those.
            Self::Instance(..) | Self::Hook(..) => None,
            // The program of a probe is not told of before it has answered.
            Self::System(_) | Self::Process(..) | Self::Health(..) | Self::Schedule(..) => None,
        }
    }
}

fn of_process(process: ProcessId, fact: &ProcessFact) -> Option<Presence<'_>> {
    match fact {
        ProcessFact::Added(spec) => Some(Presence::ProcessCame(process, spec)),
        ProcessFact::Changed(spec) => Some(Presence::ProcessChanged(process, spec)),
        ProcessFact::Removed => Some(Presence::ProcessWent(process)),
        ProcessFact::StartBegan { .. }
        | ProcessFact::EdgeMet(_)
        | ProcessFact::EdgeLost(_)
        | ProcessFact::EdgeGivenUp(_)
        | ProcessFact::EdgeFailed(..)
        | ProcessFact::Up
        | ProcessFact::Ready
        | ProcessFact::Unready
        | ProcessFact::NotReadyInTime
        | ProcessFact::StartFailed(_)
        | ProcessFact::StartInterrupted
        | ProcessFact::RestartAbandoned
        | ProcessFact::ScaleBegan { .. }
        | ProcessFact::ScaleEnded(_)
        | ProcessFact::ReloadBegan { .. }
        | ProcessFact::ReloadEnded(_)
        | ProcessFact::StopBegan(_)
        | ProcessFact::Stopped
        | ProcessFact::Ended(_)
        | ProcessFact::Abandoned
        | ProcessFact::Lost => None,
    }
}

fn of_instance(instance: InstanceId, fact: &InstanceFact) -> Option<Presence<'_>> {
    match fact {
        InstanceFact::Added { number } => Some(Presence::InstanceCame(instance, *number)),
        InstanceFact::Removed => Some(Presence::InstanceWent(instance)),
        InstanceFact::Changes(_)
        | InstanceFact::Changed(..)
        | InstanceFact::Ordered { .. }
        | InstanceFact::Started { .. }
        | InstanceFact::SpawnFailed { .. }
        | InstanceFact::Died(_)
        | InstanceFact::Daemonised { .. }
        | InstanceFact::LeftAlone(_)
        | InstanceFact::Ended(_)
        | InstanceFact::OverLimit { .. }
        | InstanceFact::Autopsied(_)
        | InstanceFact::Signalled { .. }
        | InstanceFact::ToldToReload
        | InstanceFact::ReloadTurnOver
        | InstanceFact::RestartBegan(_)
        | InstanceFact::StopTakenOver
        | InstanceFact::Restarting { .. }
        | InstanceFact::Unfolded(_)
        | InstanceFact::BackoffBegan { .. }
        | InstanceFact::Rested { .. }
        | InstanceFact::RelayFailed(_) => None,
    }
}
