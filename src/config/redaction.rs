//! `logging.redaction` of each process, compiled. Owns what is switched on; never looks at a line.

use super::names::truth;
use super::report::{Finding, Findings};
use super::tree::Node;
use phpeek_core::spec::SystemSpec;
use phpeek_settings::redaction::{Redaction, Redactions};
use regex::{Regex, RegexBuilder};
use std::collections::HashMap;

/// What stands for a match when the pattern does not say.
const REPLACEMENT: &str = "***";

/// How much compiled patterns may take, each and together, in bytes.
const ONE: usize = 1 << 20;
const TOGETHER: usize = 16 << 20;
/// What the automaton of one pattern may remember while it searches, in bytes; beyond it starts anew.
const MEMORY: usize = 256 << 10;

/// Reads the patterns of the processes that run. One that is valid and still cannot be used is an error: nothing that
/// was meant to be hidden is shown.
pub(crate) fn redactions(root: &Node, spec: &SystemSpec, findings: &mut Findings) -> Redactions {
    let mut compiler = Compiler { room: TOGETHER, known: HashMap::new() };
    let mut all = Redactions::new();
    for process in &spec.processes {
        let at = ["processes", process.name.as_str(), "logging", "redaction"];
        let Some(node) = root.at(&at).filter(|node| truth(node, "enabled") == Some(true)) else { continue };
        let path = format!("processes.{}.logging.redaction.patterns", process.name);
        let patterns = node.get("patterns").map(Node::items).unwrap_or_default();
        let compiled: Vec<_> =
            patterns.iter().filter_map(|entry| compiler.redaction(entry, &path, findings)).collect();
        if !compiled.is_empty() {
            all.insert(process.name.clone(), compiled);
        }
    }
    all
}

/// Compiles each pattern once, however many processes have it, within a bound for all.
struct Compiler<'a> {
    room: usize,
    known: HashMap<&'a str, Option<Regex>>,
}

impl<'a> Compiler<'a> {
    fn redaction(&mut self, entry: &'a Node, path: &str, findings: &mut Findings) -> Option<Redaction> {
        let pattern = entry.get("pattern").and_then(Node::text)?;
        let replacement = entry.get("replacement").and_then(Node::text).unwrap_or(REPLACEMENT).to_owned();
        if let Some(known) = self.known.get(pattern) {
            return known.clone().map(|pattern| Redaction { pattern, replacement });
        }
        let compiled = self.compile(pattern).unwrap_or_else(|message| {
            let message = format!("{pattern:?} cannot be used: {message}");
            let advice = "write a smaller expression";
            findings.push(Finding::error(path, entry.place.clone(), message).advice(advice));
            None
        });
        self.known.insert(pattern, compiled.clone());
        compiled.map(|pattern| Redaction { pattern, replacement })
    }

    /// A pattern is tried with small bounds first: the bound that suffices is what it costs.
    fn compile(&mut self, pattern: &str) -> Result<Option<Regex>, String> {
        let mut bound = ONE >> 6;
        loop {
            if bound > self.room {
                return Err(format!("all patterns together take more than {TOGETHER} bytes"));
            }
            match RegexBuilder::new(pattern).size_limit(bound).dfa_size_limit(MEMORY).build() {
                Ok(regex) => {
                    self.room -= bound;
                    return Ok(Some(regex));
                }
                Err(regex::Error::CompiledTooBig(_)) if bound < ONE => bound <<= 2,
                // The check of types has told what is no regular expression.
                Err(regex::Error::Syntax(_)) => return Ok(None),
                Err(error) => {
                    // To find that out has cost as much as to use it.
                    self.room -= bound;
                    return Err(error.to_string());
                }
            }
        }
    }
}
