//! What a text may not hold in a record: what breaks it, and what a terminal would obey or show as something else. Owns
//! the two ways of writing such characters; never loses one. Called for every line that is not plain.

use std::io::Write;

/// Bytes that are looked at together.
const BLOCK: usize = 32;

/// What is known of the bytes of a line before it is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bytes {
    /// Nothing to escape in any format.
    Plain,
    /// Nothing is known.
    Any,
}

impl Bytes {
    /// Looks at a whole read at once: for each line of its own it costs four times as much. Newlines do not count, as
    /// no line holds one.
    pub(super) fn of(read: &[u8]) -> Self {
        // Without a branch in the loop, so that the compiler makes vector instructions of it.
        let odd = read.iter().fold(false, |odd, &byte| {
            odd | ((byte.wrapping_sub(0x20) > 0x5E) & (byte != b'\n')) | (byte == b'"') | (byte == b'\\')
        });
        if odd { Self::Any } else { Self::Plain }
    }
}

/// The inside of a JSON string (RFC 8259 section 7); bytes that are no UTF-8 become U+FFFD. What a terminal obeys is
/// escaped too: a record is looked at there as well.
pub(super) fn json(out: &mut Vec<u8>, text: &[u8]) {
    let ascii = |byte: u8| byte < 0x20 || byte == 0x7F || byte == b'"' || byte == b'\\';
    escape(out, text, ascii, |out, c| {
        let short = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            _ => return unicode(out, c),
        };
        out.extend_from_slice(short.as_bytes());
    });
}

/// A JSON value as it was written, on one line: what a terminal obeys is escaped, which it can be only inside a text.
pub(super) fn json_value(out: &mut Vec<u8>, value: &[u8]) {
    escape(
        out,
        value,
        |byte| byte < 0x20 || byte == 0x7F,
        |out, c| match c {
            '\0'..='\x1F' => {} // space between its parts: inside a text there is none (RFC 8259 section 7)
            _ => unicode(out, c),
        },
    );
}

/// A line for people: what a terminal obeys is shown as `\x1b` or `\u{202e}`.
pub(super) fn plain(out: &mut Vec<u8>, text: &[u8]) {
    escape(out, text, |byte| byte < 0x20 || byte == 0x7F, show);
}

/// A value for people: in quotes, with a backslash before those inside, unless it can be told from what surrounds it.
pub(super) fn value(out: &mut Vec<u8>, text: &[u8]) {
    let bare = |byte: &u8| byte.is_ascii_graphic() && !b"\"\\=".contains(byte);
    if !text.is_empty() && text.iter().all(bare) {
        return out.extend_from_slice(text);
    }
    out.push(b'"');
    let ascii = |byte: u8| byte < 0x20 || byte == 0x7F || byte == b'"' || byte == b'\\';
    escape(out, text, ascii, |out, c| match c {
        '"' | '\\' => write!(out, "\\{c}").unwrap_or_default(),
        _ => show(out, c),
    });
    out.push(b'"');
}

fn unicode(out: &mut Vec<u8>, c: char) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        write!(out, "\\u{unit:04x}").ok(); // a Vec takes everything
    }
}

fn show(out: &mut Vec<u8>, c: char) {
    match c {
        '\n' => out.extend_from_slice(b"\\n"),
        '\t' => out.extend_from_slice(b"\\t"),
        '\0'..='\u{9F}' => write!(out, "\\x{:02x}", u32::from(c)).unwrap_or_default(),
        _ => write!(out, "\\u{{{:x}}}", u32::from(c)).unwrap_or_default(),
    }
}

/// Copies the text but for the ASCII characters that `ascii` names and what a terminal obeys or hides.
fn escape(out: &mut Vec<u8>, text: &[u8], ascii: impl Fn(u8) -> bool, put: impl Fn(&mut Vec<u8>, char)) {
    for chunk in text.utf8_chunks() {
        let mut rest = chunk.valid();
        while let Some(at) = first_odd(rest.as_bytes(), &ascii) {
            let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
            out.extend_from_slice(before.as_bytes());
            let mut chars = from.chars();
            let Some(c) = chars.next() else { break };
            if c.is_ascii() || is_obeyed(c) {
                put(out, c);
            } else {
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            rest = chars.as_str();
        }
        out.extend_from_slice(rest.as_bytes());
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{FFFD}".as_bytes());
        }
    }
}

/// The first byte that is named, or that may begin what [`is_obeyed`]; whole blocks without one are passed at once.
fn first_odd(text: &[u8], ascii: &impl Fn(u8) -> bool) -> Option<usize> {
    let odd = |byte: u8| ascii(byte) | matches!(byte, 0xC2 | 0xD8 | 0xE2 | 0xEF | 0xF3);
    let mut from = 0;
    for block in text.chunks(BLOCK) {
        if block.iter().fold(false, |any, &byte| any | odd(byte)) {
            return block.iter().position(|&byte| odd(byte)).map(|at| from + at);
        }
        from += block.len();
    }
    None
}

/// Characters that are no text: control characters of C1, and what turns, hides or breaks what stands around it
/// (bidirectional formatting, line and paragraph separators, zero-width space, annotations, tags). The joiners stay:
/// scripts need them.
fn is_obeyed(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9F}' | '\u{AD}' | '\u{61C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use proptest::prelude::*;

    fn made(how: impl Fn(&mut Vec<u8>, &[u8]), text: &str) -> String {
        let mut out = Vec::new();
        how(&mut out, text.as_bytes());
        String::from_utf8(out).expect("UTF-8")
    }

    proptest! {
        #[test]
        fn json_gives_every_text_back_and_no_way_lets_anything_through(
            text in prop::collection::vec(prop_oneof![any::<char>(), prop::char::range('\0', '\u{FF}'), Just('\u{202E}'), prop::char::range('a', 'f')], 0..120),
        ) {
            let text: String = text.into_iter().collect();
            let quoted = format!("\"{}\"", made(json, &text));
            prop_assert_eq!(serde_json::from_str::<String>(&quoted).expect("JSON"), text.clone());
            for shown in [made(json, &text), made(plain, &text), made(value, &text)] {
                prop_assert!(shown.chars().all(|c| !c.is_control() && !is_obeyed(c)), "{:?}", shown);
            }
        }
    }

    #[test]
    fn people_see_what_was_there() {
        assert_eq!(made(plain, "a\x1b[31m\u{9b}2J\tb\u{202e}c é 👩‍💻"), "a\\x1b[31m\\x9b2J\\tb\\u{202e}c é 👩‍💻");
        for (value_of, shown) in [
            ("web", "web"),
            ("two words", "\"two words\""),
            ("", "\"\""),
            ("a=b", "\"a=b\""),
            ("say \"x\"\n\\", "\"say \\\"x\\\"\\n\\\\\""),
            ("é", "\"é\""),
        ] {
            assert_eq!(made(value, value_of), shown);
        }
    }
}
