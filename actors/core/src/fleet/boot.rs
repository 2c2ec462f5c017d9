//! The boot: independent processes start at once, the others when what they wait for is there; and what a failure
//! among them means. Called by `Fleet::step`.

use super::{BootFailure, BootFailureCause, Effect, Ending, Event, Fleet, Phase, ShutdownReason, Standing};
use crate::outcome::SpawnFailureKind;
use crate::spec::{Condition, ProcessIndex, ProcessKind};
use std::time::Duration;

impl Fleet {
    pub(super) fn boot(&mut self, now: Duration, out: &mut Vec<Effect>) {
        if self.phase != Phase::New {
            return;
        }
        self.phase = Phase::Booting;
        self.unsettled = self.standing.iter().filter(|s| **s != Standing::Dormant).count();
        let order = self.graph.order.clone();
        for &p in &order {
            if self.standing(p) == Standing::Dormant {
                continue;
            }
            let waits: Vec<(ProcessIndex, Condition)> = self.needs[p.get()]
                .iter()
                .copied()
                .filter(|(d, _)| self.standing(*d) != Standing::Dormant)
                .collect();
            self.set(p, Standing::Waiting(u32::try_from(waits.len()).unwrap_or(u32::MAX)));
            out.push(Effect::Begin(p, waits));
        }
        for &p in &order {
            if self.standing(p) == Standing::Waiting(0) {
                self.launch(p, now, out);
            }
        }
        self.finish_boot(out);
    }

    fn launch(&mut self, p: ProcessIndex, now: Duration, out: &mut Vec<Effect>) {
        self.set(p, Standing::Launched(now));
        if !self.graph.dependents[p.get()].is_empty() {
            self.awaited.push((now.saturating_add(self.dependency_timeout), p));
        }
        out.push(Effect::Start(p));
    }

    pub(super) fn up(&mut self, p: ProcessIndex, now: Duration, out: &mut Vec<Effect>) {
        if !matches!(self.standing(p), Standing::Launched(_)) {
            return;
        }
        self.set(p, Standing::Up);
        if self.phase != Phase::Booting {
            return;
        }
        self.unsettled = self.unsettled.saturating_sub(1);
        self.meet(p, Condition::Started, now, out);
        self.finish_boot(out);
    }

    pub(super) fn start_failed(
        &mut self,
        p: ProcessIndex,
        kind: SpawnFailureKind,
        now: Duration,
        out: &mut Vec<Effect>,
    ) {
        if !matches!(self.standing(p), Standing::Launched(_)) {
            return;
        }
        // Instances that did start are still there: a shutdown has to stop them.
        self.set(p, Standing::Up);
        if self.phase == Phase::Booting {
            self.fail_boot(p, BootFailureCause::Spawn(kind), now, out);
        }
    }

    pub(super) fn ended(&mut self, p: ProcessIndex, ending: Ending, now: Duration, out: &mut Vec<Effect>) {
        // In a shutdown only `Stopped` counts: every order to stop is answered by it, and this end may be older than
        // an order to restart that is still on its way.
        if matches!(self.phase, Phase::Stopping | Phase::Done) {
            return;
        }
        if let Standing::Launched(_) = self.standing(p) {
            self.up(p, now, out); // it was up, if only for a moment
        }
        // An end that was reported before the order to restart arrived: the process is wanted again, and reports
        // its end anew after `Restarted` if that fails.
        if self.standing(p) != Standing::Up || self.is_restarting(p) {
            return;
        }
        self.set(p, Standing::Ended(ending));
        if let Ending::Failed { code } = ending {
            self.failures.push((p, code));
        }
        match (self.phase, ending) {
            (Phase::Booting, Ending::Completed) => {
                self.meet(p, Condition::Completed, now, out);
                self.finish_boot(out);
            }
            (Phase::Booting, Ending::Failed { code }) if self.awaited_to_complete(p) => {
                self.fail_boot(p, BootFailureCause::Failed { code }, now, out);
            }
            _ => {}
        }
        self.check_all_ended(now, out);
    }

    fn awaited_to_complete(&self, p: ProcessIndex) -> bool {
        self.waiting_for(p).any(|(_, condition)| condition == Condition::Completed)
    }

    /// Those that still wait and have `p` among their dependencies, with the condition.
    fn waiting_for(&self, p: ProcessIndex) -> impl Iterator<Item = (ProcessIndex, Condition)> + '_ {
        self.graph.dependents[p.get()]
            .iter()
            .copied()
            .filter(|d| matches!(self.standing(*d), Standing::Waiting(n) if n > 0))
            .filter_map(move |d| {
                self.needs[d.get()].iter().find(|(need, _)| *need == p).map(|(_, condition)| (d, *condition))
            })
    }

    /// `p` has reached `condition`: whoever waited for just that waits for one less.
    fn meet(&mut self, p: ProcessIndex, condition: Condition, now: Duration, out: &mut Vec<Effect>) {
        let met: Vec<ProcessIndex> =
            self.waiting_for(p).filter(|(_, c)| *c == condition).map(|(d, _)| d).collect();
        for dependent in met {
            out.push(Effect::DependencyMet(dependent, p));
            if let Standing::Waiting(count) = self.standing(dependent) {
                self.set(dependent, Standing::Waiting(count - 1));
                if count == 1 {
                    self.launch(dependent, now, out);
                }
            }
        }
        let still_awaited = condition == Condition::Started && self.awaited_to_complete(p);
        if !still_awaited {
            self.awaited.retain(|(_, q)| *q != p);
        }
    }

    fn finish_boot(&mut self, out: &mut Vec<Effect>) {
        if self.phase == Phase::Booting && self.unsettled == 0 {
            self.phase = Phase::Running;
            self.awaited = Vec::new();
            out.push(Effect::BootSucceeded);
            self.next_restart(out);
        }
    }

    pub(super) fn dependency_deadline(&mut self, now: Duration, out: &mut Vec<Effect>) {
        let late = self.awaited.iter().filter(|(until, _)| *until <= now).min().map(|(_, p)| *p);
        if let Some(p) = late {
            self.fail_boot(p, BootFailureCause::TimedOut, now, out);
        }
    }

    fn fail_boot(&mut self, p: ProcessIndex, cause: BootFailureCause, now: Duration, out: &mut Vec<Effect>) {
        // Whoever waited for it to start has been told already that it did, unless it did not.
        let started = !matches!(cause, BootFailureCause::Spawn(_))
            && !matches!(self.standing(p), Standing::Launched(_));
        let unmet = |(d, condition)| (!started || condition == Condition::Completed).then_some(d);
        let blocked: Vec<ProcessIndex> = self.waiting_for(p).filter_map(unmet).collect();
        for dependent in blocked {
            out.push(Effect::DependencyFailed(dependent, p, cause));
        }
        out.push(Effect::BootFailed(BootFailure { process: p, cause }));
        self.outcome = super::Outcome::BootFailed(cause);
        self.begin_shutdown(ShutdownReason::BootFailed, now, out);
    }

    /// When nothing runs, nothing will, and nothing could be started by anybody, the container is over.
    pub(super) fn check_all_ended(&mut self, now: Duration, out: &mut Vec<Effect>) {
        if self.phase == Phase::Running && self.standing.iter().all(|s| matches!(s, Standing::Ended(_))) {
            let last = self.failures.last();
            self.outcome = last.map_or(super::Outcome::AllCompleted, |(_, code)| super::Outcome::Code(*code));
            self.begin_shutdown(ShutdownReason::AllEnded, now, out);
        }
    }

    pub(super) fn lost(&mut self, p: ProcessIndex, now: Duration, out: &mut Vec<Effect>) {
        if matches!(self.phase, Phase::Stopping | Phase::Done) {
            self.outcome = super::Outcome::Internal;
            match self.standing(p) {
                // Nobody waits for it; it takes its turn with the others.
                Standing::Dormant | Standing::Ended(_) | Standing::Waiting(_) | Standing::Stopped => {}
                Standing::Launched(_) | Standing::Up | Standing::Stopping => {
                    self.set(p, Standing::Stopping);
                    self.stopped(p, out);
                }
            }
        } else {
            self.set(p, Standing::Stopped);
            self.step(now, Event::Shutdown(ShutdownReason::Internal), out);
        }
    }

    /// Whether a process takes part in restarts: it is meant to stay, and was started.
    pub(super) fn restartable(&self, p: ProcessIndex) -> bool {
        self.kind(p) == ProcessKind::LongRun && matches!(self.standing(p), Standing::Up | Standing::Ended(_))
    }

    /// Whether a process was left out of the boot (`initial_state: stopped`): a restart by its name starts it.
    pub(super) fn startable(&self, p: ProcessIndex) -> bool {
        self.kind(p) == ProcessKind::LongRun && self.standing(p) == Standing::Dormant
    }
}
