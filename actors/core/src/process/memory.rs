//! The memory of instances: measured while their runs are up, where there are bounds. Above the hard one an instance is killed
//! at once; above the soft one it is replaced, one at a time (Q11).

use super::{Due, Effect, Instance, Out, Process};
use crate::facts::InstanceFact;
use crate::ids::RunId;
use crate::lifecycle::{Event, InstanceState, Now, Policy, State};
use crate::limit::gauge::{Gauge, Turn};
use crate::limit::{Breach, Limit};

impl Process {
    /// A run is up, or over: what is measured follows it. Called whenever an instance has taken a step.
    pub(super) fn follow_memory(&mut self, i: usize, now: Now) {
        let Some(Instance { machine, gauge: Some(gauge), .. }) = self.instances.get(i) else { return };
        let live = machine.live_run();
        if gauge.run() != live {
            self.with_gauge(i, |gauge| match live {
                Some(run) => gauge.begin(now.at, run),
                None => gauge.end(),
            });
        }
    }

    /// The bounds are others. A run that is up is measured against the new ones from now on.
    pub(super) fn bound_anew(&mut self, now: Now) {
        self.due.retain(|(_, _, due)| *due != Due::Memory);
        for i in 0..self.instances.len() {
            let bounds = self.spec.memory;
            if let Some(instance) = self.instances.get_mut(i) {
                instance.gauge = bounds.map(|bounds| Box::new(Gauge::new(bounds)));
            }
            self.follow_memory(i, now);
        }
    }

    pub(super) fn tick_memory(&mut self, i: usize, now: Now, out: &mut Out) {
        let asks = self.with_gauge(i, |gauge| gauge.tick(now.at).then(|| gauge.bounds().lowest()));
        let (Some(exact_above), Some(instance)) = (asks.flatten(), self.instances.get(i)) else { return };
        if let (Some(run), Some(leader)) = (instance.machine.live_run(), instance.pid) {
            out.act(Effect::Measure { run: instance.id.run(run), leader, exact_above });
        }
    }

    pub(super) fn measured(&mut self, now: Now, run: RunId, used: u64, out: &mut Out) {
        let Some(i) = self.place(run.instance.serial) else { return };
        let turn = if self.may_replace(i) { Turn::Free } else { Turn::Taken };
        let breach = self.with_gauge(i, |gauge| gauge.measured(now.at, run.run, used, turn));
        let Some(breach) = breach.flatten() else { return };
        self.over_limit(i, now, run, breach, out);
        self.settle(now, out);
    }

    fn over_limit(&mut self, i: usize, now: Now, run: RunId, breach: Breach, out: &mut Out) {
        self.tell_of(i, now.at, InstanceFact::OverLimit { run: run.run, breach }, out);
        let event = Event::OverLimit { run: run.run, limit: breach.limit };
        match breach.limit {
            Limit::Soft => {
                self.replacing = Some(Box::new((run.instance.serial, run.run)));
                self.press(i, now, event, out);
            }
            Limit::Hard => {
                // A stop that waits for its hooks waits no longer; what it was for stays.
                self.deliver_pending(i, now, out);
                self.advance(i, now, event, out);
            }
        }
    }

    /// Whether an instance may be taken away because it is above the soft bound: it has a successor, nothing else takes it
    /// away already, and no other of the process is away for the same.
    fn may_replace(&self, i: usize) -> bool {
        let Some(instance) = self.instances.get(i) else { return false };
        let runs = matches!(instance.machine.state(), State::Running { .. });
        let asked = instance.hooking.as_ref().is_some_and(|hooking| hooking.pending.is_some());
        let stays = runs && !asked && !instance.leaves && Policy::from(&*self.spec).restarts_by_itself();
        stays && self.rolling.is_none() && !self.stopping && !self.is_replacing()
    }

    /// Whether an instance is away because it was above the soft bound. It is until the run after that counts as up, or has
    /// ended in its turn: one that does not come up holds up the others once and not for ever.
    fn is_replacing(&self) -> bool {
        let Some((serial, run)) = self.replacing.as_deref().copied() else { return false };
        let Some(instance) = self.place(serial).and_then(|i| self.instances.get(i)) else { return false };
        let own = instance.machine.run();
        !instance.machine.at_rest()
            && match instance.shown() {
                InstanceState::Running => own == run,
                InstanceState::Starting | InstanceState::Unready => own <= run + 1,
                _ => own == run,
            }
    }

    /// Lets something happen to a gauge, and keeps what is due.
    fn with_gauge<T>(&mut self, i: usize, act: impl FnOnce(&mut Gauge) -> T) -> Option<T> {
        let instance = self.instances.get_mut(i)?;
        let gauge = instance.gauge.as_deref_mut()?;
        let (before, given) = (gauge.deadline(), act(gauge));
        let (after, serial) = (gauge.deadline(), instance.id.serial);
        if before != after {
            before.map(|due| self.due.remove(&(due, serial, Due::Memory)));
            after.map(|due| self.due.insert((due, serial, Due::Memory)));
        }
        Some(given)
    }
}
