//! Hooks by the environment: `CBOX_INIT_HOOK_<LIST>_<N>_<FIELD>`, and the same with `PHPEEK_PM_`. They come after the
//! hooks of the file, in the order of their numbers.

use super::keys::{HOOK, HOOKS, Kind};
use super::report::{Finding, Findings};
use super::tree::{Node, Place, Value};
use super::variable::{field, is_unset, node_of};
use super::vars::FAMILIES;
use std::collections::BTreeMap;

/// The hooks that variables describe: by list and number.
#[derive(Default)]
pub(crate) struct HookVariables(BTreeMap<(&'static str, u32), Node>);

impl HookVariables {
    /// Takes a variable without its prefix; false when it is none of a hook.
    pub(crate) fn take(&mut self, rest: &str, variable: &str, value: &str, findings: &mut Findings) -> bool {
        let Some(rest) = rest.strip_prefix("HOOK_") else { return false };
        let Some((list, number, target, kind)) = parse(rest) else { return false };
        let path = format!("hooks.{list}");
        let raw = matches!(target.as_slice(), [first, _] if first == "env");
        if !raw && is_unset(&path, variable, value, findings) {
            return true;
        }
        let place = Place::Variable(variable.into());
        let empty = || Node { place: place.clone(), value: Value::Map(Vec::new()) };
        let mut at = self.0.entry((list, number)).or_insert_with(empty);
        for key in &target {
            match at.entry(key, &place) {
                Some(next) => at = next,
                None => return true,
            }
        }
        let new = node_of(value, kind, &place);
        if !at.is_nothing() && at.value != new.value {
            let families = FAMILIES.map(|f| f.prefix).join(" and ");
            let message = format!("{families} set {} of this hook to different values", target.join("."));
            findings.push(Finding::error(path, place, message).advice("unset one of them"));
        }
        *at = new;
        true
    }

    /// Puts them behind those of the file. One without a name is called by its number: its place changes with the file.
    pub(crate) fn append(self, root: &mut Node) {
        for ((list, number), mut hook) in self.0 {
            let place = hook.place.clone();
            if let Some(name) = hook.entry("name", &place)
                && name.is_nothing()
            {
                name.value = Value::Scalar(format!("{list}-{number}"));
            }
            let Some(lists) = root.entry("hooks", &place) else { continue };
            let Some(node) = lists.entry(list, &place) else { continue };
            match &mut node.value {
                Value::List(hooks) => hooks.push(hook),
                Value::Null | Value::Emptied => *node = Node { place, value: Value::List(vec![hook]) },
                // What is no list is told by the check of types.
                Value::Scalar(_) | Value::Map(_) => {}
            }
        }
    }
}

/// List, number, and the place in the hook.
fn parse(rest: &str) -> Option<(&'static str, u32, Vec<String>, Kind)> {
    let (list, rest) = HOOKS.iter().find_map(|list| {
        let name = list.name.to_ascii_uppercase().replace('-', "_");
        Some((list.name, rest.strip_prefix(&name)?.strip_prefix('_')?))
    })?;
    let (number, path) = rest.split_once('_')?;
    let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    let number = number.parse().ok().filter(|_| digits)?;
    let path = if path == "ALLOW_FAILURE" { "CONTINUE_ON_ERROR" } else { path };
    let (target, kind) = field(path, HOOK)?;
    Some((list, number, target, kind))
}
