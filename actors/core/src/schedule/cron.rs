//! Cron expressions: five fields (crontab(5)), six with seconds first, or a macro. Owns how they are read, and which
//! times of a calendar match. Knows no time zone and no clock: those are in `timetable`.

use jiff::civil::{Date, DateTime, Time};
use std::time::Duration;

/// Days that are looked through for the next match: nine years, for 29 February may be missing for eight.
const HORIZON: u32 = 9 * 366;

/// One field of an expression: its name, its least and greatest number, and what else its numbers are called.
struct Field(&'static str, u8, u8, &'static [&'static str]);

/// The first is there only in an expression of six fields.
const FIELDS: [Field; 6] = [
    Field("second", 0, 59, &[]),
    Field("minute", 0, 59, &[]),
    Field("hour", 0, 23, &[]),
    Field("day of month", 1, 31, &[]),
    Field(
        "month",
        1,
        12,
        &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    ),
    Field("day of week", 0, 7, &["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
];

/// What a macro stands for.
const MACROS: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// Why an expression is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// It is no macro that is known.
    #[error("{0:?} is no macro of cron: there are @yearly, @monthly, @weekly, @daily, @hourly and @every")]
    Macro(String),
    /// It has the wrong number of fields.
    #[error("a cron expression has 5 fields, or 6 with seconds first, and {0:?} has {1}")]
    Fields(String, usize),
    /// One of its fields cannot be.
    #[error("{part:?} is no {name} of a cron expression ({min} to {max})")]
    Item {
        /// What stands there.
        part: String,
        /// Which field.
        name: &'static str,
        /// Its least number.
        min: u8,
        /// Its greatest.
        max: u8,
    },
    /// No month has the days that it names.
    #[error("{0:?} names a day that no month has: it would never run")]
    Never(String),
    /// What follows `@every` is no span of time.
    #[error("{0:?} is no duration")]
    Every(String),
}

/// Numbers from 0 to 63.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Set(u64);

impl Set {
    fn has(self, number: u8) -> bool {
        self.0 & (1 << (number & 63)) != 0
    }

    /// The least that is `from` or more.
    fn next(self, from: u8) -> Option<u8> {
        let rest = self.0.checked_shr(u32::from(from)).unwrap_or(0);
        (rest != 0).then(|| from.saturating_add(u8::try_from(rest.trailing_zeros()).unwrap_or(u8::MAX)))
    }
}

/// When something shall happen, by the calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    seconds: Set,
    minutes: Set,
    hours: Set,
    days: Set,
    months: Set,
    weekdays: Set,
    /// Days of the month and of the week are both restricted: then either of them is enough (crontab(5)).
    either: bool,
}

impl Cron {
    /// Reads an expression, or a macro that stands for one; `@every` is none of them.
    ///
    /// # Errors
    /// [`CronError`] for whatever cannot be meant.
    pub fn parse(text: &str) -> Result<Self, CronError> {
        let text = text.trim();
        let meant = match MACROS.iter().find(|(name, _)| *name == text) {
            Some((_, meant)) => meant,
            None if text.starts_with('@') => return Err(CronError::Macro(text.to_owned())),
            None => text,
        };
        let written: Vec<&str> = meant.split_whitespace().collect();
        let parts: [&str; 6] = match written.as_slice() {
            [minute, hour, day, month, weekday] => ["0", minute, hour, day, month, weekday],
            [second, minute, hour, day, month, weekday] => [second, minute, hour, day, month, weekday],
            _ => return Err(CronError::Fields(text.to_owned(), written.len())),
        };
        let mut sets = [(Set(0), false); 6];
        for ((set, field), part) in sets.iter_mut().zip(&FIELDS).zip(parts) {
            *set = read(field, part)?;
        }
        let [(seconds, _), (minutes, _), (hours, _), (days, any_day), (months, _), (weekdays, any_weekday)] =
            sets;
        // Sunday is 0 and 7.
        let weekdays = Set((weekdays.0 | weekdays.0 >> 7) & 0x7f);
        let cron = Self { seconds, minutes, hours, days, months, weekdays, either: !any_day && !any_weekday };
        // Of a leap year, so that 29 February is there.
        let longest = |month: u8| match month {
            2 => 29,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let least = days.next(1).unwrap_or(u8::MAX);
        let is_there = (1..=12).any(|month| months.has(month) && least <= longest(month));
        if is_there || cron.either { Ok(cron) } else { Err(CronError::Never(text.to_owned())) }
    }

    /// Whether it names no hours: then it runs by time that passes, and not at times of a day.
    #[must_use]
    pub fn is_of_each_hour(&self) -> bool {
        self.hours.0 == (1 << 24) - 1
    }

    /// Whether a moment of the calendar matches.
    #[must_use]
    pub fn matches(&self, at: DateTime) -> bool {
        let [hour, minute, second] = [at.hour(), at.minute(), at.second()].map(i8::unsigned_abs);
        let time = self.hours.has(hour) && self.minutes.has(minute) && self.seconds.has(second);
        time && self.has_day(at.date())
    }

    /// The first match at `from` or later; none within nine years when the calendar ends.
    #[must_use]
    pub fn next(&self, from: DateTime) -> Option<DateTime> {
        let from = match from.subsec_nanosecond() {
            0 => from,
            _ => from.with().subsec_nanosecond(0).build().ok()?.checked_add(Duration::from_secs(1)).ok()?,
        };
        let (mut date, mut time) = (from.date(), from.time());
        for _ in 0..HORIZON {
            if self.has_day(date)
                && let Some(time) = self.next_time(time)
            {
                return Some(date.to_datetime(time));
            }
            date = date.tomorrow().ok()?;
            time = Time::midnight();
        }
        None
    }

    fn has_day(&self, date: Date) -> bool {
        let weekday = date.weekday().to_sunday_zero_offset().unsigned_abs();
        let (day, weekday) = (self.days.has(date.day().unsigned_abs()), self.weekdays.has(weekday));
        let day = if self.either { day || weekday } else { day && weekday };
        day && self.months.has(date.month().unsigned_abs())
    }

    /// The first match of a day at `from` or later.
    fn next_time(&self, from: Time) -> Option<Time> {
        let [hour, minute, second] = [from.hour(), from.minute(), from.second()].map(i8::unsigned_abs);
        let first = |set: Set| set.next(0);
        let made = |hour: u8, minute: u8, second: u8| {
            let [hour, minute, second] = [hour, minute, second].map(|n| i8::try_from(n).unwrap_or(0));
            Time::new(hour, minute, second, 0).ok()
        };
        if self.hours.has(hour) {
            if self.minutes.has(minute)
                && let Some(second) = self.seconds.next(second)
            {
                return made(hour, minute, second);
            }
            if let Some(minute) = self.minutes.next(minute + 1) {
                return made(hour, minute, first(self.seconds)?);
            }
        }
        made(self.hours.next(hour + 1)?, first(self.minutes)?, first(self.seconds)?)
    }
}

/// The numbers of a field, and whether it is left open (`*`, `?`).
fn read(field: &Field, text: &str) -> Result<(Set, bool), CronError> {
    let (mut numbers, mut open) = (0, false);
    for part in text.split(',') {
        let Field(name, min, max, _) = *field;
        let wrong = || CronError::Item { part: part.to_owned(), name, min, max };
        let (from, to, step) = item(field, part).ok_or_else(wrong)?;
        for number in (from..=to).step_by(usize::from(step)) {
            numbers |= 1 << number;
        }
        open |= matches!(part, "*" | "?");
    }
    Ok((Set(numbers), open))
}

/// `*`, `N`, `N-M`, each with `/STEP`: from, to and step. `N/STEP` goes on to the end.
fn item(field: &Field, part: &str) -> Option<(u8, u8, u8)> {
    let Field(_, min, max, names) = *field;
    let (range, step) = match part.split_once('/') {
        Some((range, step)) => (range, Some(number(step).filter(|step| (1..=max).contains(step))?)),
        None => (part, None),
    };
    let one = |text: &str| match names.iter().position(|name| name.eq_ignore_ascii_case(text)) {
        Some(at) => u8::try_from(at).ok().map(|at| at + min),
        None => number(text).filter(|n| (min..=max).contains(n)),
    };
    let (from, to) = match range {
        "*" | "?" => (min, max),
        range => match range.split_once('-') {
            Some((from, to)) => (one(from)?, one(to)?),
            None if step.is_some() => (one(range)?, max),
            None => (one(range)?, one(range)?),
        },
    };
    (from <= to).then_some((from, to, step.unwrap_or(1)))
}

fn number(text: &str) -> Option<u8> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}
