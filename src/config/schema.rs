//! Checks a tree against the known keys: types, bounds, words, unknown keys with "did you mean". Says everything at
//! once and changes nothing.

use super::hint;
use super::keys::{CONDITIONS, DEPENDENCY, Key, Kind, ROOT, SECRET_FILE, Standing, find};
use super::report::{Finding, Findings, Path, Severity};
use super::tree::{Entry, Node, Place, Value};
use super::{secret, value};
use std::collections::BTreeSet;

/// Checks the whole tree.
pub(crate) fn check(root: &Node, findings: &mut Findings) {
    let mut check = Check { findings, announced: BTreeSet::new(), inside: false };
    check.map(root, &Path::ROOT, ROOT);
    let announced: Vec<String> = check.announced.into_iter().collect();
    if !announced.is_empty() {
        let message =
            format!("these keys are known and checked, and have no effect yet: {}", announced.join(", "));
        findings.push(Finding::warning("", Place::Nowhere, message));
    }
}

struct Check<'f> {
    findings: &'f mut Findings,
    announced: BTreeSet<String>,
    /// Within an announced block: the block is named, not each key in it.
    inside: bool,
}

impl Check<'_> {
    fn wrong(&mut self, node: &Node, path: &Path<'_>, message: impl Into<String>, advice: impl Into<String>) {
        self.findings.push(Finding::error(path, node.place.clone(), message).advice(advice));
    }

    fn map(&mut self, node: &Node, path: &Path<'_>, keys: &'static [Key]) {
        let Value::Map(entries) = &node.value else {
            if !node.is_nothing() {
                let text = node.text().unwrap_or_default();
                let advice = hint::joined(text, keys);
                let advice = advice.unwrap_or_else(|| "write its keys below it, indented".to_owned());
                self.wrong(node, path, format!("this must be a mapping, and is {}", what(node)), advice);
            }
            return;
        };
        for entry in entries {
            // Keys that begin with x- hold anchors for the rest of the file, as in compose files.
            if entry.key.starts_with("x-") {
                continue;
            }
            let below = path.key(&entry.key);
            match find(keys, &entry.key) {
                None => self.unknown(entry, path, &below, keys),
                Some(key) if entry.node.is_nothing() => self.nothing(&entry.node, &below, &key.kind),
                Some(key) => {
                    if key.later() && !self.inside && !is_off(&entry.node, key) {
                        self.announced.insert(below.of_any());
                    }
                    self.value(&entry.node, &below, &key.kind, key.standing);
                }
            }
        }
    }

    fn unknown(&mut self, entry: &Entry, path: &Path<'_>, below: &Path<'_>, keys: &'static [Key]) {
        if self.findings.full(Severity::Warning) {
            return self.findings.push(Finding::warning("", Place::Nowhere, String::new()));
        }
        let message = format!("the key {:?} is unknown", entry.key);
        let warning = Finding::warning(below, entry.place.clone(), message);
        self.findings.push(warning.advice(hint::unknown(entry, path, keys)).of_unknown_key());
    }

    fn value(&mut self, node: &Node, path: &Path<'_>, kind: &'static Kind, standing: Standing) {
        match kind {
            Kind::Map(keys) => self.block(node, path, keys, standing),
            Kind::MapOf(kind) => self.map_of(node, path, kind, standing),
            Kind::List(kind) => self.list(node, path, kind, standing),
            Kind::Files => self.files(node, path),
            Kind::Statuses => match node.value {
                Value::List(_) => self.list(node, path, &Kind::Statuses, standing),
                _ => self.scalar(node, path, kind),
            },
            Kind::FilesOr(keys) => match node.value {
                Value::Map(_) => self.block(node, path, keys, standing),
                _ => self.files(node, path),
            },
            Kind::Command => {
                if let Some(line) = node.text() {
                    let message = "this must be a list of words, and is one text";
                    return self.wrong(node, path, message, hint::command(line, &path.to_string()));
                }
                self.list(node, path, &Kind::Text, standing);
                if matches!(&node.value, Value::List(items) if items.is_empty()) {
                    let advice = "write it as a list: [\"program\", \"argument\"]";
                    self.wrong(node, path, "the command is empty", advice);
                }
            }
            Kind::Depends => self.depends(node, path),
            // Not as a mapping like others: of a secret that was taken for one, no key may be repeated either.
            Kind::Secret if matches!(node.value, Value::Map(_)) => {
                let file = match node.entries() {
                    [entry] => entry.key == SECRET_FILE && entry.node.text().is_some_and(|t| !t.is_empty()),
                    _ => false,
                };
                if !file {
                    self.wrong(node, path, "the value is not one that this key takes", kind.wanted());
                }
            }
            kind => self.scalar(node, path, kind),
        }
    }

    fn block(&mut self, node: &Node, path: &Path<'_>, keys: &'static [Key], standing: Standing) {
        let before = self.inside;
        self.inside |= standing == Standing::Later;
        self.map(node, path, keys);
        self.inside = before;
    }

    fn scalar(&mut self, node: &Node, path: &Path<'_>, kind: &Kind) {
        let Some(text) = node.text() else {
            let message = format!("this must be a single value, and is {}", what(node));
            return self.wrong(node, path, message, kind.wanted());
        };
        if let Err((message, advice)) = kind.scalar(text) {
            let hidden = secret::in_path(&path.to_string());
            let hide = || "the value is not one that this key takes".to_owned();
            let advice = match (kind, hidden) {
                (Kind::OneOf(words), false) => hint::word(text, words).unwrap_or(advice),
                _ => advice,
            };
            self.wrong(node, path, if hidden { hide() } else { hint::short(message) }, advice);
        }
    }

    /// A value that is not there. Empty is never a permission: where a default could allow more than was meant, it is
    /// an error.
    fn nothing(&mut self, node: &Node, path: &Path<'_>, kind: &Kind) {
        let message = match node.value {
            Value::Emptied if kind.refuses_emptied() => "the variable that this value comes from is empty",
            _ if kind.refuses_nothing() => "the value is empty",
            _ => return,
        };
        let set = if node.value == Value::Emptied { "set the variable, " } else { "" };
        let advice = match kind {
            Kind::Guard => format!("{set}remove the key, or give it a value"),
            kind => format!("{set}remove the key for its default, or {}", kind.wanted()),
        };
        self.wrong(node, path, message, advice);
    }

    fn map_of(&mut self, node: &Node, path: &Path<'_>, kind: &'static Kind, standing: Standing) {
        let Value::Map(entries) = &node.value else {
            if !node.is_nothing() {
                let message = format!("this must be a mapping, and is {}", what(node));
                let advice = match kind {
                    Kind::Map(_) => "the name is the key: `name:`, and its keys below it, indented; no list",
                    _ => "write name: value pairs below it",
                };
                self.wrong(node, path, message, advice);
            }
            return;
        };
        for entry in entries {
            let below = path.key(&entry.key);
            if entry.node.is_nothing() && !matches!(kind, Kind::Map(_)) {
                self.nothing(&entry.node, &below, kind);
                continue;
            }
            self.value(&entry.node, &below, kind, standing);
        }
    }

    fn list(&mut self, node: &Node, path: &Path<'_>, kind: &'static Kind, standing: Standing) {
        let Value::List(items) = &node.value else {
            let message = format!("this must be a list, and is {}", what(node));
            return self.wrong(node, path, message, "write it as [\"first\", \"second\"]");
        };
        for (index, item) in items.iter().enumerate() {
            let path = path.index(index);
            if item.is_nothing() {
                if !matches!(kind, Kind::Text) {
                    self.wrong(item, &path, "an item is empty", "remove it, or give it a value");
                }
                continue;
            }
            self.value(item, &path, kind, standing);
        }
    }

    /// One path, or a list of them.
    fn files(&mut self, node: &Node, path: &Path<'_>) {
        match &node.value {
            Value::List(items) => {
                self.list(node, path, &Kind::Guard, Standing::Works);
                for (index, _) in items.iter().enumerate().filter(|(_, item)| item.text() == Some("")) {
                    self.wrong(node, &path.index(index), "an item is empty", "remove it, or give it a path");
                }
            }
            _ => self.scalar(node, path, &Kind::Files),
        }
    }

    /// Both forms; whether the names are there is checked where names are known.
    fn depends(&mut self, node: &Node, path: &Path<'_>) {
        match &node.value {
            Value::List(_) => self.list(node, path, &Kind::Guard, Standing::Works),
            Value::Map(entries) => {
                for entry in entries {
                    let below = path.key(&entry.key);
                    match &entry.node.value {
                        Value::Null => {}
                        Value::Map(_) => self.map(&entry.node, &below, DEPENDENCY),
                        Value::Emptied => self.nothing(&entry.node, &below, &Kind::OneOf(CONDITIONS)),
                        _ => self.scalar(&entry.node, &below, &Kind::OneOf(CONDITIONS)),
                    }
                }
            }
            _ => self.wrong(
                node,
                path,
                format!("this must be a list of names, and is {}", what(node)),
                Kind::Depends.wanted(),
            ),
        }
    }
}

/// What is switched off, or said as it is anyhow, is not missed.
fn is_off(node: &Node, key: &Key) -> bool {
    let off = |node: &Node| node.text().and_then(value::truth) == Some(false);
    match (&key.kind, node.text()) {
        (Kind::Bool, Some(text)) => value::truth(text) == value::truth(key.default),
        (Kind::Map(_), _) => node.get("enabled").is_some_and(off),
        (_, Some(text)) => !key.default.is_empty() && text == key.default,
        _ => matches!(&node.value, Value::List(items) if items.is_empty()),
    }
}

/// What stands where something else is wanted.
fn what(node: &Node) -> &'static str {
    match &node.value {
        Value::Null | Value::Emptied => "nothing",
        Value::Scalar(_) => "a single value",
        Value::List(_) => "a list",
        Value::Map(_) => "a mapping",
    }
}
