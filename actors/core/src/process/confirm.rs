//! Whether an instance that was told to reload itself has (Q12): its run lives on for [`super::RELOAD_SETTLES`], since a
//! program that cannot read its new configuration ends soon after; then every check that asks is asked anew, and must be
//! answered well. One that says by itself when it reloads (RELOADING=1) has done so when it says that it is ready again.

use super::state::{Step, Turn};
use super::{Out, Process};
use crate::ends::SelfReloadFault;
use crate::health::monitor::Monitor;
use crate::lifecycle::{Now, State};

impl Process {
    /// An instance has taken a step: its run may be over.
    pub(super) fn follow_reload(&mut self, i: usize, now: Now, out: &mut Out) {
        let (Some(turn), Some(instance)) = (self.turn_of(i), self.instances.get(i)) else { return };
        let asked = instance.leaves || instance.hooking.as_ref().is_some_and(|own| own.pending.is_some());
        match instance.machine.state() {
            State::Running { run, .. } if run == turn.run => {}
            // Something else takes it away, and what follows reads what it needs when it starts.
            State::Stopping { .. } => self.end_reload_turn(turn, now, out),
            _ if asked => self.end_reload_turn(turn, now, out),
            _ => self.fail_reload(i, SelfReloadFault::Died, now, out),
        }
    }

    pub(super) fn tick_reload(&mut self, i: usize, now: Now, out: &mut Out) {
        match self.turn_of(i).map(|turn| turn.step) {
            Some(Step::Settles { until, .. } | Step::Proves { until, .. }) if until <= now.at => {
                self.fail_reload(i, SelfReloadFault::NotReady, now, out);
            }
            Some(Step::Settles { settled, .. }) if settled <= now.at => self.prove(i, now, out),
            _ => {}
        }
    }

    /// Its health was looked at: maybe it has reloaded by that.
    pub(super) fn confirm_reload(&mut self, i: usize, now: Now, out: &mut Out) {
        let Some(turn) = self.turn_of(i) else { return };
        let monitor = self.instances.get(i).and_then(|instance| instance.health.as_deref());
        let says = monitor.and_then(Monitor::has_reloaded);
        match turn.step {
            Step::Settles { .. } if says == Some(true) => self.prove(i, now, out),
            Step::Proves { since, .. } if says != Some(false) => {
                let proven =
                    |monitor: &Monitor| monitor.run() == Some(turn.run) && monitor.is_well_since(since);
                if monitor.is_none_or(proven) {
                    self.end_reload_turn(turn, now, out);
                }
            }
            Step::Command | Step::Settles { .. } | Step::Proves { .. } => {}
        }
    }

    /// It has lived on, or says that it has reloaded: what asks asks again.
    fn prove(&mut self, i: usize, now: Now, out: &mut Out) {
        let Some(Turn { serial, step: Step::Settles { until, .. }, .. }) = self.turn_of(i) else {
            return;
        };
        self.step_turn(serial, Step::Proves { since: now.at, until });
        self.with_health(i, now, out, |monitor, out| monitor.ask_again(now, out));
        self.confirm_reload(i, now, out);
    }
}
