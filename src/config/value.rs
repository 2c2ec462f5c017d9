//! Scalars by the type of their key: truths, numbers, durations. Pure functions from text; the message of a refusal
//! says what would do.

use phpeek_core::privilege::Limit;
use std::time::Duration;

/// A truth as YAML 1.1 and the documented overrides spell it.
pub(crate) fn truth(text: &str) -> Option<bool> {
    let text = text.trim();
    let among = |words: [&str; 6]| words.iter().any(|w| text.eq_ignore_ascii_case(w));
    if among(["true", "yes", "on", "1", "t", "y"]) {
        Some(true)
    } else if among(["false", "no", "off", "0", "f", "n"]) {
        Some(false)
    } else {
        None
    }
}

/// A whole number, decimal or `0x`, `0o`, with `_` between digits.
pub(crate) fn int(text: &str) -> Option<i64> {
    let text = text.trim();
    // Nearly every number is a short decimal: no text is made for it.
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok();
    }
    let text = text.replace('_', "");
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(&text)),
    };
    let radix = |prefix: &str, radix| digits.strip_prefix(prefix).map(|d| (d, radix));
    let (digits, radix) = radix("0x", 16).or_else(|| radix("0o", 8)).unwrap_or((digits, 10));
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    i64::from_str_radix(&format!("{sign}{digits}"), radix).ok()
}

/// A finite number.
pub(crate) fn float(text: &str) -> Option<f64> {
    let text = text.trim();
    let shape = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    text.parse::<f64>().ok().filter(|n| shape && n.is_finite())
}

/// A span of time with a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Span {
    /// Zero or more.
    Positive(Duration),
    /// Less than zero, which some keys take for "off".
    Negative,
}

/// A Go duration (`1h30m`, `1.5s`, `300ms`) or a bare number of seconds. `None` for anything else, and for what is
/// longer than 1000 years.
pub(crate) fn duration(text: &str) -> Option<Span> {
    let text = text.trim();
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut seconds = 0.0f64;
    if let Some(whole) = unsigned(text) {
        seconds = whole;
    } else {
        let mut rest = text;
        if rest.is_empty() {
            return None;
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
            let (number, after) = rest.split_at(digits);
            let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
            let (unit, next) = after.split_at(unit_end);
            seconds += unsigned(number)? * unit_seconds(unit)?;
            rest = next;
        }
    }
    if seconds > 31_557_600_000.0 {
        return None;
    }
    if negative && seconds > 0.0 {
        return Some(Span::Negative);
    }
    // Nanoseconds as a whole number: 0.3 s must not become 0.299999999 s.
    Duration::try_from_secs_f64((seconds * 1e9).round() / 1e9).ok().map(Span::Positive)
}

/// A size as `10MB`, in bytes and at least 1; a unit is 1024 of the one before.
pub(crate) fn size(text: &str) -> Option<u64> {
    const MIB: u64 = 1 << 20;
    let upper = text.trim().to_ascii_uppercase();
    let units = [("KB", 1u64 << 10), ("MB", MIB), ("GB", 1 << 30), ("B", 1), ("", 1)];
    let (number, unit) = units.iter().find_map(|(u, n)| Some((upper.strip_suffix(u)?, *n)))?;
    let size = float(number.trim())? * unit as f64;
    (1.0..1e18).contains(&size).then_some(size as u64)
}

/// The soft and the hard one of a resource limit, which are one where one is written; the soft one is not above.
pub(crate) fn limit(text: &str) -> Option<(u64, u64)> {
    let one = |text: &str| match text.trim() {
        "unlimited" | "infinity" => Some(Limit::UNLIMITED),
        number => int(number).and_then(|n| u64::try_from(n).ok()).or_else(|| size(number)),
    };
    match text.split_once(':') {
        Some((soft, hard)) => one(soft).zip(one(hard)).filter(|(soft, hard)| soft <= hard),
        None => one(text).map(|both| (both, both)),
    }
}

/// A file mode creation mask, octal.
pub(crate) fn umask(text: &str) -> Option<u32> {
    let digits = text.trim().trim_start_matches("0o");
    let mask = u32::from_str_radix(digits, 8).ok().filter(|mask| *mask <= 0o777);
    mask.filter(|_| !digits.starts_with('+'))
}

fn unsigned(text: &str) -> Option<f64> {
    let sound =
        text.bytes().all(|b| b.is_ascii_digit() || b == b'.') && text.bytes().any(|b| b.is_ascii_digit());
    if sound { text.parse().ok() } else { None }
}

fn unit_seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "h" => 3600.0,
        "m" => 60.0,
        "s" => 1.0,
        "ms" => 1e-3,
        "us" | "µs" | "μs" => 1e-6,
        "ns" => 1e-9,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truths_and_numbers_have_these_spellings() {
        assert_eq!(["TRUE", " on ", "1", "Y"].map(truth), [Some(true); 4]);
        assert_eq!(["False", "no", "0", "f"].map(truth), [Some(false); 4]);
        assert_eq!(["", "2", "truee", "yes no"].map(truth), [None; 4]);
        let ints = [
            "010",
            "-5",
            "+5",
            "0x1F",
            "0o17",
            "1_000",
            " 7 ",
            "9223372036854775807",
            "-9223372036854775808",
        ];
        let values = [10, -5, 5, 31, 15, 1000, 7, i64::MAX, i64::MIN];
        assert_eq!(ints.map(int), values.map(Some));
        assert_eq!(
            ["", "-", "1.0", "--1", "0x", "9223372036854775808", "1e3", "\u{0661}"].map(int),
            [None; 8]
        );
        assert_eq!(
            ["0.5", "1", "-2", "1e-3", ".5", "5."].map(float),
            [0.5, 1.0, -2.0, 1e-3, 0.5, 5.0].map(Some)
        );
        assert_eq!(["", "inf", "nan", "1e999", "0x1", "1,5", "."].map(float), [None; 7]);
    }

    #[test]
    fn durations_are_those_of_go_or_seconds() {
        let ok = |text, nanos| {
            assert_eq!(duration(text), Some(Span::Positive(Duration::from_nanos(nanos))), "{text}")
        };
        ok("0", 0);
        ok("-0", 0);
        ok("30", 30_000_000_000);
        ok("0.3", 300_000_000);
        ok("1h30m", 5_400_000_000_000);
        ok("1.5s", 1_500_000_000);
        ok(" 300ms ", 300_000_000);
        ok("+2s", 2_000_000_000);
        ok("1us1\u{b5}s1\u{3bc}s", 3_000);
        ok("7ns", 7);
        ok(".5s", 500_000_000);
        assert_eq!(["-1", "-1ns", "-1h"].map(duration), [Some(Span::Negative); 3]);
        for no in ["", "-", "s", "1 s", "1x", "1s2", "1..5s", "..", "1e3", "inf", "9999999999h", "1S", "--1s"]
        {
            assert_eq!(duration(no), None, "{no}");
        }
    }
}
