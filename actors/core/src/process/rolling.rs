//! The restart of a process by command: so many instances at once as may be away, the next when one before is up again
//! (Q3).

use super::state::Rolling;
use super::{Effect, Out, Process, Report};
use crate::ends::RestartOutcome;
use crate::facts::{Fact, InstanceFact};
use crate::lifecycle::{Event, Now, State};
use crate::operation::Operation;

impl Process {
    pub(super) fn begin_rolling(&mut self, now: Now, operation: Operation, out: &mut Out) {
        if self.stopping {
            return; // a shutdown came first; the manager has given the restart up
        }
        self.failed = None;
        self.rolling = Some(Box::new(Rolling { operation, next: 0, turns: Vec::new() }));
        self.roll_more(now, out);
        self.settle(now, out);
    }

    /// Whether it is the turn of this instance.
    pub(super) fn rolls(&self, i: usize) -> bool {
        let serial = self.instances.get(i).map(|x| x.id.serial);
        let turns = self.rolling.iter().flat_map(|rolling| &rolling.turns);
        turns.into_iter().any(|(current, _)| Some(*current) == serial)
    }

    /// Gives as many instances their turn as may be away at once; when none is left, the restart is over.
    pub(super) fn roll_more(&mut self, now: Now, out: &mut Out) {
        let there = self.instances.iter().filter(|instance| !instance.leaves).count();
        let at_once = self.spec.at_once(there);
        while let Some(rolling) = &self.rolling {
            let first = self.instances.partition_point(|x| x.id.serial < rolling.next);
            let mut left = self.instances.iter().enumerate().skip(first);
            match left.find(|(_, instance)| !instance.leaves).map(|(i, _)| i) {
                _ if rolling.turns.len() >= at_once => return,
                Some(i) => self.take_turn(i, now, out),
                None if rolling.turns.is_empty() => {
                    self.rolling = None;
                    out.act(Effect::Report(Report::Restarted(RestartOutcome::Up)));
                }
                None => return,
            }
        }
    }

    fn take_turn(&mut self, i: usize, now: Now, out: &mut Out) {
        self.end_loop(i, now.at, out); // its last restart is told before this one begins
        let (Some(instance), Some(rolling)) = (self.instances.get(i), self.rolling.as_mut()) else { return };
        let (id, state) = (instance.id, instance.machine.state());
        let target = match state {
            State::Starting { run, .. } => run,
            _ => instance.machine.run() + 1,
        };
        rolling.next = id.serial.saturating_add(1);
        rolling.turns.push((id.serial, target));
        out.tell(now.at, Fact::Instance(id, InstanceFact::RestartBegan(rolling.operation.clone())));
        if matches!(state, State::Stopping { .. } | State::Draining { .. }) {
            out.tell(now.at, Fact::Instance(id, InstanceFact::StopTakenOver));
        }
        self.press(i, now, Event::Restart, out);
    }

    /// A run has started: maybe it is one that the rolling restart waits for.
    pub(super) fn roll_on(&mut self, i: usize, now: Now, run: u64, out: &mut Out) {
        let Some(serial) = self.instances.get(i).map(|x| x.id.serial) else { return };
        self.end_turn(serial, now, out, |target| run >= target);
    }

    /// The turn of an instance is over, if it is its turn and `over` says so of its target.
    pub(super) fn end_turn(&mut self, serial: u32, now: Now, out: &mut Out, over: impl Fn(u64) -> bool) {
        let Some(rolling) = &mut self.rolling else { return };
        let before = rolling.turns.len();
        rolling.turns.retain(|(current, target)| *current != serial || !over(*target));
        if rolling.turns.len() < before {
            self.roll_more(now, out);
        }
    }
}
