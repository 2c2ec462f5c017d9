//! Reads the values of a block of keys: what is written, or the default of the key table. A value that the check of
//! types has refused reads as its default, so that the rest is judged too.

use super::keys::{self, Key};
use super::tree::Node;
use super::value::{self, Span};
use phpeek_core::codes::Codes;
use phpeek_core::signal::Signal;
use std::time::Duration;

/// A mapping and the table of its keys.
#[derive(Clone, Copy)]
pub(crate) struct Block<'a> {
    node: Option<&'a Node>,
    table: &'static [Key],
}

impl<'a> Block<'a> {
    /// A block that may not be written at all.
    pub(crate) fn new(node: Option<&'a Node>, table: &'static [Key]) -> Self {
        Self { node, table }
    }

    /// The defaults alone.
    pub(crate) fn unwritten(table: &'static [Key]) -> Self {
        Self { node: None, table }
    }

    fn read<T>(&self, key: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let written = self.node.and_then(|node| node.get(key)).and_then(Node::text);
        written.and_then(&parse).or_else(|| parse(keys::default(self.table, key)))
    }

    /// The default of a key, as the table has it.
    pub(crate) fn usual(&self, key: &str) -> &'static str {
        keys::default(self.table, key)
    }

    /// A truth.
    pub(crate) fn truth(&self, key: &str) -> Option<bool> {
        self.read(key, value::truth)
    }

    /// A text; an empty one is none.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        self.read(key, |text| (!text.is_empty()).then(|| text.to_owned()))
    }

    /// A whole number.
    pub(crate) fn int(&self, key: &str) -> Option<i64> {
        self.read(key, value::int)
    }

    /// A number.
    pub(crate) fn float(&self, key: &str) -> Option<f64> {
        self.read(key, value::float)
    }

    /// A size in bytes.
    pub(crate) fn size(&self, key: &str) -> Option<u64> {
        self.read(key, value::size)
    }

    /// A span of time.
    pub(crate) fn time(&self, key: &str) -> Option<Duration> {
        self.read(key, |text| match value::duration(text)? {
            Span::Positive(span) => Some(span),
            Span::Negative => None,
        })
    }

    /// A span of time, or a negative one.
    pub(crate) fn time_or_off(&self, key: &str) -> Option<Span> {
        self.read(key, value::duration)
    }

    /// A set of exit codes.
    pub(crate) fn codes(&self, key: &str) -> Option<Codes> {
        let written = self.node.and_then(|node| node.get(key));
        let code = |text: &str| value::int(text).and_then(|code| u8::try_from(code).ok());
        let usual = keys::default(self.table, key).strip_prefix('[')?.strip_suffix(']')?;
        Some(match written {
            Some(list) => list.items().iter().filter_map(Node::text).filter_map(code).collect(),
            None => usual.split(',').filter_map(|text| code(text.trim())).collect(),
        })
    }

    /// A signal.
    pub(crate) fn signal(&self, key: &str) -> Option<Signal> {
        self.read(key, |text| Signal::parse(text).ok())
    }

    /// A word, by what it stands for.
    pub(crate) fn word<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Option<T> {
        self.read(key, |text| words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning))
    }
}
