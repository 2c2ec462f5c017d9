//! The mark that each program of ours carries in its environment: which supervisor, and which task of it. By it a
//! process that has left its group, its session and its parent is known again. Owns its form, both ways; reads no
//! process.

use super::procfs;
use phpeek_core::ids::TaskId;

/// The variable that carries it.
pub(super) const MARK: &str = "PHPEEK_PM_RUN";

/// What no other supervisor has: its pid, and when it began.
pub(super) fn of_supervisor() -> String {
    format!("{}.{}", std::process::id(), procfs::own_beginning())
}

/// The mark of a task of this supervisor.
pub(super) fn of(supervisor: &str, task: TaskId) -> String {
    format!("{supervisor}.{task}")
}

/// The task of this mark, when it is one of this supervisor.
pub(super) fn task(supervisor: &str, mark: &str) -> Option<TaskId> {
    mark.strip_prefix(supervisor)?.strip_prefix('.')?.parse().ok()
}

/// Whose mark this is, if it is one: the pid of a supervisor, and when that began.
pub(super) fn supervisor(mark: &str) -> Option<(i32, u64)> {
    let mut numbers = mark.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use phpeek_core::ids::{InstanceId, ProcessId};

    #[test]
    fn a_mark_says_which_task_of_which_supervisor_it_is_of() {
        let run = TaskId::Run(InstanceId { process: ProcessId(3), serial: 7 }.run(12));
        assert_eq!(task("1.2", &of("1.2", run)), Some(run));
        for other in ["1.3", "1", "1.2.r", ""] {
            assert_eq!(task(other, &of("1.2", run)), None, "of another supervisor: {other:?}");
        }
        assert_eq!((supervisor(&of("1.2", run)), supervisor("1.x")), (Some((1, 2)), None));
        for wrong in ["1.2", "1.2.", "1.2.3.7.12"] {
            assert_eq!(task("1.2", wrong), None, "{wrong}");
        }
    }
}
