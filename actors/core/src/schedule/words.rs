//! The words of the schedule machine: what it is told, what it asks for, what it tells. Values only.

use super::timetable::Timetable;
use crate::backoff::Jitter;
use crate::operation::OperationId;
use std::sync::Arc;
use std::time::Duration;

/// A schedule, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleSpec {
    /// As it is written, for people.
    pub text: String,
    /// When it is due.
    pub timetable: Timetable,
    /// Runs at once, at least 1.
    pub at_once: u32,
    /// What a tick means while as many run.
    pub overlap: Overlap,
    /// A tick is late by up to this, and never later than the one behind it.
    pub jitter: Duration,
    /// What becomes of ticks that were missed.
    pub catch_up: CatchUp,
    /// Tries after one that failed.
    pub retries: u32,
    /// The wait before each of them.
    pub retry_delay: Duration,
    /// How long a try may take.
    pub timeout: Option<Duration>,
    /// Who is told of each job, elsewhere.
    pub heartbeat: Option<Arc<HeartbeatSpec>>,
}

/// Whom the jobs of a schedule are told to: addresses of a monitor, and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeartbeatSpec {
    /// Told when a job begins.
    pub start: Option<String>,
    /// Told when one has succeeded.
    pub success: Option<String>,
    /// Told when one has failed.
    pub failure: Option<String>,
    /// The method of a request.
    pub method: String,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// How long it may take.
    pub timeout: Duration,
    /// Tries after the first.
    pub retries: u32,
    /// The wait before each of them.
    pub delay: Duration,
}

/// What a tick means while as many runs as may are under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    /// It is skipped.
    Skip,
    /// One waits for its turn; more are skipped.
    Queue,
    /// The oldest run is stopped, and it takes its place.
    Replace,
}

impl Overlap {
    /// As the configuration has it.
    pub const WORDS: [(&'static str, Self); 3] =
        [("skip", Self::Skip), ("queue", Self::Queue), ("replace", Self::Replace)];
}

/// What becomes of ticks that were missed: while it was paused, or because the clock has gone over them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatchUp {
    /// They are skipped.
    None,
    /// The newest is made up for.
    Latest,
    /// Each is, one after the other: the newest [`super::MOST_MISSED`].
    All,
}

impl CatchUp {
    /// As the configuration has it.
    pub const WORDS: [(&'static str, Self); 3] =
        [("none", Self::None), ("latest", Self::Latest), ("all", Self::All)];
}

/// When a step is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Time since the caller's origin; never goes back.
    pub at: Duration,
    /// The clock on the wall, since 1970; may step either way.
    pub wall: Duration,
    /// The caller's random number.
    pub jitter: Jitter,
}

/// What the machine is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Time has passed, or the clock was set. Before the deadline it changes nothing.
    Tick,
    /// A try of this job is over.
    Ended {
        /// Which job.
        job: u64,
        /// Whether it counts as a success.
        success: bool,
    },
    /// Somebody wants a run now, by this operation: the job that it begins, or the tick that is skipped, bears it.
    Trigger(OperationId),
    /// No tick begins until it is resumed. What runs goes on.
    Pause,
    /// Ticks begin again.
    Resume,
    /// Nothing begins any more: everything ends. Who runs is stopped by who asks for that.
    Close,
}

/// Why a job runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// Its tick.
    Clock,
    /// A tick that was missed.
    CatchUp,
    /// Somebody has asked, by this operation.
    Manual(OperationId),
}

impl Trigger {
    /// As `schedule.trigger` says it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clock => "schedule",
            Self::CatchUp => "catch_up",
            Self::Manual(_) => "manual",
        }
    }
}

/// Why a tick does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skip {
    /// As many run as may.
    Overlap,
    /// A newer one has taken its place in the queue.
    Replaced,
    /// It was missed, and is not made up for.
    Missed,
    /// Everything ends.
    Closing,
}

impl Skip {
    /// One word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Overlap => "overlap",
            Self::Replaced => "replaced",
            Self::Missed => "missed",
            Self::Closing => "closing",
        }
    }
}

/// Why a run is stopped by its schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// Its time is over.
    Timeout,
    /// A newer one takes its place.
    Replaced,
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobEnd {
    /// Well.
    Succeeded,
    /// Its last try failed.
    Failed,
    /// Its last try took too long.
    TimedOut,
    /// A newer one has taken its place.
    Replaced,
    /// Everything ended before it, or before its next try.
    Interrupted,
}

impl JobEnd {
    /// One word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Replaced => "replaced",
            Self::Interrupted => "interrupted",
        }
    }
}

/// What the machine gives back, in the order in which it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// A job begins: its first try is to be run.
    Begin {
        /// Counts the jobs of the schedule, from 1.
        job: u64,
        /// The tick that it stands for, by the timetable's clock; for a manual one: now.
        tick: Duration,
        /// Why it runs.
        trigger: Trigger,
        /// How long after the tick.
        late: Duration,
    },
    /// Another try of a job is to be run.
    Again {
        /// Which job.
        job: u64,
        /// Which try, from 2.
        attempt: u32,
    },
    /// The try of a job is to be stopped; [`Event::Ended`] follows.
    Stop {
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
    Ended {
        /// Which.
        job: u64,
        /// How.
        end: JobEnd,
        /// Tries that it took.
        attempts: u32,
    },
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
    /// The clock was put back by so much that ticks are counted from there again.
    ClockReset,
}
