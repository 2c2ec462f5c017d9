//! How processes stand to each other, and how they, boots, restarts and the whole system end: words that the machines of
//! the process and of the system share. Values only.

use crate::hook::HookFailure;
use crate::ids::ProcessId;
use crate::lifecycle::Failure;
use crate::name::ProcessName;
use crate::outcome::SpawnFailure;
use crate::schedule::JobEnd;
use std::sync::Arc;
use std::time::Duration;

/// Where a process stands, as far as the others are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nobody wants it to run: `initial_state: stopped`, or started by a clock. It holds nobody up. What its own clock
    /// has started may run, so it is stopped as the others are.
    Dormant,
    /// It waits for its dependencies.
    Waiting,
    /// It was told to start at this time.
    Launched(Duration),
    /// All its instances run, or have run, and not all are ready, or ready again.
    Unready,
    /// All its instances run, or wait for their next run; where checks say so, all are ready.
    Up,
    /// Its start has failed; instances that did start may run.
    Broken,
    /// It has ended, and nothing follows.
    Ended(Ending),
    /// It is being stopped.
    Stopping,
    /// It was stopped, or will never be started.
    Stopped,
}

impl Standing {
    /// Whether something of the process may run.
    #[must_use]
    pub fn may_run(self) -> bool {
        match self {
            Self::Dormant | Self::Launched(_) | Self::Unready | Self::Up | Self::Broken | Self::Stopping => {
                true
            }
            Self::Waiting | Self::Ended(_) | Self::Stopped => false,
        }
    }
}

/// How a process ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Well.
    Completed,
    /// Badly; this is the end that counts for the container.
    Failed(Failure),
}

/// What the system as a whole is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing was asked yet.
    New,
    /// Starting in dependency order.
    Booting,
    /// Everything that shall be up was up once.
    Running,
    /// Stopping in reverse order.
    Stopping,
    /// It is over.
    Done,
}

/// Why a boot failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootFailure {
    /// The process that could not be started, or did not do what others wait for; `None`: a hook of the system.
    pub process: Option<ProcessId>,
    /// What happened to it.
    pub cause: BootFailureCause,
}

/// What happened to the process that failed a boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BootFailureCause {
    /// It could not be started.
    Spawn(SpawnFailure),
    /// Others wait for it, and it ended like this for good.
    Failed(Failure),
    /// Others wait for it to run, and it does not, nor will it by itself.
    Gone,
    /// Others waited for it too long.
    TimedOut,
    /// A hook that comes before everything has failed.
    Hook(HookFailure),
}

/// How the restart of a process went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestartOutcome {
    /// Every instance is up again.
    Up,
    /// An instance did not come up; the rest was left alone.
    Failed,
}

/// What was asked to be restarted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestartScope {
    /// Every long-running process.
    All,
    /// These, one after the other: those that others of them depend on come first.
    These(Arc<[ProcessId]>),
    /// One.
    One(ProcessId),
}

impl RestartScope {
    /// Whether it is a rolling restart, in which a process that knows how reloads itself.
    #[must_use]
    pub fn is_rolling(&self) -> bool {
        matches!(self, Self::All | Self::These(_))
    }

    /// Whether this process was named.
    #[must_use]
    pub fn names(&self, process: ProcessId) -> bool {
        match self {
            Self::All => false,
            Self::These(these) => these.contains(&process),
            Self::One(one) => *one == process,
        }
    }
}

/// How a rolling restart ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestartEnd {
    /// Everything is up again.
    Complete,
    /// No process took part: none of the kind was started.
    Nothing,
    /// This process did not come up; those after it were left alone.
    FailedAt(ProcessId),
    /// A shutdown came first.
    Interrupted,
    /// Somebody has stopped this process in its turn; those after it were left alone.
    StoppedAt(ProcessId),
}

/// How the reload of a process by itself ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SelfReloadEnd {
    /// Every instance that ran has reloaded.
    Complete,
    /// One has not; those after it were left alone.
    FailedAt {
        /// Its number.
        number: u32,
        /// Why not.
        fault: SelfReloadFault,
    },
    /// Something else came first.
    Interrupted,
}

/// Why an instance has not reloaded itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SelfReloadFault {
    /// The command for it has failed.
    Command,
    /// It has ended.
    Died,
    /// A check that restarts it has failed.
    Unhealthy,
    /// It was not ready again in time.
    NotReady,
}

/// How a reload ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReloadEnd {
    /// Everything is as it is configured now.
    Complete,
    /// This process could not be started or changed; everything is as it was configured before.
    RolledBack(ProcessName),
    /// The same, and the second could not be brought back.
    Broken(ProcessName, ProcessName),
    /// A shutdown came first.
    Interrupted,
}

/// What the container ends with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was stopped as asked.
    Stopped,
    /// Everything ended well by itself.
    AllCompleted,
    /// Everything has ended, or one whose end is the end of everything; this is the last that ended badly.
    Failed(Failure),
    /// The boot failed.
    BootFailed(BootFailure),
    /// Not everything was stopped within the deadline.
    DeadlineMissed,
    /// A part of the supervisor was lost.
    Internal,
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// No process has this name.
    NoSuchProcess(ProcessName),
    /// Everything is being stopped, or has been.
    Stopping,
    /// Too many requests wait for their answers already.
    TooMany,
    /// It runs, or is on its way to.
    Runs(ProcessId),
    /// It has as many instances as jobs that run: they cannot be asked for.
    Scheduled(ProcessId),
    /// No clock starts it: it has no schedule.
    Unscheduled(ProcessId),
    /// Its schedule is stopped.
    Idle(ProcessId),
    /// Nothing of it runs.
    NotRunning(ProcessId),
    /// Its schedule is not paused.
    NotPaused(ProcessId),
    /// As many of its jobs run as may.
    Busy(ProcessId),
    /// It is meant to end, once: there is one instance of it.
    Oneshot(ProcessId),
    /// So many instances of it are not allowed.
    Above {
        /// Of which.
        process: ProcessId,
        /// How many are.
        most: u32,
    },
}

impl Refusal {
    /// The process that it is about, when there is one.
    #[must_use]
    pub fn process(&self) -> Option<ProcessId> {
        match self {
            Self::NoSuchProcess(_) | Self::Stopping | Self::TooMany => None,
            Self::Runs(process)
            | Self::Scheduled(process)
            | Self::Unscheduled(process)
            | Self::Idle(process)
            | Self::NotRunning(process)
            | Self::NotPaused(process)
            | Self::Busy(process)
            | Self::Oneshot(process)
            | Self::Above { process, .. } => Some(*process),
        }
    }
}

/// What a request has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationEnd {
    /// What was asked for is so.
    Done,
    /// It was tried, and is not so.
    Failed,
    /// Something else was asked for meanwhile.
    Interrupted,
}

impl From<JobEnd> for OperationEnd {
    /// What has become of the job that somebody has asked for.
    fn from(end: JobEnd) -> Self {
        match end {
            JobEnd::Succeeded => Self::Done,
            JobEnd::Failed | JobEnd::TimedOut => Self::Failed,
            JobEnd::Replaced | JobEnd::Interrupted => Self::Interrupted,
        }
    }
}
