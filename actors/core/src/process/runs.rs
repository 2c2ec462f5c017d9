//! What a process does when something happens to one of its runs, and what its instances ask for.

use super::state::Dying;
use super::{Effect, Out, Pressing, Process, Report};
use crate::ends::{Ending, RestartOutcome};
use crate::facts::{Fact, InstanceFact, ProcessFact};
use crate::foreground;
use crate::ids::{RunId, TaskId};
use crate::lifecycle::{self, Event, Failure, First, Leader, Now, Reach, Rest, SignalStep, State};
use crate::outcome::SpawnFailure;
use crate::program::{Label, Launch, TaskEvent};
use crate::signal::Signal;
use crate::spec::{Exhausted, ProcessKind};
use std::time::Duration;

impl Process {
    pub(super) fn observe(&mut self, now: Now, run: RunId, event: TaskEvent, out: &mut Out) {
        let Some(i) = self.place(run.instance.serial) else { return };
        let Some(instance) = self.instances.get_mut(i) else { return };
        if instance.machine.run() != run.run {
            return; // of a run that is long over
        }
        match event {
            TaskEvent::Spawned { pid } => {
                instance.pid.get_or_insert(pid); // told once; a second time would not be of this run
                self.advance(i, now, Event::Spawned { run: run.run }, out);
            }
            TaskEvent::SpawnFailed(failure) => self.spawn_failed(i, now, run.run, &failure, out),
            TaskEvent::Exited(autopsy) => {
                self.note_death(i, now.at, run.run, autopsy, out);
                self.advance(i, now, Event::Exited { run: run.run, exit: autopsy.exit }, out);
                self.deliver_pending(i, now, out);
            }
            TaskEvent::Left(members) => {
                // Right for a oneshot, a mistake for what is meant to stay.
                let stays = self.spec.kind != ProcessKind::Oneshot;
                let advice = stays.then(|| foreground::advice(&self.spec.program.command));
                self.tell_of(i, now.at, InstanceFact::Daemonised { members, advice }, out);
                self.advance(i, now, Event::Left { run: run.run }, out);
            }
            TaskEvent::OutOfReach => self.advance(i, now, Event::OutOfReach { run: run.run }, out),
            TaskEvent::GroupEmpty => self.advance(i, now, Event::GroupEmpty { run: run.run }, out),
        }
        self.settle(now, out);
    }

    pub(super) fn spawn_failed(
        &mut self,
        i: usize,
        now: Now,
        run: u64,
        failure: &SpawnFailure,
        out: &mut Out,
    ) {
        let Some(state) = self.instances.get(i).map(|x| x.machine.state()) else { return };
        if !matches!(state, State::Starting { .. } | State::Stopping { leader: Leader::Unborn, .. }) {
            return; // it was up already
        }
        let first = matches!(state, State::Starting { first: First::Yes, .. });
        self.tell_of(i, now.at, InstanceFact::SpawnFailed { run, failure: failure.clone() }, out);
        self.unfold_fresh_failure(i, now.at, failure.kind, out);
        self.advance(i, now, Event::SpawnFailed { run, kind: failure.kind }, out);
        if self.rolls(i) {
            self.rolling = None;
            out.act(Effect::Report(Report::Restarted(RestartOutcome::Failed)));
        }
        if first && self.start.take().is_some() {
            self.instances.iter_mut().for_each(|instance| instance.awaited = false);
            self.tell(now.at, ProcessFact::StartFailed(failure.clone()), out);
            out.act(Effect::Report(Report::StartFailed(failure.clone())));
        }
    }

    /// Performs what an instance asks for.
    pub(super) fn follow(&mut self, i: usize, now: Now, effect: lifecycle::Effect, out: &mut Out) {
        match effect {
            lifecycle::Effect::Spawn { run } => {
                self.end_reported = false;
                if !self.hooks_before_run(i, run) {
                    self.order(i, now.at, run, out);
                }
            }
            lifecycle::Effect::Signal { run, signal, step, reach } => {
                self.signal(i, run, (signal, step, reach), out);
            }
            lifecycle::Effect::Cancel { run } => {
                if !self.hooks_cancelled(i, now, run, out) {
                    self.to_run(i, run, Effect::Cancel, out);
                }
            }
            lifecycle::Effect::Leave { run } => self.to_run(i, run, Effect::Leave, out),
            lifecycle::Effect::RunStarted { run } => self.run_started(i, now, run, out),
            lifecycle::Effect::RunEnded { run, .. } => {
                self.run_ended(i, now.at, out);
                self.hooks_after_run(i, now, run, out);
            }
            lifecycle::Effect::Restarting { after, attempt } => {
                self.restarting(i, now.at, after, attempt, out)
            }
            lifecycle::Effect::BackoffBegan { delay } => {
                self.tell_of(i, now.at, InstanceFact::BackoffBegan { delay }, out);
            }
            lifecycle::Effect::Exhausted(failure) => self.exhausted(failure, out),
            lifecycle::Effect::Rested(rest) => self.rested(i, now.at, rest, out),
        }
    }

    /// Starts a run, now that nothing comes before it any more.
    pub(super) fn order(&mut self, i: usize, at: Duration, run: u64, out: &mut Out) {
        let Some(instance) = self.instances.get_mut(i) else { return };
        instance.pid = None;
        out.tell(at, Fact::Instance(instance.id, InstanceFact::Ordered { run }));
        let label = Label { number: Some(instance.number), incarnation: Some(run) };
        let (task, program) =
            (TaskId::Run(instance.id.run(run)), self.spec.program.of_instance(instance.number));
        out.act(Effect::Launch(Launch { task, label, program }));
    }

    fn to_run(&self, i: usize, run: u64, effect: impl FnOnce(RunId) -> Effect, out: &mut Out) {
        if let Some(instance) = self.instances.get(i) {
            out.act(effect(instance.id.run(run)));
        }
    }

    fn signal(&self, i: usize, run: u64, what: (Signal, SignalStep, Reach), out: &mut Out) {
        let Some(instance) = self.instances.get(i) else { return };
        let draining = matches!(instance.machine.state(), State::Draining { .. });
        let folded = draining && instance.crash_loop.as_ref().is_some_and(|own| own.is_long());
        let (run, (signal, step, reach)) = (instance.id.run(run), what);
        out.act(Effect::Signal(Pressing { run, signal, step, reach, folded }));
    }

    pub(super) fn signalled(at: Duration, pressing: Pressing, delivered: bool, out: &mut Out) {
        let Pressing { run, signal, step, folded, .. } = pressing;
        let fact = InstanceFact::Signalled { signal, step, delivered, folded };
        out.tell(at, Fact::Instance(run.instance, fact));
    }

    /// The budget of an instance is spent.
    fn exhausted(&self, failure: Failure, out: &mut Out) {
        if self.spec.restart.ends.exhausted == Exhausted::Exit {
            out.act(Effect::Report(Report::Fatal(Ending::Failed(failure))));
        }
    }

    fn run_ended(&mut self, i: usize, at: Duration, out: &mut Out) {
        let Some(instance) = self.instances.get_mut(i) else { return };
        let Some(death) = instance.death.take() else { return };
        out.tell(at, Fact::Instance(instance.id, InstanceFact::Ended(*death)));
        let (serial, exit) = (instance.id.serial, death.autopsy.exit);
        instance.dying = Dying::of(*death, at).map(Box::new);
        self.try_ended(serial, exit);
    }

    fn rested(&mut self, i: usize, at: Duration, rest: Rest, out: &mut Out) {
        let looped = self.instances.get(i).and_then(|x| x.crash_loop.as_ref()).map_or(0, |own| own.count());
        self.end_loop(i, at, out);
        let Some(instance) = self.instances.get_mut(i) else { return };
        instance.relays.clear();
        let (serial, left) = (instance.id.serial, instance.machine.has_left());
        let restarts = instance.machine.budget().restarts();
        if let Rest::Failed(failure) = rest {
            self.failed = Some(failure);
            if let Some(dying) = &mut instance.dying {
                dying.left = matches!(failure, lifecycle::Failure::GaveUp(_)).then_some(0);
            }
        }
        out.tell(at, Fact::Instance(instance.id, InstanceFact::Rested { rest, restarts, looped }));
        self.try_rested(serial, rest);
        if left {
            out.act(Effect::Report(Report::Left));
        }
    }

    pub(super) fn report_end(&mut self, at: Duration, out: &mut Out) {
        let ending = self.failed.map_or(Ending::Completed, Ending::Failed);
        if self.rolling.take().is_some() {
            out.act(Effect::Report(Report::Restarted(RestartOutcome::Failed)));
        }
        self.tell(at, ProcessFact::Ended(ending), out);
        out.act(Effect::Report(Report::Ended(ending)));
        if self.spec.essential {
            out.act(Effect::Report(Report::Fatal(ending)));
        }
    }
}
