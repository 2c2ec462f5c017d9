//! The configuration that acts, value by value, and where each comes from: a file and line, an override, a variable of
//! OpenTelemetry, or the default. Hides what may be a secret; judges nothing.

use super::keys::{self, Key, Kind, Standing};
use super::report::{Finding, Report};
use super::secret;
use super::tree::{Node, Place, Value};
use super::vars::Vars;
use std::path::PathBuf;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A file.
    File {
        /// Which; none for a text without one.
        file: Option<PathBuf>,
        /// The line.
        line: usize,
    },
    /// An environment variable: an override, or one of OpenTelemetry.
    Variable(String),
    /// Nobody has written it.
    Default,
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The YAML path.
    pub path: String,
    /// As it would be written; none where it may be a secret.
    pub value: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
}

/// Blocks of which the defaults act although nobody has written the block.
const ALWAYS: [&str; 2] = ["global", "shutdown"];

/// All values of a tree with its overrides, in the order of the tables of keys.
pub(crate) fn settings(root: &Node, report: &Report, vars: &dyn Vars) -> Vec<Setting> {
    let mut walk = Walk { report, vars, found: Vec::new() };
    walk.block(Some(root), keys::ROOT, "");
    walk.found
}

struct Walk<'a> {
    report: &'a Report,
    vars: &'a dyn Vars,
    found: Vec<Setting>,
}

impl Walk<'_> {
    fn block(&mut self, node: Option<&Node>, table: &'static [Key], path: &str) {
        for key in table {
            let own = node.and_then(|node| node.get(key.name));
            let below = if path.is_empty() { key.name.to_owned() } else { format!("{path}.{}", key.name) };
            match (key.kind.table(), &key.kind, own) {
                (Some(table), Kind::Map(_), Some(own)) => self.block(Some(own), table, &below),
                (Some(table), Kind::Map(_), None) if ALWAYS.contains(&key.name) => {
                    self.block(None, table, &below)
                }
                (Some(_), Kind::Map(_), None) => {}
                (Some(table), Kind::MapOf(_), Some(own)) => {
                    for entry in own.entries() {
                        self.block(Some(&entry.node), table, &format!("{below}.{}", entry.key));
                    }
                }
                (None, Kind::MapOf(_), Some(own)) => {
                    for entry in own.entries() {
                        self.written(format!("{below}.{}", entry.key), &entry.node, &key.kind);
                    }
                }
                (_, _, Some(own)) => self.written(below, own, &key.kind),
                (_, _, None) => self.unwritten(below, key),
            }
        }
    }

    fn written(&mut self, path: String, node: &Node, kind: &Kind) {
        let origin = match &node.place {
            Place::File { file, line, .. } => {
                Origin::File { file: self.report.path_of(*file).map(PathBuf::from), line: *line }
            }
            Place::Variable(name) => Origin::Variable(name.to_string()),
            Place::Nowhere => Origin::Default,
        };
        let text = shown(node);
        let hidden = matches!(kind, Kind::Secret) || secret::in_path(&path) || secret::in_value(&text);
        self.found.push(Setting { path, value: (!hidden).then_some(text), origin });
    }

    /// A variable of OpenTelemetry in its place, or its default.
    fn unwritten(&mut self, path: String, key: &Key) {
        let taken = |finding: &&Finding| finding.path == path && finding.message.contains(" is taken from ");
        if let Some(Place::Variable(name)) = self.report.findings.iter().find(taken).map(|f| &f.place) {
            let text = self.vars.get(name).unwrap_or_default();
            let hidden =
                matches!(key.kind, Kind::Secret) || secret::in_path(&path) || secret::in_value(&text);
            let origin = Origin::Variable(name.to_string());
            self.found.push(Setting { path, value: (!hidden).then_some(text), origin });
        } else if key.standing == Standing::Works && !key.default.is_empty() {
            self.found.push(Setting { path, value: Some(key.default.to_owned()), origin: Origin::Default });
        }
    }
}

/// A value on one line.
fn shown(node: &Node) -> String {
    match &node.value {
        Value::Null | Value::Emptied => String::new(),
        Value::Scalar(text) => text.clone(),
        Value::List(items) => format!("[{}]", items.iter().map(item).collect::<Vec<_>>().join(", ")),
        Value::Map(entries) => {
            let all: Vec<String> =
                entries.iter().map(|entry| format!("{}: {}", entry.key, item(&entry.node))).collect();
            format!("{{{}}}", all.join(", "))
        }
    }
}

/// A value within another, quoted where it would not be one item otherwise.
fn item(node: &Node) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./=@+:%".contains(c);
    match node.text() {
        Some(text) if text.is_empty() || !text.chars().all(plain) => format!("{text:?}"),
        _ => shown(node),
    }
}
