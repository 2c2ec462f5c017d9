//! Cron expressions and time zones as keys of the configuration: what a schedule is, is read by `phpeek_core::schedule`;
//! here stands what a span and the name of a zone are, and what the keys of a process make of them. Computes no time.

use super::block::Block;
use super::keys::PROCESS;
use super::tree::Node;
use super::value::{self, Span};
use jiff::tz::TimeZone;
use phpeek_core::schedule::{CatchUp, CronError, Overlap, ScheduleSpec, Timetable};
use std::sync::Arc;
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

/// The schedule of a process, when it has one; what cannot be meant was found by the check of types.
pub(crate) fn compile(node: &Node) -> Option<Arc<ScheduleSpec>> {
    let block = Block::new(Some(node), PROCESS);
    let text = node.filled("schedule")?.to_owned();
    let zone = match node.filled("schedule_timezone").unwrap_or("UTC") {
        "UTC" => TimeZone::UTC,
        "Local" => TimeZone::system(),
        name => TimeZone::get(name).ok()?,
    };
    let at_once = match block.int("schedule_max_concurrent")? {
        0 => u32::MAX, // no bound
        most => u32::try_from(most).ok()?,
    };
    Some(Arc::new(ScheduleSpec {
        timetable: timetable(&text, zone).ok()?,
        text,
        at_once,
        overlap: block.word("schedule_overlap", &Overlap::WORDS)?,
        jitter: block.time("schedule_jitter")?,
        catch_up: block.word("schedule_catch_up", &CatchUp::WORDS)?,
        retries: u32::try_from(block.int("schedule_retries")?).ok()?,
        retry_delay: block.time("schedule_retry_delay")?,
        timeout: block.time("schedule_timeout").filter(|timeout| !timeout.is_zero()),
    }))
}

/// The variables that a job finds, over its own.
pub(crate) fn variables(name: &str, text: &str) -> [(String, String); 6] {
    [
        ("PHPEEK_PM_PROCESS", name),
        ("PHPEEK_PM_SCHEDULED", "true"),
        ("PHPEEK_PM_SCHEDULE", text),
        ("CBOX_INIT_PROCESS", name),
        ("CBOX_INIT_SCHEDULED", "true"),
        ("CBOX_INIT_SCHEDULE", text),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
}

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
