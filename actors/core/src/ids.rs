//! Who is who while the supervisor runs. An id is given once and never again, so whoever holds one can be wrong about
//! what it stands for only by being late, and can tell. Owns no table: ids are looked up where their owner keeps them.

/// A process that was ever configured in the life of this supervisor. Given by the fleet, in the order in which it
/// heard of processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessId(pub u32);

/// One instance of a process. Its number (`NAME-2`) may come again after a change of scale, its id never does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId {
    /// Whose instance it is.
    pub process: ProcessId,
    /// Counts the instances that the process ever had, from 0.
    pub serial: u32,
}

/// One run of one instance. Run numbers of an instance only grow, so an event of an old run can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId {
    /// Which instance.
    pub instance: InstanceId,
    /// Which run of it, from 1.
    pub run: u64,
}

/// Anything that is run. Each is started, captured, given its context, reaped and told in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskId {
    /// A run of an instance.
    Run(RunId),
    /// One try of a hook.
    Hook(HookTask),
    /// A probe that is a program.
    Probe(ProbeId),
}

/// One probe of the health of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProbeId {
    /// Whose health.
    pub of: InstanceId,
    /// Counts the probes of the instance, from 1.
    pub serial: u64,
}

/// One try of a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HookTask {
    /// The instance that it works for; `None`: the system.
    pub of: Option<InstanceId>,
    /// Counts the tries that its owner has given, from 1.
    pub serial: u64,
}

impl TaskId {
    /// Whose actor hears of it; `None`: that of the system.
    #[must_use]
    pub fn owner(self) -> Option<ProcessId> {
        self.instance().map(|instance| instance.process)
    }

    /// The instance that it is, or works for; `None`: the system.
    #[must_use]
    pub fn instance(self) -> Option<InstanceId> {
        match self {
            Self::Run(run) => Some(run.instance),
            Self::Hook(hook) => hook.of,
            Self::Probe(probe) => Some(probe.of),
        }
    }

    /// The run that it is.
    #[must_use]
    pub fn run(self) -> Option<RunId> {
        match self {
            Self::Run(run) => Some(run),
            Self::Hook(_) | Self::Probe(_) => None,
        }
    }
}

impl RunId {
    /// Whose run it is.
    #[must_use]
    pub fn process(self) -> ProcessId {
        self.instance.process
    }
}

impl InstanceId {
    /// Its run of this number.
    #[must_use]
    pub fn run(self, run: u64) -> RunId {
        RunId { instance: self, run }
    }
}
