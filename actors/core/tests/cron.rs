//! Cron expressions against an independent enumeration: every minute of a stretch of time is asked what the clock on the
//! wall says then. Over ten years, over the days of daylight saving, in zones with odd changes.
#![allow(clippy::expect_used, clippy::panic, reason = "a test may fail")]

use jiff::Timestamp;
use jiff::civil::{DateTime, date};
use jiff::tz::TimeZone;
use phpeek_core::schedule::{Cron, CronError, Timetable};
use proptest::prelude::*;
use std::time::Duration;

const MINUTE: i64 = 60;
const DAY: i64 = 86_400;
const ZONES: [&str; 7] = [
    "UTC",
    "Europe/Copenhagen",
    "America/New_York",
    "Australia/Lord_Howe", // by half an hour
    "Pacific/Apia",        // a day is missing: 30 December 2011
    "America/Sao_Paulo",   // at midnight, until 2019
    "Asia/Kathmandu",
];

/// A field as it is written, what it means, and whether it is left open.
#[derive(Debug, Clone)]
struct Written {
    text: String,
    numbers: Vec<i8>,
    open: bool,
}

fn field(min: i8, max: i8) -> impl Strategy<Value = Written> {
    let list = move |numbers: Vec<i8>| {
        let text = numbers.iter().map(i8::to_string).collect::<Vec<_>>().join(",");
        Written { text, numbers, open: false }
    };
    let range = move |(a, b, step): (i8, i8, i8)| {
        let (from, to) = (a.min(b), a.max(b));
        let text = if step == 1 { format!("{from}-{to}") } else { format!("{from}-{to}/{step}") };
        Written { text, numbers: (from..=to).filter(|n| (n - from) % step == 0).collect(), open: false }
    };
    prop_oneof![
        3 => Just(Written { text: "*".to_owned(), numbers: (min..=max).collect(), open: true }),
        3 => proptest::collection::vec(min..=max, 1..4).prop_map(list),
        1 => (min..=max, min..=max, 1i8..=5).prop_map(range),
        1 => (2i8..=7).prop_map(move |step| Written {
            text: format!("*/{step}"),
            numbers: (min..=max).filter(|n| (n - min) % step == 0).collect(),
            open: false,
        }),
    ]
}

#[derive(Debug, Clone)]
struct Expression([Written; 5]);

impl Expression {
    fn text(&self) -> String {
        self.0.each_ref().map(|field| field.text.as_str()).join(" ")
    }

    fn matches(&self, at: DateTime) -> bool {
        let [minute, hour, day, month, weekday] = &self.0;
        let has = |field: &Written, number: i8| field.numbers.contains(&number);
        let today = at.date().weekday().to_sunday_zero_offset();
        let (day_fits, weekday_fits) = (has(day, at.day()), has(weekday, today));
        let day = match (day.open, weekday.open) {
            (false, false) => day_fits || weekday_fits,
            _ => day_fits && weekday_fits,
        };
        day && has(month, at.month()) && has(hour, at.hour()) && has(minute, at.minute())
    }

    fn of_each_hour(&self) -> bool {
        (0..24).all(|hour| self.0[1].numbers.contains(&hour))
    }

    /// Every tick of a stretch, by walking through it in steps of this many minutes.
    fn walked(&self, zone: &TimeZone, from: i64, until: i64, minutes: i64) -> Vec<i64> {
        let at = |second: i64| zone.to_datetime(Timestamp::from_second(second).expect("in range"));
        let step = minutes * MINUTE;
        // A day before it, to know what has been.
        let mut seen = at(from - DAY);
        let mut found = Vec::new();
        let mut now = from - DAY;
        while now < until {
            now += step;
            let here = at(now);
            let is_new = here > seen;
            if self.of_each_hour() {
                found.extend(self.matches(here).then_some(now));
            } else if is_new {
                // What the clock has been put over is made up for here.
                let mut named = seen;
                let mut due = false;
                while named < here {
                    named = named.checked_add(jiff::SignedDuration::from_secs(step)).expect("in range");
                    due |= self.matches(named);
                }
                found.extend(due.then_some(now));
            }
            seen = seen.max(here);
        }
        found.retain(|tick| *tick > from && *tick <= until);
        found
    }
}

fn expression() -> impl Strategy<Value = Expression> {
    (field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6))
        .prop_map(|(a, b, c, d, e)| Expression([a, b, c, d, e]))
        .prop_filter("a day that no month has", |e| {
            !matches!(Cron::parse(&e.text()), Err(CronError::Never(_)))
        })
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn ticks(text: &str, zone: &TimeZone, from: i64, until: i64) -> Vec<i64> {
    let table = Timetable::parse(text, zone.clone(), |_| None).unwrap_or_else(|e| panic!("{text}: {e}"));
    let seconds = |at: i64| Duration::from_secs(at.try_into().expect("after 1970"));
    let mut found = Vec::new();
    let mut last = seconds(from);
    while let Some(tick) = table.next(last).filter(|tick| *tick <= seconds(until)) {
        assert!(tick > last, "{text}");
        last = tick;
        found.push(tick.as_secs() as i64);
    }
    let (newest, more) = table.between(seconds(from), seconds(until), 7);
    let newest: Vec<i64> = newest.iter().map(|tick| tick.as_secs() as i64).collect();
    assert_eq!(newest, found[found.len().saturating_sub(7)..], "{text}");
    assert_eq!(more, found.len() > 7, "{text}");
    found
}

fn second(year: i16, month: i8, day: i8) -> i64 {
    TimeZone::UTC.to_timestamp(date(year, month, day).at(0, 0, 0, 0)).expect("a date").as_second()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn ticks_are_those_of_a_walk_through_each_minute(
        expression in expression(), name in 0..ZONES.len(), start in 0i64..13_500, days in 1i64..12,
    ) {
        let (zone, from) = (zone(ZONES[name]), second(2000, 1, 1) + start * DAY);
        let until = from + days * DAY;
        let found = ticks(&expression.text(), &zone, from, until);
        let walked = expression.walked(&zone, from, until, 1);
        let place = found.iter().zip(&walked).take_while(|(a, b)| a == b).count();
        let (found, walked) = (found.get(place), walked.get(place));
        prop_assert_eq!(found, walked, "{} in {}", expression.text(), ZONES[name]);
    }

    /// Where it is hard: around each change of the clock.
    #[test]
    fn ticks_are_those_of_a_walk_where_the_clock_is_changed(
        expression in expression(), name in 1..ZONES.len() - 1, nth in 0usize..24,
    ) {
        let zone = zone(ZONES[name]);
        let start = Timestamp::from_second(second(2004, 1, 1)).expect("in range");
        let change = zone.following(start).nth(nth).expect("it changes so often").timestamp().as_second();
        let (from, until) = (change - change.rem_euclid(MINUTE) - 30 * 3600, change + 30 * 3600);
        let found = ticks(&expression.text(), &zone, from, until);
        let walked = expression.walked(&zone, from, until, 1);
        let place = found.iter().zip(&walked).take_while(|(a, b)| a == b).count();
        let (found, walked) = (found.get(place), walked.get(place));
        prop_assert_eq!(found, walked, "{} in {}", expression.text(), ZONES[name]);
    }
}

/// Of whole quarters of an hour, so that ten years are walked through soon.
#[test]
fn ten_years_are_as_a_walk_through_them() {
    let open =
        |min: i8, max: i8| Written { text: "*".to_owned(), numbers: (min..=max).collect(), open: true };
    let some = |text: &str, numbers: &[i8]| Written {
        text: text.to_owned(),
        numbers: numbers.to_vec(),
        open: false,
    };
    let all = [
        Expression([some("15,45", &[15, 45]), some("2", &[2]), open(1, 31), open(1, 12), open(0, 6)]),
        Expression([some("30", &[30]), open(0, 23), open(1, 31), some("3,10", &[3, 10]), open(0, 6)]),
        Expression([
            some("0", &[0]),
            some("1-3", &[1, 2, 3]),
            some("13", &[13]),
            open(1, 12),
            some("5", &[5]),
        ]),
    ];
    for name in ["Europe/Copenhagen", "America/New_York"] {
        let (zone, from, until) = (zone(name), second(2020, 1, 1), second(2030, 1, 1));
        for expression in &all {
            let (found, walked) =
                (ticks(&expression.text(), &zone, from, until), expression.walked(&zone, from, until, 15));
            assert!(found.len() > 300, "{name}: {}", found.len());
            assert_eq!(found, walked, "{} in {name}", expression.text());
        }
    }
}

/// What the enumeration cannot know: what is meant by the words.
#[test]
fn daylight_saving_loses_and_repeats_nothing_that_has_a_time() {
    let copenhagen = zone("Europe/Copenhagen");
    let said = |text: &str, day: DateTime| {
        let from = copenhagen.to_timestamp(day).expect("a time").as_second();
        let found = ticks(text, &copenhagen, from, from + DAY - 1);
        found.iter().map(|at| Timestamp::from_second(*at).expect("a time").to_string()).collect::<Vec<_>>()
    };
    let (spring, autumn) = (date(2026, 3, 29).at(0, 0, 0, 0), date(2026, 10, 25).at(0, 0, 0, 0));
    // 02:30 does not exist: at 03:00 summer time, and once for both.
    assert_eq!(said("30 2 * * *", spring), ["2026-03-29T01:00:00Z"]);
    assert_eq!(said("15,30 2 * * *", spring), ["2026-03-29T01:00:00Z"]);
    assert_eq!(said("0,30 2,3 * * *", spring), ["2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"]);
    // 02:30 comes twice: at its first coming.
    assert_eq!(said("30 2 * * *", autumn), ["2026-10-25T00:30:00Z"]);
    // Each hour is each hour.
    let hours = said("30 * * * *", spring);
    assert_eq!(hours[..3], ["2026-03-28T23:30:00Z", "2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"]);
    assert_eq!(said("30 * * * *", autumn).len(), 24, "of 25 hours less one second less the last half");
}

#[test]
fn what_is_written_is_what_is_meant() {
    let next = |text: &str, from: &str| {
        let from: Timestamp = from.parse().expect("a time");
        let found = ticks(text, &TimeZone::UTC, from.as_second(), from.as_second() + 9 * 366 * DAY);
        Timestamp::from_second(found[0]).expect("a time").to_string()
    };
    for (text, from, wanted) in [
        ("@yearly", "2026-05-06T07:08:09Z", "2027-01-01T00:00:00Z"),
        ("@monthly", "2026-05-06T07:08:09Z", "2026-06-01T00:00:00Z"),
        ("@weekly", "2026-05-06T07:08:09Z", "2026-05-10T00:00:00Z"),
        ("0 0 * * 7", "2026-05-06T07:08:09Z", "2026-05-10T00:00:00Z"),
        ("0 0 * * sun", "2026-05-06T07:08:09Z", "2026-05-10T00:00:00Z"),
        ("59 59 23 31 DEC ?", "2026-05-06T07:08:09Z", "2026-12-31T23:59:59Z"),
        ("0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z"),
        ("0 12 13 * fri", "2026-05-06T07:08:09Z", "2026-05-08T12:00:00Z"),
        ("0 10/6 * * *", "2026-05-06T11:00:00Z", "2026-05-06T16:00:00Z"),
    ] {
        assert_eq!(next(text, from), wanted, "{text}");
    }
}

#[test]
fn what_cannot_be_is_refused() {
    for (text, wanted) in [
        ("* * * *", "5 fields"),
        ("", "5 fields"),
        ("* * * * * * *", "5 fields"),
        ("60 * * * *", "minute"),
        ("* 24 * * *", "hour"),
        ("* * 0 * *", "day of month"),
        ("* * * 13 *", "month"),
        ("* * * * 8", "day of week"),
        ("*/0 * * * *", "minute"),
        ("5-1 * * * *", "minute"),
        ("1, * * * *", "minute"),
        ("+1 * * * *", "minute"),
        ("* * * * mond", "day of week"),
        ("@never", "no macro"),
        ("0 0 30 2 *", "no month has"),
        ("0 0 31 4,6,9,11 ?", "no month has"),
    ] {
        let why = Cron::parse(text).expect_err(text).to_string();
        assert!(why.contains(wanted), "{text}: {why}");
    }
    let every =
        |text: &str| Timetable::parse(text, TimeZone::UTC, |s| s.parse().ok().map(Duration::from_secs));
    assert_eq!(every("@every 90"), Ok(Timetable::Every(Duration::from_secs(90))));
    for wrong in ["@every 0", "@every soon", "@every "] {
        assert!(matches!(every(wrong), Err(CronError::Every(_) | CronError::Macro(_))), "{wrong}");
    }
}
