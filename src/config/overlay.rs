//! Overrides from the environment: `PHPEEK_PM_GLOBAL_…`, `PHPEEK_PM_PROCESS_…` and the same with `CBOX_INIT_`. Turns
//! each into a value at its place in the tree, typed later by its key like any other.

use super::hint::nearest;
use super::hook_vars;
use super::keys::{ENTRYPOINT, GLOBAL, Kind, OTHERS, PROCESS};
use super::report::{Finding, Findings};
use super::tree::{Node, Place, Value};
use super::variable::{Target, encoded, field, in_env, is_unset, json, node_of};
use super::vars::{FAMILIES, Vars, no_text};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Lays every override over the tree.
pub(crate) fn apply(root: &mut Node, vars: &dyn Vars, findings: &mut Findings) {
    let mut done: BTreeMap<Target, (Arc<str>, String)> = BTreeMap::new();
    let mut hooks = hook_vars::HookVariables::default();
    let mut all = vars.all();
    all.sort();
    let mut names = None;
    for (variable, value) in all {
        let Some(rest) = FAMILIES.iter().find_map(|f| variable.strip_prefix(f.prefix)) else { continue };
        if OTHERS.contains(&rest) || hooks.take(rest, &variable, &value, findings) {
            continue;
        }
        let place = Place::Variable(Arc::from(variable.as_str()));
        if !vars.is_text(&variable) {
            let (message, advice) = no_text(&variable);
            findings.push(Finding::error("", place, message).advice(advice));
            continue;
        }
        let names = names.get_or_insert_with(|| Names::of(root.get("processes")));
        let Some((target, kind)) = target_of(rest, names, &place, findings) else {
            findings.push(unknown(rest, &variable, place));
            continue;
        };
        if is_unset(&target.join("."), &variable, &value, findings) {
            continue;
        }
        if let Some((other, before)) = done.get(&target) {
            if *before != value {
                let message = format!("{other} and {variable} set {} to different values", target.join("."));
                findings.push(Finding::error(target.join("."), place, message).advice("unset one of them"));
            }
            continue;
        }
        set(root, &target, node_of(&value, kind, &place), &place);
        done.insert(target, (Arc::from(variable.as_str()), value));
    }
    hooks.append(root);
}

/// The processes of the file by their names as variables spell them; two may be spelled alike.
struct Names(HashMap<String, Vec<String>>);

impl Names {
    fn of(processes: Option<&Node>) -> Self {
        let mut names: HashMap<String, Vec<String>> = HashMap::new();
        for entry in processes.map(Node::entries).unwrap_or_default() {
            names.entry(encoded(&entry.key).collect()).or_default().push(entry.key.clone());
        }
        Self(names)
    }
}

/// The place in the tree that a variable names.
fn target_of(rest: &str, names: &Names, place: &Place, findings: &mut Findings) -> Option<(Target, Kind)> {
    if let Some(path) = rest.strip_prefix("GLOBAL_") {
        let (mut target, kind) = field(path, GLOBAL)?;
        target.insert(0, "global".to_owned());
        return Some((target, kind));
    }
    let rest = rest.strip_prefix("PROCESS_")?;
    // From the shortest name to the longest, so the first match has the longest field.
    let mut found: Vec<(String, bool, Target, Kind)> = Vec::new();
    for (at, _) in rest.match_indices('_') {
        let (name, path) = (&rest[..at], &rest[at + 1..]);
        let Some((target, kind)) = process_field(path) else { continue };
        if name.is_empty() {
            continue;
        }
        match names.0.get(&name.to_ascii_uppercase()) {
            Some(existing) => {
                found.extend(existing.iter().map(|name| (name.clone(), true, target.clone(), kind)));
            }
            None => found.push((name.to_ascii_lowercase().replace('_', "-"), false, target, kind)),
        }
    }
    if found.iter().filter(|f| f.1).count() > 1 {
        let readings: Vec<String> = found
            .iter()
            .filter(|f| f.1)
            .map(|(name, _, target, _)| format!("{name}.{}", target.join(".")))
            .collect();
        let message = format!("this override can mean {}; the first is taken", readings.join(" or "));
        findings
            .push(Finding::warning("processes", place.clone(), message).advice("set the key in the file"));
    }
    let at = found.iter().position(|f| f.1).unwrap_or(0);
    let (name, _, mut target, kind) = found.into_iter().nth(at)?;
    target.splice(0..0, ["processes".to_owned(), name]);
    Some((target, kind))
}

/// `ENV_FILE` is the variable `FILE`, as it is documented, and not the key `env_file`.
fn process_field(path: &str) -> Option<(Target, Kind)> {
    in_env(path, PROCESS).or_else(|| field(path, PROCESS))
}

fn unknown(rest: &str, variable: &str, place: Place) -> Finding {
    let prefix = variable.strip_suffix(rest).unwrap_or_default();
    if ENTRYPOINT.contains(&rest) {
        let note = format!("{variable} is read by the entrypoint of an image, and not by this program");
        let advice = format!("to override the key itself, set {prefix}GLOBAL_{rest}");
        return Finding::suggestion("", place, note).advice(advice);
    }
    let known: Vec<String> =
        GLOBAL.iter().map(|k| format!("GLOBAL_{}", encoded(k.name).collect::<String>())).collect();
    let advice = match nearest(rest, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean {}{near}?", prefix),
        None => "overrides are …_GLOBAL_<KEY>, …_PROCESS_<NAME>_<KEY> and …_HOOK_<LIST>_<N>_<KEY>; this one has no effect"
            .to_owned(),
    };
    Finding::warning("", place, format!("the variable {variable} names no known key")).advice(advice)
}

fn set(root: &mut Node, target: &[String], value: Node, place: &Place) {
    let mut at = root;
    for key in target {
        match at.entry(key, place) {
            Some(next) => at = next,
            None => return,
        }
    }
    *at = value;
}

/// Reads JSON out of scalars where a list or a mapping is wanted: what a substitution may have put there.
pub(crate) fn unfold(node: &mut Node, kind: &Kind) {
    if kind.structured()
        && let Some(unfolded) = json(node)
    {
        *node = unfolded;
    }
    match (&mut node.value, kind) {
        (Value::Map(entries), Kind::Map(keys)) => {
            for entry in entries {
                if let Some(key) = keys.iter().find(|k| k.name == entry.key) {
                    unfold(&mut entry.node, &key.kind);
                }
            }
        }
        (Value::Map(entries), Kind::MapOf(kind)) => {
            entries.iter_mut().for_each(|e| unfold(&mut e.node, kind))
        }
        (Value::List(items), Kind::List(kind)) => items.iter_mut().for_each(|i| unfold(i, kind)),
        _ => {}
    }
}
