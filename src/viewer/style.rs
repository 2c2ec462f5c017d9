//! How traces are drawn in a terminal: width, characters, colours, how much of each span. Values and the marks that
//! follow from them; pure. Made by the commands, used by everything that draws text.

use super::text::{self, Charset};

/// How to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Columns in all.
    pub width: usize,
    /// Which characters may be used.
    pub charset: Charset,
    /// Colours by ANSI sequences.
    pub colour: bool,
    /// What is shown of events.
    pub events: Events,
    /// What is shown beside names, times and errors.
    pub facts: Facts,
    /// The form of names; a drawing that has no room for the full one takes the short one for all.
    pub titles: Titles,
}

/// The form that names have throughout a drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Titles {
    /// As they were sent.
    Full,
    /// Without the program's own namespace, which says least of all.
    Short,
}

/// The namespace of the program's own spans.
pub(super) const NAMESPACE: &str = "process_manager.";

impl Titles {
    /// A name, or what begins with one, in this form.
    pub(super) fn of(self, title: &str) -> &str {
        match self {
            Self::Full => title,
            Self::Short => title.strip_prefix(NAMESPACE).unwrap_or(title),
        }
    }

    /// The form in which all of these fit into so many columns.
    pub(super) fn fitting<'a>(mut titles: impl Iterator<Item = &'a str>, columns: usize) -> Self {
        if titles.all(|t| text::width(t) <= columns) { Self::Full } else { Self::Short }
    }
}

/// What is shown of the events of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Events {
    /// Nothing.
    Hidden,
    /// Their names, beside the bar where there is room.
    Named,
    /// Each one on a line of its own, with its time and its attributes.
    Listed,
}

/// What is shown of a span beside its name, time and error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Facts {
    /// Nothing.
    Hidden,
    /// Links, missing parents, and how a process ended.
    Usual,
    /// All attributes too.
    All,
}

/// What a text is about, and so its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Plain,
    Faint,
    Critical,
    Failed,
    Link,
}

impl Style {
    /// The sequences that switch a colour on and off.
    pub(super) fn ink(&self, ink: Ink) -> (&'static str, &'static str) {
        match (self.colour, ink) {
            (false, _) | (true, Ink::Plain) => ("", ""),
            // Of the 256 colours: what the first sixteen look like, and whether faint is readable, is up to the terminal.
            (true, Ink::Faint) => ("\x1b[38;5;243m", "\x1b[0m"),
            (true, Ink::Critical) => ("\x1b[38;5;166m", "\x1b[0m"),
            (true, Ink::Failed) => ("\x1b[38;5;160m", "\x1b[0m"),
            (true, Ink::Link) => ("\x1b[38;5;31m", "\x1b[0m"),
        }
    }

    /// One of two marks: for Unicode, for ASCII.
    pub(super) fn mark(&self, unicode: &'static str, ascii: &'static str) -> &'static str {
        match self.charset {
            Charset::Unicode => unicode,
            Charset::Ascii => ascii,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;

    /// Red, green and blue of one of the 256 colours, behind the first sixteen.
    fn components(number: u8) -> [u8; 3] {
        let level = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
        match number {
            232.. => [8 + 10 * (number - 232); 3],
            _ => [(number - 16) / 36, (number - 16) / 6 % 6, (number - 16) % 6].map(level),
        }
    }

    /// WCAG 2.2, "relative luminance".
    fn luminance(colour: [u8; 3]) -> f64 {
        let linear = |c: u8| match f64::from(c) / 255.0 {
            c if c <= 0.04045 => c / 12.92,
            c => ((c + 0.055) / 1.055).powf(2.4),
        };
        let [red, green, blue] = colour.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    #[test]
    fn colours_hold_on_white_and_on_black() {
        let style = Style {
            width: 100,
            charset: Charset::Unicode,
            colour: true,
            events: Events::Named,
            facts: Facts::Usual,
            titles: Titles::Full,
        };
        for ink in [Ink::Faint, Ink::Critical, Ink::Failed, Ink::Link] {
            let (on, _) = style.ink(ink);
            let number = on.strip_prefix("\x1b[38;5;").and_then(|n| n.strip_suffix('m')).expect("a colour");
            let light = luminance(components(number.parse().expect("a number")));
            let (on_white, on_black) = (1.05 / (light + 0.05), (light + 0.05) / 0.05);
            assert!(
                on_white > 3.8 && on_black > 3.8,
                "{ink:?}: {on_white:.1} on white, {on_black:.1} on black"
            );
        }
    }
}
