//! What things that are run are called: values that name them for as long as the supervisor lives. Holds no behaviour
//! but whom a task belongs to.

use crate::spec::ProcessIndex;

/// One run of one instance. Run numbers of an instance only grow, so an event of an old run can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId {
    /// Which process.
    pub process: ProcessIndex,
    /// Which instance, from 0.
    pub instance: u32,
    /// Which run of it, from 1.
    pub run: u64,
}

/// Anything that is run. Each is started, captured, given its context, reaped and told in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskId {
    /// A run of an instance.
    Run(RunId),
}

impl TaskId {
    /// Whose actor hears of it.
    #[must_use]
    pub fn owner(self) -> ProcessIndex {
        match self {
            Self::Run(run) => run.process,
        }
    }

    /// The instance that it is, or works for.
    #[must_use]
    pub fn instance(self) -> u32 {
        match self {
            Self::Run(run) => run.instance,
        }
    }

    /// The run that it is, or works for.
    #[must_use]
    pub fn run(self) -> u64 {
        match self {
            Self::Run(run) => run.run,
        }
    }
}
