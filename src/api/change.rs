//! What may be asked of the configuration while the supervisor runs, as a question to the supervision thread, and what
//! comes of it. Values only.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::PathBuf;

/// A change of the configuration.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Read the files again, and run what they say.
    Reload,
    /// Run what this file says, and read it from now on.
    From(PathBuf),
    /// Run a process that is not there yet.
    Add(String, Value),
    /// Run a process in another way.
    Put(String, Value),
    /// Stop a process and forget it.
    Remove(String),
    /// Write to the file what was added, changed and removed.
    Save,
}

impl Change {
    /// Whether it says what is run.
    #[must_use]
    pub fn names_commands(&self) -> bool {
        matches!(self, Self::Add(..) | Self::Put(..) | Self::From(_))
    }

    /// The process that it is about.
    #[must_use]
    pub fn process(&self) -> Option<&str> {
        match self {
            Self::Add(name, _) | Self::Put(name, _) | Self::Remove(name) => Some(name),
            Self::Reload | Self::From(_) | Self::Save => None,
        }
    }
}

/// What a reload of a file would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanReport {
    /// What would be done, in the order of its kinds.
    pub steps: Vec<PlanStep>,
    /// How many processes would stay as they are.
    pub untouched: usize,
    /// Keys that differ and are taken over by a new start only.
    pub at_next_start: Vec<String>,
    /// What the file is warned of.
    pub warnings: Vec<String>,
}

/// What would be done to one process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanStep {
    /// Which.
    pub process: String,
    /// `start`, `stop`, `restart`, `rolling`, `rescale` or `live`.
    pub action: String,
    /// The keys that differ.
    pub keys: Vec<String>,
}
