//! Tasks that are reported to the system: its own, and those whose owner is lost. Of the latter nothing may go on, and
//! one that was ordered before the owner was lost may begin after it.

use super::{Effect, Fleet, Out};
use crate::ids::{HookTask, ProcessId, TaskId};
use crate::program::TaskEvent;
use std::time::Duration;

impl Fleet {
    pub(super) fn observe_task(&mut self, task: TaskId, event: TaskEvent, now: Duration, out: &mut Out) {
        match (task, event) {
            (TaskId::Hook(hook @ HookTask { of: None, .. }), event) => {
                self.observe_hook(hook, event, now, out)
            }
            (TaskId::Run(_) | TaskId::Hook(_), TaskEvent::Spawned { .. }) => out.act(Effect::Kill(task)),
            (TaskId::Run(_) | TaskId::Hook(_), _) => {}
        }
    }

    /// Whoever looked after a process is lost, and these of its tasks are not over.
    pub(super) fn owner_lost(&mut self, p: ProcessId, tasks: Vec<TaskId>, now: Duration, out: &mut Out) {
        tasks.into_iter().for_each(|task| out.act(Effect::Kill(task)));
        self.lost(p, now, out);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::super::Event;
    use super::*;
    use crate::facts::Outbox;
    use crate::ids::InstanceId;
    use crate::outcome::Exit;
    use crate::spec::{Hooks, SystemSpec};
    use std::collections::BTreeMap;

    #[test]
    fn what_a_lost_process_has_ordered_is_killed_when_it_begins() {
        let second = Duration::from_secs(1);
        let spec = SystemSpec {
            processes: Vec::new(),
            dependency_timeout: second,
            shutdown_timeout: second,
            signals: BTreeMap::new(),
            hooks: Hooks::default(),
        };
        let mut fleet = Fleet::new(&spec).expect("no cycle");
        let run = TaskId::Run(InstanceId { process: ProcessId(0), serial: 0 }.run(1));
        let hook =
            TaskId::Hook(HookTask { of: Some(InstanceId { process: ProcessId(0), serial: 0 }), serial: 1 });
        let mut kills = |event: Event| {
            let mut out = Outbox::new();
            fleet.step(Duration::ZERO, event, &mut out);
            out.effects().filter(|e| matches!(e, Effect::Kill(_))).cloned().collect::<Vec<_>>()
        };
        assert_eq!(kills(Event::Lost(ProcessId(0), vec![run])), [Effect::Kill(run)]);
        for task in [run, hook] {
            assert_eq!(kills(Event::Task(task, TaskEvent::Spawned { pid: 7 })), [Effect::Kill(task)]);
            assert_eq!(kills(Event::Task(task, TaskEvent::Exited(Exit::Code(0).into()))), []);
        }
        let own = TaskId::Hook(HookTask { of: None, serial: 1 });
        assert_eq!(kills(Event::Task(own, TaskEvent::Spawned { pid: 7 })), [], "the system is not lost");
    }
}
