//! What the process machine holds beside its instances: what is due, deaths on their way to be told, crash loops, a rolling restart,
//! hooks, the jobs of a schedule.

use crate::facts::{Asked, Death, InstanceFact, Obituary, Words};
use crate::fold::Fold;
use crate::hook::Stage;
use crate::hook::pass::Pass;
use crate::ids::InstanceId;
use crate::lifecycle::{Event, Now};
use crate::operation::{Operation, OperationId};
use crate::outcome::Exit;
use crate::schedule::{self, Schedule};
use crate::spec::Reload;
use std::collections::BTreeMap;
use std::time::Duration;

/// The start under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Start {
    /// Instances that have not been up since.
    pub(super) missing: usize,
    /// Of these, instances whose program has not run since.
    pub(super) unborn: usize,
}

/// What is due at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// A step of the instance's machine.
    Step,
    /// The last words of this run are waited for no longer.
    Words(u64),
    /// The run of a folded restart has stayed.
    Loop,
    /// A step of its hooks.
    Hook,
    /// A step of its health.
    Health,
    /// It is measured.
    Memory,
    /// A step of its reload of itself.
    Reload,
    /// A step of the schedule; of no instance.
    Schedule,
}

/// A death that nobody asked for, on its way to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dying {
    pub(super) death: Death,
    /// When nobody was left of the run.
    pub(super) over: Duration,
    /// How many more failures are forgiven.
    pub(super) left: Option<u32>,
}

impl Dying {
    /// None when the end was asked for: it is told by its facts alone.
    pub(super) fn of(death: Death, over: Duration) -> Option<Self> {
        (death.asked == Asked::No).then_some(Self { death, over, left: None })
    }

    pub(super) fn with(self, words: Words) -> InstanceFact {
        let Self { death, over, left } = self;
        InstanceFact::Autopsied(Box::new(Obituary { death, over, left, words }))
    }
}

/// The crash loop of an instance.
#[derive(Debug, Clone, Default)]
pub(super) struct CrashLoop {
    pub(super) fold: Fold,
    /// When the run of the last restart has stayed long enough to be told, while that restart is folded.
    pub(super) stays: Option<Duration>,
}

impl CrashLoop {
    /// How many restarts it had.
    pub(super) fn count(&self) -> u64 {
        self.fold.count()
    }

    /// Whether restarts may be folded by now.
    pub(super) fn is_long(&self) -> bool {
        self.fold.is_long()
    }
}

/// A rolling restart of this process.
#[derive(Debug, Clone)]
pub(super) struct Rolling {
    pub(super) operation: Operation,
    /// Instances from this serial on have not had their turn.
    pub(super) next: u32,
    /// Whose turn it is, by serial, with the first run of each that counts as new.
    pub(super) turns: Vec<(u32, u64)>,
}

/// A reload of this process by itself.
#[derive(Debug, Clone)]
pub(super) struct Reloading {
    pub(super) by: Reload,
    /// How long an instance may take once it was told.
    pub(super) timeout: Duration,
    /// Instances from this serial on have not had their turn.
    pub(super) next: u32,
    pub(super) turns: Vec<Turn>,
}

/// The turn of an instance in that.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    pub(super) serial: u32,
    /// Its run when it was told.
    pub(super) run: u64,
    pub(super) step: Step,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Its command runs, with a time of its own.
    Command,
    /// It was told, and is to live on until `settled`.
    Settles { settled: Duration, until: Duration },
    /// What was asked of it since is to be answered well.
    Proves { since: Duration, until: Duration },
}

impl Step {
    pub(super) fn due(self) -> Option<Duration> {
        match self {
            Self::Command => None,
            Self::Settles { settled, .. } => Some(settled),
            Self::Proves { until, .. } => Some(until),
        }
    }
}

/// The hooks of an instance that run or wait.
#[derive(Debug, Clone, Default)]
pub(super) struct Hooking {
    pub(super) pass: Option<Pass>,
    /// The run that it is about.
    pub(super) run: u64,
    /// What follows it, with the run that each is about.
    pub(super) waiting: Vec<(Stage, u64)>,
    /// The stop or restart that the hooks before it hold up.
    pub(super) pending: Option<Event>,
    /// When the pass is due, as it stands among all that is due.
    pub(super) due: Option<Duration>,
}

/// A job under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Job {
    /// The instance whose runs its tries are.
    pub(super) instance: InstanceId,
    /// Which try it is at, from 1.
    pub(super) attempt: u32,
    /// How that one ended, if it ran.
    pub(super) exit: Option<Exit>,
    /// Who has asked for it, and waits for its end.
    pub(super) operation: Option<OperationId>,
}

/// The schedule and its jobs.
#[derive(Debug, Clone)]
pub(super) struct Jobs {
    pub(super) schedule: Schedule,
    pub(super) jobs: BTreeMap<u64, Job>,
    /// Tries that are over and that the schedule has not heard of.
    pub(super) over: Vec<(u64, bool)>,
    pub(super) due: Option<Duration>,
    /// The next tick, as it was told.
    pub(super) next: Option<Duration>,
}

impl Jobs {
    pub(super) fn of(&self, serial: u32) -> Option<u64> {
        self.jobs.iter().find(|(_, job)| job.instance.serial == serial).map(|(number, _)| *number)
    }
}

/// What the clock on the wall has said, and when.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wall {
    pub(super) at: Duration,
    pub(super) wall: Duration,
}

impl Wall {
    pub(super) fn now(self, now: Now) -> schedule::Now {
        let wall = self.wall.saturating_add(now.at.saturating_sub(self.at));
        schedule::Now { at: now.at, wall, jitter: now.jitter }
    }
}
