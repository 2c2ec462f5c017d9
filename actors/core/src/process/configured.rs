//! A process whose configuration changes while the supervisor runs, and one that goes. What is read at each step (what
//! follows an end, how it is stopped, what is run, how much memory it may take) holds from then on; how many instances there are and what they are
//! asked changes at rest alone.

use super::{Due, Out, Process};
use crate::facts::{Fact, InstanceFact, ProcessFact};
use crate::health::monitor::Monitor;
use crate::lifecycle::Now;
use crate::spec::ProcessSpec;
use std::sync::Arc;
use std::time::Duration;

impl Process {
    pub(super) fn configure(&mut self, now: Now, spec: Arc<ProcessSpec>, out: &mut Out) {
        let at = now.at;
        let rests = self.all_at_rest();
        let before = std::mem::replace(&mut self.spec, spec.clone());
        self.tell(at, ProcessFact::Changed(spec.clone()), out);
        if before.memory != spec.memory {
            self.bound_anew(now);
        }
        if !rests {
            return;
        }
        if before.schedule != spec.schedule {
            self.forget_schedule(); // the next command to start makes the new one
        }
        let to = spec.scale.get();
        for i in (0..self.instances.len()).rev().filter(|_| before.scale != spec.scale) {
            if self.instances.get(i).is_some_and(|instance| instance.number >= to) {
                self.remove_instance(i, at, out);
            }
        }
        if before.health != spec.health {
            self.ask_anew();
        }
        for number in (0..to).filter(|_| before.scale != spec.scale) {
            if self.instances.iter().all(|instance| instance.number != number) {
                self.add_instance(number, at, out);
            }
        }
    }

    /// The checks of all instances are others.
    fn ask_anew(&mut self) {
        self.due.retain(|(_, _, due)| *due != Due::Health);
        let checks = &self.spec.health;
        for instance in &mut self.instances {
            let monitor = |checks| Box::new(Monitor::new(instance.id, instance.number, checks));
            instance.health = checks.clone().map(monitor);
        }
        self.unready = if self.spec.has_readiness() { self.instances.len() } else { 0 };
        self.told_ready = false;
    }

    /// Tells what is left to be told, and that it is gone.
    pub(super) fn remove(&mut self, at: Duration, out: &mut Out) {
        self.hear_no_more(at, out);
        for instance in &self.instances {
            out.tell(at, Fact::Instance(instance.id, InstanceFact::Removed));
        }
        self.tell(at, ProcessFact::Removed, out);
        self.finished = true;
    }
}
