//! Jobs by the clock: when the last began, when the next is due, how they end.

use super::When;
use crate::tally::{Mark, Tallies};
use phpeek_actors::clock::Moment;
use phpeek_core::facts::ScheduleFact;
use phpeek_core::outcome::Exit;
use phpeek_core::schedule::JobEnd;
use std::time::{Duration, SystemTime};

/// See the top of the file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Schedule {
    /// Jobs under way: their numbers, and since when.
    running: Vec<(u64, Moment, Option<Mark>)>,
    /// When the last one began.
    pub(crate) last: Option<SystemTime>,
    /// How long the last one that is over took, in seconds.
    pub(crate) seconds: Option<f64>,
    /// How its last try ended.
    pub(crate) last_exit: Option<Exit>,
    /// The next tick, since 1970.
    pub(crate) next: Option<Duration>,
    pub(crate) paused: bool,
    pub(crate) ended: Tallies,
    pub(crate) skipped: Tallies,
}

impl Schedule {
    /// `mark` is asked for when a job begins.
    pub(crate) fn hear(&mut self, when: &When, fact: &ScheduleFact, mark: impl FnOnce() -> Option<Mark>) {
        match fact {
            ScheduleFact::Began { job, .. } => {
                self.running.push((*job, when.at, mark()));
                self.last = Some(when.wall);
            }
            ScheduleFact::Ended(over) => {
                let Some(place) = self.running.iter().position(|(job, ..)| *job == over.job) else { return };
                let (_, began, mark) = self.running.swap_remove(place);
                self.seconds = Some(when.since(began));
                self.last_exit = over.exit.or(self.last_exit);
                self.ended.add(status(over.end), 1, mark);
            }
            ScheduleFact::Skipped { ticks, reason, .. } => {
                self.skipped.add(reason.as_str(), *ticks as u64, None);
            }
            ScheduleFact::Paused => self.paused = true,
            ScheduleFact::Resumed => self.paused = false,
            ScheduleFact::Next(next) => self.next = *next,
            ScheduleFact::Stops { .. } | ScheduleFact::TriedInVain { .. } | ScheduleFact::ClockReset => {}
        }
    }

    /// Jobs under way.
    pub(crate) fn running(&self) -> usize {
        self.running.len()
    }
}

/// As it is documented; a job that took too long has failed.
fn status(end: JobEnd) -> &'static str {
    match end {
        JobEnd::Succeeded => "success",
        JobEnd::Failed | JobEnd::TimedOut => "failure",
        JobEnd::Replaced | JobEnd::Interrupted => end.as_str(),
    }
}
