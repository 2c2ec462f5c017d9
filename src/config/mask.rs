//! Hides the inside of `${…}` from the YAML parser, so that an unquoted `[sh, ${A:-x,y}]` reads as its writer meant
//! it. One character takes the place of one, so lines and columns stay. Called by `parse` alone.

use std::borrow::Cow;

/// What has a meaning in YAML, and the private-use character that stands for it.
const PAIRS: [(char, char); 7] = [
    ('{', '\u{F8E0}'),
    ('}', '\u{F8E1}'),
    ('[', '\u{F8E2}'),
    (']', '\u{F8E3}'),
    (',', '\u{F8E4}'),
    (':', '\u{F8E5}'),
    ('#', '\u{F8E6}'),
];

/// The text with every complete `${…}` of one line masked; borrowed when there is nothing to do.
pub(crate) fn mask(text: &str) -> Cow<'_, str> {
    let clash = || text.chars().any(|c| PAIRS.iter().any(|(_, mask)| *mask == c));
    if memchr::memmem::find(text.as_bytes(), b"${").is_none() || clash() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        // A quote inside: the scalar is quoted, or its end would be swallowed. Quoted scalars need no mask.
        let quoted = |end: &usize| from.get(..*end).is_some_and(|inside| inside.contains(['"', '\'']));
        let end = closing(from).filter(|end| !quoted(end)).unwrap_or(0);
        let (inside, after) = from.split_at(if end == 0 { 2 } else { end });
        if end == 0 {
            out.push_str(inside);
        } else {
            out.extend(inside.chars().map(|c| PAIRS.iter().find(|(p, _)| *p == c).map_or(c, |(_, m)| *m)));
        }
        rest = after;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Takes the mask off again.
pub(crate) fn unmask(text: &str) -> String {
    text.chars().map(|c| PAIRS.iter().find(|(_, m)| *m == c).map_or(c, |(p, _)| *p)).collect()
}

/// Length in bytes of the `${…}` that `text` begins with, nested ones included; `None` when its line ends first.
pub(crate) fn closing(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\n' => return None,
            b'$' if bytes.get(at + 1) == Some(&b'{') => {
                depth += 1;
                at += 1;
            }
            b'}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}
