//! `${VAR}` and `${VAR:-default}` inside scalars. Works after the parse, so a value can never change the structure.
//! `$${` is a literal `${`; `$NAME` and `$$` stay; forms of other shells (`${V:?e}`) stay as they are. Called by
//! `load` with a source of variables.

use super::report::{Finding, Findings, Path};
use super::tree::{Node, Place, Value};
use super::{Vars, mask};

/// Deepest nesting of defaults.
const MAX_DEPTH: usize = 16;

/// Expands every scalar of a tree in place.
pub(crate) fn expand_tree(node: &mut Node, path: &Path<'_>, vars: &dyn Vars, findings: &mut Findings) {
    match &mut node.value {
        Value::Null => {}
        Value::Scalar(text) => {
            if !text.contains("${") {
                return;
            }
            let mut expansion = Expansion { vars, unset: Vec::new() };
            match expansion.expand(text, 0) {
                Ok(done) if done.is_empty() => node.value = Value::Null,
                Ok(done) => *text = done,
                Err(message) => findings.push(
                    Finding::error(path, node.place.clone(), message)
                        .advice("close it with }, or write $${ for a literal ${"),
                ),
            }
            warn_unset(&expansion.unset, path, &node.place, findings);
        }
        Value::List(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                expand_tree(item, &path.index(index), vars, findings);
            }
        }
        Value::Map(entries) => {
            for entry in entries {
                expand_tree(&mut entry.node, &path.key(&entry.key), vars, findings);
            }
        }
    }
}

fn warn_unset(unset: &[String], path: &Path<'_>, place: &Place, findings: &mut Findings) {
    for name in unset {
        let message = format!("${{{name}}} is not set and has no default: it is empty");
        let warning = Finding::warning(path, place.clone(), message);
        findings.push(warning.advice(format!("set {name}, or write ${{{name}:-}} if empty is meant")));
    }
}

struct Expansion<'a> {
    vars: &'a dyn Vars,
    unset: Vec<String>,
}

impl Expansion<'_> {
    fn expand(&mut self, text: &str, depth: usize) -> Result<String, String> {
        if depth > MAX_DEPTH {
            return Err(format!("more than {MAX_DEPTH} defaults inside each other"));
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
            let end = closing(from).ok_or_else(|| "a ${ is never closed".to_owned())?;
            let (whole, after) = from.split_at(end);
            let inside = whole.get(2..end - 1).unwrap_or_default();
            match self.resolve(inside, depth)? {
                Some(value) => out.push_str(&value),
                None => out.push_str(whole),
            }
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    /// The value of `NAME` or `NAME:-default`; `None` for another shell's form.
    fn resolve(&mut self, inside: &str, depth: usize) -> Result<Option<String>, String> {
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
        match (self.vars.get(name).filter(|v| !v.is_empty()), default) {
            (Some(value), _) => Ok(Some(value)),
            (None, Some(default)) => self.expand(default, depth + 1).map(Some),
            (None, None) => {
                if self.vars.get(name).is_none() {
                    self.unset.push(name.to_owned());
                }
                Ok(Some(String::new()))
            }
        }
    }
}

/// As [`mask::closing`], over several lines: a block scalar may hold a default with a line break.
fn closing(text: &str) -> Option<usize> {
    if text.contains('\n') { mask::closing(&text.replace('\n', " ")) } else { mask::closing(text) }
}
