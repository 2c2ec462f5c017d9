//! What a process does when it is told something.

use super::{Command, Effect, Instance, Out, Process, Report, Start};
use crate::ends::{OperationEnd, Refusal, SelfReloadEnd};
use crate::facts::{Fact, InstanceFact, ProcessFact};
use crate::lifecycle::{Event, Now, State, Urgency};
use crate::operation::{Operation, OperationId};
use crate::signal::Handed;
use std::time::Duration;

/// Whether nothing is known yet of its run.
pub(super) fn starts(instance: &Instance) -> bool {
    matches!(instance.machine.state(), State::Starting { .. })
}

impl Process {
    pub(super) fn command(
        &mut self,
        now: Now,
        operation: Operation,
        asked: Duration,
        command: Command,
        out: &mut Out,
    ) {
        match command {
            Command::Start if self.spec.schedule.is_some() => self.start_schedule(now, out),
            Command::Start => self.start_all(now, out),
            Command::Stop(urgency) => self.stop_all(now, operation, asked, urgency, out),
            Command::Reload(by) => self.reload(now, operation, by, out),
            Command::Restart => self.begin_rolling(now, operation, out),
            Command::AbandonRestart => {
                self.rolling = None;
                self.end_reload(now, SelfReloadEnd::Interrupted, out);
                self.abandon_health(now, out); // a stop follows, and what it waits for is part of the restart
                self.tell(now.at, ProcessFact::RestartAbandoned, out);
            }
            Command::Relay(handed) => self.relay_for(now.at, operation.id, handed, out),
            Command::Schedule(command) => self.command_schedule(now, operation.id, command, out),
            Command::Scale { to, run } => self.scale(now, operation, to, run, out),
        }
    }

    fn start_all(&mut self, now: Now, out: &mut Out) {
        (self.failed, self.forced) = (None, false);
        self.start = Some(Start { missing: self.instances.len(), unborn: 0 });
        for i in 0..self.instances.len() {
            if !self.start_follows(i) {
                self.advance(i, now, Event::Start, out);
            }
        }
        // Counted by instance: one that dies and is up again while another is not up yet counts once.
        let (mut missing, mut unborn) = (0, 0);
        for instance in &mut self.instances {
            instance.unborn = instance.machine.live_run().is_none();
            instance.awaited = instance.unborn || instance.health.as_ref().is_some_and(|m| !m.is_ready());
            missing += usize::from(instance.awaited);
            unborn += usize::from(instance.unborn);
        }
        if let Some(start) = &mut self.start {
            (start.missing, start.unborn) = (missing, unborn);
        }
        self.settle(now, out);
    }

    fn stop_all(&mut self, now: Now, operation: Operation, asked: Duration, urgency: Urgency, out: &mut Out) {
        self.rolling = None;
        self.end_reload(now, SelfReloadEnd::Interrupted, out);
        self.close_schedule(now, out);
        self.forced |= urgency == Urgency::Now;
        self.abandon_health(now, out);
        if self.start.take().is_some() {
            self.tell(now.at, ProcessFact::StartInterrupted, out);
        }
        // Nobody waits for runs any more that a stop came before: neither a start nor a change of scale has failed by that.
        self.instances.iter_mut().for_each(|i| (i.awaited, i.unborn) = (false, false));
        let left = self.instances.iter().any(|i| i.machine.has_left());
        if !self.stopping && (left || !self.all_at_rest()) {
            self.tell(asked, ProcessFact::StopBegan(operation), out);
            self.stopping = true;
        }
        for i in 0..self.instances.len() {
            self.end_loop(i, now.at, out);
            match urgency {
                Urgency::Graceful => self.press(i, now, Event::Stop(urgency), out),
                Urgency::Now => {
                    self.kill_hooks(i, now, out);
                    self.advance(i, now, Event::Stop(urgency), out);
                }
            }
        }
        if !self.stopping {
            self.end_reported = true; // nothing ran: there is no end to report beside this
            out.act(Effect::Report(Report::Stopped));
        }
        self.settle(now, out);
    }

    /// Hands a signal on for who waits for the answer: where nothing runs, it is refused.
    fn relay_for(&mut self, at: Duration, by: OperationId, handed: Handed, out: &mut Out) {
        let takes = |i: &Instance| starts(i) || i.machine.live_run().is_some();
        let answer = if self.instances.iter().any(takes) {
            self.relay(at, handed, out);
            Ok(OperationEnd::Done)
        } else {
            Err(Refusal::NotRunning(self.id))
        };
        out.act(Effect::Report(Report::Answered(by, answer)));
    }

    /// Hands a signal on. To a run of which nothing is known yet it is handed when it is up: its program may well
    /// run already, and a signal must not be lost to the time that the news takes.
    pub(super) fn relay(&mut self, at: Duration, handed: Handed, out: &mut Out) {
        for instance in &mut self.instances {
            if starts(instance) {
                instance.relays.push(handed);
                continue;
            }
            match instance.machine.live_run() {
                Some(run) => out.act(Effect::Relay { run: instance.id.run(run), handed }),
                None => out.tell(at, Fact::Instance(instance.id, InstanceFact::RelayFailed(handed.signal))),
            }
        }
    }

    /// Tells all that is still under way, with what is known of it.
    pub(super) fn finish(&mut self, now: Now, out: &mut Out) {
        let at = now.at;
        self.abandon_health(now, out);
        for i in 0..self.instances.len() {
            self.end_loop(i, at, out);
        }
        self.hear_no_more(at, out);
        self.abandon_jobs(at, out);
        self.end_reload(now, SelfReloadEnd::Interrupted, out);
        self.abandon_hooks(at, out);
        self.tell(at, ProcessFact::Abandoned, out);
        self.finished = true;
    }
}
