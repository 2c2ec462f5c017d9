//! Cron expressions and time zones as keys of the configuration: what a schedule is, is read by `phpeek_core::schedule`;
//! here stands what a span and the name of a zone are. Computes no time.

use super::value::{self, Span};
use jiff::tz::TimeZone;
use phpeek_core::schedule::{CronError, Timetable};
use std::time::Duration;

/// Reads a schedule: five fields (crontab(5)), six with seconds first, a macro, or `@every SPAN`.
pub(crate) fn timetable(text: &str, zone: TimeZone) -> Result<Timetable, CronError> {
    let span = |text: &str| match value::duration(text)? {
        Span::Positive(span) => Some(span),
        Span::Negative => None,
    };
    Timetable::parse(text, zone, |text| span(text).filter(|span| *span >= SHORTEST))
}

/// The shortest span of `@every`: programs that are started faster are no jobs.
const SHORTEST: Duration = Duration::from_millis(100);

/// Checks a schedule.
pub(crate) fn cron(text: &str) -> Result<(), String> {
    timetable(text, TimeZone::UTC).map(drop).map_err(|error| error.to_string())
}

/// Checks a time zone: `UTC`, `Local`, or a name of the zoneinfo database, that of the machine or our own.
pub(crate) fn zone(name: &str) -> Result<(), String> {
    if matches!(name, "UTC" | "Local") {
        return Ok(());
    }
    // A name is never a path out of the database.
    let shape = |part: &str| {
        part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+'))
            && part.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
    };
    let known = name.split('/').all(shape) && TimeZone::get(name).is_ok();
    if known { Ok(()) } else { Err(format!("there is no time zone {name:?}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_fields_and_macros_are_schedules() {
        for yes in [
            "* * * * *",
            "*/5 0-6/2 1,15 jan-MAR mon",
            "59 23 31 12 7",
            "*/2 * * * * *",
            "59 59 23 31 12 sun",
            "@daily",
            "@every 1h30m",
            "? ? ? ? ?",
        ] {
            assert_eq!(cron(yes), Ok(()), "{yes}");
        }
        for no in [
            "",
            "* * * *",
            "60 * * * * *",
            "0 0 30 2 *",
            "@every 50ms",
            "* * * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "*/0 * * * *",
            "5-1 * * * *",
            "1, * * * *",
            "+1 * * * *",
            "@never",
            "@every 0s",
            "@every -1s",
            "* * * * mond",
        ] {
            assert!(cron(no).is_err(), "{no}");
        }
    }

    #[test]
    fn zones_are_names_and_never_paths() {
        assert_eq!([zone("UTC"), zone("Local"), zone("Europe/Copenhagen")], [const { Ok(()) }; 3]);
        for no in
            ["", "Mars", "../etc/passwd", "/etc/localtime", "Europe/", "Europe/../UTC", "Europe/Nowhere "]
        {
            assert!(zone(no).is_err(), "{no}");
        }
    }
}
