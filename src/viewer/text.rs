//! Text that is safe to show and as wide as it may be: control characters as escapes, columns counted, durations and
//! times for people. Pure. No text of a trace reaches a terminal on another way.

use jiff::Timestamp;
use std::borrow::Cow;
use unicode_width::UnicodeWidthChar;

/// Which characters may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// All that are printed and change nothing around them.
    Unicode,
    /// ASCII alone.
    Ascii,
}

/// The text with an escape for each character that a terminal would obey instead of showing it, or that would change how
/// its neighbours look: controls (C0, DEL, C1), directions, invisible ones.
#[must_use]
pub fn clean(text: &str, charset: Charset) -> Cow<'_, str> {
    let shown = |c: char| match charset {
        Charset::Ascii => matches!(c, ' '..='~'),
        Charset::Unicode => !c.is_control() && !steers(c),
    };
    if text.chars().all(shown) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            _ if shown(c) => out.push(c),
            '\n' | '\r' | '\t' => out.extend(c.escape_default()),
            '\0'..='\x7f' => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            _ => out.extend(c.escape_unicode()),
        }
    }
    Cow::Owned(out)
}

/// Characters of the category Cf that hide or turn text around (CVE-2021-42574), and line separators.
fn steers(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Columns of a character in a terminal.
fn column(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// Columns of a text in a terminal.
#[must_use]
pub fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(column).sum() }
}

/// The text in exactly so many columns: filled up, or cut with a mark.
#[must_use]
pub fn fit(text: &str, columns: usize, charset: Charset) -> String {
    let length = width(text);
    if length <= columns {
        return format!("{text}{}", " ".repeat(columns - length));
    }
    let mark = if charset == Charset::Ascii { "~" } else { "…" };
    let (kept, used) = head(text, columns.saturating_sub(1));
    let mark = if columns == 0 { "" } else { mark };
    format!("{kept}{mark}{}", " ".repeat(columns.saturating_sub(used + 1)))
}

/// As much of the beginning as fits, and its columns.
fn head(text: &str, columns: usize) -> (&str, usize) {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        if used + column(c) > columns {
            return (&text[..at], used);
        }
        used += column(c);
    }
    (text, used)
}

/// The text in lines of at most so many columns, broken at spaces where there are some. At least one column is used.
#[must_use]
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(2); // a character has two at most
    let mut lines = Vec::new();
    let mut rest = text;
    loop {
        let (kept, _) = head(rest, columns);
        if kept.len() == rest.len() {
            lines.push(rest.to_owned());
            return lines;
        }
        // A word that is longer than half a line is broken: a line that is almost empty helps nobody.
        let broken = match kept.rfind(' ').filter(|_| !rest[kept.len()..].starts_with(' ')) {
            Some(space) if space > kept.len() / 2 => &kept[..space],
            _ => kept,
        };
        lines.push(broken.to_owned());
        rest = rest[broken.len()..].trim_start_matches(' ');
        if rest.is_empty() {
            return lines;
        }
    }
}

/// A duration of at most eleven columns.
#[must_use]
pub fn duration(nanos: u64, charset: Charset) -> String {
    const SECOND: u64 = 1_000_000;
    let micros = nanos / 1000;
    let small = if charset == Charset::Ascii { "us" } else { "µs" };
    let seconds = micros / SECOND;
    match micros {
        0..1_000 => format!("{micros} {small}"),
        1_000..10_000_000 => format!("{}.{:02} ms", micros / 1000, micros % 1000 / 10),
        10_000_000..10_000_000_000 => format!("{}.{:02} s", micros / SECOND, micros % SECOND / 10_000),
        10_000_000_000..360_000_000_000 => format!("{}h {:02}min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d {:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// A time as RFC 3339 in UTC with milliseconds.
#[must_use]
pub fn time(nanos: u64) -> String {
    // 2^64 nanoseconds end in the year 2554, which every Timestamp can hold.
    Timestamp::from_nanosecond(i128::from(nanos)).map_or_else(|_| nanos.to_string(), |t| format!("{t:.3}"))
}

/// `1 span`, `2 spans`.
#[must_use]
pub fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_that_a_terminal_obeys_gets_through() {
        assert_eq!(clean("plain é 漢", Charset::Unicode), "plain é 漢");
        assert_eq!(clean("\x1b[31mred\x07\r\n", Charset::Unicode), "\\x1b[31mred\\x07\\r\\n");
        assert_eq!(clean("a\u{9b}2Jb\u{202e}c", Charset::Unicode), "a\\u{9b}2Jb\\u{202e}c");
        assert_eq!(clean("é", Charset::Ascii), "\\u{e9}");
    }

    #[test]
    fn durations_and_times_are_for_people() {
        let of = |nanos| duration(nanos, Charset::Unicode);
        assert_eq!([of(0), of(923_000), of(1_212_460_000)], ["0 µs", "923 µs", "1212.46 ms"]);
        assert_eq!(of(73_000_000_000), "73.00 s");
        assert_eq!([of(36_000_000_000_000), of(u64::MAX)], ["10h 00min", "213503d 23h"]);
        assert_eq!(time(1_795_472_104_123_456_789), "2026-11-23T22:15:04.123Z");
    }

    #[test]
    fn lines_break_at_spaces_and_long_words_where_they_must() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("", 4), [""]);
    }

    proptest! {
        #[test]
        fn what_is_cut_has_the_columns_that_were_asked_for(text in ".{0,60}", columns in 0usize..50) {
            for charset in [Charset::Unicode, Charset::Ascii] {
                let clean = clean(&text, charset);
                prop_assert!(clean.chars().all(|c| !c.is_control()));
                prop_assert_eq!(width(&fit(&clean, columns, charset)), columns);
                let lines = wrap(&clean, columns);
                prop_assert!(lines.iter().all(|l| width(l) <= columns.max(2)));
                let letters = |s: &str| s.replace(' ', "");
                prop_assert_eq!(letters(&lines.concat()), letters(&clean));
            }
        }

        #[test]
        fn a_duration_fits_its_column(nanos in any::<u64>()) {
            prop_assert!(width(&duration(nanos, Charset::Unicode)) <= 11);
        }
    }
}
