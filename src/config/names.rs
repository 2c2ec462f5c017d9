//! What several parts of the compiler look up: the processes by their names, and plain values below a key.

use super::hint::nearest;
use super::tree::Node;
use super::value;
use phpeek_core::name::ProcessName;
use phpeek_core::spec::ProcessKind;
use std::collections::{HashMap, HashSet};

/// The processes by name.
pub(crate) struct Names<'a> {
    pub(crate) known: HashMap<&'a str, Option<(ProcessName, ProcessKind)>>,
    /// Those that checks say more of than that they run.
    pub(crate) gated: HashSet<&'a str>,
}

impl Names<'_> {
    /// The process of this name, or what is wrong with it and what to do.
    pub(crate) fn resolve(&self, name: &str) -> Result<(ProcessName, ProcessKind), (String, String)> {
        match self.known.get(name) {
            Some(Some(found)) => Ok(found.clone()),
            Some(None) => {
                Err((format!("the process {name:?} is disabled"), "enable it, or leave it out".to_owned()))
            }
            None => {
                let near = nearest(name, self.known.keys().copied());
                let advice =
                    near.map_or("define it under processes".to_owned(), |n| format!("did you mean {n:?}?"));
                Err((format!("there is no process {name:?}"), advice))
            }
        }
    }
}

/// The truth below this key.
pub(crate) fn truth(node: &Node, key: &str) -> Option<bool> {
    value::truth(node.get(key)?.text()?)
}

/// The whole number below this key.
pub(crate) fn int(node: &Node, key: &str) -> Option<i64> {
    value::int(node.get(key)?.text()?)
}
