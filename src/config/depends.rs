//! `depends_on`: both written forms, and what each condition means by default. Called by `compile`.

use super::compile::Names;
use super::report::{Finding, Findings, Path};
use super::tree::{Node, Value};
use phpeek_core::spec::{Condition, Dependency, ProcessKind};

/// Reads the dependencies of one process; what was written twice is merged.
pub(crate) fn compile(
    node: &Node,
    own: &str,
    path: &Path<'_>,
    names: &Names<'_>,
    findings: &mut Findings,
) -> Vec<Dependency> {
    let written: Vec<(&Node, &str, Option<&Node>)> = match &node.value {
        Value::List(items) => items.iter().filter_map(|i| Some((i, i.text()?, None))).collect(),
        Value::Map(entries) => {
            entries.iter().map(|e| (&e.node, e.key.as_str(), e.node.get("condition"))).collect()
        }
        _ => {
            let fault = Finding::error(path, node.place.clone(), format!("{path} must be a list of names"));
            findings.push(fault.advice("write [\"name\"], or name: {condition: started} below it"));
            return Vec::new();
        }
    };
    if written.len() < node.items().len() {
        let fault = Finding::error(path, node.place.clone(), "an item is no name of a process");
        findings.push(fault.advice("write [\"name\"]"));
    }
    let mut all: Vec<Dependency> = Vec::new();
    for (at, name, condition) in written {
        let mut fault = |message: String, advice: String| {
            findings.push(Finding::error(path, at.place.clone(), message).advice(advice));
        };
        if name == own {
            fault(format!("{own:?} depends on itself"), "remove it".to_owned());
            continue;
        }
        let (process, kind) = match names.resolve(name) {
            Ok(found) => found,
            Err((message, advice)) => {
                fault(format!("{own:?} depends on {name:?}: {message}"), advice);
                continue;
            }
        };
        let default = if kind == ProcessKind::Oneshot { Condition::Completed } else { Condition::Started };
        let condition = match condition.map(|c| c.text().unwrap_or_default()) {
            None => default,
            Some("started") => Condition::Started,
            Some("completed") => Condition::Completed,
            Some("healthy") => {
                fault(
                    "the condition \"healthy\" is not there yet".to_owned(),
                    "write started or completed".to_owned(),
                );
                continue;
            }
            Some(other) => {
                fault(format!("{other:?} is no condition"), "write started or completed".to_owned());
                continue;
            }
        };
        if condition == Condition::Completed && kind == ProcessKind::LongRun {
            fault(format!("{name:?} is long-running and never completes"), "write started".to_owned());
            continue;
        }
        match all.iter_mut().find(|d| d.process == process) {
            // Of two conditions the one that waits longer holds.
            Some(known) if condition == Condition::Completed => known.condition = condition,
            Some(_) => {}
            None => all.push(Dependency { process, condition }),
        }
    }
    all
}
