//! A checked tree to a `SystemSpec`: defaults, and the rules that span several keys. A value that `schema` has
//! refused reads as its default here, so that the rest is judged too; `load` throws the result away then.

use super::block::Block;
use super::environment::Environments;
use super::keys::GLOBAL;
use super::names::{Names, truth};
use super::report::{Finding, Findings, Path};
use super::tree::{Node, Place, Value};
use super::{depends, health, hooks, process, restart, signals};
use phpeek_core::name::ProcessName;
use phpeek_core::order::{Cycle, start_order};
use phpeek_core::spec::{ProcessKind, SystemSpec};
use std::collections::HashMap;
use std::sync::Arc;

/// Most processes of one file.
const MAX_PROCESSES: usize = 10_000;

/// Reads the tree; paths in it are relative to `folder`.
pub(crate) fn compile(root: &Node, folder: &std::path::Path, findings: &mut Findings) -> Option<SystemSpec> {
    let empty = Node::empty_map();
    let written = root.get("global").unwrap_or(&empty);
    let global = Block::new(Some(written), GLOBAL);
    let restart = restart::global(written, findings)?;
    let max_scale = global.int("max_process_scale")?;
    let (enabled, known) = declared(root, findings)?;
    let gated = enabled.iter().filter(|(_, node)| health::gates(node)).map(|(name, _)| *name).collect();
    let names = Names { known, gated };
    let mut env = Environments::new(folder);
    let defaults = process::Defaults::new(restart, max_scale)?;
    let processes: Vec<Arc<_>> = enabled
        .iter()
        .filter_map(|(name, node)| {
            process::compile(name, node, &defaults, &names, &mut env, findings).map(Arc::new)
        })
        .collect();
    cycles(&enabled, &names, findings);
    let owner = hooks::Owner { lists: root.get("hooks"), spelled: hooks::hyphenated, process: None };
    let hooks = hooks::compile(&owner, &Path::ROOT.key("hooks"), &mut env, findings);
    Some(SystemSpec {
        shutdown_timeout: global.time("shutdown_timeout")?,
        dependency_timeout: global.time("dependency_timeout")?,
        processes,
        signals: signals::compile(root, &names, findings),
        hooks,
    })
}

/// The processes that are enabled, in the order of their names, and where each name leads.
type Declared<'a> = (Vec<(&'a str, &'a Node)>, HashMap<&'a str, Option<(ProcessName, ProcessKind)>>);

/// Looks through the names, and says what is wrong with them; `None` when there are too many.
fn declared<'a>(root: &'a Node, findings: &mut Findings) -> Option<Declared<'a>> {
    let mut enabled: Vec<(&str, &Node)> = Vec::new();
    let written = root.get("processes").map(Node::entries).unwrap_or_default();
    if written.len() > MAX_PROCESSES {
        let place = root.get("processes").map_or(Place::Nowhere, |n| n.place.clone());
        let message = format!("{} processes are more than {MAX_PROCESSES}", written.len());
        findings.push(Finding::error("processes", place, message).advice("use `scale` for equal ones"));
        return None;
    }
    let mut known: HashMap<&str, _> = HashMap::with_capacity(written.len());
    for entry in written {
        let path = Path::PROCESSES;
        let path = path.key(&entry.key);
        if let Err(error) = ProcessName::new(&entry.key) {
            findings.push(
                Finding::error(path, entry.place.clone(), error.to_string()).advice("give it another name"),
            );
        }
        known.insert(&entry.key, None);
        if truth(&entry.node, "enabled").unwrap_or(true) {
            enabled.push((&entry.key, &entry.node));
        } else {
            findings.push(Finding::suggestion(
                path,
                entry.place.clone(),
                format!("the process {:?} is disabled", entry.key),
            ));
            process::check_command(&entry.key, &entry.node, &entry.place, &path, findings);
        }
    }
    enabled.sort_unstable_by_key(|(name, _)| *name);
    // A name that is none was told of above, and nothing is run then.
    let named = |(name, node): &(&'_ str, &Node)| Some((ProcessName::new(name).ok()?, process::kind(node)));
    known.extend(enabled.iter().map(|own| (own.0, named(own))));
    // What is no mapping was told of.
    let misshapen = root.get("processes").is_some_and(|node| !matches!(node.value, Value::Map(_)));
    if known.is_empty() && !misshapen {
        let place = root.get("processes").map_or(root.place.clone(), |n| n.place.clone());
        let nothing = root.place == Place::Nowhere;
        let message = match (nothing, root.is_nothing()) {
            (true, _) => "no process is defined: there is no configuration file, and no variable names one",
            (_, true) => "the file holds nothing: no process is defined",
            _ => "no process is defined",
        };
        let advice = match nothing {
            true => "name a file with --config FILE, or let `phpeek-pm init` write one",
            false => "define at least one process under processes, with a command",
        };
        findings.push(Finding::error("processes", place, message).advice(advice));
    } else if enabled.is_empty() && !misshapen {
        let place = root.get("processes").map_or(Place::Nowhere, |n| n.place.clone());
        // Images ship files whose processes are enabled one by one, by overrides.
        let warning = Finding::warning("processes", place, "every process is disabled: nothing is started");
        findings.push(warning.advice("enable at least one, in the file or by an override"));
    }
    Some((enabled, known))
}

/// Names a cycle completely. Built from the tree, so that one faulty process does not hide it.
fn cycles(enabled: &[(&str, &Node)], names: &Names<'_>, findings: &mut Findings) {
    let mut ignored = Findings::default();
    let places: HashMap<&str, usize> = enabled.iter().enumerate().map(|(i, (name, _))| (*name, i)).collect();
    let edges = |(name, node): &(&str, &Node)| match node.get("depends_on") {
        Some(list) => depends::compile(list, name, &Path::ROOT, names, &mut ignored)
            .iter()
            .filter_map(|d| places.get(d.process.as_str()).copied())
            .collect(),
        None => Vec::new(),
    };
    let graph: Vec<Vec<usize>> = enabled.iter().map(edges).collect();
    let Err(Cycle(cycle)) = start_order(&graph) else { return };
    let mut trail: Vec<&str> = cycle.iter().filter_map(|i| enabled.get(*i)).map(|(name, _)| *name).collect();
    let Some((first, node)) = cycle.first().and_then(|i| enabled.get(*i)) else { return };
    trail.push(first);
    let (path, process) = (Path::PROCESSES, *first);
    let path = path.key(process);
    let path = path.key("depends_on");
    let place = node.get("depends_on").map_or(node.place.clone(), |n| n.place.clone());
    let message = format!("circular dependency: {}", trail.join(" -> "));
    findings.push(Finding::error(path, place, message).advice("remove one of these edges"));
}
