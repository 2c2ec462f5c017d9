//! A schedule as a pure machine: which tick begins a job, waits, is skipped or made up for; the tries of each job and how
//! long they may take. Whoever owns it runs the programs and says how they ended. Reads no clock; never waits.
//!
//! # The laws
//! * **T1** each tick is answered once at most: it begins a job, or is skipped; whatever the clock does, short of being
//!   put back by [`CORRECTION`].
//! * **T2** no job begins before its tick has come, and one that nothing prevents begins when its tick and its jitter are over.
//! * **T3** no more than `at_once` jobs are under way.
//! * **T4** a job has at most `retries` + 1 tries; another only after one that failed, when the delay is over.
//! * **T5** a try is stopped when its time is over and not before, or to be replaced.
//! * **T6** by the clock nothing begins while it is paused, and nothing at all once it is closed.
//! * **T7** a step before the deadline at which nothing happens changes nothing.
//! * **T8** of ticks that were missed as many begin as `catch_up` says: none, the newest, or the newest [`MOST_MISSED`].
//! * **T9** each job that began ends once.
//! * **T10** each trigger begins one job or is skipped, once, and what answers it bears its operation.

mod cron;
pub mod facts;
mod jobs;
mod look;
mod timetable;
mod words;

pub use cron::{Cron, CronError};
pub use jiff::tz::TimeZone;
pub use timetable::Timetable;
pub use words::{
    CatchUp, Event, HeartbeatSpec, JobEnd, Now, Output, Overlap, ScheduleSpec, Skip, StopReason, Trigger,
};

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// Most missed ticks that are made up for.
pub const MOST_MISSED: usize = 100;

/// A tick that is late by more than this was missed. Programs that are late by less have met a busy machine.
pub const LATE: Duration = Duration::from_secs(60);

/// A clock that is put back by more than this was wrong before, and its new time counts. By less, what has run by the
/// old time does not run again by the new one.
pub const CORRECTION: Duration = Duration::from_secs(24 * 60 * 60);

/// A tick whose jitter is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    tick: Duration,
    due: Duration,
}

/// What waits for its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Waiting {
    tick: Duration,
    trigger: Trigger,
}

impl Waiting {
    fn skipped(self, reason: Skip) -> Output {
        Output::Skipped { tick: self.tick, ticks: 1, more: false, trigger: self.trigger, reason }
    }
}

/// What a job is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// A try runs, and may until then.
    Runs(Option<Duration>),
    /// A try was told to stop.
    Stops(StopReason),
    /// The next try begins then.
    Waits(Duration),
}

/// A job under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Job {
    number: u64,
    attempt: u32,
    phase: Phase,
}

/// The machine of one schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    spec: Arc<ScheduleSpec>,
    /// Ticks up to here are answered, by the timetable's clock.
    seen: Duration,
    held: Option<Held>,
    waiting: VecDeque<Waiting>,
    jobs: Vec<Job>,
    /// Jobs that have begun.
    given: u64,
    paused: bool,
    closed: bool,
    /// When the next tick is to be looked at, by the caller's time.
    due: Option<Duration>,
}

impl Schedule {
    /// A schedule whose first tick is the next one.
    #[must_use]
    pub fn new(spec: Arc<ScheduleSpec>, now: Now) -> Self {
        let mut schedule = Self {
            seen: Duration::ZERO,
            held: None,
            waiting: VecDeque::new(),
            jobs: Vec::new(),
            given: 0,
            paused: false,
            closed: false,
            due: None,
            spec,
        };
        schedule.seen = schedule.here(now);
        schedule.wind(now);
        schedule
    }

    /// Takes one step. What follows is appended to `out`, in the order in which it happens.
    pub fn step(&mut self, now: Now, event: Event, out: &mut Vec<Output>) {
        match event {
            Event::Ended { job, success } => self.ended(now, job, success, out),
            Event::Trigger(by) if self.closed => {
                let waiting = Waiting { tick: self.here(now), trigger: Trigger::Manual(by) };
                out.push(waiting.skipped(Skip::Closing));
            }
            _ if self.closed => {}
            Event::Tick => {
                self.work(now, out);
                self.look(now, out);
            }
            Event::Trigger(by) => {
                let waiting = Waiting { tick: self.here(now), trigger: Trigger::Manual(by) };
                self.offer(now, waiting, out);
            }
            Event::Pause => {
                self.look(now, out);
                self.pause();
            }
            Event::Resume => {
                let paused = std::mem::take(&mut self.paused);
                if paused {
                    self.resume(now, out);
                }
            }
            Event::Close => self.close(out),
        }
        self.wind(now);
    }

    /// When an [`Event::Tick`] is due, if at all.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let jobs = self.jobs.iter().filter_map(|job| match job.phase {
            Phase::Runs(until) => until,
            Phase::Waits(until) => Some(until).filter(|_| !self.closed),
            Phase::Stops(_) => None,
        });
        jobs.chain(self.due).filter(|_| !self.closed).min()
    }

    /// The next tick by the clock on the wall; `None` when there is none, or it is paused or closed.
    #[must_use]
    pub fn next_tick(&self, now: Now) -> Option<Duration> {
        let next = self.held.map(|held| held.tick).or_else(|| self.spec.timetable.next(self.seen));
        let wait = next?.saturating_sub(self.here(now));
        Some(now.wall.saturating_add(wait)).filter(|_| !self.paused && !self.closed)
    }

    /// Ticks count again from now on, after it was closed.
    pub fn reopen(&mut self, now: Now) {
        if std::mem::take(&mut self.closed) {
            self.seen = self.here(now);
            self.wind(now);
        }
    }

    /// The moment of a tick by the clock on the wall.
    #[must_use]
    pub fn on_the_wall(&self, now: Now, tick: Duration) -> Duration {
        let here = self.here(now);
        let later = now.wall.saturating_add(tick.saturating_sub(here));
        later.saturating_sub(here.saturating_sub(tick))
    }

    /// What it goes by.
    #[must_use]
    pub fn spec(&self) -> &Arc<ScheduleSpec> {
        &self.spec
    }

    /// Jobs under way, oldest first.
    pub fn jobs(&self) -> impl Iterator<Item = u64> + '_ {
        self.jobs.iter().map(|job| job.number)
    }

    /// Whether it is paused.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// What the timetable's clock says.
    fn here(&self, now: Now) -> Duration {
        match self.spec.timetable {
            Timetable::Calendar { .. } => now.wall,
            Timetable::Every(_) => now.at,
        }
    }
}
