//! Crash loops, told in few spans: which restarts are told as they happen is decided by `crate::fold`, the last one is
//! told when the loop ends: when it gives up, when a run stays, when a command comes. Called when runs end and start.

use super::{Due, Out, Process};
use crate::facts::{Fact, InstanceFact};
use crate::lifecycle::Trigger;
use crate::operation::Cause;
use crate::outcome::SpawnFailureKind;
use std::time::Duration;

/// How long a run of a folded restart must stay to be told, where no run gives the budget back.
const STAYS: Duration = Duration::from_secs(60);

impl Process {
    /// A new run follows an end that nobody asked for.
    pub(super) fn restarting(&mut self, i: usize, at: Duration, after: Trigger, attempt: u32, out: &mut Out) {
        if attempt == 1 {
            self.end_loop(i, at, out); // a stable run came between
        }
        self.forget_stay(i);
        let restart = self.spec.restart;
        let Some(instance) = self.instances.get_mut(i) else { return };
        let left = instance.machine.budget().left(restart.attempts);
        if let Some(dying) = &mut instance.dying {
            dying.left = left;
        }
        let ended = instance.id.run(instance.machine.run());
        let step = restart.backoff.base(attempt.saturating_sub(1));
        let telling = instance.crash_loop.get_or_insert_default().fold.restart(after, step);
        let operation = self.operations.begin(Cause::Death(ended));
        let fact = InstanceFact::Restarting { operation, after, attempt, left, telling };
        out.tell(at, Fact::Instance(instance.id, fact));
    }

    /// The run of a folded restart is up: it is told when it stays.
    pub(super) fn folded_run_up(&mut self, i: usize, at: Duration) {
        let window = self.spec.restart.stable_after.unwrap_or(STAYS);
        let Some(instance) = self.instances.get_mut(i) else { return };
        let waits = |own: &&mut super::state::CrashLoop| own.fold.last_is_folded() && own.stays.is_none();
        if let Some(own) = instance.crash_loop.as_deref_mut().filter(waits) {
            let due = at.saturating_add(window);
            own.stays = Some(due);
            self.due.insert((due, instance.id.serial, Due::Loop));
        }
    }

    /// A folded run that fails in a way of its own is told.
    pub(super) fn unfold_fresh_failure(
        &mut self,
        i: usize,
        at: Duration,
        kind: SpawnFailureKind,
        out: &mut Out,
    ) {
        let own = self.instances.get(i).and_then(|x| x.crash_loop.as_ref());
        if own.is_some_and(|own| own.fold.last_is_folded() && own.fold.is_fresh(Trigger::Spawn(kind))) {
            self.unfold(i, at, out);
        }
    }

    /// The loop is over: its last restart is told, if it was folded.
    pub(super) fn end_loop(&mut self, i: usize, at: Duration, out: &mut Out) {
        self.unfold(i, at, out);
        if let Some(instance) = self.instances.get_mut(i) {
            instance.crash_loop = None;
        }
    }

    /// The last restart of the loop is told after all, if it was folded.
    pub(super) fn unfold(&mut self, i: usize, at: Duration, out: &mut Out) {
        self.forget_stay(i);
        let Some(instance) = self.instances.get_mut(i) else { return };
        if let Some(tally) = instance.crash_loop.as_mut().and_then(|own| own.fold.unfold()) {
            out.tell(at, Fact::Instance(instance.id, InstanceFact::Unfolded(tally)));
        }
    }

    fn forget_stay(&mut self, i: usize) {
        let Some(instance) = self.instances.get_mut(i) else { return };
        if let Some(due) = instance.crash_loop.as_mut().and_then(|own| own.stays.take()) {
            self.due.remove(&(due, instance.id.serial, Due::Loop));
        }
    }
}
