//! `${VAR}` and `${VAR:-default}` inside scalars. Works after the parse, so a value can never change the structure.
//! `$${` is a literal `${`; `$NAME` and `$$` stay; forms of other shells (`${V:?e}`) stay as they are.

use super::report::{Finding, Findings, Path};
use super::tree::{Node, Place, Value};
use super::vars::{Vars, no_text};

/// Deepest nesting of defaults.
const MAX_DEPTH: usize = 16;
/// Most text that substitutions may make of a file, in bytes: one long variable may be named very often.
const MAX_TEXT: usize = 16 << 20;

/// Expands every scalar of a tree in place.
pub(crate) fn expand_tree(root: &mut Node, vars: &dyn Vars, findings: &mut Findings) {
    Expander { vars, findings, room: MAX_TEXT }.node(root, &Path::ROOT);
}

struct Expander<'a> {
    vars: &'a dyn Vars,
    findings: &'a mut Findings,
    /// What may still be made, in bytes.
    room: usize,
}

impl Expander<'_> {
    fn node(&mut self, node: &mut Node, path: &Path<'_>) {
        match &mut node.value {
            Value::Scalar(text) if text.contains("${") => {
                if let Some(value) = self.scalar(text, path, &node.place) {
                    node.value = value;
                }
            }
            Value::Null | Value::Emptied | Value::Scalar(_) => {}
            Value::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.node(item, &path.index(index));
                }
            }
            Value::Map(entries) => {
                for entry in entries {
                    self.node(&mut entry.node, &path.key(&entry.key));
                }
            }
        }
    }

    fn scalar(&mut self, text: &str, path: &Path<'_>, place: &Place) -> Option<Value> {
        let mut expansion = Expansion { vars: self.vars, unset: Vec::new(), bare: false, room: self.room };
        let expanded = expansion.expand(text, 0);
        self.room = expansion.room;
        for name in &expansion.unset {
            let message = format!("${{{name}}} is not set and has no default: it is empty");
            let warning = Finding::warning(path, place.clone(), message);
            let advice = format!("set {name}, or write ${{{name}:-}} if empty is meant");
            self.findings.push(warning.advice(advice));
        }
        match expanded {
            Ok(done) if done.is_empty() && expansion.bare => Some(Value::Emptied),
            Ok(done) if done.is_empty() => Some(Value::Null),
            Ok(done) => Some(Value::Scalar(done)),
            Err(Refusal { message, advice }) => {
                self.findings.push(Finding::error(path, place.clone(), message).advice(advice));
                None
            }
        }
    }
}

struct Expansion<'a> {
    vars: &'a dyn Vars,
    unset: Vec<String>,
    /// Whether a variable without a default was empty.
    bare: bool,
    room: usize,
}

impl Expansion<'_> {
    fn expand(&mut self, text: &str, depth: usize) -> Result<String, Refusal> {
        if depth > MAX_DEPTH {
            let message = format!("more than {MAX_DEPTH} defaults inside each other");
            return Err(Refusal { message, advice: "name a variable for the inner ones" });
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            let (before, from) = rest.split_at(at);
            // An escape: the dollar before belongs to it.
            if let Some(kept) = before.strip_suffix('$') {
                out.push_str(kept);
                out.push_str("${");
                rest = from.get(2..).unwrap_or_default();
                continue;
            }
            out.push_str(before);
            let end = closing(from).ok_or_else(unclosed)?;
            let (whole, after) = from.split_at(end);
            let inside = whole.get(2..end - 1).unwrap_or_default();
            match self.resolve(inside, depth)? {
                Some(value) => {
                    self.room = self.room.checked_sub(value.len()).ok_or_else(too_much)?;
                    out.push_str(&value);
                }
                None => out.push_str(whole),
            }
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    /// The value of `NAME` or `NAME:-default`; `None` for another shell's form.
    fn resolve(&mut self, inside: &str, depth: usize) -> Result<Option<String>, Refusal> {
        let (name, default) = match inside.split_once(':') {
            None => (inside, None),
            Some((name, rest)) => match rest.strip_prefix('-') {
                Some(default) => (name, Some(default)),
                None => return Ok(None),
            },
        };
        if name.is_empty() || name.contains(['$', '{', '}']) {
            return Ok(None);
        }
        if !self.vars.is_text(name) {
            let (message, advice) = no_text(name);
            return Err(Refusal { message, advice });
        }
        match (self.vars.get(name).filter(|v| !v.is_empty()), default) {
            (Some(value), _) => Ok(Some(value)),
            (None, Some(default)) => self.expand(default, depth + 1).map(Some),
            (None, None) => {
                self.bare = true;
                if self.vars.get(name).is_none() {
                    self.unset.push(name.to_owned());
                }
                Ok(Some(String::new()))
            }
        }
    }
}

/// Why a text cannot be expanded.
struct Refusal {
    message: String,
    advice: &'static str,
}

fn unclosed() -> Refusal {
    let advice = "close it with }, or write $${ for a literal ${";
    Refusal { message: "a ${ is never closed".to_owned(), advice }
}

fn too_much() -> Refusal {
    let message = format!("the substitutions of this file make more than {MAX_TEXT} bytes");
    Refusal { message, advice: "name fewer variables, or shorter ones" }
}

/// Length in bytes of the `${…}` that `text` begins with, nested ones and line breaks included.
fn closing(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0usize, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'$' if bytes.get(at + 1) == Some(&b'{') => {
                depth += 1;
                at += 1;
            }
            b'}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}
