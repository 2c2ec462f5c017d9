//! `depends_on`: both written forms, what each condition means by default, and how long a wait may be.

use super::block::Block;
use super::keys::DEPENDENCY;
use super::names::Names;
use super::report::{Finding, Findings, Path};
use super::tree::{Node, Value};
use phpeek_core::spec::{Condition, Dependency, OnTimeout, ProcessKind};

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
        Value::Map(entries) => entries.iter().map(|e| (&e.node, e.key.as_str(), Some(&e.node))).collect(),
        // The check of types has told that it is neither.
        _ => return Vec::new(),
    };
    let mut all: Vec<Dependency> = Vec::new();
    for (at, name, node) in written {
        match dependency(own, name, node, names) {
            Ok((dependency, warning)) => {
                if let Some(text) = warning {
                    findings.push(Finding::warning(path, at.place.clone(), text));
                }
                if all.iter().all(|d| d.process != dependency.process) {
                    all.push(dependency);
                }
            }
            Err((message, advice)) => {
                findings.push(Finding::error(path, at.place.clone(), message).advice(advice));
            }
        }
    }
    all
}

/// One of them, with what it does not mean yet; or what is wrong with it, and what to do.
fn dependency(
    own: &str,
    name: &str,
    node: Option<&Node>,
    names: &Names<'_>,
) -> Result<(Dependency, Option<String>), (String, String)> {
    if name == own {
        return Err((format!("{own:?} depends on itself"), "remove it".to_owned()));
    }
    let faulty = |(message, advice)| (format!("{own:?} depends on {name:?}: {message}"), advice);
    let (process, kind) = names.resolve(name).map_err(faulty)?;
    if kind == ProcessKind::Scheduled {
        let message = "it is scheduled: it is never started with the others, and nobody can wait for it";
        return Err(faulty((message.to_owned(), "leave it out".to_owned())));
    }
    let usual = match kind {
        ProcessKind::Oneshot => Condition::CompletedSuccessfully,
        ProcessKind::LongRun | ProcessKind::Scheduled => Condition::Started,
    };
    let mut early = None;
    let condition = match node.and_then(written_condition).and_then(Node::text) {
        Some("started") => Condition::Started,
        Some("completed") => Condition::Completed,
        Some("completed_successfully") => Condition::CompletedSuccessfully,
        Some(word @ ("ready" | "healthy")) => {
            early = Some(format!("{word} means {} until there are health checks", usual.as_str()));
            usual
        }
        // What is no condition was told by the check of types.
        _ => usual,
    };
    if kind == ProcessKind::LongRun && condition != Condition::Started {
        return Err((format!("{name:?} is long-running and never completes"), "write started".to_owned()));
    }
    let block = Block::new(node.filter(|node| matches!(node.value, Value::Map(_))), DEPENDENCY);
    let on_timeout = block.word("on_timeout", &[("fail", OnTimeout::Fail), ("start", OnTimeout::Start)]);
    let dependency = Dependency {
        process,
        condition,
        timeout: block.time("timeout"),
        on_timeout: on_timeout.unwrap_or(OnTimeout::Fail),
        restart: block.truth("restart").unwrap_or(false),
    };
    Ok((dependency, early))
}

/// `{NAME: CONDITION}`, or `{NAME: {condition: CONDITION}}`.
fn written_condition(node: &Node) -> Option<&Node> {
    match node.value {
        Value::Scalar(_) => Some(node),
        _ => node.get("condition"),
    }
}
