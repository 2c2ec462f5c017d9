//! Texts that come from elsewhere (a receiver, a proxy, a library), made fit for a terminal and a log: one line, cut,
//! without anything that steers a terminal or turns the reading direction. Called wherever such a text enters.

/// At most `most` characters of `text`, on one line; what is cut is shown as `…`.
#[must_use]
pub fn words(text: &str, most: usize) -> String {
    let mut out = String::new();
    let mut taken = 0;
    let mut gap = false;
    for c in text.chars() {
        if c.is_whitespace() || is_break(c) {
            gap = !out.is_empty();
            continue;
        }
        let room = most.saturating_sub(taken + usize::from(gap));
        if room == 0 {
            out.push('…');
            return out;
        }
        if std::mem::take(&mut gap) {
            out.push(' ');
            taken += 1;
        }
        out.push(if steers(c) { '\u{fffd}' } else { c });
        taken += 1;
    }
    out
}

/// Control characters that only stand for white space.
fn is_break(c: char) -> bool {
    matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Control characters, and those of Unicode that are seen only in what they do to others: directions, joiners, marks
/// without width, tags, private use.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
            | '\u{f0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_is_one_line_and_steers_nothing() {
        assert_eq!(words("no key\r\n  more\t", 200), "no key more");
        assert_eq!(words("\u{1b}[2Jred\u{202e}txt\u{9b}", 200), "\u{fffd}[2Jred\u{fffd}txt\u{fffd}");
        assert_eq!(words("abc def", 4), "abc…");
        assert_eq!(words("abc def", 5), "abc d…");
        assert_eq!(words("abc def", 7), "abc def");
        assert_eq!(words("  ", 7), "");
    }

    proptest! {
        #[test]
        fn no_text_is_longer_or_worse_than_promised(text in "\\PC*|.*", most in 0usize..50) {
            let clean = words(&text, most);
            prop_assert!(clean.chars().count() <= most + 1);
            prop_assert!(clean.chars().all(|c| !steers(c) && !is_break(c) && !matches!(c, '\n' | '\t')));
        }
    }
}
