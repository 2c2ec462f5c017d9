//! The one clock of supervision: a monotonic origin and the wall-clock time of that origin, read once. Spans and
//! machines get times from here, so a step of the wall clock (NTP at boot) never makes a negative duration.
//! tokio's clock underneath: tests pause it. Called by every actor at the start of a handler.

use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// Time since the origin, which is what `phpeek-core` calls `now`.
pub type Moment = Duration;

/// A monotonic clock with a fixed relation to the wall clock. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: Instant,
    wall: SystemTime,
}

impl Clock {
    /// Starts now. The wall clock's time is given, so that this crate reads none.
    #[must_use]
    pub fn starting_at(wall: SystemTime) -> Self {
        Self { origin: Instant::now(), wall }
    }

    /// Time since the origin.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.origin.elapsed()
    }

    /// The wall-clock time of a moment, for spans and records.
    #[must_use]
    pub fn wall(&self, at: Moment) -> SystemTime {
        self.wall + at
    }

    /// The instant of a moment, for timers. A moment that no clock will ever show is ages away.
    #[must_use]
    pub fn instant(&self, at: Moment) -> Instant {
        const AGES: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 30);
        self.origin.checked_add(at).unwrap_or_else(|| Instant::now() + AGES)
    }
}
