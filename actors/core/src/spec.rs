//! What shall run, checked: a value of these types is valid by construction as far as types can say it, and
//! `src/config` has checked the rest (names of dependencies are there, there is no cycle, a oneshot has scale 1).
//! Shared by all layers as `Arc`s; never changed after it was built.

use crate::backoff::Backoff;
use crate::budget::Attempts;
use crate::codes::Codes;
pub use crate::command::{CommandLine, OutputSpec, ProcessKind};
use crate::health;
pub use crate::health::{
    CheckSpec, Checks, GrpcQuestion, HttpQuestion, LogQuestion, NotifyQuestion, Protocol, Question, Role,
};
pub use crate::hook::{HookList, HookSpec, Hooks, OnError, Stage};
pub use crate::limit::MemorySpec;
use crate::name::ProcessName;
use crate::program::Program;
pub use crate::schedule::ScheduleSpec;
use crate::signal::{Reach, Signal};
pub use crate::watching::WatchSpec;
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// Everything that shall run.
#[derive(Debug, Clone)]
pub struct SystemSpec {
    /// How long a whole shutdown may take before whatever is left is killed.
    pub shutdown_timeout: Duration,
    /// How long a process may wait for one dependency.
    pub dependency_timeout: Duration,
    /// The processes that are enabled, in the order of their names.
    pub processes: Vec<Arc<ProcessSpec>>,
    /// What the supervisor does when a signal reaches it. Signals that are not here are left alone.
    pub signals: BTreeMap<Signal, SignalAction>,
    /// What runs around its start and its stop.
    pub hooks: Hooks,
}

/// What a signal to the supervisor means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignalAction {
    /// Stop everything and end; the second time, kill at once.
    Stop,
    /// Read the configuration again, and run what it says.
    Reload,
    /// Restart every long-running process, in dependency order, as many instances at a time as each may miss.
    RestartAll,
    /// Restart this process, as many instances at a time as it may miss.
    Restart(ProcessName),
    /// Hand the signal on to each instance of this process.
    Relay {
        /// Which process.
        process: ProcessName,
        /// Another signal in its place.
        instead: Option<Signal>,
        /// Whom it reaches.
        reach: Reach,
    },
    /// Flush telemetry and reopen files.
    Flush,
    /// Take it and do nothing.
    Ignore,
}

/// One configured process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessSpec {
    /// Its name.
    pub name: ProcessName,
    /// What its end means.
    pub kind: ProcessKind,
    /// Whether it is started with the supervisor.
    pub initial: InitialState,
    /// What each of its instances runs.
    pub program: Arc<Program>,
    /// How many instances.
    pub scale: NonZeroU32,
    /// How many instances may be asked for.
    pub max_scale: u32,
    /// What must have happened before it may start; each process at most once.
    pub depends_on: Vec<Dependency>,
    /// What follows an end that nobody asked for.
    pub restart: RestartSpec,
    /// How it is stopped.
    pub stop: StopSpec,
    /// Whether its end is the end of everything.
    pub essential: bool,
    /// How it takes part in rolling restarts, where that is not the usual way.
    pub rolling: Option<Box<RollingSpec>>,
    /// What runs around the starts and stops of each of its instances.
    pub hooks: Option<Box<Hooks>>,
    /// What each of its instances is asked while it runs.
    pub health: Option<Checks>,
    /// How much memory each of its instances may take.
    pub memory: Option<MemorySpec>,
    /// Files whose change restarts it.
    pub watch: Option<Arc<WatchSpec>>,
    /// When it runs, if by the clock: there is one exactly for those of the kind `Scheduled`.
    pub schedule: Option<Arc<ScheduleSpec>>,
}

impl ProcessSpec {
    /// Whether an instance that runs is not ready by that alone.
    #[must_use]
    pub fn has_readiness(&self) -> bool {
        self.health.as_ref().is_some_and(|checks| health::gates(checks))
    }

    /// How many of so many instances a rolling restart takes away at once.
    #[must_use]
    pub fn at_once(&self, instances: usize) -> usize {
        self.rolling.as_ref().map_or(1, |rolling| rolling.at_once.of(instances))
    }

    /// Whether it takes part in a rolling restart of everything.
    #[must_use]
    pub fn rolls(&self) -> bool {
        self.rolling.as_ref().is_none_or(|rolling| rolling.takes_part)
    }

    /// By what it reloads itself in a rolling restart, in place of a restart.
    #[must_use]
    pub fn reload(&self) -> Option<Reload> {
        self.rolling.as_ref().and_then(|rolling| rolling.reload)
    }

    /// How long an instance may take to be ready again once it was told to reload itself.
    #[must_use]
    pub fn reload_timeout(&self) -> Duration {
        self.rolling.as_ref().map_or(Duration::ZERO, |rolling| rolling.reload_timeout)
    }

    /// Whether it is started with the supervisor: only then does it have to be up.
    #[must_use]
    pub fn starts_with_the_system(&self) -> bool {
        self.initial == InitialState::Running && self.kind != ProcessKind::Scheduled
    }
}

/// How a process takes part in rolling restarts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RollingSpec {
    /// How many of its instances are taken away, or told to reload, at once.
    pub at_once: AtOnce,
    /// Whether one of everything is about it, too.
    pub takes_part: bool,
    /// By what it reloads itself: one of everything does that, and restarts nothing of it.
    pub reload: Option<Reload>,
    /// How long each may take to be ready again once it was told.
    pub reload_timeout: Duration,
}

/// By what a process reloads itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reload {
    /// A signal to the leader of each instance.
    Signal(Signal),
    /// A program for each instance: that of its hooks.
    Command,
}

/// A share of the instances of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtOnce {
    /// So many.
    Count(NonZeroU32),
    /// So many of a hundred, rounded down.
    Percent(u8),
}

impl AtOnce {
    /// Of so many instances; one at least, or nothing would ever go on.
    #[must_use]
    pub fn of(self, instances: usize) -> usize {
        match self {
            Self::Count(count) => count.get() as usize,
            Self::Percent(percent) => (instances * usize::from(percent) / 100).max(1),
        }
    }
}

/// Whether a process is started with the supervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InitialState {
    /// Started with the supervisor.
    Running,
    /// Known, and started on request only. It holds nobody up.
    Stopped,
}

impl InitialState {
    /// What may be written, and what it means.
    pub const WORDS: [(&'static str, Self); 2] = [("running", Self::Running), ("stopped", Self::Stopped)];
}

/// An edge of the dependency graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// Who must be first.
    pub process: ProcessName,
    /// What must have happened to it.
    pub condition: Condition,
    /// How long it may take; `None`: as the system has it.
    pub timeout: Option<Duration>,
    /// What follows when it takes longer.
    pub on_timeout: OnTimeout,
    /// Whether the dependent is stopped when the condition is lost, and started once it holds again.
    pub restart: bool,
}

impl Dependency {
    /// One that may take as long as the system has it, and must be met.
    #[must_use]
    pub fn new(process: ProcessName, condition: Condition) -> Self {
        Self { process, condition, timeout: None, on_timeout: OnTimeout::Fail, restart: false }
    }
}

/// What follows a wait that took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnTimeout {
    /// The start fails.
    Fail,
    /// It starts without.
    Start,
}

/// What must have happened to a dependency. One that is `initial_state: stopped` or scheduled holds nobody up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// All its instances run (the default for long-running processes that no check says more of).
    Started,
    /// All its instances are ready (the default for those with checks of readiness).
    Ready,
    /// It has ended, well or not.
    Completed,
    /// It has ended well (the default for oneshots).
    CompletedSuccessfully,
}

impl Condition {
    /// As it is written in the configuration and in `dependency.condition`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Ready => "ready",
            Self::Completed => "completed",
            Self::CompletedSuccessfully => "completed_successfully",
        }
    }
}

/// Which ends are followed by a new run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestartPolicy {
    /// Every one.
    Always,
    /// Those that are failures: a code other than 0, a signal.
    OnFailure,
    /// None.
    Never,
}

impl RestartPolicy {
    /// What may be written, and what it means.
    pub const WORDS: [(&'static str, Self); 3] =
        [("always", Self::Always), ("on-failure", Self::OnFailure), ("never", Self::Never)];
}

/// What follows an end that nobody asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestartSpec {
    /// Which ends are followed by a new run.
    pub policy: RestartPolicy,
    /// How many failures in a row are forgiven.
    pub attempts: Attempts,
    /// How long to wait before a new run.
    pub backoff: Backoff,
    /// A run that lived this long gives the budget back; `None`: never.
    pub stable_after: Option<Duration>,
    /// What an end means.
    pub ends: Ends,
}

/// What the ends of a process mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// Codes that are no failure.
    pub success: Codes,
    /// Codes after which a new run begins at once, outside of the budget.
    pub recycle: Codes,
    /// What follows when the budget is spent.
    pub exhausted: Exhausted,
}

impl Ends {
    /// Code 0 is no failure, and what has failed too often stays failed.
    pub const USUAL: Self = Self { success: Codes::ZERO, recycle: Codes::NONE, exhausted: Exhausted::Stop };
}

/// What follows when no more failures are forgiven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exhausted {
    /// The instance stays failed.
    Stop,
    /// Everything stops, and ends with its code.
    Exit,
    /// New runs, each after the longest wait, for ever.
    SlowRetry,
}

impl Exhausted {
    /// What may be written, and what it means.
    pub const WORDS: [(&'static str, Self); 3] =
        [("stop", Self::Stop), ("exit", Self::Exit), ("slow_retry", Self::SlowRetry)];
}

/// How a process is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StopSpec {
    /// The request.
    pub signal: Signal,
    /// How long it may take.
    pub grace: Duration,
    /// What follows. When it is not SIGKILL and does not help, SIGKILL does.
    pub kill_signal: Signal,
    /// How long the kill signal may take, when it is not SIGKILL.
    pub kill_grace: Duration,
    /// Whom they are for.
    pub mode: KillMode,
}

/// Whom the signals of a stop are for while the leader lives. What it leaves behind, and everything when there is no
/// time, is killed in any mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KillMode {
    /// All that belongs to the run.
    Group,
    /// The request is for the leader alone.
    Mixed,
    /// Both are for the leader alone; what outlives it is killed when its time is over.
    Leader,
}

impl KillMode {
    /// What may be written, and what it means.
    pub const WORDS: [(&'static str, Self); 3] =
        [("group", Self::Group), ("mixed", Self::Mixed), ("leader", Self::Leader)];
}
