//! `logging.redaction` of each process, compiled. Owns what is switched on; never looks at a line. Called by `load`.

use super::compile::truth;
use super::report::{Finding, Findings};
use super::tree::Node;
use phpeek_core::spec::{ProcessIndex, SystemSpec};
use phpeek_settings::redaction::{Redaction, Redactions};
use regex::Regex;

/// What stands for a match when the pattern does not say.
const REPLACEMENT: &str = "***";

/// Reads the patterns of the processes that run. One that is valid and still cannot be used is an error: nothing that
/// was meant to be hidden is shown.
pub(crate) fn redactions(root: &Node, spec: &SystemSpec, findings: &mut Findings) -> Redactions {
    let mut all = Redactions::new();
    for (process, index) in spec.processes.iter().zip(0u32..) {
        let at = ["processes", process.name.as_str(), "logging", "redaction"];
        let Some(node) = root.at(&at).filter(|node| truth(node, "enabled") == Some(true)) else { continue };
        let path = format!("processes.{}.logging.redaction.patterns", process.name);
        let patterns = node.get("patterns").map(Node::items).unwrap_or_default();
        let compiled: Vec<_> = patterns.iter().filter_map(|entry| compile(entry, &path, findings)).collect();
        if !compiled.is_empty() {
            all.insert(ProcessIndex(index), compiled);
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
