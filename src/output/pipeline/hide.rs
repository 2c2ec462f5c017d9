//! What patterns hide of a text; of a line of JSON by what its escapes mean, and without cutting one in two, so that it is
//! JSON afterwards as well. Pure; never fails.

use phpeek_settings::lines::Redaction;
use std::borrow::Cow;

/// Bytes of an escape as `\u0031`, and of any other.
const LONG: usize = 6;
const SHORT: usize = 2;

/// The text without what is to be hidden.
pub(in super::super) fn redact<'a>(redactions: &[Redaction], text: Cow<'a, str>) -> Cow<'a, str> {
    if redactions.is_empty() {
        return text;
    }
    let escaped = text.contains('\\') && text.trim_start().starts_with('{');
    let way = if escaped { whole } else { simple };
    // A line in which nothing is hidden keeps its spelling.
    let plain = escaped.then(|| plain(&text)).flatten();
    let clean = plain.and_then(|plain| all(redactions, &plain, way)).or_else(|| all(redactions, &text, way));
    clean.map_or(text, Cow::Owned)
}

/// What one redaction makes of a text; `None`: nothing.
type Way = fn(&Redaction, &str) -> Option<String>;

fn all(redactions: &[Redaction], text: &str, way: Way) -> Option<String> {
    let one = |so_far: Option<String>, redaction: &Redaction| {
        way(redaction, so_far.as_deref().unwrap_or(text)).or(so_far)
    };
    redactions.iter().fold(None, one)
}

fn simple(Redaction { pattern, replacement }: &Redaction, text: &str) -> Option<String> {
    match pattern.replace_all(text, replacement) {
        Cow::Owned(clean) => Some(clean),
        Cow::Borrowed(_) => None,
    }
}

/// The same; an escape of which a part is hidden is hidden as a whole.
fn whole(Redaction { pattern, replacement }: &Redaction, text: &str) -> Option<String> {
    let (mut out, mut done) = (String::new(), 0);
    for found in pattern.captures_iter(text) {
        let Some(range) = found.get(0).map(|whole| whole.range()) else { continue };
        let start = escape_at(text, range.start).map_or(range.start, |escape| escape.start);
        let end = escape_at(text, range.end).map_or(range.end, |escape| escape.end);
        out.push_str(text.get(done..start).unwrap_or_default());
        found.expand(replacement, &mut out);
        done = end.max(done);
    }
    if done == 0 && out.is_empty() {
        return None;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    Some(out)
}

/// The escape that this place is inside of.
fn escape_at(text: &str, at: usize) -> Option<std::ops::Range<usize>> {
    let bytes = text.as_bytes();
    let begins = |start: &usize| {
        // A backslash behind another is what that one escapes.
        let before =
            bytes.get(..*start).unwrap_or_default().iter().rev().take_while(|b| **b == b'\\').count();
        bytes.get(*start) == Some(&b'\\') && before % 2 == 0
    };
    let start = (at.saturating_sub(LONG - 1)..at).rev().find(begins)?;
    let length = if bytes.get(start + 1) == Some(&b'u') { LONG } else { SHORT };
    let mut end = (start + length).min(text.len());
    while !text.is_char_boundary(end) {
        end += 1; // no escape of JSON
    }
    (at < end).then_some(start..end)
}

/// The line with the characters that need no escape in the place of theirs; `None`: it has no such escape.
fn plain(line: &str) -> Option<String> {
    let (mut out, mut rest, mut changed) = (String::with_capacity(line.len()), line, false);
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let meant = meant(escape);
        changed |= meant.is_some();
        let length = match meant {
            Some((character, length)) => {
                out.push(character);
                length
            }
            // The backslash and what it escapes.
            None => {
                let next = escape.chars().nth(1).map_or(0, char::len_utf8);
                out.push_str(escape.get(..=next).unwrap_or(escape));
                1 + next
            }
        };
        rest = escape.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    changed.then_some(out)
}

/// The character that an escape stands for, where it could stand by itself, and the length of the escape.
fn meant(escape: &str) -> Option<(char, usize)> {
    if escape.starts_with("\\/") {
        return Some(('/', SHORT));
    }
    let unit = |from: usize| {
        let digits = escape.get(from..from + LONG)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok().filter(|_| digits.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    let units = [unit(0)?, unit(LONG).unwrap_or_default()];
    let character = char::decode_utf16(units).next()?.ok()?;
    let plain = !character.is_control() && !matches!(character, '"' | '\\');
    plain.then(|| (character, LONG * character.len_utf16()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use proptest::prelude::*;
    use regex::Regex;

    fn rule(pattern: &str, replacement: &str) -> Redaction {
        let pattern = Regex::new(pattern).expect("an expression").into();
        Redaction { pattern, replacement: replacement.to_owned() }
    }

    fn card(line: &str) -> String {
        redact(&[rule("[0-9]{12}([0-9]{4})", "card $1")], Cow::Borrowed(line)).into_owned()
    }

    #[test]
    fn escapes_are_what_they_mean() {
        for (line, clean) in [
            (r#"{"a":"c\u0031234567890123456"}"#, r#"{"a":"ccard 3456"}"#),
            (r#"{"a":"\n\ud83d\ude00 4111111111\u0031\u00311111\t"}"#, "{\"a\":\"\\n😀 card 1111\\t\"}"),
            (r#"{"a":"\u00e9 \"x\""}"#, r#"{"a":"\u00e9 \"x\""}"#),
            (r#"{"a":"\\u0031 and 1234567890123456"}"#, r#"{"a":"\\u0031 and card 3456"}"#),
            (r#"no JSON \u0031234567890123456"#, r#"no JSON \ucard 0123456"#),
        ] {
            assert_eq!(card(line), clean, "{line}");
        }
    }

    #[test]
    fn no_escape_is_cut_in_two() {
        let of = |pattern: &str, line: &str| redact(&[rule(pattern, "*")], Cow::Borrowed(line)).into_owned();
        assert_eq!(of("00[0-9a-f]+", r#"{"a":"x\u001f5y"}"#), r#"{"a":"x*y"}"#);
        assert_eq!(of("x.{3}", r#"{"a":"x\u001f5y"}"#), r#"{"a":"*5y"}"#);
        assert_eq!(of("nz", r#"{"a":"\nz \\nz"}"#), r#"{"a":"* \\*"}"#);
        assert_eq!(of("[0f]", r#"{"a":"\u000f!"}"#), r#"{"a":"****!"}"#);
    }

    proptest! {
        #[test]
        fn a_line_of_json_stays_one(value in ".{0,20}", escapes in "(\\\\u00[0-7][0-9a-f]|[0-9a-f]{1,3}|\\\\[nt\\\\\"/]){0,12}", pattern in "([0-9a-f]{1,3}|[0-9]\\{2\\}|u0|[nu]|.)") {
            let line = format!("{{\"a\":{},\"b\":\"{escapes}\"}}", serde_json::Value::from(value));
            let pattern = Regex::new(&pattern).map(|_| pattern).unwrap_or_else(|_| "x".to_owned());
            // Quotes and braces themselves are for nobody to hide.
            prop_assume!(!line.is_empty() && !["\"", "{", "}", ":", ",", ".", "\\", "a", "b"].contains(&pattern.as_str()));
            let clean = redact(&[rule(&pattern, "")], Cow::Borrowed(&line));
            prop_assert!(serde_json::from_str::<serde_json::Value>(&clean).is_ok(), "{} by {:?} became {}", line, pattern, clean);
        }
    }
}
