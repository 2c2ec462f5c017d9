//! `watch` of a process: which files, what does not count, and how long a burst lasts. Looks at no file.

use super::block::Block;
use super::keys::WATCH;
use super::report::{Finding, Findings, Path};
use super::tree::{Node, Value};
use phpeek_core::spec::{ProcessKind, WatchSpec};
use std::sync::Arc;

/// What is watched, if anything is. Paths are relative to `folder`.
pub(crate) fn compile(
    node: &Node,
    kind: ProcessKind,
    folder: &std::path::Path,
    path: &Path<'_>,
    findings: &mut Findings,
) -> Option<Arc<WatchSpec>> {
    let written = node.get("watch")?;
    let path = path.key("watch");
    let block = Block::new(Some(written).filter(|node| matches!(node.value, Value::Map(_))), WATCH);
    let (wanted, ignored) = match written.value {
        Value::Map(_) => (written.get("paths"), written.get("ignore")),
        _ => (Some(written), None),
    };
    let mut texts = |of: Option<&Node>| -> Vec<String> {
        let items: Vec<&Node> = match of.map(|node| &node.value) {
            Some(Value::List(items)) => items.iter().collect(),
            Some(_) => of.into_iter().collect(),
            None => Vec::new(),
        };
        let filled = items.into_iter().filter_map(|item| Some((item, item.text()?.trim())));
        let mut texts = Vec::new();
        for (item, text) in filled.filter(|(_, text)| !text.is_empty()) {
            match glob::Pattern::new(text) {
                Ok(_) => texts.push(text.to_owned()),
                Err(error) => {
                    let message = format!("{text:?} is no pattern: {error}");
                    let fault = Finding::error(path, item.place.clone(), message);
                    findings.push(fault.advice("write a path, or a glob as src/**/*.php"));
                }
            }
        }
        texts
    };
    let (wanted, ignored) = (texts(wanted), texts(ignored));
    if wanted.is_empty() {
        return None;
    }
    if kind != ProcessKind::LongRun {
        let message = "a change restarts long-running processes alone: nothing follows it here";
        let warning = Finding::warning(path, written.place.clone(), message);
        findings.push(warning.advice("remove watch"));
        return None;
    }
    let below = |text: String| folder.join(text).to_string_lossy().into_owned();
    let ignored = ignored.into_iter().map(|text| if text.contains('/') { below(text) } else { text });
    Some(Arc::new(WatchSpec {
        paths: wanted.into_iter().map(below).collect(),
        ignore: ignored.collect(),
        pause: block.time("debounce")?,
        cascade: block.truth("cascade")?,
    }))
}
