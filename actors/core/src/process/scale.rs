//! More or fewer instances while the process runs: those that come are started like any, those that go are asked to stop
//! like any, the highest number first, and are no more once they rest. No other instance is touched.

use super::{Command, Due, Effect, Out, Process, Report};
use crate::ends::RestartOutcome;
use crate::facts::{InstanceFact, ProcessFact};
use crate::lifecycle::{Event, Now, Urgency};
use crate::operation::Operation;
use std::time::Duration;

impl Process {
    /// Lets there be `to` instances. With `run`, those that come are started.
    pub(super) fn scale(&mut self, now: Now, operation: Operation, to: u32, run: bool, out: &mut Out) {
        debug_assert!(!run || to > 0, "what runs is stopped first: {:?}", Command::Scale { to, run });
        let from = self.instances.iter().filter(|instance| !instance.leaves).count();
        let from = u32::try_from(from).unwrap_or(u32::MAX);
        self.scaling.push(operation.id);
        self.tell(now.at, ProcessFact::ScaleBegan { operation, from, to }, out);
        for number in 0..to {
            match self.instances.iter().position(|instance| instance.number == number) {
                None => self.come(number, now, run, out),
                Some(i) => self.come_back(i, now, run, out),
            }
        }
        for i in (0..self.instances.len()).rev() {
            self.go(i, now, to, out);
        }
        self.report_ready(now, out); // the one that was not may have been among those that go
        self.settle(now, out);
    }

    fn come(&mut self, number: u32, now: Now, run: bool, out: &mut Out) {
        let i = self.instances.len();
        self.add_instance(number, now.at, out);
        if run {
            self.await_run(i);
            self.end_reported = false;
            self.advance(i, now, Event::Start, out);
        }
    }

    /// One that was about to go stays: a new run follows its stop.
    fn come_back(&mut self, i: usize, now: Now, run: bool, out: &mut Out) {
        let Some(instance) = self.instances.get_mut(i) else { return };
        if !std::mem::take(&mut instance.leaves) {
            return;
        }
        if self.counts_as_unready(i) {
            self.unready += 1;
            self.report_unready(now, out);
        }
        if run {
            self.await_run(i);
            self.press(i, now, Event::Restart, out);
        }
    }

    /// The start of the process, or the change of its scale alone, waits for this instance.
    fn await_run(&mut self, i: usize) {
        let Some(instance) = self.instances.get_mut(i) else { return };
        let new = !std::mem::replace(&mut instance.awaited, true);
        let unborn = !std::mem::replace(&mut instance.unborn, true);
        if let Some(start) = &mut self.start {
            start.missing += usize::from(new);
            start.unborn += usize::from(unborn);
        }
    }

    fn go(&mut self, i: usize, now: Now, to: u32, out: &mut Out) {
        let Some(instance) = self.instances.get_mut(i) else { return };
        if instance.number < to || std::mem::replace(&mut instance.leaves, true) {
            return;
        }
        let (awaited, unborn) = (std::mem::take(&mut instance.awaited), std::mem::take(&mut instance.unborn));
        self.unready = self.unready.saturating_sub(usize::from(self.counts_as_unready(i)));
        if let Some(start) = &mut self.start {
            start.missing = start.missing.saturating_sub(usize::from(awaited));
            start.unborn = start.unborn.saturating_sub(usize::from(unborn));
        }
        self.end_loop(i, now.at, out);
        let Some(serial) = self.instances.get(i).map(|x| x.id.serial) else { return };
        self.press(i, now, Event::Stop(Urgency::Graceful), out);
        self.end_turn(serial, now, out, |_| true);
    }

    /// Takes out who has gone, and looks whether all that were to come have.
    pub(super) fn settle_scale(&mut self, now: Now, out: &mut Out) {
        if self.scaling.is_empty() {
            return;
        }
        for i in (0..self.instances.len()).rev() {
            if self.has_gone(i) {
                self.remove_instance(i, now.at, out);
            }
        }
        let going = self.instances.iter().any(|instance| instance.leaves);
        let coming = self.instances.iter().any(|instance| instance.awaited && !instance.machine.at_rest());
        if going || coming {
            return;
        }
        let failed = self.instances.iter_mut().filter(|instance| instance.machine.at_rest());
        let failed =
            failed.filter_map(|instance| std::mem::take(&mut instance.awaited).then_some(())).count();
        let outcome = if failed > 0 { RestartOutcome::Failed } else { RestartOutcome::Up };
        self.tell(now.at, ProcessFact::ScaleEnded(outcome), out);
        for operation in std::mem::take(&mut self.scaling) {
            out.act(Effect::Report(Report::Scaled(operation, outcome)));
        }
    }

    /// Whether nothing more will be told of one that goes.
    fn has_gone(&self, i: usize) -> bool {
        self.instances.get(i).is_some_and(|instance| {
            let serial = instance.id.serial;
            let probes = instance.health.as_ref().is_some_and(|monitor| monitor.tasks().next().is_some());
            let words = self.unheard.range((serial, 0)..=(serial, u64::MAX)).next().is_some();
            let rests = instance.machine.at_rest() && !instance.machine.has_left();
            instance.leaves && rests && instance.hooking.is_none() && !probes && !words
        })
    }

    pub(super) fn remove_instance(&mut self, i: usize, at: Duration, out: &mut Out) {
        self.tell_of(i, at, InstanceFact::Removed, out);
        let unready = self.counts_as_unready(i);
        let instance = self.instances.remove(i);
        let unready = unready && !instance.leaves; // one that goes was left out of the count before
        let serial = instance.id.serial;
        self.due.retain(|(_, of, _): &(Duration, u32, Due)| *of != serial);
        self.resting = self.resting.saturating_sub(1);
        self.unready = self.unready.saturating_sub(usize::from(unready));
    }
}
