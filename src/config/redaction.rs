//! `logging.redaction` of each process, compiled. Owns what is switched on; never looks at a line. Called by `load`.

use super::compile::truth;
use super::report::{Finding, Findings};
use super::tree::Node;
use phpeek_core::name::ProcessName;
use phpeek_core::spec::SystemSpec;
use regex::Regex;
use std::collections::HashMap;

/// What stands for a match when the pattern does not say.
const REPLACEMENT: &str = "***";

/// One pattern of a process, and what stands for its matches (`$1` is a group).
#[derive(Debug, Clone)]
pub struct Redaction {
    /// What is looked for.
    pub pattern: Regex,
    /// What takes its place.
    pub replacement: String,
}

/// The patterns of each process that has any.
pub type Redactions = HashMap<ProcessName, Vec<Redaction>>;

/// Reads the patterns of the processes that run. One that is valid and still cannot be used is an error: nothing that
/// was meant to be hidden is shown.
pub(crate) fn redactions(root: &Node, spec: &SystemSpec, findings: &mut Findings) -> Redactions {
    let mut all = Redactions::new();
    for process in &spec.processes {
        let at = ["processes", process.name.as_str(), "logging", "redaction"];
        let Some(node) = root.at(&at).filter(|node| truth(node, "enabled") == Some(true)) else { continue };
        let path = format!("processes.{}.logging.redaction.patterns", process.name);
        let patterns = node.get("patterns").map(Node::items).unwrap_or_default();
        let compiled: Vec<_> = patterns.iter().filter_map(|entry| compile(entry, &path, findings)).collect();
        if !compiled.is_empty() {
            all.insert(process.name.clone(), compiled);
        }
    }
    all
}

fn compile(entry: &Node, path: &str, findings: &mut Findings) -> Option<Redaction> {
    let pattern = entry.get("pattern").and_then(Node::text)?;
    let replacement = entry.get("replacement").and_then(Node::text).unwrap_or(REPLACEMENT).to_owned();
    match Regex::new(pattern) {
        Ok(pattern) => Some(Redaction { pattern, replacement }),
        // `schema` has told what is no regular expression.
        Err(regex::Error::Syntax(_)) => None,
        Err(error) => {
            let message = format!("{pattern:?} cannot be used: {error}");
            findings.push(
                Finding::error(path, entry.place.clone(), message).advice("write a smaller expression"),
            );
            None
        }
    }
}
