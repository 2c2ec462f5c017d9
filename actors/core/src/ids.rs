//! Who is who while the supervisor runs. An id is given once and never again, so whoever holds one can be wrong about
//! what it stands for only by being late, and can tell. Owns no table: ids are looked up where their owner keeps them.

use std::fmt;
use std::str::FromStr;

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
}

/// One try of a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HookTask {
    /// The instance that it works for; `None`: the system.
    pub of: Option<InstanceId>,
    /// Counts the tries that its owner has given, from 1.
    pub serial: u64,
}

/// Whose machine has ordered a task, and is to hear of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// That of the system.
    System,
    /// That of a process.
    Process(ProcessId),
}

impl TaskId {
    /// Whose machine has ordered it.
    #[must_use]
    pub fn owner(self) -> Owner {
        self.instance().map_or(Owner::System, |instance| Owner::Process(instance.process))
    }

    /// The instance that it is, or works for; `None`: the system.
    #[must_use]
    pub fn instance(self) -> Option<InstanceId> {
        match self {
            Self::Run(run) => Some(run.instance),
            Self::Hook(hook) => hook.of,
        }
    }
}

/// A letter of its kind and its numbers. [`TaskId::from_str`] reads it.
impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(RunId { instance, run }) => {
                write!(f, "r.{}.{}.{run}", instance.process.0, instance.serial)
            }
            Self::Hook(HookTask { of: Some(of), serial }) => {
                write!(f, "h.{}.{}.{serial}", of.process.0, of.serial)
            }
            Self::Hook(HookTask { of: None, serial }) => write!(f, "h.{serial}"),
        }
    }
}

/// A text that names no task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this names no task")]
pub struct NoTask;

impl FromStr for TaskId {
    type Err = NoTask;

    fn from_str(text: &str) -> Result<Self, NoTask> {
        let (kind, numbers) = text.split_once('.').ok_or(NoTask)?;
        let numbers: Vec<u64> =
            numbers.split('.').map(str::parse).collect::<Result<_, _>>().map_err(|_| NoTask)?;
        let instance = |process: u64, serial: u64| {
            let small = |number: u64| u32::try_from(number).map_err(|_| NoTask);
            Ok(InstanceId { process: ProcessId(small(process)?), serial: small(serial)? })
        };
        match (kind, numbers.as_slice()) {
            ("r", &[process, serial, run]) => Ok(Self::Run(instance(process, serial)?.run(run))),
            ("h", &[process, of, serial]) => {
                Ok(Self::Hook(HookTask { of: Some(instance(process, of)?), serial }))
            }
            ("h", &[serial]) => Ok(Self::Hook(HookTask { of: None, serial })),
            _ => Err(NoTask),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_read_as_it_is_written() {
        let instance = InstanceId { process: ProcessId(3), serial: 7 };
        let (run, of_one) = (TaskId::Run(instance.run(12)), HookTask { of: Some(instance), serial: 2 });
        let hooks = [of_one, HookTask { of: None, serial: 5 }].map(TaskId::Hook);
        for task in [run, hooks[0], hooks[1]] {
            assert_eq!(task.to_string().parse(), Ok(task));
        }
        for wrong in ["", "r", "r.", "r.1.2", "h", "h.1.2", "x.1.2.3", "r.a.b.c", "r.4294967296.0.1"] {
            assert_eq!(wrong.parse::<TaskId>(), Err(NoTask), "{wrong}");
        }
    }
}
