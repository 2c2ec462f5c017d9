//! What is hidden in the last words of a process, beside what is always hidden. Values; hides nothing itself.

use phpeek_core::name::ProcessName;
use regex::Regex;
use std::collections::HashMap;

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
