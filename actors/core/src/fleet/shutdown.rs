//! The shutdown: a process is told to stop when everything that depends on it rests; all of it within the timeout,
//! and at once when it is asked for a second time. Called by `Fleet::step`.

use super::{Effect, Fleet, KILL_PATIENCE, Outcome, Phase, ShutdownReason, Standing};
use crate::lifecycle::Urgency;
use crate::spec::ProcessIndex;
use std::time::Duration;

impl Fleet {
    pub(super) fn shutdown(&mut self, reason: ShutdownReason, now: Duration, out: &mut Vec<Effect>) {
        match self.phase {
            Phase::New | Phase::Booting | Phase::Running => {
                self.outcome = match reason {
                    ShutdownReason::Internal => Outcome::Internal,
                    _ => Outcome::Stopped,
                };
                self.begin_shutdown(reason, now, out);
            }
            // "Already stopping" is not "stopped": the second request kills, and is heard at any moment.
            Phase::Stopping => self.force(now, out),
            Phase::Done => {}
        }
    }

    pub(super) fn begin_shutdown(&mut self, reason: ShutdownReason, now: Duration, out: &mut Vec<Effect>) {
        self.abandon_restarts(out);
        self.phase = Phase::Stopping;
        self.deadline = Some(now.saturating_add(self.shutdown_timeout));
        out.push(Effect::ShutdownBegan(reason));
        // What waits will never run. It has spans to close, and is told at once.
        for p in self.indices() {
            if let Standing::Waiting(_) = self.standing(p) {
                self.set(p, Standing::Dormant);
                out.push(Effect::Stop(p, Urgency::Graceful));
            }
        }
        let runs = |s: &&Standing| matches!(s, Standing::Launched(_) | Standing::Up | Standing::Stopping);
        self.live = self.standing.iter().filter(runs).count();
        for p in self.indices() {
            self.stop_if_free(p, out);
        }
        self.finish_if_empty(out);
    }

    /// Tells a process to stop if it is its turn. One that has ended, or never ran, needs no telling; but what it
    /// depends on waits for its dependents all the same: the order holds along the whole graph.
    fn stop_if_free(&mut self, p: ProcessIndex, out: &mut Vec<Effect>) {
        let mut work = vec![p];
        while let Some(p) = work.pop() {
            if !self.dependents_rest(p) {
                continue;
            }
            match self.standing(p) {
                Standing::Dormant | Standing::Ended(_) => {
                    self.set(p, Standing::Stopped);
                    work.extend(&self.graph.dependencies[p.get()]);
                }
                Standing::Launched(_) | Standing::Up => {
                    self.set(p, Standing::Stopping);
                    out.push(Effect::Stop(p, Urgency::Graceful));
                }
                Standing::Waiting(_) | Standing::Stopping | Standing::Stopped => {}
            }
        }
    }

    fn dependents_rest(&self, p: ProcessIndex) -> bool {
        self.graph.dependents[p.get()].iter().all(|d| self.standing(*d) == Standing::Stopped)
    }

    pub(super) fn stopped(&mut self, p: ProcessIndex, out: &mut Vec<Effect>) {
        if self.standing(p) != Standing::Stopping {
            return;
        }
        self.set(p, Standing::Stopped);
        if self.phase != Phase::Stopping {
            return;
        }
        // Only those that `p` depends on can have become free: a look at all would cost n^2 over a shutdown.
        for d in self.graph.dependencies[p.get()].clone() {
            self.stop_if_free(d, out);
        }
        self.live = self.live.saturating_sub(1);
        self.finish_if_empty(out);
    }

    fn finish_if_empty(&mut self, out: &mut Vec<Effect>) {
        if self.phase == Phase::Stopping && self.live == 0 {
            self.finish(out);
        }
    }

    fn force(&mut self, now: Duration, out: &mut Vec<Effect>) {
        if self.forced {
            return;
        }
        self.forced = true;
        self.deadline = Some(now.saturating_add(KILL_PATIENCE));
        for p in self.indices() {
            match self.standing(p) {
                Standing::Stopped => {}
                Standing::Dormant | Standing::Ended(_) | Standing::Waiting(_) => {
                    self.set(p, Standing::Stopped)
                }
                Standing::Launched(_) | Standing::Up | Standing::Stopping => {
                    self.set(p, Standing::Stopping);
                    out.push(Effect::Stop(p, Urgency::Now));
                }
            }
        }
    }

    pub(super) fn shutdown_deadline(&mut self, now: Duration, out: &mut Vec<Effect>) {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        self.outcome = Outcome::DeadlineMissed;
        if self.forced {
            self.finish(out); // killed, and still there: nothing more can be done from here
        } else {
            self.force(now, out);
        }
    }

    fn finish(&mut self, out: &mut Vec<Effect>) {
        self.phase = Phase::Done;
        self.deadline = None;
        out.push(Effect::Done(self.outcome));
    }
}
