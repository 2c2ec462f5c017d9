//! How traces are drawn in a terminal: width, characters, colours, how much of each span. Values and the marks that
//! follow from them; pure. Made by the commands, used by everything that draws text.

use super::text::Charset;

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
            (true, Ink::Faint) => ("\x1b[2m", "\x1b[0m"),
            (true, Ink::Critical) => ("\x1b[33m", "\x1b[0m"),
            (true, Ink::Failed) => ("\x1b[31m", "\x1b[0m"),
            (true, Ink::Link) => ("\x1b[36m", "\x1b[0m"),
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
