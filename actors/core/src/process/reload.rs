//! A process that reloads itself, in place of a rolling restart: a signal to all its leaders, or a command for each instance
//! that runs, one after the other (Q12). What does not run reads what it needs when it starts.

use super::state::Reloading;
use super::{Effect, Out, Process, Report};
use crate::ends::RestartOutcome;
use crate::facts::ProcessFact;
use crate::hook::Stage;
use crate::hook::pass::Verdict;
use crate::lifecycle::{Now, State};
use crate::operation::Operation;
use crate::spec::Reload;

impl Process {
    pub(super) fn reload(&mut self, now: Now, operation: Operation, by: Reload, out: &mut Out) {
        if self.stopping {
            return; // a shutdown came first; the manager has given the restart up
        }
        match by {
            Reload::Signal(signal) => {
                self.tell(now.at, ProcessFact::Reloaded { operation, signal }, out);
                self.relay(now.at, signal.into(), out);
                out.act(Effect::Report(Report::Restarted(RestartOutcome::Up)));
            }
            Reload::Command => {
                self.tell(now.at, ProcessFact::ReloadBegan(operation), out);
                self.reloading = Some(Reloading { next: 0, turn: None });
                self.reload_more(now, out);
                self.settle(now, out);
            }
        }
    }

    /// The next instance has its turn; after the last it is over.
    fn reload_more(&mut self, now: Now, out: &mut Out) {
        let Some(reloading) = &mut self.reloading else { return };
        let turn = self.instances.iter().enumerate().find_map(|(i, instance)| {
            let State::Running { run, .. } = instance.machine.state() else { return None };
            let has_turn = instance.id.serial >= reloading.next && !instance.leaves;
            has_turn.then_some((i, instance.id.serial, run))
        });
        match turn {
            Some((i, serial, run)) => {
                *reloading = Reloading { next: serial.saturating_add(1), turn: Some(serial) };
                self.queue(i, Stage::Reload, run);
                self.hooks_on(i, now, out);
            }
            None => self.end_reload(now, Some(RestartOutcome::Up), out),
        }
    }

    /// The command of an instance is over; maybe one of a reload that was given up before.
    pub(super) fn reloaded(&mut self, i: usize, now: Now, verdict: &Verdict, out: &mut Out) {
        let Some(instance) = self.instances.get(i) else { return };
        let another = instance.hooking.iter().flat_map(|hooking| &hooking.waiting);
        let follows = another.into_iter().any(|(stage, _)| *stage == Stage::Reload);
        let turn = self.reloading.and_then(|reloading| reloading.turn);
        if follows || turn != Some(instance.id.serial) {
            return;
        }
        match verdict {
            Verdict::Failed(_) => self.end_reload(now, Some(RestartOutcome::Failed), out),
            // One that has ended meanwhile reads what it needs when it starts again.
            Verdict::Done | Verdict::Interrupted => self.reload_more(now, out),
        }
    }

    /// It is over, or goes no further: then nobody waits for its answer.
    pub(super) fn end_reload(&mut self, now: Now, outcome: Option<RestartOutcome>, out: &mut Out) {
        if self.reloading.take().is_none() {
            return;
        }
        self.tell(now.at, ProcessFact::ReloadEnded(outcome), out);
        if let Some(outcome) = outcome {
            out.act(Effect::Report(Report::Restarted(outcome)));
        }
    }
}
