//! What the process machine holds beside its instances: deaths on their way to be told, crash loops, a rolling restart,
//! hooks.

use crate::facts::{Asked, Death, InstanceFact, Obituary, Words};
use crate::fold::Fold;
use crate::hook::Stage;
use crate::hook::pass::Pass;
use crate::lifecycle::Event;
use crate::operation::Operation;
use std::time::Duration;

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
