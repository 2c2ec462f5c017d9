//! The configuration with its edits as a text to be written to its file again. Owns when that would lose something;
//! writes nothing itself.

use super::edits::Edits;
use super::files;
use super::report::{Finding, Findings, Read, Severity};
use super::tree::{Node, Place, Value};
use super::vars::{FAMILIES, Source, Vars};
use phpeek_core::name::ProcessName;
use serde_yaml::{Mapping, Value as Yaml};
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;

/// Why a configuration is not written to its file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SaveError {
    /// There is no file.
    #[error("there is no configuration file to write to")]
    NoFile,
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// It is not what runs any more.
    #[error("{0:?} has changed since it was read: reload it first")]
    Changed(PathBuf),
    /// What a file holds would be lost.
    #[error("{0:?} {1}: it would be lost, so edit the file by hand")]
    Loses(PathBuf, &'static str),
    /// A variable has its part in what runs.
    #[error("{0} overrides the file: what is written would not be what runs")]
    Overridden(String),
}

/// Processes that have another number of instances than they are configured with.
pub type Scales = BTreeMap<ProcessName, NonZeroU32>;

/// The file and what is to be written to it; `None` when it says already what runs.
///
/// # Errors
/// [`SaveError`]
pub fn saved(
    source: &Source,
    vars: &dyn Vars,
    read: Read,
    (edits, scales): (&Edits, &Scales),
) -> Result<Option<(PathBuf, String)>, SaveError> {
    let mut findings = Findings::default();
    let (file, text) = files::read(source, vars, &mut findings);
    let file = file.ok_or(SaveError::NoFile)?;
    let first = |findings: Findings| {
        let of = |f: Finding| (f.severity == Severity::Error).then_some(f.message);
        SaveError::Unreadable(findings.into_sorted().into_iter().find_map(of).unwrap_or_default())
    };
    if findings.failed() {
        return Err(first(findings));
    }
    let Some(mut root) = files::tree(&text, 0, &mut findings) else { return Err(first(findings)) };
    if root.get("include").is_some() {
        return Err(SaveError::Loses(file, "includes other files"));
    }
    if read != Read::of_text(&text) {
        return Err(SaveError::Changed(file));
    }
    if edits.is_empty() && scales.is_empty() {
        return Ok(None);
    }
    if text.contains("${") {
        return Err(SaveError::Loses(file, "holds ${…}"));
    }
    if let Some(variable) = overriding(vars) {
        return Err(SaveError::Overridden(variable));
    }
    edits.lay(&mut root);
    for (name, scale) in scales {
        set_scale(&mut root, name.as_str(), *scale);
    }
    let yaml = serde_yaml::to_string(&yaml(&root)).map_err(|e| SaveError::Unreadable(e.to_string()))?;
    Ok(Some((file, yaml)))
}

fn set_scale(root: &mut Node, process: &str, scale: NonZeroU32) {
    let Some(processes) = root.entry("processes", &Place::Nowhere) else { return };
    let Some(process) = processes.entry(process, &Place::Nowhere) else { return };
    if let Some(node) = process.entry("scale", &Place::Nowhere) {
        node.value = Value::Scalar(scale.to_string());
    }
}

/// A variable that sets a key.
fn overriding(vars: &dyn Vars) -> Option<String> {
    let sets = |name: &str| {
        let rest = FAMILIES.iter().find_map(|family| name.strip_prefix(family.prefix));
        rest.is_some_and(|rest| ["GLOBAL_", "PROCESS_", "HOOK_"].iter().any(|part| rest.starts_with(part)))
    };
    vars.all().into_iter().map(|(name, _)| name).filter(|name| sets(name)).min()
}

/// As people write it: what reads back as it is needs no quotes.
fn yaml(node: &Node) -> Yaml {
    match &node.value {
        Value::Null | Value::Emptied => Yaml::Null,
        Value::Scalar(text) => scalar(text),
        Value::List(items) => Yaml::Sequence(items.iter().map(yaml).collect()),
        Value::Map(entries) => {
            let pairs = entries.iter().map(|entry| (Yaml::String(entry.key.clone()), yaml(&entry.node)));
            Yaml::Mapping(Mapping::from_iter(pairs))
        }
    }
}

fn scalar(text: &str) -> Yaml {
    match text {
        "true" => Yaml::Bool(true),
        "false" => Yaml::Bool(false),
        _ => match text.parse::<i64>() {
            Ok(number) if number.to_string() == text => Yaml::Number(number.into()),
            _ => Yaml::String(text.to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use crate::edits::Edit;
    use serde_json::json;

    fn after(text: &str, vars: &BTreeMap<String, String>) -> Result<Option<(PathBuf, String)>, SaveError> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("c.yaml");
        std::fs::write(&file, text).expect("it is written");
        let mut edits = Edits::default();
        let root = files::tree(text, 0, &mut Findings::default()).expect("YAML");
        edits
            .add(Edit::Add("new".into(), json!({"command": ["x", "010"], "scale": 2})), &root)
            .expect("it is new");
        let scales = Scales::from_iter([(ProcessName::new("a").expect("a name"), NonZeroU32::MIN)]);
        saved(&Source::File(file), vars, Read::of_text(text), (&edits, &scales))
    }

    #[test]
    fn what_is_written_reads_back_as_what_runs() {
        let text = "processes:\n  a:\n    command: [sleep, '010', yes]\n    scale: 3\n";
        let (_, written) = after(text, &BTreeMap::new()).expect("nothing is lost").expect("there is an edit");
        let mut findings = Findings::default();
        let root = files::tree(&written, 0, &mut findings).expect("YAML");
        let argv = |name| {
            let command = root.at(&["processes", name, "command"]).expect("a list");
            command.items().iter().filter_map(Node::text).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(argv("a"), ["sleep", "010", "yes"]);
        assert_eq!(argv("new"), ["x", "010"]);
        let scale = |name| root.at(&["processes", name, "scale"]).and_then(Node::text);
        assert_eq!(
            (scale("a"), scale("new")),
            (Some("1"), Some("2")),
            "as many as there are, and as written"
        );
    }

    #[test]
    fn nothing_is_written_where_something_would_be_lost() {
        let none = BTreeMap::new();
        let plain = "processes: {a: {command: [x]}}";
        for (text, vars, part) in [
            ("processes: {a: {command: [x, '${A}']}}", none.clone(), "holds ${…}"),
            ("include: [b.yaml]\nprocesses: {a: {command: [x]}}", none.clone(), "includes"),
            (
                plain,
                [("PHPEEK_PM_PROCESS_A_SCALE".to_owned(), "2".to_owned())].into(),
                "PHPEEK_PM_PROCESS_A_SCALE",
            ),
        ] {
            let error = after(text, &vars).expect_err("it would be lost");
            assert!(error.to_string().contains(part), "{error}");
        }
        let other = saved(
            &Source::Text(plain.to_owned()),
            &none,
            Read::default(),
            (&Edits::default(), &Scales::new()),
        );
        assert_eq!(other, Err(SaveError::NoFile));
    }
}
