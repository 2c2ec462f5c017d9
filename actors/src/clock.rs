//! The one clock of supervision: a monotonic origin, and what the wall clock says. Machines get times from here, so a
//! step of the wall clock (NTP at boot, a machine that wakes) never makes a negative duration; a record has the time
//! that the wall clock shows now. What must not tear keeps one relation of the two: see [`Clock::pinned`]. tokio's
//! clock underneath: tests pause it.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// Time since the origin, which is what `phpeek-core` calls `now`.
pub type Moment = Duration;

/// A difference up to this is drift and the two readings taken one after the other: the relation is kept, so that times
/// that belong together do not differ by it. Nanoseconds.
const DRIFT: i64 = 10_000_000;
/// A difference from this on is worth a word. Nanoseconds.
const STEP: i64 = 500_000_000;
/// Two readings further apart than this were interrupted, and say nothing of each other.
const INTERRUPTED: Duration = Duration::from_millis(1);
/// Readings until the relation is left as it is.
const TRIES: usize = 3;

/// A wall clock that may be set while the program runs. One for a program, as a static.
#[derive(Debug)]
pub struct WallClock {
    read: fn() -> SystemTime,
    /// The wall-clock time of the origin, in nanoseconds since 1970.
    origin: AtomicI64,
    /// Steps that nobody was told of, summed up.
    untold: AtomicI64,
}

impl WallClock {
    /// A clock that is read so.
    #[must_use]
    pub const fn new(read: fn() -> SystemTime) -> Self {
        Self { read, origin: AtomicI64::new(0), untold: AtomicI64::new(0) }
    }

    /// The wall-clock time of the origin as of now.
    fn at_origin(&self, origin: Instant) -> i64 {
        let held = self.origin.load(Relaxed);
        let Some(fresh) = self.reading(origin) else { return held };
        let step = fresh.saturating_sub(held);
        if step.saturating_abs() < DRIFT {
            return held;
        }
        // Of several threads that see a step, one tells it.
        if self.origin.compare_exchange(held, fresh, Relaxed, Relaxed).is_ok()
            && step.saturating_abs() >= STEP
        {
            self.untold.fetch_add(step, Relaxed);
        }
        fresh
    }

    fn reading(&self, origin: Instant) -> Option<i64> {
        (0..TRIES).find_map(|_| {
            let before = origin.elapsed();
            let wall = nanos((self.read)());
            let after = origin.elapsed();
            (after.saturating_sub(before) < INTERRUPTED).then(|| wall.saturating_sub(signed(after)))
        })
    }
}

/// The wall clock was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// To a later time.
    Forward(Duration),
    /// To an earlier time.
    Back(Duration),
}

#[derive(Debug, Clone, Copy)]
enum Wall {
    /// The wall-clock time of the origin, for good.
    Pinned(SystemTime),
    Followed(&'static WallClock),
}

/// A monotonic clock, and the wall clock beside it. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: Instant,
    wall: Wall,
}

impl Clock {
    /// Starts now, at this wall-clock time, and never looks at a wall clock.
    #[must_use]
    pub fn starting_at(wall: SystemTime) -> Self {
        Self { origin: Instant::now(), wall: Wall::Pinned(wall) }
    }

    /// Starts now and follows a wall clock, whose time now is no step.
    #[must_use]
    pub fn following(wall: &'static WallClock) -> Self {
        let origin = Instant::now();
        wall.origin.store(nanos((wall.read)()).saturating_sub(signed(origin.elapsed())), Relaxed);
        wall.untold.store(0, Relaxed);
        Self { origin, wall: Wall::Followed(wall) }
    }

    /// This clock with the relation that the two have now, for good: inside a trace no child may begin before its
    /// parent, nor end before it began, whatever becomes of the wall clock meanwhile.
    #[must_use]
    pub fn pinned(&self) -> Self {
        Self { wall: Wall::Pinned(self.wall_at_origin()), ..*self }
    }

    /// Time since the origin.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.origin.elapsed()
    }

    /// The wall-clock time of a moment, for spans and records, as the wall clock goes now.
    #[must_use]
    pub fn wall(&self, at: Moment) -> SystemTime {
        let origin = self.wall_at_origin();
        origin.checked_add(at).unwrap_or(origin)
    }

    /// A step of the wall clock since the last call, if there was one: each is told once. What is too small to be
    /// worth a word is followed without one.
    #[must_use]
    pub fn take_step(&self) -> Option<Step> {
        let Wall::Followed(wall) = self.wall else { return None };
        wall.at_origin(self.origin);
        let by = wall.untold.swap(0, Relaxed);
        let length = Duration::from_nanos(by.unsigned_abs());
        match by {
            0 => None,
            1.. => Some(Step::Forward(length)),
            _ => Some(Step::Back(length)),
        }
    }

    /// The instant of a moment, for timers. A moment that no clock will ever show is ages away.
    #[must_use]
    pub fn instant(&self, at: Moment) -> Instant {
        const AGES: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 30);
        self.origin.checked_add(at).unwrap_or_else(|| Instant::now() + AGES)
    }

    fn wall_at_origin(&self) -> SystemTime {
        match self.wall {
            Wall::Pinned(wall) => wall,
            Wall::Followed(wall) => {
                let nanos = wall.at_origin(self.origin);
                let since = Duration::from_nanos(nanos.unsigned_abs());
                let time =
                    if nanos < 0 { UNIX_EPOCH.checked_sub(since) } else { UNIX_EPOCH.checked_add(since) };
                time.unwrap_or(UNIX_EPOCH)
            }
        }
    }
}

/// Since 1970, until 2262.
fn nanos(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => signed(since),
        Err(before) => -signed(before.duration()),
    }
}

fn signed(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "a test may read the wall clock")]
    use super::*;

    static OFFSET: AtomicI64 = AtomicI64::new(0);

    fn told() -> SystemTime {
        let now = SystemTime::now();
        let offset = Duration::from_nanos(OFFSET.load(Relaxed).unsigned_abs());
        if OFFSET.load(Relaxed) < 0 { now - offset } else { now + offset }
    }

    #[test]
    fn the_wall_clock_is_followed_and_each_step_is_told_once() {
        static WALL: WallClock = WallClock::new(told);
        let near = |time: SystemTime, to: SystemTime| {
            let apart = time.duration_since(to).unwrap_or_else(|e| e.duration());
            apart < Duration::from_millis(100)
        };
        let clock = Clock::following(&WALL);
        let pinned = clock.pinned();
        assert!(near(clock.wall(clock.now()), told()) && clock.take_step().is_none());
        for (offset, step) in [(86_400, Step::Forward(DAY)), (-86_400, Step::Back(2 * DAY))] {
            let before = pinned.now();
            OFFSET.store(offset * 1_000_000_000, Relaxed);
            assert!(near(clock.wall(clock.now()), told()));
            let Some(told_step) = clock.take_step() else { unreachable!("a step") };
            assert_eq!(rounded(told_step), step);
            assert_eq!(clock.take_step(), None, "told once");
            assert!(near(pinned.wall(pinned.now()), SystemTime::now()), "a trace keeps its time");
            assert!(clock.now() >= before, "supervision has another clock");
        }
        OFFSET.store(-86_400_000_000_000 - STEP / 2, Relaxed);
        assert!(
            near(clock.wall(clock.now()), told()) && clock.take_step().is_none(),
            "followed without a word"
        );
        assert_eq!(
            clock.wall(Moment::from_secs(1)),
            clock.wall(Moment::from_secs(1)),
            "and does not tremble"
        );
    }

    const DAY: Duration = Duration::from_secs(86_400);

    fn rounded(step: Step) -> Step {
        let round = |time: Duration| Duration::from_secs((time.as_millis() as u64 + 500) / 1000);
        match step {
            Step::Forward(time) => Step::Forward(round(time)),
            Step::Back(time) => Step::Back(round(time)),
        }
    }
}
