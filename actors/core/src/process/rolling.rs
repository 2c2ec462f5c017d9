//! The restart of a process by command: one instance after the other, the next when the one before is up again (Q3).

use super::state::Rolling;
use super::{Effect, Out, Process, Report};
use crate::ends::RestartOutcome;
use crate::facts::{Fact, InstanceFact};
use crate::lifecycle::{Event, Now, State};
use crate::operation::Operation;

impl Process {
    pub(super) fn begin_rolling(&mut self, now: Now, operation: Operation, out: &mut Out) {
        if self.stop.is_some() {
            return; // a shutdown came first; the manager has given the restart up
        }
        self.failed = None;
        self.restart_next(now, operation, 0, out);
        self.settle(now, out);
    }

    /// Whether it is the turn of this instance.
    pub(super) fn rolls(&self, i: usize) -> bool {
        let serial = self.instances.get(i).map(|x| x.id.serial);
        self.rolling.as_ref().is_some_and(|r| Some(r.current) == serial)
    }

    /// Restarts the first instance whose serial is at least `from`; when there is none, the restart is over.
    pub(super) fn restart_next(&mut self, now: Now, operation: Operation, from: u32, out: &mut Out) {
        let first = self.instances.partition_point(|x| x.id.serial < from);
        let next = self.instances.iter().enumerate().skip(first).find(|(_, instance)| !instance.leaves);
        let Some((i, instance)) = next else {
            self.rolling = None;
            return out.act(Effect::Report(Report::Restarted(RestartOutcome::Up)));
        };
        let (id, state) = (instance.id, instance.machine.state());
        let target = match state {
            State::Starting { run, .. } => run,
            _ => instance.machine.run() + 1,
        };
        self.end_loop(i, now.at, out); // its last restart is told before this one begins
        self.rolling = Some(Box::new(Rolling { operation: operation.clone(), current: id.serial, target }));
        out.tell(now.at, Fact::Instance(id, InstanceFact::RestartBegan(operation)));
        if matches!(state, State::Stopping { .. } | State::Draining { .. }) {
            out.tell(now.at, Fact::Instance(id, InstanceFact::StopTakenOver));
        }
        self.press(i, now, Event::Restart, out);
    }

    /// A run has started: maybe it is the one that the rolling restart waits for.
    pub(super) fn roll_on(&mut self, i: usize, now: Now, run: u64, out: &mut Out) {
        if !self.rolls(i) {
            return;
        }
        if let Some(rolling) = self.rolling.take_if(|r| run >= r.target) {
            self.restart_next(now, rolling.operation, rolling.current.saturating_add(1), out);
        }
    }
}
