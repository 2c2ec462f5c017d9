//! Cron expressions and time zones as keys of the configuration: what a schedule is, is read by `phpeek_core::schedule`;
//! here stands what a span and the name of a zone are. Computes no time.

use super::value::{self, Span};
use jiff::tz::TimeZone;
use phpeek_core::schedule::{CronError, Timetable};
use std::time::Duration;

/// How a schedule may begin that names its zone, in PHPeek PM and in crontabs.
const ZONE_PREFIXES: [&str; 2] = ["CRON_TZ=", "TZ="];

/// Reads a schedule: five fields (crontab(5)), six with seconds first, a macro, or `@every SPAN`. A zone that the text
/// begins with holds in place of the other.
pub(crate) fn timetable(text: &str, zone: TimeZone) -> Result<Timetable, CronError> {
    let span = |text: &str| match value::duration(text)? {
        Span::Positive(span) => Some(span),
        Span::Negative => None,
    };
    let (named, text) = own_zone(text);
    let zone = named.and_then(|name| zone_of(name).ok()).unwrap_or(zone);
    Timetable::parse(text, zone, |text| span(text).filter(|span| *span >= SHORTEST))
}

/// The zone that a schedule begins with, and the rest of it.
fn own_zone(text: &str) -> (Option<&str>, &str) {
    let text = text.trim_start();
    let after = ZONE_PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix));
    match after.map(|rest| rest.split_once(char::is_whitespace).unwrap_or((rest, ""))) {
        Some((zone, rest)) => (Some(zone), rest.trim_start()),
        None => (None, text),
    }
}

/// The shortest span of `@every`: programs that are started faster are no jobs.
const SHORTEST: Duration = Duration::from_millis(100);

/// Checks a schedule.
pub(crate) fn cron(text: &str) -> Result<(), String> {
    own_zone(text).0.map_or(Ok(()), zone)?;
    timetable(text, TimeZone::UTC).map(drop).map_err(|error| error.to_string())
}

/// Checks a time zone: `UTC`, `Local`, or a name of the zoneinfo database, that of the machine or our own.
pub(crate) fn zone(name: &str) -> Result<(), String> {
    zone_of(name).map(drop)
}

/// The zone of this name.
pub(crate) fn zone_of(name: &str) -> Result<TimeZone, String> {
    match name {
        "UTC" => return Ok(TimeZone::UTC),
        "Local" => return Ok(TimeZone::system()),
        _ => {}
    }
    // A name is never a path out of the database.
    let shape = |part: &str| {
        part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+'))
            && part.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
    };
    let known = name.split('/').all(shape).then(|| TimeZone::get(name).ok()).flatten();
    known.ok_or_else(|| format!("there is no time zone {name:?}"))
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
            "CRON_TZ=Europe/Copenhagen 0 3 * * *",
            "TZ=UTC @daily",
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
            "CRON_TZ=Europe/Atlantis 0 3 * * *",
            "CRON_TZ= 0 3 * * *",
            "TZ=UTC",
        ] {
            assert!(cron(no).is_err(), "{no}");
        }
    }

    #[test]
    fn a_zone_that_a_schedule_begins_with_holds() {
        let tokyo = TimeZone::get("Asia/Tokyo");
        for text in ["CRON_TZ=Asia/Tokyo 0 3 * * *", "  TZ=Asia/Tokyo\t0 3 * * *"] {
            let named = timetable(text, TimeZone::UTC).ok();
            assert!(named.is_some(), "{text}");
            assert_eq!(named, tokyo.clone().ok().and_then(|zone| timetable("0 3 * * *", zone).ok()));
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
