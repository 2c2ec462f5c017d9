//! How a variable spells a key, and what its text becomes: shared by the overrides and by the hooks of the environment.

use super::keys::{Key, Kind};
use super::report::{Finding, Findings};
use super::tree::{Node, Place, Value};

/// Where an override goes.
pub(crate) type Target = Vec<String>;

/// Whether an override is empty. Compose files write `NAME=` for a variable that is made of one that is not set.
pub(crate) fn is_unset(path: &str, variable: &str, value: &str, findings: &mut Findings) -> bool {
    let empty = value.trim().is_empty();
    if empty {
        let note = format!("{variable} is empty: it counts as not set");
        findings.push(Finding::suggestion(path, Place::Variable(variable.into()), note));
    }
    empty
}

/// A name as variables spell it.
pub(crate) fn encoded(name: &str) -> impl Iterator<Item = char> {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
}

/// A variable of an `env` of this block: its name stays as it is written.
pub(crate) fn in_env(path: &str, keys: &'static [Key]) -> Option<(Target, Kind)> {
    keys.iter().find(|key| key.name == "env" && matches!(key.kind, Kind::MapOf(_)))?;
    let name = path.strip_prefix("ENV_").filter(|name| !name.is_empty())?;
    Some((vec!["env".to_owned(), name.to_owned()], Kind::Text))
}

/// The field whose encoded path is exactly `path`; the longest first key wins.
pub(crate) fn field(path: &str, keys: &'static [Key]) -> Option<(Target, Kind)> {
    if let Some(key) = keys.iter().find(|k| encoded(k.name).eq(path.to_ascii_uppercase().chars())) {
        return Some((vec![key.name.to_owned()], key.kind));
    }
    let mut blocks: Vec<&'static Key> = keys.iter().filter(|k| matches!(k.kind, Kind::Map(_))).collect();
    blocks.sort_by_key(|k| std::cmp::Reverse(k.name.len()));
    let below = |key: &'static Key| {
        let Kind::Map(inner) = key.kind else { return None };
        let (head, rest) = path.split_at_checked(key.name.len())?;
        let ours = encoded(key.name).eq(head.to_ascii_uppercase().chars());
        let rest = rest.strip_prefix('_').filter(|_| ours)?;
        let (mut target, kind) = field(rest, inner)?;
        target.insert(0, key.name.to_owned());
        Some((target, kind))
    };
    blocks.into_iter().find_map(below).or_else(|| in_env(path, keys))
}

/// A value as its key needs it: JSON, or items between commas, for lists; JSON for mappings; text for everything else.
pub(crate) fn node_of(value: &str, kind: Kind, place: &Place) -> Node {
    let node = |value| Node { place: place.clone(), value };
    let text = node(Value::Scalar(value.to_owned()));
    match kind {
        Kind::Text | Kind::Regex => text,
        kind if kind.structured() => match json(&text) {
            Some(read) => read,
            None if kind.between_commas() && !value.trim_start().starts_with(['[', '{']) => {
                let items = value.split(',').map(str::trim).filter(|item| !item.is_empty());
                node(Value::List(items.map(|item| node(Value::Scalar(item.to_owned()))).collect()))
            }
            None => text,
        },
        _ => node(Value::Scalar(value.trim().to_owned())),
    }
}

pub(crate) fn json(node: &Node) -> Option<Node> {
    let text = node.text()?.trim();
    if !text.starts_with(['[', '{']) {
        return None;
    }
    serde_json::from_str(text).ok().map(|json| Node::from_json(json, &node.place))
}
