//! A process that reloads itself, in place of a rolling restart: a signal to the leader of each instance that runs, or a
//! command for it, so many at once as may be away (Q12). What does not run reads what it needs when it starts. An instance
//! has reloaded when it has lived on for a while and is ready by what was asked after that: [`super::confirm`].

use super::commands::starts;
use super::state::{Reloading, Step, Turn};
use super::{Due, Effect, Out, Process, RELOAD_SETTLES, Report};
use crate::ends::{RestartOutcome, SelfReloadEnd, SelfReloadFault};
use crate::facts::{Fact, InstanceFact, ProcessFact};
use crate::hook::Stage;
use crate::hook::pass::Verdict;
use crate::ids::InstanceId;
use crate::lifecycle::{Now, State};
use crate::operation::Operation;
use crate::spec::Reload;

impl Process {
    pub(super) fn reload(&mut self, now: Now, operation: Operation, by: Reload, out: &mut Out) {
        if self.stopping {
            return; // a shutdown came first; the manager has given the restart up
        }
        if self.all_at_rest() {
            return self.begin_rolling(now, operation, out); // it has ended before this came: nothing could hear it
        }
        self.end_reload(now, SelfReloadEnd::Interrupted, out);
        self.tell(now.at, ProcessFact::ReloadBegan { operation, by }, out);
        let timeout = self.spec.reload_timeout();
        self.reloading = Some(Box::new(Reloading { by, timeout, next: 0, turns: Vec::new() }));
        if let Reload::Signal(signal) = by {
            // The program of a run of which nothing is known yet may have read already what has changed since.
            self.instances.iter_mut().filter(|i| starts(i)).for_each(|i| i.relays.push(signal.into()));
        }
        self.reload_more(now, out);
        self.settle(now, out);
    }

    /// Gives as many instances their turn as may be away at once; after the last it is over.
    pub(super) fn reload_more(&mut self, now: Now, out: &mut Out) {
        let there = self.instances.iter().filter(|instance| !instance.leaves).count();
        let at_once = self.spec.at_once(there);
        while let Some(reloading) = &self.reloading {
            let next = self.instances.iter().enumerate().find_map(|(i, instance)| {
                let State::Running { run, .. } = instance.machine.state() else { return None };
                (instance.id.serial >= reloading.next && !instance.leaves).then_some((i, run))
            });
            match next {
                _ if reloading.turns.len() >= at_once => return,
                Some((i, run)) => self.tell_to_reload(i, run, now, out),
                None if reloading.turns.is_empty() => self.end_reload(now, SelfReloadEnd::Complete, out),
                None => return,
            }
        }
    }

    fn tell_to_reload(&mut self, i: usize, run: u64, now: Now, out: &mut Out) {
        let (Some(instance), Some(reloading)) = (self.instances.get(i), self.reloading.as_mut()) else {
            return;
        };
        let (id, by) = (instance.id, reloading.by);
        reloading.next = id.serial.saturating_add(1);
        reloading.turns.push(Turn { serial: id.serial, run, step: Step::Command });
        // What it says of a reload from now on is of this one, also before its command is over.
        self.with_health(i, now, out, |monitor, _| monitor.expect_reload());
        match by {
            Reload::Signal(signal) => {
                out.act(Effect::Relay { run: id.run(run), handed: signal.into() });
                self.told_to_reload(id.serial, now, out);
            }
            Reload::Command => {
                self.queue(i, Stage::Reload, run);
                self.hooks_on(i, now, out);
            }
        }
    }

    /// An instance was told: from now on it is looked whether it has.
    fn told_to_reload(&mut self, serial: u32, now: Now, out: &mut Out) {
        let until = now.at.saturating_add(self.reloading.as_ref().map_or(RELOAD_SETTLES, |r| r.timeout));
        let settled = now.at.saturating_add(RELOAD_SETTLES).min(until);
        self.step_turn(serial, Step::Settles { settled, until });
        let id = InstanceId { process: self.id, serial };
        out.tell(now.at, Fact::Instance(id, InstanceFact::ToldToReload));
    }

    /// The turn of an instance is at this step from now on, and what is due follows it.
    pub(super) fn step_turn(&mut self, serial: u32, step: Step) {
        let turns = self.reloading.iter_mut().flat_map(|reloading| &mut reloading.turns);
        let Some(turn) = turns.into_iter().find(|turn| turn.serial == serial) else { return };
        let before = std::mem::replace(&mut turn.step, step);
        before.due().map(|due| self.due.remove(&(due, serial, Due::Reload)));
        step.due().map(|due| self.due.insert((due, serial, Due::Reload)));
    }

    /// The turn of an instance, if it has one.
    pub(super) fn turn_of(&self, i: usize) -> Option<Turn> {
        let serial = self.instances.get(i)?.id.serial;
        self.reloading.as_ref()?.turns.iter().find(|turn| turn.serial == serial).copied()
    }

    /// The command of an instance is over; maybe one of a reload that was given up before.
    pub(super) fn reloaded(&mut self, i: usize, now: Now, verdict: &Verdict, out: &mut Out) {
        let Some(instance) = self.instances.get(i) else { return };
        let another = instance.hooking.iter().flat_map(|hooking| &hooking.waiting);
        let follows = another.into_iter().any(|(stage, _)| *stage == Stage::Reload);
        let Some(turn) = self.turn_of(i).filter(|turn| turn.step == Step::Command && !follows) else {
            return;
        };
        match verdict {
            Verdict::Failed(_) => self.fail_reload(i, SelfReloadFault::Command, now, out),
            Verdict::Done => {
                self.told_to_reload(turn.serial, now, out);
                self.confirm_reload(i, now, out); // maybe it has said so before its command was over
            }
            // It is being stopped: it reads what it needs when it starts again.
            Verdict::Interrupted => self.end_reload_turn(turn, now, out),
        }
    }

    /// An instance needs no more of its turn.
    pub(super) fn end_reload_turn(&mut self, turn: Turn, now: Now, out: &mut Out) {
        turn.step.due().map(|due| self.due.remove(&(due, turn.serial, Due::Reload)));
        if let Some(reloading) = &mut self.reloading {
            reloading.turns.retain(|other| other.serial != turn.serial);
            let id = InstanceId { process: self.id, serial: turn.serial };
            out.tell(now.at, Fact::Instance(id, InstanceFact::ReloadTurnOver));
            self.reload_more(now, out);
        }
    }

    /// An instance has not reloaded itself, and no other is told to.
    pub(super) fn fail_reload(&mut self, i: usize, fault: SelfReloadFault, now: Now, out: &mut Out) {
        if let Some(number) = self.instances.get(i).map(|instance| instance.number) {
            self.end_reload(now, SelfReloadEnd::FailedAt { number, fault }, out);
        }
    }

    /// It is over, or goes no further: then nobody waits for its answer.
    pub(super) fn end_reload(&mut self, now: Now, end: SelfReloadEnd, out: &mut Out) {
        let Some(reloading) = self.reloading.take() else { return };
        for turn in reloading.turns {
            turn.step.due().map(|due| self.due.remove(&(due, turn.serial, Due::Reload)));
        }
        self.tell(now.at, ProcessFact::ReloadEnded(end), out);
        let outcome = match end {
            SelfReloadEnd::Complete => RestartOutcome::Up,
            SelfReloadEnd::FailedAt { .. } => RestartOutcome::Failed,
            SelfReloadEnd::Interrupted => return,
        };
        out.act(Effect::Report(Report::Restarted(outcome)));
    }
}
