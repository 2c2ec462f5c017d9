//! What was run, as it is asked of the supervision thread: questions about the history of jobs and oneshots, and copies
//! of it as answers. Values only.

use phpeek_core::history::{JobRun, OneshotRun};
use phpeek_core::name::ProcessName;

/// What somebody wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PastOf {
    /// The newest jobs of this process, at most so many.
    Jobs(ProcessName, usize),
    /// The job that was asked for by the operation of this number.
    Job(ProcessName, u64),
    /// The newest runs of oneshots, at most so many.
    Oneshots(usize),
    /// The newest of everything, at most so many of each process with a schedule and of all oneshots.
    All(usize),
}

/// What is remembered, the newest of each kind first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Past {
    /// Jobs, by the process that they are of.
    pub jobs: Vec<(ProcessName, JobRun)>,
    /// Runs of oneshots.
    pub oneshots: Vec<OneshotRun>,
}
