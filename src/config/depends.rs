//! `depends_on`: both written forms, and what each condition means by default.

use super::names::Names;
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
            entries.iter().map(|e| (&e.node, e.key.as_str(), written_condition(&e.node))).collect()
        }
        // The check of types has told that it is neither.
        _ => return Vec::new(),
    };
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
        let usual = match kind {
            ProcessKind::Oneshot => Condition::Completed,
            _ if names.gated.contains(name) => Condition::Ready,
            _ => Condition::Started,
        };
        let mut early = None;
        let condition = match condition.and_then(Node::text) {
            Some("started") => Condition::Started,
            Some("completed" | "completed_successfully") => Condition::Completed,
            Some("ready" | "healthy") if names.gated.contains(name) => Condition::Ready,
            Some(word @ ("ready" | "healthy")) => {
                early = Some(word);
                usual
            }
            // What is no condition was told by the check of types.
            _ => usual,
        };
        if condition == Condition::Completed && kind == ProcessKind::LongRun {
            fault(format!("{name:?} is long-running and never completes"), "write started".to_owned());
            continue;
        }
        if let Some(word) = early {
            let message = format!("no check says when {name:?} is ready: {word} means {}", usual.as_str());
            let warning = Finding::warning(path, at.place.clone(), message);
            findings.push(warning.advice("give it a health_check of readiness, or write that"));
        }
        match all.iter_mut().find(|d| d.process == process) {
            // Of two conditions the one that waits longer holds.
            Some(known) if condition == Condition::Completed || known.condition == Condition::Started => {
                known.condition = condition;
            }
            Some(_) => {}
            None => all.push(Dependency { process, condition }),
        }
    }
    all
}

/// `{NAME: CONDITION}`, or `{NAME: {condition: CONDITION}}`.
fn written_condition(node: &Node) -> Option<&Node> {
    match node.value {
        Value::Scalar(_) => Some(node),
        _ => node.get("condition"),
    }
}
