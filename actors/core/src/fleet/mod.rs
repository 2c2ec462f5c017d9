//! What the whole system does: the order of a boot, rolling restarts, the order of a shutdown, and the code that the
//! container ends with. A pure machine over process indices; owns every decision that concerns more than one
//! process. Never acts. Driven by the `ManagerActor`.

mod boot;
mod restart;
mod shutdown;

use crate::lifecycle::Urgency;
use crate::order::{Cycle, Graph};
use crate::outcome::SpawnFailureKind;
use crate::signal::Signal;
use crate::spec::{Condition, InitialState, ProcessIndex, ProcessKind, SystemSpec};
use restart::Rolling;
use std::time::Duration;

/// How long the last of a shutdown may take after everything was killed: the kernel needs a moment to take
/// processes down, and one that hangs in the kernel never goes.
pub const KILL_PATIENCE: Duration = Duration::from_secs(5);

/// Where a process stands, as far as the others are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Not started with the system: `initial_state: stopped`, or scheduled. It holds nobody up.
    Dormant,
    /// It waits for this many dependencies.
    Waiting(u32),
    /// It was told to start at this time.
    Launched(Duration),
    /// All its instances run, or wait for their next run.
    Up,
    /// It has ended, and nothing follows.
    Ended(Ending),
    /// It is being stopped.
    Stopping,
    /// It was stopped, or will never be started.
    Stopped,
}

/// How a process ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Well.
    Completed,
    /// Badly; the code that a container would end with because of it.
    Failed {
        /// The child's own code, or 128 + signal.
        code: u8,
    },
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

/// Why a shutdown began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShutdownReason {
    /// This signal was received.
    Signal(Signal),
    /// Every process has ended.
    AllEnded,
    /// The boot failed; why is told by [`BootFailure`].
    BootFailed,
    /// A part of the supervisor itself was lost.
    Internal,
    /// The caller of the program wanted it (the demo is over).
    Request,
}

/// Why a boot failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootFailure {
    /// The process that could not be started, or did not do what others wait for.
    pub process: ProcessIndex,
    /// What happened to it.
    pub cause: BootFailureCause,
}

/// What happened to the process that failed a boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BootFailureCause {
    /// It could not be started.
    Spawn(SpawnFailureKind),
    /// Others wait for it to complete, and it ended with this code.
    Failed {
        /// The child's own code, or 128 + signal.
        code: u8,
    },
    /// Others waited for it too long.
    TimedOut,
}

/// What may happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Command: start everything.
    Boot,
    /// All instances of a process run for the first time since it was told to start.
    Up(ProcessIndex),
    /// A process could not be started.
    StartFailed(ProcessIndex, SpawnFailureKind),
    /// All instances of a process have come to rest by themselves. Between an order to restart and its answer, and
    /// between an order to stop and its answer, it is older than the order and counts for nothing.
    Ended(ProcessIndex, Ending),
    /// All instances of a process are at rest after it was told to stop. Every order to stop is answered by it, also
    /// when nothing ran.
    Stopped(ProcessIndex),
    /// The restart of a process is over. When it failed and nothing of the process is left, `Ended` follows.
    Restarted(ProcessIndex, RestartOutcome),
    /// The part of the supervisor that owned a process is gone.
    Lost(ProcessIndex),
    /// Command: restart every long-running process.
    RestartAll,
    /// Command: restart one process.
    Restart(ProcessIndex),
    /// Command: stop everything; when that is under way already, kill everything.
    Shutdown(ShutdownReason),
    /// Time has passed.
    Tick,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestartScope {
    /// Every long-running process.
    All,
    /// One.
    One(ProcessIndex),
}

/// What the machine asks for, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Tell a process that its start begins, and what it has to wait for (maybe nothing).
    Begin(ProcessIndex, Vec<(ProcessIndex, Condition)>),
    /// Tell a process that one of its dependencies is there.
    DependencyMet(ProcessIndex, ProcessIndex),
    /// Tell a process that one of its dependencies will never be there.
    DependencyFailed(ProcessIndex, ProcessIndex, BootFailureCause),
    /// Tell a process to start its instances.
    Start(ProcessIndex),
    /// Every process that shall be up was up once.
    BootSucceeded,
    /// The boot is over and has failed; a shutdown follows.
    BootFailed(BootFailure),
    /// A rolling restart begins.
    RestartBegan(RestartScope),
    /// Tell a process to restart its instances, one at a time.
    Restart(ProcessIndex),
    /// Tell a process that its restart goes no further: an instance that is down comes up again, the others are left
    /// alone until it is the turn of the process to stop.
    AbandonRestart(ProcessIndex),
    /// A rolling restart is over.
    RestartEnded(RestartScope, RestartEnd),
    /// A shutdown begins; nothing is older than this moment plus the shutdown timeout when it ends.
    ShutdownBegan(ShutdownReason),
    /// Tell a process to stop.
    Stop(ProcessIndex, Urgency),
    /// Everything is over.
    Done(Outcome),
}

/// How a rolling restart ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestartEnd {
    /// Everything is up again.
    Complete,
    /// This process did not come up; those after it were left alone.
    FailedAt(ProcessIndex),
    /// A shutdown came first.
    Interrupted,
}

/// What the container ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was stopped as asked.
    Stopped,
    /// Everything ended well by itself.
    AllCompleted,
    /// Everything has ended; this is the code of the last that ended badly.
    Code(u8),
    /// The boot failed.
    BootFailed(BootFailureCause),
    /// Not everything was stopped within the deadline.
    DeadlineMissed,
    /// A part of the supervisor was lost.
    Internal,
}

/// The machine of the whole system.
#[derive(Debug, Clone)]
pub struct Fleet {
    graph: Graph,
    needs: Vec<Vec<(ProcessIndex, Condition)>>,
    kinds: Vec<ProcessKind>,
    standing: Vec<Standing>,
    phase: Phase,
    shutdown_timeout: Duration,
    dependency_timeout: Duration,
    /// How many of the processes that are to be started have not been up yet.
    unsettled: usize,
    /// Launched processes that somebody waits for, with the time until which they may be waited for.
    awaited: Vec<(Duration, ProcessIndex)>,
    /// Processes that have ended badly and were not restarted since, with their codes; the latest comes last.
    failures: Vec<(ProcessIndex, u8)>,
    rolling: Option<Rolling>,
    /// Restarts that were asked for while something else was under way; each scope at most once.
    pending: Vec<RestartScope>,
    /// When the shutdown's patience ends.
    deadline: Option<Duration>,
    forced: bool,
    /// How many processes a shutdown still waits for.
    live: usize,
    outcome: Outcome,
}

impl Fleet {
    /// A system at rest.
    ///
    /// # Errors
    /// The [`Cycle`], if the specification has one; the configuration has refused it long before.
    pub fn new(spec: &SystemSpec) -> Result<Self, Cycle> {
        let standing = |p: &std::sync::Arc<crate::spec::ProcessSpec>| match (p.initial, p.kind) {
            (InitialState::Stopped, _) | (_, ProcessKind::Scheduled) => Standing::Dormant,
            (InitialState::Running, _) => Standing::Waiting(0),
        };
        let needs = |p: &std::sync::Arc<crate::spec::ProcessSpec>| {
            p.depends_on.iter().map(|d| (d.process, d.condition)).collect()
        };
        Ok(Self {
            graph: Graph::of(&spec.processes)?,
            needs: spec.processes.iter().map(needs).collect(),
            kinds: spec.processes.iter().map(|p| p.kind).collect(),
            standing: spec.processes.iter().map(standing).collect(),
            phase: Phase::New,
            shutdown_timeout: spec.shutdown_timeout,
            dependency_timeout: spec.dependency_timeout,
            unsettled: 0,
            awaited: Vec::new(),
            failures: Vec::new(),
            rolling: None,
            pending: Vec::new(),
            deadline: None,
            forced: false,
            live: 0,
            outcome: Outcome::Stopped,
        })
    }

    /// Takes one step. Effects are appended to `out`, in the order in which they are to be performed.
    pub fn step(&mut self, now: Duration, event: Event, out: &mut Vec<Effect>) {
        match event {
            Event::Boot => self.boot(now, out),
            Event::Up(p) => self.up(p, now, out),
            Event::StartFailed(p, kind) => self.start_failed(p, kind, now, out),
            Event::Ended(p, ending) => self.ended(p, ending, now, out),
            Event::Stopped(p) => self.stopped(p, out),
            Event::Restarted(p, outcome) => self.restarted(p, outcome, out),
            Event::Lost(p) => self.lost(p, now, out),
            Event::RestartAll => self.ask_restart(RestartScope::All, out),
            Event::Restart(p) => self.ask_restart(RestartScope::One(p), out),
            Event::Shutdown(reason) => self.shutdown(reason, now, out),
            Event::Tick => self.tick(now, out),
        }
    }

    /// When a [`Event::Tick`] is due, if at all.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        match self.phase {
            Phase::Booting => self.awaited.iter().map(|(until, _)| *until).min(),
            Phase::Stopping => self.deadline,
            Phase::New | Phase::Running | Phase::Done => None,
        }
    }

    /// What the system as a whole is doing.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Whether a rolling restart is under way.
    #[must_use]
    pub fn restarting(&self) -> bool {
        self.rolling.is_some()
    }

    /// Where a process stands.
    #[must_use]
    pub fn standing(&self, process: ProcessIndex) -> Standing {
        self.standing.get(process.get()).copied().unwrap_or(Standing::Stopped)
    }

    fn set(&mut self, process: ProcessIndex, standing: Standing) {
        if let Some(slot) = self.standing.get_mut(process.get()) {
            *slot = standing;
        }
    }

    fn kind(&self, process: ProcessIndex) -> ProcessKind {
        self.kinds.get(process.get()).copied().unwrap_or(ProcessKind::Scheduled)
    }

    fn indices(&self) -> impl Iterator<Item = ProcessIndex> + use<> {
        (0..u32::try_from(self.standing.len()).unwrap_or(u32::MAX)).map(ProcessIndex)
    }

    fn tick(&mut self, now: Duration, out: &mut Vec<Effect>) {
        match self.phase {
            Phase::Booting => self.dependency_deadline(now, out),
            Phase::Stopping => self.shutdown_deadline(now, out),
            Phase::New | Phase::Running | Phase::Done => {}
        }
    }
}

impl ShutdownReason {
    /// As it is shown in `shutdown.reason` and in the log.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Signal(signal) => signal.to_string(),
            Self::AllEnded => "all processes ended".to_owned(),
            Self::BootFailed => "boot failed".to_owned(),
            Self::Internal => "internal error".to_owned(),
            Self::Request => "user request".to_owned(),
        }
    }
}
