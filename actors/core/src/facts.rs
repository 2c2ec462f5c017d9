//! What has happened, as one stream. Machines put facts between the effects that they ask for, in the order of what
//! happened; listeners (spans, log records, the status board) make of them what they show. A fact says all that its
//! listeners need beside what earlier facts have said, and asks for nothing.

pub use crate::death::{Asked, Death, Obituary, Words};
use crate::ends::{
    BootFailure, BootFailureCause, Ending, Outcome, ReloadEnd, RestartEnd, RestartOutcome, RestartScope,
    SelfReloadEnd,
};
pub use crate::ends::{OperationEnd, Refusal};
use crate::fold::{Tally, Telling};
pub use crate::health::facts::{HealthFact, Probed};
pub use crate::hook::facts::{HookEnd, HookFact, HookOutcome};
use crate::ids::{InstanceId, ProcessId};
use crate::lifecycle::{InstanceState, Rest, SignalStep, Trigger};
use crate::limit::Breach;
use crate::member::Member;
use crate::name::ProcessName;
use crate::operation::{Operation, OperationId};
pub use crate::outbox::{Outbox, Output};
use crate::outcome::SpawnFailure;
use crate::plan::Plan;
pub use crate::schedule::facts::{JobOver, ScheduleFact};
use crate::signal::Signal;
use crate::spec::{Condition, ProcessSpec, Reload};
use std::sync::Arc;
use std::time::Duration;

/// Something that has happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// To the system as a whole.
    System(SystemFact),
    /// To a process.
    Process(ProcessId, ProcessFact),
    /// To an instance of a process.
    Instance(InstanceId, InstanceFact),
    /// To a hook of an instance, or of the system. Each runs one at a time.
    Hook(Option<InstanceId>, HookFact),
    /// To the health of an instance.
    Health(InstanceId, HealthFact),
    /// To the schedule of a process.
    Schedule(ProcessId, ScheduleFact),
}

/// A fact and when it happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Time since the origin of the supervisor's clock.
    pub at: Duration,
    /// What happened.
    pub fact: Fact,
}

/// What happens to the system.
#[derive(Debug, Clone, PartialEq)]
pub enum SystemFact {
    /// The boot begins.
    BootBegan {
        /// The boot.
        operation: Operation,
        /// How many processes are configured.
        processes: usize,
    },
    /// Every process that shall be up was up once.
    BootSucceeded {
        /// How many are not, because somebody has stopped them, or what they need, meanwhile.
        stopped: usize,
    },
    /// The boot is over and has failed; a shutdown follows.
    BootFailed(BootFailure),
    /// A rolling restart begins.
    RestartBegan {
        /// What asked for it.
        operation: Operation,
        /// What it is about.
        scope: RestartScope,
    },
    /// A rolling restart is over.
    RestartEnded {
        /// What it was about.
        scope: RestartScope,
        /// How it ended.
        end: RestartEnd,
    },
    /// A restart was asked for while one of the same scope waits for its turn: that one answers both.
    RestartJoined {
        /// What asked.
        operation: Operation,
        /// What it is about.
        scope: RestartScope,
    },
    /// A reload begins.
    ReloadBegan {
        /// What asked for it.
        operation: Operation,
        /// What it does.
        plan: Arc<Plan>,
    },
    /// A step of the reload under way has failed, at this process: what was done is undone.
    ReloadFailed(ProcessName),
    /// The reload that began is over.
    ReloadEnded(OperationId, ReloadEnd),
    /// A reload that waited for its turn is none any more: a later one was asked for.
    ReloadReplaced(OperationId),
    /// A reload was asked for, and nothing of what was read can be taken over; why, in words. That is all that the
    /// operation comes to.
    ReloadRefused(Operation, Arc<str>),
    /// A shutdown begins.
    ShutdownBegan {
        /// What asked for it.
        operation: Operation,
        /// How many processes are configured.
        processes: usize,
        /// How long it may take.
        timeout: Duration,
    },
    /// A shutdown was asked for while one is under way: everything is killed.
    ShutdownHurried(Operation),
    /// A signal is handed on to the leaders of a process; that is all that the operation asked for.
    Relayed(Operation, ProcessId, Signal),
    /// Something was asked for that cannot be done; nothing was changed.
    Refused(Operation, Refusal),
    /// What was asked for is over. Each request has either this or [`Self::Refused`], once, but for a shutdown: that is
    /// over with everything.
    Answered(OperationId, OperationEnd),
    /// Everything is over.
    Over(Outcome),
}

/// What happens to a process.
#[derive(Debug, Clone, PartialEq)]
pub enum ProcessFact {
    /// The supervisor knows it from now on.
    Added(Arc<ProcessSpec>),
    /// It is configured like this from now on.
    Changed(Arc<ProcessSpec>),
    /// Its start begins, as part of an operation; it has to wait for these.
    StartBegan {
        /// The operation.
        operation: Operation,
        /// Whom it waits for, and until what; maybe nobody.
        waits: Vec<(ProcessId, Condition)>,
    },
    /// What it needs of another process holds.
    EdgeMet(ProcessId),
    /// What it needs of another process held, and does not any more.
    EdgeLost(ProcessId),
    /// What it waits for has taken too long: its start goes on without.
    EdgeGivenUp(ProcessId),
    /// What it waits for will never be there: its start has failed.
    EdgeFailed(ProcessId, BootFailureCause),
    /// Its start is over: all its instances run.
    Up,
    /// All its instances are ready again.
    Ready,
    /// Not all its instances are ready any more.
    Unready,
    /// Its start ends without it being ready: that has taken too long. It goes on, and may be ready later.
    NotReadyInTime,
    /// Its start has failed: an instance could not be started.
    StartFailed(SpawnFailure),
    /// Its start will not be finished: it is to stop.
    StartInterrupted,
    /// The rolling restart that it had the turn in was interrupted: it goes no further from here.
    RestartAbandoned,
    /// Instances of it come or go, as part of an operation.
    ScaleBegan {
        /// The operation.
        operation: Operation,
        /// How many there were to be.
        from: u32,
        /// How many there are to be.
        to: u32,
    },
    /// As many instances as were asked for are there, or will not be.
    ScaleEnded(RestartOutcome),
    /// It reloads itself, as part of an operation.
    ReloadBegan {
        /// The operation.
        operation: Operation,
        /// By what each instance that runs is told.
        by: Reload,
    },
    /// That is over, or goes no further.
    ReloadEnded(SelfReloadEnd),
    /// It is stopped, as part of an operation.
    StopBegan(Operation),
    /// The stop is over: all its instances rest.
    Stopped,
    /// All its instances have come to rest by themselves.
    Ended(Ending),
    /// The supervisor ends and will not see the end of what it has under way.
    Abandoned,
    /// The part of the supervisor that looked after it is gone.
    Lost,
    /// It is no more, nor any instance of it; the last that is told of it.
    Removed,
}

/// What happens to an instance.
#[derive(Debug, Clone, PartialEq)]
pub enum InstanceFact {
    /// It exists, as `NAME-number`.
    Added {
        /// The number.
        number: u32,
    },
    /// Its state is about to change; what changes with it comes next, and [`Self::Changed`] last.
    Changes(Change),
    /// Its state has changed.
    Changed(Change, Shown),
    /// A run was ordered.
    Ordered {
        /// Which.
        run: u64,
    },
    /// A run is up.
    Started {
        /// Which.
        run: u64,
        /// The leader; `None` when it had ended before its pid was told.
        pid: Option<i32>,
    },
    /// A run never came up.
    SpawnFailed {
        /// Which.
        run: u64,
        /// Why.
        failure: SpawnFailure,
    },
    /// The leader of a run has ended.
    Died(Death),
    /// The leader of a run has ended and has put something into the background.
    Daemonised {
        /// What lives on, in sessions of its own.
        members: Vec<Member>,
        /// What keeps the program in the foreground, when it was meant to stay there.
        advice: Option<&'static str>,
    },
    /// What SIGKILL does not help against is left alone: these.
    LeftAlone(Vec<Member>),
    /// Nobody is left of a run, or nobody that it waits for.
    Ended(Death),
    /// A run takes more memory than it may: what follows comes next.
    OverLimit {
        /// Which.
        run: u64,
        /// What is passed, and how far.
        breach: Breach,
    },
    /// All that will be known of a death that nobody asked for is known.
    Autopsied(Box<Obituary>),
    /// A signal was sent to all that belongs to a run.
    Signalled {
        /// Which.
        signal: Signal,
        /// Why.
        step: SignalStep,
        /// Whether there was anybody to send it to.
        delivered: bool,
        /// Whether it is part of a crash loop that is told in few spans by now.
        folded: bool,
    },
    /// It was told to reload itself, and is to be ready again.
    ToldToReload,
    /// It is waited for no longer: it has reloaded, or is taken away by something else.
    ReloadTurnOver,
    /// It is restarted, as part of an operation.
    RestartBegan(Operation),
    /// The restart that has just begun found the instance stopping: what is left of that stop is part of it.
    StopTakenOver,
    /// A run is to follow an end that nobody asked for.
    Restarting {
        /// The operation that this is.
        operation: Operation,
        /// What it follows.
        after: Trigger,
        /// Restarts since the last stable run, from 1.
        attempt: u32,
        /// How many more failures are forgiven; `None`: without bound.
        left: Option<u32>,
        /// Whether spans tell of it.
        telling: Telling,
    },
    /// A restart of which no span was to tell shall be told after all.
    Unfolded(Tally),
    /// It waits before its next run.
    BackoffBegan {
        /// How long.
        delay: Duration,
    },
    /// It has come to rest.
    Rested {
        /// How.
        rest: Rest,
        /// Restarts since the last stable run.
        restarts: u32,
        /// How many restarts its crash loop had.
        looped: u64,
    },
    /// A signal that was to be handed on found nobody.
    RelayFailed(Signal),
    /// It is no more; the last that is told of it. Its number may be given to another.
    Removed,
}

/// A change of state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The state before.
    pub from: InstanceState,
    /// The state after.
    pub to: InstanceState,
}

/// What is shown of an instance beside its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// The leader's pid while it runs.
    pub pid: Option<i32>,
    /// Restarts since the supervisor began.
    pub restarts: u32,
}

impl Fact {
    /// The process that it is about.
    #[must_use]
    pub fn process(&self) -> Option<ProcessId> {
        match self {
            Self::System(_) | Self::Hook(None, _) => None,
            Self::Process(process, _) | Self::Schedule(process, _) => Some(*process),
            Self::Hook(Some(instance), _) => Some(instance.process),
            Self::Instance(instance, _) | Self::Health(instance, _) => Some(instance.process),
        }
    }
}
