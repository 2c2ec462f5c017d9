//! The shutdown: a process is told to stop when everything that depends on it rests; all of it within the timeout,
//! and at once when it is asked for a second time.

use super::{Effect, Fleet, KILL_PATIENCE, Member, Out, Outcome, Phase, Standing};
use crate::facts::{Fact, ProcessFact, SystemFact};
use crate::hook::Stage;
use crate::ids::ProcessId;
use crate::lifecycle::Urgency;
use crate::operation::{Cause, Operation};
use crate::process::Command;
use std::time::Duration;

impl Fleet {
    pub(super) fn shut_down(&mut self, operation: Operation, now: Duration, out: &mut Out) {
        match self.phase {
            Phase::New | Phase::Booting | Phase::Running => {
                self.outcome = match operation.cause {
                    Cause::Internal => Outcome::Internal,
                    _ => Outcome::Stopped,
                };
                self.begin_shutdown(operation, now, out);
            }
            // "Already stopping" is not "stopped": the second request kills, and is heard at any moment.
            Phase::Stopping => {
                self.tell(now, SystemFact::ShutdownHurried(operation), out);
                self.force(now, out);
            }
            Phase::Done => {}
        }
    }

    pub(super) fn begin_shutdown(&mut self, operation: Operation, now: Duration, out: &mut Out) {
        self.abandon_restarts(now, out);
        self.abandon_asked(now, out);
        self.phase = Phase::Stopping;
        self.deadline = Some(now.saturating_add(self.shutdown_timeout));
        self.shutdown = Some(operation.clone());
        let (processes, timeout) = (self.members.len(), self.shutdown_timeout);
        self.tell(now, SystemFact::ShutdownBegan { operation, processes, timeout }, out);
        let ids: Vec<ProcessId> = self.members.keys().copied().collect();
        for p in ids {
            if self.boot.is_none() {
                self.set(p, Standing::Stopped, now, out); // nothing was made that could be told
            }
            if self.boot.is_some() && self.standing(p) == Standing::Stopped {
                self.set(p, Standing::Waiting, now, out); // for its turn
            }
            let begun = self.members.get_mut(&p).is_some_and(|member| member.start.take().is_some());
            if begun && self.standing(p) == Standing::Waiting {
                out.tell(now, Fact::Process(p, ProcessFact::StartInterrupted)); // it will never run
            }
        }
        self.awaited.clear();
        self.unready_until.clear();
        self.live = self.members.values().filter(|m| m.is_to_be_stopped()).count();
        if self.in_hooks() {
            self.stop_hooks(Urgency::Graceful, now, out); // it goes down when they are over
        } else {
            self.go_down(now, out);
        }
    }

    /// The hooks before the stop have their turn. When nothing was started there is nothing that they come before.
    pub(super) fn go_down(&mut self, now: Duration, out: &mut Out) {
        if self.launched && self.forced {
            self.skip_hooks(Stage::PreStop, now, out);
        } else if self.launched && self.run_hooks(Stage::PreStop, now, out) {
            return;
        }
        self.stop_processes(now, out);
    }

    pub(super) fn stop_processes(&mut self, now: Duration, out: &mut Out) {
        let ids: Vec<ProcessId> = self.members.keys().copied().collect();
        for p in ids {
            self.stop_if_free(p, now, out);
        }
        self.finish_if_empty(now, out);
    }

    fn stop(&mut self, p: ProcessId, urgency: Urgency, now: Duration, out: &mut Out) {
        self.set(p, Standing::Stopping, now, out);
        self.unanswered.insert(p);
        if let Some(operation) = self.shutdown.clone() {
            out.act(Effect::Command(p, operation, Command::Stop(urgency)));
        }
    }

    /// Tells a process to stop if it is its turn, also one that nobody has started: its own clock may have. One that has
    /// ended, or never began, needs no telling; but what it depends on waits for its dependents all the same: the order holds along the
    /// whole graph.
    fn stop_if_free(&mut self, p: ProcessId, now: Duration, out: &mut Out) {
        let mut work = vec![p];
        while let Some(p) = work.pop() {
            if !self.dependents_rest(p) {
                continue;
            }
            match self.standing(p) {
                Standing::Ended(_) if self.has_left(p) => self.stop(p, Urgency::Graceful, now, out),
                Standing::Ended(_) | Standing::Waiting => {
                    self.set(p, Standing::Stopped, now, out);
                    work.extend(self.needs(p).iter().map(|e| e.on));
                }
                Standing::Dormant
                | Standing::Launched(_)
                | Standing::Unready
                | Standing::Up
                | Standing::Broken => self.stop(p, Urgency::Graceful, now, out),
                Standing::Stopping | Standing::Stopped => {}
            }
        }
    }

    fn has_left(&self, p: ProcessId) -> bool {
        self.members.get(&p).is_some_and(Member::has_left)
    }

    fn dependents_rest(&self, p: ProcessId) -> bool {
        self.dependents(p).iter().all(|d| self.standing(*d) == Standing::Stopped)
    }

    pub(super) fn stopped(&mut self, p: ProcessId, now: Duration, out: &mut Out) {
        self.unanswered.remove(&p);
        if self.standing(p) != Standing::Stopping {
            return;
        }
        // One that was stopped before its turn takes it all the same: the order holds along the whole graph.
        let early = self.phase == Phase::Stopping && !self.dependents_rest(p);
        self.set(p, if early { Standing::Waiting } else { Standing::Stopped }, now, out);
        if self.phase != Phase::Stopping {
            self.start_again(p, now, out);
            return self.fail_who_waits(p, now, out);
        }
        // Only those that `p` depends on can have become free: a look at all would cost n^2 over a shutdown.
        let below: Vec<ProcessId> = self.needs(p).iter().map(|e| e.on).collect();
        for d in below {
            self.stop_if_free(d, now, out);
        }
        self.live = self.live.saturating_sub(1);
        self.finish_if_empty(now, out);
    }

    fn finish_if_empty(&mut self, now: Duration, out: &mut Out) {
        if self.phase != Phase::Stopping || self.live > 0 || self.in_hooks() {
            return;
        }
        let first = !std::mem::replace(&mut self.wound_up, true);
        if first && self.boot.is_some() && self.forced {
            self.skip_hooks(Stage::PostStop, now, out);
        } else if first && self.boot.is_some() && self.run_hooks(Stage::PostStop, now, out) {
            return;
        }
        self.finish(now, out);
    }

    fn force(&mut self, now: Duration, out: &mut Out) {
        if self.forced {
            return;
        }
        self.forced = true;
        self.deadline = Some(now.saturating_add(KILL_PATIENCE));
        let ids: Vec<ProcessId> = self.members.keys().copied().collect();
        for p in ids {
            match self.standing(p) {
                Standing::Stopped => {}
                Standing::Ended(_) if self.has_left(p) => self.stop(p, Urgency::Now, now, out),
                Standing::Ended(_) | Standing::Waiting => self.set(p, Standing::Stopped, now, out),
                Standing::Dormant
                | Standing::Launched(_)
                | Standing::Unready
                | Standing::Up
                | Standing::Broken
                | Standing::Stopping => self.stop(p, Urgency::Now, now, out),
            }
        }
        self.stop_hooks(Urgency::Now, now, out);
    }

    pub(super) fn shutdown_deadline(&mut self, now: Duration, out: &mut Out) {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        self.outcome = Outcome::DeadlineMissed;
        if self.forced {
            self.finish(now, out); // killed, and still there: nothing more can be done from here
        } else {
            self.force(now, out);
        }
    }

    pub(super) fn finish(&mut self, now: Duration, out: &mut Out) {
        self.abandon_hooks(now, out);
        self.phase = Phase::Done;
        self.deadline = None;
        self.tell(now, SystemFact::Over(self.outcome.clone()), out);
        std::mem::take(&mut self.unanswered).into_iter().for_each(|p| out.act(Effect::Finish(p)));
        out.act(Effect::Done(self.outcome.clone()));
    }
}
