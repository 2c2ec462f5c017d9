//! What was run and how it ended, for those who ask later: the jobs of a schedule ([`JobHistory`]) and oneshots
//! ([`OneshotHistory`]), made of facts alone. Bounded, whatever happens; decides nothing.
//!
//! # The laws
//! * **K1** of the jobs that are over and the ticks that did not run no more entries are kept than may be.
//! * **K2** each job and each tick that was skipped is told by exactly one entry, until newer ones have taken its place.
//! * **K3** the counts are those of all that was told, whatever is kept.
//! * **K4** the newest comes first.

mod oneshots;

pub use oneshots::{OneshotHistory, OneshotRun, Started};

use crate::facts::{JobOver, ScheduleFact, Words};
use crate::ids::InstanceId;
use crate::schedule::{JobEnd, Skip, Trigger};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Entries for each schedule.
    pub jobs: usize,
    /// Runs of all oneshots.
    pub oneshots: usize,
    /// How long these are kept.
    pub age: Duration,
}

/// When something happened: since the supervisor's origin, and by the clock on the wall since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    /// Never goes back.
    pub at: Duration,
    /// May be set.
    pub wall: Duration,
}

/// A job, or ticks that did not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRun {
    /// Counts them, from 1.
    pub id: u64,
    /// Why it ran, or was to.
    pub trigger: Trigger,
    /// Its tick, or the newest of those that were skipped.
    pub tick: Duration,
    /// When it began, or the newest tick was skipped.
    pub began: Duration,
    /// What became of it.
    pub what: Became,
    /// The last line that it wrote, if it wrote any.
    pub output: Option<String>,
}

/// What became of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// It runs.
    Runs(InstanceId),
    /// It is over.
    Over {
        /// How.
        over: JobOver,
        /// When.
        ended: Duration,
        /// How long it took, whatever the clock did.
        took: Duration,
    },
    /// It did not run.
    Skipped {
        /// Why.
        reason: Skip,
        /// How many ticks in a row.
        ticks: usize,
        /// Whether they are only the newest of more.
        more: bool,
    },
}

impl JobRun {
    /// Whether it succeeded.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        matches!(self.what, Became::Over { over: JobOver { end: JobEnd::Succeeded, .. }, .. })
    }

    fn is_of(&self, of: InstanceId) -> bool {
        match self.what {
            Became::Runs(instance) | Became::Over { over: JobOver { instance, .. }, .. } => instance == of,
            Became::Skipped { .. } => false,
        }
    }
}

/// Counts of all jobs since the supervisor began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Jobs that began.
    pub began: u64,
    /// Jobs that succeeded.
    pub succeeded: u64,
    /// Jobs that ended in any other way.
    pub failed: u64,
    /// Ticks that did not run.
    pub skipped: u64,
    /// What all that are over took together.
    pub took: Duration,
    /// When the last began.
    pub last: Option<Duration>,
    /// When the last success ended.
    pub last_success: Option<Duration>,
    /// When the last that was none ended.
    pub last_failure: Option<Duration>,
}

/// The jobs of one schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobHistory {
    most: usize,
    given: u64,
    /// Jobs under way, with when they began.
    open: BTreeMap<u64, (Duration, JobRun)>,
    /// What is over, the newest last.
    over: VecDeque<JobRun>,
    totals: Totals,
    paused: bool,
    next: Option<Duration>,
}

impl JobHistory {
    /// Nothing so far; keeps so many entries of what is over.
    #[must_use]
    pub fn new(most: usize) -> Self {
        let (open, over, totals) = (BTreeMap::new(), VecDeque::new(), Totals::default());
        Self { most, given: 0, open, over, totals, paused: false, next: None }
    }

    /// Something has happened to the schedule.
    pub fn hear(&mut self, when: When, fact: &ScheduleFact) {
        match fact {
            ScheduleFact::Began { job, instance, tick, trigger, .. } => {
                let run = self.entry(*trigger, *tick, when.wall, Became::Runs(*instance));
                self.open.insert(*job, (when.at, run));
                self.totals.began = self.totals.began.saturating_add(1);
                self.totals.last = Some(when.wall);
            }
            ScheduleFact::Ended(over) => self.ended(when, over),
            ScheduleFact::Skipped { tick, ticks, more, trigger, reason } => {
                let counted = u64::try_from(*ticks).unwrap_or(u64::MAX);
                self.totals.skipped = self.totals.skipped.saturating_add(counted);
                self.skipped(
                    when.wall,
                    *tick,
                    Skipping { trigger: *trigger, reason: *reason, ticks: *ticks, more: *more },
                );
            }
            ScheduleFact::Paused => self.paused = true,
            ScheduleFact::Resumed => self.paused = false,
            ScheduleFact::Next(next) => self.next = *next,
            ScheduleFact::Stops { .. } | ScheduleFact::TriedInVain { .. } | ScheduleFact::ClockReset => {}
        }
    }

    /// The last lines that a run of this instance has written.
    pub fn hear_words(&mut self, of: InstanceId, words: &Words) {
        let Some(line) = words.stderr.last().or_else(|| words.stdout.last()) else { return };
        let open = self.open.values_mut().map(|(_, run)| run).find(|run| run.is_of(of));
        let run = open.or_else(|| self.over.iter_mut().rev().find(|run| run.is_of(of)));
        if let Some(run) = run {
            run.output = Some(line.clone());
        }
    }

    /// Jobs under way and those that are over, the newest first.
    pub fn newest(&self) -> impl Iterator<Item = &JobRun> {
        let mut open: Vec<&JobRun> = self.open.values().map(|(_, run)| run).collect();
        open.sort_unstable_by_key(|run| std::cmp::Reverse(run.id));
        open.into_iter().chain(self.over.iter().rev())
    }

    /// Counts of all.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// How many run.
    #[must_use]
    pub fn running(&self) -> usize {
        self.open.len()
    }

    /// Whether it is paused.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Its next tick.
    #[must_use]
    pub fn next(&self) -> Option<Duration> {
        self.next
    }

    fn entry(&mut self, trigger: Trigger, tick: Duration, began: Duration, what: Became) -> JobRun {
        self.given = self.given.saturating_add(1);
        JobRun { id: self.given, trigger, tick, began, what, output: None }
    }

    fn ended(&mut self, when: When, over: &JobOver) {
        let Some((at, mut run)) = self.open.remove(&over.job) else { return };
        let took = when.at.saturating_sub(at);
        run.what = Became::Over { over: *over, ended: when.wall, took };
        self.totals.took = self.totals.took.saturating_add(took);
        if over.end == JobEnd::Succeeded {
            self.totals.succeeded = self.totals.succeeded.saturating_add(1);
            self.totals.last_success = Some(when.wall);
        } else {
            self.totals.failed = self.totals.failed.saturating_add(1);
            self.totals.last_failure = Some(when.wall);
        }
        self.keep(run);
    }

    /// Ticks in a row that did not run for the same reason are one entry: they must not drive out what did.
    fn skipped(&mut self, wall: Duration, tick: Duration, new: Skipping) {
        let Skipping { trigger, reason, ticks, more } = new;
        if let Some(last) = self.over.back_mut().filter(|last| last.trigger == trigger)
            && let Became::Skipped { reason: why, ticks: before, more: and_more } = &mut last.what
            && *why == reason
        {
            (*before, *and_more) = (before.saturating_add(ticks), *and_more || more);
            (last.tick, last.began) = (tick, wall);
            return;
        }
        let run = self.entry(trigger, tick, wall, Became::Skipped { reason, ticks, more });
        self.keep(run);
    }

    fn keep(&mut self, run: JobRun) {
        self.over.push_back(run);
        while self.over.len() > self.most {
            self.over.pop_front();
        }
    }
}

/// What is told of ticks that do not run.
#[derive(Debug, Clone, Copy)]
struct Skipping {
    trigger: Trigger,
    reason: Skip,
    ticks: usize,
    more: bool,
}
