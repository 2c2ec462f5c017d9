//! Cron expressions and time zones: says whether they can be, computes no time.

use std::path::Path;

/// The first is there only in an expression of six fields.
const FIELDS: [(&str, u32, u32, &[&str]); 6] = [
    ("second", 0, 59, &[]),
    ("minute", 0, 59, &[]),
    ("hour", 0, 23, &[]),
    ("day of month", 1, 31, &[]),
    ("month", 1, 12, &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
    ("day of week", 0, 7, &["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
];
const MACROS: [&str; 7] = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/// Checks a cron expression of five fields (crontab(5)), of six with seconds first, or one of its macros.
pub(crate) fn cron(text: &str) -> Result<(), String> {
    if MACROS.contains(&text.trim()) {
        return Ok(());
    }
    if let Some(every) = text.trim().strip_prefix("@every ") {
        return match super::value::duration(every) {
            Some(super::value::Span::Positive(d)) if !d.is_zero() => Ok(()),
            _ => Err(format!("{every:?} is no duration")),
        };
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    let known = match fields.len() {
        5 => FIELDS.get(1..),
        6 => FIELDS.get(..),
        _ => None,
    };
    let Some(known) = known else {
        let message = "a cron expression has 5 fields, or 6 with seconds first";
        return Err(format!("{message}, and {text:?} has {}", fields.len()));
    };
    known
        .iter()
        .zip(fields)
        .try_for_each(|(field, text)| text.split(',').try_for_each(|part| item(field, part)))
}

fn item(field: &(&str, u32, u32, &[&str]), part: &str) -> Result<(), String> {
    let (name, min, max, names) = *field;
    let wrong = || format!("{part:?} is no {name} of a cron expression ({min} to {max})");
    let (range, step) = match part.split_once('/') {
        Some((range, step)) => (range, Some(step)),
        None => (part, None),
    };
    if let Some(step) = step
        && !step.parse::<u32>().is_ok_and(|s| s > 0 && s <= max)
    {
        return Err(wrong());
    }
    let number = |text: &str| -> Option<u32> {
        if let Some(at) = names.iter().position(|n| n.eq_ignore_ascii_case(text)) {
            return u32::try_from(at).ok().map(|at| at + min);
        }
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|n| digits && (min..=max).contains(n))
    };
    match range {
        "*" | "?" => Ok(()),
        range => match range.split_once('-') {
            None => number(range).map(|_| ()).ok_or_else(wrong),
            Some((from, to)) => match (number(from), number(to)) {
                (Some(from), Some(to)) if from <= to => Ok(()),
                _ => Err(wrong()),
            },
        },
    }
}

/// Checks a time zone: `UTC`, `Local`, or a name of the machine's zoneinfo database. Where the machine has no
/// database, a name of the right shape is taken: what cannot be known is not called wrong.
pub(crate) fn zone(name: &str) -> Result<(), String> {
    if matches!(name, "UTC" | "Local") {
        return Ok(());
    }
    let shape = |part: &str| {
        part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+'))
            && part.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
    };
    let unknown = || format!("there is no time zone {name:?}");
    if !name.split('/').all(shape) {
        return Err(unknown());
    }
    let database = Path::new("/usr/share/zoneinfo");
    if database.is_dir() {
        let begins = std::fs::read(database.join(name)).is_ok_and(|b| b.starts_with(b"TZif"));
        return if begins { Ok(()) } else { Err(unknown()) };
    }
    const AREAS: [&str; 11] = [
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
        "Etc",
    ];
    let plausible = name.split_once('/').is_some_and(|(area, _)| AREAS.contains(&area));
    if plausible || matches!(name, "GMT" | "EST" | "MST" | "HST" | "CET" | "EET" | "WET" | "MET") {
        Ok(())
    } else {
        Err(unknown())
    }
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
