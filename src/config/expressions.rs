//! The regular expressions of `logging`, compiled: what is found here is found by `check-config`, and not by the first
//! line. Owns their bounds; never looks at a line.

use super::report::{Finding, Findings, Path};
use super::tree::Node;
use phpeek_settings::lines::Pattern;
use regex::RegexBuilder;
use std::collections::HashMap;

/// How much compiled patterns may take, each and together, in bytes.
const ONE: usize = 1 << 20;
const TOGETHER: usize = 16 << 20;
/// What the automaton of one pattern may remember while it searches, in bytes; beyond it starts anew.
const MEMORY: usize = 256 << 10;

/// Compiles each pattern once, however many processes have it, within a bound for all.
pub(crate) struct Expressions<'a> {
    room: usize,
    known: HashMap<&'a str, Option<Pattern>>,
}

impl<'a> Expressions<'a> {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self { room: TOGETHER, known: HashMap::new() }
    }

    /// The expression that is written here. `None`: it cannot be used, and this or the check of types has said so.
    pub(crate) fn compile(
        &mut self,
        node: &'a Node,
        path: &Path<'_>,
        findings: &mut Findings,
    ) -> Option<Pattern> {
        let pattern = node.text()?;
        if let Some(known) = self.known.get(pattern) {
            return known.clone();
        }
        let compiled = self.fresh(pattern).unwrap_or_else(|message| {
            let message = format!("{pattern:?} cannot be used: {message}");
            let advice = "write a smaller expression";
            findings.push(Finding::error(path, node.place.clone(), message).advice(advice));
            None
        });
        self.known.insert(pattern, compiled.clone());
        compiled
    }

    /// The expressions of a list.
    pub(crate) fn list(
        &mut self,
        list: Option<&'a Node>,
        path: &Path<'_>,
        findings: &mut Findings,
    ) -> Vec<Pattern> {
        let items = list.map(Node::items).unwrap_or_default().iter().enumerate();
        items.filter_map(|(index, item)| self.compile(item, &path.index(index), findings)).collect()
    }

    /// A pattern is tried with small bounds first: the bound that suffices is what it costs.
    fn fresh(&mut self, pattern: &str) -> Result<Option<Pattern>, String> {
        let mut bound = ONE >> 6;
        loop {
            if bound > self.room {
                return Err(format!("all patterns together take more than {TOGETHER} bytes"));
            }
            match RegexBuilder::new(pattern).size_limit(bound).dfa_size_limit(MEMORY).build() {
                Ok(regex) => {
                    self.room -= bound;
                    return Ok(Some(regex.into()));
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
