//! How a schedule looks at the clock: which ticks are due, held back by their jitter, or were missed.

use super::{CORRECTION, CatchUp, Held, LATE, MOST_MISSED, Now, Output, Schedule, Skip, Trigger, Waiting};
use std::time::Duration;

/// Ticks that are looked at: one that comes in time, those that may be made up for, and one to tell of the rest.
const LOOKED_AT: usize = MOST_MISSED + 2;

impl Schedule {
    /// Answers the ticks that have come.
    pub(super) fn look(&mut self, now: Now, out: &mut Vec<Output>) {
        let here = self.here(now);
        self.correct(here, out);
        if self.paused || self.closed {
            return;
        }
        let (mut ticks, more) = self.spec.timetable.between(self.seen, here, LOOKED_AT);
        let newest = ticks.pop();
        let Some(newest) = newest else { return };
        let held = self.held.take().filter(|held| held.tick == newest);
        let held = held.unwrap_or_else(|| self.hold(newest, now));
        if here.saturating_sub(held.due) > LATE {
            ticks.push(newest);
            return self.missed(now, ticks, more, false, out);
        }
        // Those before the newest are over: no jitter reaches beyond the tick that follows.
        self.missed(now, ticks, more, true, out);
        if here < held.due {
            self.seen = self.seen.max(before(newest));
            self.held = Some(held);
        } else {
            self.seen = newest;
            self.offer(now, Waiting { tick: newest, trigger: Trigger::Clock }, out);
        }
    }

    /// A clock that was far ahead of the time.
    fn correct(&mut self, here: Duration, out: &mut Vec<Output>) {
        if self.seen > here.saturating_add(CORRECTION) {
            (self.seen, self.held) = (here, None);
            out.push(Output::ClockReset);
        }
    }

    fn hold(&self, tick: Duration, now: Now) -> Held {
        let spec = &self.spec;
        let mut delay = spec.jitter.mul_f64(f64::from(now.jitter.0) / f64::from(u16::MAX));
        if let Some(next) = spec.timetable.next(tick).filter(|_| !delay.is_zero()) {
            delay = delay.min(next.saturating_sub(tick));
        }
        Held { tick, due: tick.saturating_add(delay) }
    }

    /// Ticks, oldest first, that nobody was there for; and whether one that nobody has missed follows at once.
    fn missed(&mut self, now: Now, ticks: Vec<Duration>, more: bool, followed: bool, out: &mut Vec<Output>) {
        let Some(&newest) = ticks.last() else { return };
        self.seen = self.seen.max(newest);
        let made_up = match self.spec.catch_up {
            CatchUp::None => 0,
            CatchUp::Latest => usize::from(!followed),
            CatchUp::All => MOST_MISSED.saturating_sub(self.caught()),
        };
        // Of two that are made up for as the newest, the newer one is.
        if self.spec.catch_up == CatchUp::Latest {
            self.withdraw(out);
        }
        let lost = ticks.len().saturating_sub(made_up);
        if let Some(&tick) = ticks.get(..lost).and_then(<[Duration]>::last) {
            let (ticks, trigger) = (lost, Trigger::Clock);
            out.push(Output::Skipped { tick, ticks, more, trigger, reason: Skip::Missed });
        }
        let caught = ticks.into_iter().skip(lost);
        self.waiting.extend(caught.map(|tick| Waiting { tick, trigger: Trigger::CatchUp }));
        self.fill(now, out);
    }

    /// How many that were missed wait to be made up for.
    fn caught(&self) -> usize {
        self.waiting.iter().filter(|waiting| waiting.trigger == Trigger::CatchUp).count()
    }

    fn withdraw(&mut self, out: &mut Vec<Output>) {
        self.waiting.retain(|waiting| {
            let is_old = waiting.trigger == Trigger::CatchUp;
            if is_old {
                out.push(waiting.skipped(Skip::Missed));
            }
            !is_old
        });
    }

    /// Ticks wait until it is resumed. One that is held back by its jitter has been missed then.
    pub(super) fn pause(&mut self) {
        (self.paused, self.held) = (true, None);
    }

    /// What has come while it was paused was missed, however new it is.
    pub(super) fn resume(&mut self, now: Now, out: &mut Vec<Output>) {
        let here = self.here(now);
        self.correct(here, out);
        let (ticks, more) = self.spec.timetable.between(self.seen, here, LOOKED_AT);
        self.missed(now, ticks, more, false, out);
        self.fill(now, out);
    }

    /// Works out when to look again.
    pub(super) fn wind(&mut self, now: Now) {
        self.due = None;
        if self.paused || self.closed {
            return;
        }
        let next = self.held.map(|held| held.due).or_else(|| self.spec.timetable.next(self.seen));
        self.due = next.map(|next| now.at.saturating_add(next.saturating_sub(self.here(now))));
    }
}

fn before(tick: Duration) -> Duration {
    tick.saturating_sub(Duration::from_nanos(1))
}
