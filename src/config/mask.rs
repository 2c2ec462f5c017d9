//! Hides the inside of `${…}` from the YAML parser, so that an unquoted `[sh, ${A:-x,y}]` reads as its writer meant
//! it. One character takes the place of one, so lines and columns stay.

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
    // std looks, without asking the processor what it can: 60 µs of a start in a virtual machine.
    if !text.contains("${") || clash() {
        return Cow::Borrowed(text);
    }
    let ends = ends(text);
    let mut quotes = memchr::memchr2_iter(b'"', b'\'', text.as_bytes()).peekable();
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut done = 0;
    for (begin, end) in ends {
        if begin < done {
            continue; // inside of one that was masked
        }
        // A quote inside: the scalar is quoted, or its end would be swallowed. Quoted scalars need no mask.
        while quotes.next_if(|at| *at < begin).is_some() {}
        if quotes.peek().is_some_and(|at| *at < end) {
            continue;
        }
        out.push_str(text.get(done..begin).unwrap_or_default());
        let inside = text.get(begin..end).unwrap_or_default();
        out.extend(inside.chars().map(|c| PAIRS.iter().find(|(p, _)| *p == c).map_or(c, |(_, m)| *m)));
        done = end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    Cow::Owned(out)
}

/// Where each `${…}` that its own line completes begins and ends, in the order of their beginnings. One pass: what
/// opens and never closes must not be looked through again and again.
fn ends(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let (mut open, mut found) = (Vec::new(), Vec::new());
    for at in memchr::memchr3_iter(b'\n', b'$', b'}', bytes) {
        match bytes.get(at) {
            Some(b'$') if bytes.get(at + 1) == Some(&b'{') => open.push(at),
            Some(b'}') => found.extend(open.pop().map(|begin| (begin, at + 1))),
            Some(b'\n') => open.clear(),
            _ => {}
        }
    }
    found.sort_unstable();
    found
}

/// Takes the mask off again.
pub(crate) fn unmask(text: &str) -> String {
    text.chars().map(|c| PAIRS.iter().find(|(_, m)| *m == c).map_or(c, |(p, _)| *p)).collect()
}
