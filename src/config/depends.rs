//! `depends_on`: names to indices, both written forms, and the search for cycles. Called by `compile`.

use super::compile::Names;
use super::report::{Finding, Findings, Path};
use super::tree::{Node, Value};
use phpeek_core::spec::{Condition, Dependency, ProcessIndex, ProcessKind};

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
        let usual = if kind == ProcessKind::Oneshot { Condition::Completed } else { Condition::Started };
        let mut early = None;
        let condition = match condition.and_then(Node::text) {
            Some("started") => Condition::Started,
            Some("completed" | "completed_successfully") => Condition::Completed,
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
            let message = format!("{word} means {} until there are health checks", usual.as_str());
            findings.push(Finding::warning(path, at.place.clone(), message));
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

/// `{NAME: CONDITION}`, or `{NAME: {condition: CONDITION}}`.
fn written_condition(node: &Node) -> Option<&Node> {
    match node.value {
        Value::Scalar(_) => Some(node),
        _ => node.get("condition"),
    }
}

/// A cycle of the graph, as indices in the order of the edges; `None` when there is none. Iterative: a chain of
/// thousands must not use up the stack.
pub(crate) fn cycle(graph: &[Vec<ProcessIndex>]) -> Option<Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; graph.len()];
    for start in 0..graph.len() {
        if marks.get(start) != Some(&Mark::New) {
            continue;
        }
        let mut trail: Vec<(usize, usize)> = vec![(start, 0)];
        while let Some((node, edge)) = trail.last_mut() {
            let here = *node;
            if let Some(mark) = marks.get_mut(here) {
                *mark = Mark::Open;
            }
            let next = graph.get(here).and_then(|edges| edges.get(*edge)).map(|i| i.get());
            *edge += 1;
            match next {
                None => {
                    if let Some(mark) = marks.get_mut(here) {
                        *mark = Mark::Done;
                    }
                    trail.pop();
                }
                Some(next) => match marks.get(next) {
                    Some(Mark::Open) => {
                        return Some(trail.iter().map(|(n, _)| *n).skip_while(|n| *n != next).collect());
                    }
                    Some(Mark::New) => trail.push((next, 0)),
                    _ => {}
                },
            }
        }
    }
    None
}
