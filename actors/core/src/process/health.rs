//! The health of instances: asked while their runs are up, in the way of whoever waits for them to be ready, and the
//! reason to restart the one that fails. Whether the process is ready is what its instances are together.

use super::{Due, Effect, Instance, Out, Process, Report};
use crate::ends::SelfReloadFault;
use crate::facts::{Change, Fact, InstanceFact, ProcessFact};
use crate::health::facts::{Answer, HealthFact};
use crate::health::monitor::Monitor;
use crate::health::news::{News, Saying};
use crate::health::words;
use crate::ids::{ProbeId, RunId};
use crate::lifecycle::{self, InstanceState, Now, State};
use std::time::Duration;

/// No program has more time to end by one word than a configuration could give it.
const LONGEST_GRACE: Duration = Duration::from_secs(3600);

impl Instance {
    /// Where it stands, as others are told of it.
    pub(super) fn shown(&self) -> InstanceState {
        let state = self.machine.state();
        match (state, &self.health) {
            (State::Running { .. }, Some(monitor)) if !monitor.is_ready() && monitor.gates() => {
                InstanceState::Unready
            }
            _ => state.shown(),
        }
    }
}

impl Process {
    /// A run is up, with all that follows its start: it is asked for its health, and counts when it is ready.
    pub(super) fn ask_health(&mut self, i: usize, now: Now, run: u64, out: &mut Out) {
        let Some(instance) = self.instances.get_mut(i) else { return };
        let lives = matches!(instance.machine.state(), State::Running { run: own, .. } if own == run);
        let unborn = std::mem::take(&mut instance.unborn);
        if lives {
            self.with_health(i, now, out, |monitor, out| monitor.begin(now, run, out));
        }
        if !self.spec.has_readiness() {
            return self.came_up(i, now, run, out);
        }
        if let Some(start) = self.start.as_mut().filter(|_| unborn) {
            start.unborn = start.unborn.saturating_sub(1);
            if start.unborn == 0 && start.missing > 0 {
                out.act(Effect::Report(Report::Unready));
            }
        }
    }

    /// Nothing is asked of a run that is over, or is to be.
    pub(super) fn watch_health(&mut self, i: usize, now: Now, out: &mut Out) {
        let Some(instance) = self.instances.get(i) else { return };
        let Some(run) = instance.health.as_ref().and_then(|monitor| monitor.run()) else { return };
        if !matches!(instance.machine.state(), State::Running { run: own, .. } if own == run) {
            self.with_health(i, now, out, |monitor, out| monitor.end(now, out));
        }
    }

    /// The answer to a probe.
    pub(super) fn answered(&mut self, now: Now, probe: ProbeId, answer: Answer, out: &mut Out) {
        self.observe_probe(now, probe, words::Event::Answered(answer), out);
    }

    pub(super) fn observe_probe(&mut self, now: Now, probe: ProbeId, event: words::Event, out: &mut Out) {
        let Some(i) = self.place(probe.of.serial) else { return };
        self.with_health(i, now, out, |monitor, out| monitor.observe(now, probe, event, out));
        self.settle(now, out);
    }

    pub(super) fn hear_news(&mut self, now: Now, run: RunId, news: News, out: &mut Out) {
        let Some(i) = self.place(run.instance.serial) else { return };
        if let News::Extend(time) = news {
            self.extend_stop(i, now, run.run, time.min(LONGEST_GRACE), out);
        }
        self.with_health(i, now, out, |monitor, out| monitor.hear(now, run.run, news, out));
        self.settle(now, out);
    }

    /// A run that is asked to go says that it needs more time. A stop without time, and the end of the whole shutdown's, wait
    /// for nobody.
    fn extend_stop(&mut self, i: usize, now: Now, run: u64, by: Duration, out: &mut Out) {
        let due = |process: &Self| process.instances.get(i).and_then(|instance| instance.machine.deadline());
        let before = due(self);
        self.advance(i, now, lifecycle::Event::Extend { run, by }, out);
        if let Some(id) = self.instances.get(i).map(|instance| instance.id).filter(|_| before != due(self)) {
            out.tell(now.at, Fact::Health(id, HealthFact::Said { run, saying: Saying::EndsLater(by) }));
        }
    }

    pub(super) fn tick_health(&mut self, i: usize, now: Now, out: &mut Out) {
        self.with_health(i, now, out, |monitor, out| monitor.tick(now, out));
    }

    /// Lets something happen to the health of an instance, and goes on with what follows from it.
    pub(super) fn with_health(
        &mut self,
        i: usize,
        now: Now,
        out: &mut Out,
        act: impl FnOnce(&mut Monitor, &mut Out),
    ) {
        let Some(instance) = self.instances.get_mut(i) else { return };
        let Some(monitor) = instance.health.as_deref_mut() else { return };
        let of = |monitor: &Monitor| (monitor.is_ready(), monitor.tasks().next().is_some());
        let ((was_ready, was_busy), due) = (of(monitor), monitor.deadline());
        act(monitor, out);
        let ((is_ready, is_busy), next) = (of(monitor), monitor.deadline());
        let (fell, run, serial) = (monitor.take_fall(), monitor.run(), instance.id.serial);
        if due != next {
            due.map(|due| self.due.remove(&(due, serial, Due::Health)));
            next.map(|due| self.due.insert((due, serial, Due::Health)));
        }
        match (was_busy, is_busy) {
            (false, true) => self.probing += 1,
            (true, false) => self.probing = self.probing.saturating_sub(1),
            (true, true) | (false, false) => {}
        }
        if self.spec.has_readiness() && was_ready != is_ready {
            self.show_readiness(i, now, is_ready, out);
            self.readiness_changed(i, now, is_ready, run, out);
        }
        self.confirm_reload(i, now, out);
        if let Some(run) = run.filter(|_| fell) {
            if self.turn_of(i).is_some() {
                self.fail_reload(i, SelfReloadFault::Unhealthy, now, out);
            }
            self.press(i, now, lifecycle::Event::Unhealthy { run }, out);
        }
    }

    /// What is shown of an instance that runs says whether it is ready.
    fn show_readiness(&self, i: usize, now: Now, ready: bool, out: &mut Out) {
        let state = self.instances.get(i).map(|instance| instance.machine.state());
        let Some(State::Running { .. }) = state else { return };
        let (from, to) = match ready {
            true => (InstanceState::Unready, InstanceState::Running),
            false => (InstanceState::Running, InstanceState::Unready),
        };
        let change = Change { from, to };
        self.tell_of(i, now.at, InstanceFact::Changes(change), out);
        self.tell_change(i, now.at, change, out);
    }

    /// One that goes counts no more.
    fn readiness_changed(&mut self, i: usize, now: Now, ready: bool, run: Option<u64>, out: &mut Out) {
        let counts = self.instances.get(i).is_some_and(|instance| !instance.leaves);
        if !ready {
            if counts {
                self.unready += 1;
                self.report_unready(now, out);
            }
            return;
        }
        self.unready = self.unready.saturating_sub(usize::from(counts));
        if let Some(run) = run {
            self.came_up(i, now, run, out);
        }
        self.report_ready(now, out);
    }

    /// How the count of those that are not ready changes with one that goes or stays after all.
    pub(super) fn counts_as_unready(&self, i: usize) -> bool {
        let unready = |monitor: &Monitor| !monitor.is_ready();
        let of = |instance: &Instance| instance.health.as_deref().is_none_or(unready);
        self.spec.has_readiness() && self.instances.get(i).is_some_and(of)
    }

    /// Whoever was told that it is not ready hears that it is again, when every instance is that stays.
    pub(super) fn report_ready(&mut self, now: Now, out: &mut Out) {
        let settled = self.start.is_none() && !self.stopping && self.spec.has_readiness();
        let stays = self.instances.iter().any(|instance| !instance.leaves);
        if self.unready == 0 && !self.told_ready && settled && stays {
            self.told_ready = true;
            self.tell(now.at, ProcessFact::Ready, out);
            out.act(Effect::Report(Report::Ready));
        }
    }

    /// Whoever was told that it is ready hears that it is not any more.
    pub(super) fn report_unready(&mut self, now: Now, out: &mut Out) {
        if std::mem::take(&mut self.told_ready) && !self.stopping {
            self.tell(now.at, ProcessFact::Unready, out);
            out.act(Effect::Report(Report::Unready));
        }
    }

    /// The start is over: every instance was ready once, and maybe not all are now.
    pub(super) fn started_ready(&mut self, now: Now, out: &mut Out) {
        if self.spec.has_readiness() {
            self.told_ready = true;
            if self.unready > 0 {
                self.report_unready(now, out);
            }
        }
    }

    /// Nobody will hear of answers any more.
    pub(super) fn abandon_health(&mut self, now: Now, out: &mut Out) {
        self.told_ready = false;
        for i in 0..self.instances.len() {
            self.with_health(i, now, out, |monitor, out| monitor.end(now, out));
        }
    }

    /// Whether all that the start still waits for is that instances are ready, whose programs have all run.
    pub(super) fn waits_for_readiness(&self) -> bool {
        self.spec.has_readiness() && self.start.is_some_and(|start| start.unborn == 0)
    }
}
