//! What happens to a schedule, as facts. Values only.

use super::{JobEnd, Skip, StopReason, Trigger};
use crate::ids::InstanceId;
use crate::outcome::Exit;
use std::time::Duration;

/// What happens to the schedule of a process. Times of ticks are those of the clock on the wall, since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScheduleFact {
    /// A job begins: its first try follows, as a run of this instance.
    Began {
        /// Which, counted from 1.
        job: u64,
        /// Whose runs its tries are.
        instance: InstanceId,
        /// The tick that it stands for.
        tick: Duration,
        /// Why it runs.
        trigger: Trigger,
        /// How long after its tick.
        late: Duration,
    },
    /// A try of a job is asked to end.
    Stops {
        /// Which job.
        job: u64,
        /// Why.
        reason: StopReason,
    },
    /// A try has failed, and another follows after this wait.
    TriedInVain {
        /// Which job.
        job: u64,
        /// Which try, from 1.
        attempt: u32,
        /// How long.
        delay: Duration,
    },
    /// A job is over.
    Ended(JobOver),
    /// Ticks do not run.
    Skipped {
        /// The newest of them.
        tick: Duration,
        /// How many.
        ticks: usize,
        /// Whether they are only the newest of more.
        more: bool,
        /// What would have begun them.
        trigger: Trigger,
        /// Why.
        reason: Skip,
    },
    /// No tick begins until it is resumed.
    Paused,
    /// Ticks begin again.
    Resumed,
    /// The clock was put back by so much that ticks are counted from there again.
    ClockReset,
    /// The next tick is this one; `None`: there is none, for now.
    Next(Option<Duration>),
}

/// The end of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobOver {
    /// Which.
    pub job: u64,
    /// Whose runs its tries were.
    pub instance: InstanceId,
    /// How it ended.
    pub end: JobEnd,
    /// Tries that it took.
    pub attempts: u32,
    /// How its last try ended; `None` when that never ran.
    pub exit: Option<Exit>,
}
