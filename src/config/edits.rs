//! Processes that somebody adds, changes or removes while the supervisor runs: laid over what the files say before
//! anything else is looked at, so that every rule for a file holds for them too. Owns what may be edited, and what a
//! value stands for that was not shown.

use super::tree::{Entry, Node, Place, Value};
use std::collections::BTreeMap;

/// What stands for a value that is not shown; the second is what Cbox Init writes.
const HIDDEN: [&str; 2] = [phpeek_settings::secret::HIDDEN, "***REDACTED***"];

/// One wish.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// A process that is not there yet.
    Add(String, serde_json::Value),
    /// Another configuration for one that is.
    Change(String, serde_json::Value),
    /// There is no such process any more.
    Remove(String),
}

impl Edit {
    /// The process that it is about.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Add(name, _) | Self::Change(name, _) | Self::Remove(name) => name,
        }
    }
}

/// Why an edit cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// There is one of that name.
    #[error("process {0:?} is there already: change it, or choose another name")]
    Exists(String),
    /// There is none of that name.
    #[error("process {0:?} not found")]
    Missing(String),
    /// It holds what stands for a value that is not shown, where there was none before.
    #[error("{0} stands for a value that is not shown, and there is none to keep: write it out")]
    Hidden(String),
}

/// All edits since the files were read.
#[derive(Debug, Clone, Default)]
pub struct Edits(BTreeMap<String, Option<Node>>);

impl Edits {
    /// Whether everything is as the files say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Lays them over a tree.
    pub(crate) fn lay(&self, root: &mut Node) {
        for (name, node) in &self.0 {
            let Some(processes) = root.entry("processes", &Place::Nowhere) else { return };
            match node {
                Some(node) => {
                    let Some(own) = processes.entry(name, &Place::Nowhere) else { return };
                    *own = node.clone();
                }
                None => remove(processes, name),
            }
        }
    }

    /// Adds one that follows from this tree, which holds these already.
    pub(crate) fn add(&mut self, edit: Edit, root: &Node) -> Result<(), EditError> {
        let old = root.get("processes").and_then(|all| all.entries().iter().find(|e| e.key == edit.name()));
        let (name, node) = match edit {
            Edit::Add(name, _) if old.is_some() => return Err(EditError::Exists(name)),
            Edit::Change(name, _) | Edit::Remove(name) if old.is_none() => {
                return Err(EditError::Missing(name));
            }
            Edit::Add(name, json) | Edit::Change(name, json) => {
                let mut node = Node::from_json(json, &Place::Nowhere);
                let path = format!("processes.{name}");
                keep(&mut node, old.map(|entry| &entry.node), &path).map_err(EditError::Hidden)?;
                (name, Some(node))
            }
            Edit::Remove(name) => (name, None),
        };
        self.0.insert(name, node);
        Ok(())
    }
}

fn remove(processes: &mut Node, name: &str) {
    if let Value::Map(entries) = &mut processes.value {
        entries.retain(|entry| entry.key != name);
    }
}

/// Puts what was there before in the place of what stands for it. An error: where there is nothing to put there.
fn keep(node: &mut Node, old: Option<&Node>, path: &str) -> Result<(), String> {
    match &mut node.value {
        Value::Scalar(text) => {
            let Some(begin) = hidden(text) else { return Ok(()) };
            let before = old.and_then(Node::text).filter(|before| before.starts_with(begin));
            *text = before.ok_or_else(|| path.to_owned())?.to_owned();
            Ok(())
        }
        Value::Map(entries) => {
            let both = |entry: &mut Entry| {
                let old = old.and_then(|old| old.get(&entry.key));
                keep(&mut entry.node, old, &format!("{path}.{}", entry.key))
            };
            entries.iter_mut().try_for_each(both)
        }
        Value::List(items) => items.iter_mut().enumerate().try_for_each(|(at, item)| {
            let old = old.and_then(|old| old.items().get(at));
            keep(item, old, &format!("{path}[{at}]"))
        }),
        Value::Null | Value::Emptied => Ok(()),
    }
}

/// What comes before the mark in a text that it stands at the end of: nothing, or `--password=`.
fn hidden(text: &str) -> Option<&str> {
    let begin = HIDDEN.iter().rev().find_map(|mark| text.strip_suffix(mark))?;
    (begin.is_empty() || begin.ends_with('=')).then_some(begin)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use serde_json::json;

    fn root(json: serde_json::Value) -> Node {
        Node::from_json(json, &Place::Nowhere)
    }

    #[test]
    fn edits_are_laid_over_a_tree_and_follow_each_other() {
        let mut tree = root(json!({"processes": {"a": {"command": ["x"]}, "b": {"command": ["y"]}}}));
        let mut edits = Edits::default();
        for (edit, wanted) in [
            (Edit::Add("a".into(), json!({})), Err(EditError::Exists("a".into()))),
            (Edit::Change("c".into(), json!({})), Err(EditError::Missing("c".into()))),
            (Edit::Remove("c".into()), Err(EditError::Missing("c".into()))),
            (Edit::Add("c".into(), json!({"scale": 2})), Ok(())),
            (Edit::Add("c".into(), json!({})), Err(EditError::Exists("c".into()))),
            (Edit::Remove("a".into()), Ok(())),
            (Edit::Remove("a".into()), Err(EditError::Missing("a".into()))),
        ] {
            assert_eq!(edits.add(edit.clone(), &tree), wanted, "{edit:?}");
            edits.lay(&mut tree);
        }
        let names: Vec<_> = tree.get("processes").expect("a map").entries().iter().map(|e| &e.key).collect();
        assert_eq!(names, ["b", "c"]);
        assert_eq!(tree.at(&["processes", "c", "scale"]).and_then(Node::text), Some("2"));
    }

    #[test]
    fn what_stands_for_a_hidden_value_keeps_the_old_one_or_is_refused() {
        let tree = root(json!({"processes": {"a": {"env": {"K": "secret"}, "command": ["x", "--token=t"]}}}));
        let mut edits = Edits::default();
        let new = json!({"env": {"K": "***REDACTED***", "L": "x"}, "command": ["x", "--token=***"]});
        edits.add(Edit::Change("a".into(), new), &tree).expect("both were there");
        let mut after = tree.clone();
        edits.lay(&mut after);
        assert_eq!(after.at(&["processes", "a", "env", "K"]).and_then(Node::text), Some("secret"));
        let command = after.at(&["processes", "a", "command"]).expect("a list");
        assert_eq!(command.items().get(1).and_then(Node::text), Some("--token=t"));
        for (edit, path) in [
            (Edit::Add("n".into(), json!({"env": {"K": "***"}})), "processes.n.env.K"),
            (Edit::Change("a".into(), json!({"env": {"N": "***"}})), "processes.a.env.N"),
            (Edit::Change("a".into(), json!({"command": ["x", "--other=***"]})), "processes.a.command[1]"),
        ] {
            assert_eq!(edits.add(edit, &tree), Err(EditError::Hidden(path.into())));
        }
    }
}
