//! When a schedule is due: a cron expression in a time zone, or a span of time again and again. Owns what daylight
//! saving means for it. Pure: the clock is an argument.
//!
//! An expression that names hours runs once for each time that it names: one that does not exist (the clock is put
//! forward over it) at the moment after the gap, one that comes twice at its first coming. An expression of each hour
//! goes on by the time that passes: nothing is made up for what does not exist, and both comings count.

use super::cron::{Cron, CronError};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// Times that are looked through, or changes of a zone: a bound against a zone without sense.
const MOST: usize = 100_000;

/// When a schedule is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Timetable {
    /// By the calendar of a zone.
    Calendar {
        /// The expression.
        cron: Cron,
        /// The zone.
        zone: TimeZone,
    },
    /// Again after each such time, by a clock that never steps. Not zero.
    Every(Duration),
}

impl Timetable {
    /// Reads a cron expression, one of its macros, or `@every SPAN`; what a span is, is the caller's.
    ///
    /// # Errors
    /// [`CronError`] for whatever cannot be meant.
    pub fn parse(
        text: &str,
        zone: TimeZone,
        span: impl Fn(&str) -> Option<Duration>,
    ) -> Result<Self, CronError> {
        match text.trim().strip_prefix("@every ") {
            None => Ok(Self::Calendar { cron: Cron::parse(text)?, zone }),
            Some(every) => span(every)
                .filter(|every| !every.is_zero())
                .map(Self::Every)
                .ok_or_else(|| CronError::Every(every.to_owned())),
        }
    }

    /// The first tick behind `after`. Both are times of the clock that the timetable goes by: since 1970 for a calendar,
    /// since any origin for a span, whose first tick is one span behind that origin.
    #[must_use]
    pub fn next(&self, after: Duration) -> Option<Duration> {
        match self {
            Self::Every(every) => {
                let nanos = every.as_nanos().max(1);
                let whole = after.as_nanos() / nanos + 1;
                let next = nanos.checked_mul(whole)?;
                Some(Duration::from_nanos_u128(next)).filter(|_| next < u128::from(u64::MAX))
            }
            Self::Calendar { cron, zone } => {
                let after = Timestamp::from_second(i64::try_from(after.as_secs()).ok()?).ok()?;
                let next = match cron.is_of_each_hour() {
                    true => by_time_that_passes(cron, zone, after),
                    false => by_times_of_a_day(cron, zone, after),
                };
                u64::try_from(next?.as_second()).ok().map(Duration::from_secs)
            }
        }
    }

    /// The newest ticks behind `after` that are not behind `until`, oldest first, and whether there are more than
    /// `most` of them. Takes time by their number and not by the span between.
    #[must_use]
    pub fn between(&self, after: Duration, until: Duration, most: usize) -> (Vec<Duration>, bool) {
        let mut window = Duration::from_secs(1);
        loop {
            let from = until.saturating_sub(window).max(after);
            let mut found: Vec<Duration> = Vec::new();
            let mut last = from;
            while let Some(tick) = self.next(last).filter(|tick| *tick <= until) {
                found.push(tick);
                last = tick;
            }
            if from == after || found.len() > most {
                let more = found.len() > most;
                let surplus = found.len().saturating_sub(most);
                return (found.split_off(surplus), more);
            }
            window = window.saturating_mul(2);
        }
    }
}

/// Goes through the stretches between two changes of the zone: within one, clock and calendar go alike.
fn by_time_that_passes(cron: &Cron, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    let mut from = after.checked_add(SignedDuration::from_secs(1)).ok()?;
    for _ in 0..MOST {
        let here = zone.to_datetime(from);
        let next = cron.next(here)?;
        let next = from.checked_add(next.duration_since(here)).ok()?;
        let before = from.checked_sub(SignedDuration::from_secs(1)).ok()?;
        // A change at `from` itself is behind us already.
        let change = zone.following(before).map(|change| change.timestamp()).find(|change| *change > from);
        match change {
            Some(change) if change <= next => from = change,
            _ => return Some(next),
        }
    }
    None
}

/// Goes through the times that the expression names, each of which is one moment.
fn by_times_of_a_day(cron: &Cron, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    let second = SignedDuration::from_secs(1);
    let mut from = zone.to_datetime(after).checked_add(second).ok()?;
    for _ in 0..MOST {
        let named = cron.next(from)?;
        let moment = moment(zone, named)?;
        if moment > after {
            return Some(moment);
        }
        from = named.checked_add(second).ok()?;
    }
    None
}

/// The moment of a time of the calendar.
fn moment(zone: &TimeZone, named: DateTime) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(named).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(named).ok(),
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(named).ok(),
        AmbiguousOffset::Gap { after, .. } => {
            // By the clock that is put forward it would be before the change.
            let early = after.to_timestamp(named).ok()?;
            zone.following(early).find(|change| change.offset() == after).map(|change| change.timestamp())
        }
    }
}
