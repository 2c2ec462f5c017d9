//! The configuration as a tree whose scalars keep what was written, each value with its place. Owns nothing but the
//! shape: it never decides what a value means. Built by `parse` and `overlay`, read by `schema` and `compile`.

use std::sync::Arc;

/// Where a value was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a file; line and column from 1, the column in characters.
    File {
        /// Which: 0 is the configuration itself, others are those that it includes, from 1.
        file: usize,
        /// Line.
        line: usize,
        /// Column.
        column: usize,
    },
    /// In this environment variable.
    Variable(Arc<str>),
    /// Nowhere: the value is missing.
    Nowhere,
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    /// Where it begins.
    pub(crate) place: Place,
    /// What it is.
    pub(crate) value: Value,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// Nothing, `~` or `null`; also a substitution that says itself that it may be empty (`${A:-}`).
    Null,
    /// What is left of a substitution of which nothing is left, and that had no default. It reads as nothing, and is
    /// refused wherever nothing could mean more than was written.
    Emptied,
    /// A text as it was written.
    Scalar(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The key.
    pub(crate) key: String,
    /// Where the key begins.
    pub(crate) place: Place,
    /// What it holds.
    pub(crate) node: Node,
}

impl Node {
    /// An empty mapping that nobody wrote.
    pub(crate) fn empty_map() -> Self {
        Self { place: Place::Nowhere, value: Value::Map(Vec::new()) }
    }

    /// The entries of a mapping; none for anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The value of a key, unless there is nothing.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        let found = self.entries().iter().find(|e| e.key == key)?;
        (!found.node.is_nothing()).then_some(&found.node)
    }

    /// The text of a key for which an empty one is none.
    pub(crate) fn filled(&self, key: &str) -> Option<&str> {
        self.get(key)?.text().filter(|text| !text.trim().is_empty())
    }

    /// Whether there is no value, for whatever reason.
    pub(crate) fn is_nothing(&self) -> bool {
        matches!(self.value, Value::Null | Value::Emptied)
    }

    /// The value at the end of a chain of keys.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a list; none for anything else.
    pub(crate) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The entry of a key, made when it is missing; what is no mapping becomes one.
    pub(crate) fn entry(&mut self, key: &str, place: &Place) -> Option<&mut Node> {
        if !matches!(self.value, Value::Map(_)) {
            self.value = Value::Map(Vec::new());
        }
        let Value::Map(entries) = &mut self.value else { return None };
        let at = match entries.iter().position(|e| e.key == key) {
            Some(at) => at,
            None => {
                let node = Node { place: place.clone(), value: Value::Null };
                entries.push(Entry { key: key.to_owned(), place: place.clone(), node });
                entries.len() - 1
            }
        };
        entries.get_mut(at).map(|e| &mut e.node)
    }

    /// A JSON document as a tree, every value at the same place.
    pub(crate) fn from_json(json: serde_json::Value, place: &Place) -> Self {
        let value = match json {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(truth) => Value::Scalar(truth.to_string()),
            serde_json::Value::Number(number) => Value::Scalar(number.to_string()),
            serde_json::Value::String(text) => Value::Scalar(text),
            serde_json::Value::Array(items) => {
                Value::List(items.into_iter().map(|i| Self::from_json(i, place)).collect())
            }
            serde_json::Value::Object(map) => {
                let entry =
                    |(key, value)| Entry { key, place: place.clone(), node: Self::from_json(value, place) };
                Value::Map(map.into_iter().map(entry).collect())
            }
        };
        Self { place: place.clone(), value }
    }
}
