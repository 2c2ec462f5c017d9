//! The boot: independent processes start at once, the others when what they wait for is there; and what a failure
//! among them means.

use super::{BootFailure, BootFailureCause, Effect, Ending, Fleet, Out, Outcome, Phase, Standing};
use crate::facts::{Fact, ProcessFact, SystemFact};
use crate::hook::Stage;
use crate::ids::ProcessId;
use crate::operation::{Cause, Operation};
use crate::outcome::SpawnFailure;
use crate::process::Command;
use crate::spec::ProcessKind;
use std::time::Duration;

impl Fleet {
    pub(super) fn boot(&mut self, operation: Operation, now: Duration, out: &mut Out) {
        if self.phase != Phase::New {
            return;
        }
        self.phase = Phase::Booting;
        self.boot = Some(operation.clone());
        for (p, member) in &self.members {
            out.act(Effect::Create(*p, member.spec.clone()));
        }
        let processes = self.members.len();
        self.tell(now, SystemFact::BootBegan { operation, processes }, out);
        if !self.run_hooks(Stage::PreStart, now, out) {
            self.launch_all(now, out);
        }
    }

    /// Begins the start of every process that shall run.
    pub(super) fn launch_all(&mut self, now: Duration, out: &mut Out) {
        let Some(operation) = self.boot.clone() else { return };
        self.launched = true;
        self.unsettled = self.members.values().filter(|m| m.standing != Standing::Dormant).count();
        for p in self.order.clone() {
            let Some(member) = self.members.get(&p).filter(|m| m.standing == Standing::Waiting) else {
                continue;
            };
            let waits = member.needs.iter().filter(|e| e.holds_up()).map(|e| (e.on, e.condition)).collect();
            let fact = ProcessFact::StartBegan { operation: operation.clone(), waits };
            out.tell(now, Fact::Process(p, fact));
        }
        for p in self.order.clone() {
            self.launch_if_free(p, now, out);
        }
        self.finish_boot(now, out);
    }

    /// Starts a process that waits for nothing any more.
    fn launch_if_free(&mut self, p: ProcessId, now: Duration, out: &mut Out) {
        let free =
            |m: &super::Member| m.standing == Standing::Waiting && !m.needs.iter().any(|e| e.holds_up());
        let (Some(member), Some(operation)) =
            (self.members.get_mut(&p).filter(|m| free(m)), self.boot.clone())
        else {
            return;
        };
        if !member.dependents.is_empty() {
            let until = now.saturating_add(self.dependency_timeout);
            member.awaited_until = Some(until);
            self.awaited.insert((until, p));
        }
        self.set(p, Standing::Launched(now), now, out);
        out.act(Effect::Command(p, operation, Command::Start));
    }

    /// Starts whoever had only this process to wait for, and forgets the time that it had when nobody waits for it.
    fn launch_dependents(&mut self, p: ProcessId, now: Duration, out: &mut Out) {
        for dependent in self.dependents(p).to_vec() {
            self.launch_if_free(dependent, now, out);
        }
        if self.waiting_for(p).next().is_none()
            && let Some(until) = self.members.get_mut(&p).and_then(|m| m.awaited_until.take())
        {
            self.awaited.remove(&(until, p));
        }
    }

    pub(super) fn up(&mut self, p: ProcessId, now: Duration, out: &mut Out) {
        if !matches!(self.standing(p), Standing::Launched(_)) {
            return;
        }
        self.set(p, Standing::Up, now, out);
        if self.phase != Phase::Booting {
            return;
        }
        self.unsettled = self.unsettled.saturating_sub(1);
        self.launch_dependents(p, now, out);
        self.finish_boot(now, out);
    }

    pub(super) fn start_failed(&mut self, p: ProcessId, failure: SpawnFailure, now: Duration, out: &mut Out) {
        if !matches!(self.standing(p), Standing::Launched(_)) {
            return;
        }
        self.set(p, Standing::Broken, now, out);
        if self.phase == Phase::Booting {
            self.fail_boot(Some(p), BootFailureCause::Spawn(failure), now, out);
        }
    }

    pub(super) fn ended(&mut self, p: ProcessId, ending: Ending, now: Duration, out: &mut Out) {
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
        self.set(p, Standing::Ended(ending), now, out);
        if let Ending::Failed(failure) = ending {
            self.failures.push((p, failure));
        }
        if self.phase == Phase::Booting {
            match ending {
                Ending::Failed(failure) if self.is_hopeless(p) => {
                    self.fail_boot(Some(p), BootFailureCause::Failed(failure), now, out);
                }
                Ending::Completed | Ending::Failed(_) => {
                    self.launch_dependents(p, now, out);
                    self.finish_boot(now, out);
                }
            }
        }
        self.check_all_ended(now, out);
    }

    /// Whether somebody waits for what will never be.
    fn is_hopeless(&self, p: ProcessId) -> bool {
        let standing = self.standing(p);
        self.waiting_for(p).any(|d| self.needs(d).iter().any(|e| e.on == p && e.is_hopeless(standing)))
    }

    /// Those that still wait for `p`.
    fn waiting_for(&self, p: ProcessId) -> impl Iterator<Item = ProcessId> + '_ {
        let waits = move |d: &ProcessId| {
            self.standing(*d) == Standing::Waiting && self.needs(*d).iter().any(|e| e.on == p && e.holds_up())
        };
        self.dependents(p).iter().copied().filter(waits)
    }

    fn finish_boot(&mut self, now: Duration, out: &mut Out) {
        if self.phase == Phase::Booting && self.launched && self.unsettled == 0 && !self.in_hooks() {
            self.awaited = std::collections::BTreeSet::new();
            if !self.run_hooks(Stage::PostStart, now, out) {
                self.booted(now, out);
            }
        }
    }

    /// The boot is over, with all that follows it.
    pub(super) fn booted(&mut self, now: Duration, out: &mut Out) {
        self.phase = Phase::Running;
        self.tell(now, SystemFact::BootSucceeded, out);
        self.next_restart(now, out);
        self.check_all_ended(now, out);
    }

    pub(super) fn dependency_deadline(&mut self, now: Duration, out: &mut Out) {
        if let Some((_, p)) = self.awaited.first().copied().filter(|(until, _)| *until <= now) {
            self.fail_boot(Some(p), BootFailureCause::TimedOut, now, out);
        }
    }

    /// The boot has failed by this process, or by a hook of the system.
    pub(super) fn fail_boot(
        &mut self,
        process: Option<ProcessId>,
        cause: BootFailureCause,
        now: Duration,
        out: &mut Out,
    ) {
        if let Some(p) = process {
            let blocked: Vec<ProcessId> = self.waiting_for(p).collect();
            for dependent in blocked {
                self.set(dependent, Standing::Dormant, now, out);
                out.tell(now, Fact::Process(dependent, ProcessFact::EdgeFailed(p, cause.clone())));
            }
        }
        let failure = BootFailure { process, cause };
        self.tell(now, SystemFact::BootFailed(failure.clone()), out);
        self.outcome = Outcome::BootFailed(failure);
        let operation = self.begin(Cause::BootFailed);
        self.begin_shutdown(operation, now, out);
    }

    /// When nothing runs, nothing will, and nothing could be started by anybody, the container is over.
    pub(super) fn check_all_ended(&mut self, now: Duration, out: &mut Out) {
        let ended = |m: &super::Member| matches!(m.standing, Standing::Ended(_));
        if self.phase == Phase::Running && self.members.values().all(ended) {
            let last = self.failures.last();
            self.outcome = last.map_or(Outcome::AllCompleted, |(_, failure)| Outcome::Failed(*failure));
            let operation = self.begin(Cause::AllEnded);
            self.begin_shutdown(operation, now, out);
        }
    }

    pub(super) fn lost(&mut self, p: ProcessId, now: Duration, out: &mut Out) {
        out.tell(now, Fact::Process(p, ProcessFact::Lost));
        if matches!(self.phase, Phase::Stopping | Phase::Done) {
            self.outcome = Outcome::Internal;
            match self.standing(p) {
                // Nobody waits for it; it takes its turn with the others.
                Standing::Dormant | Standing::Ended(_) | Standing::Waiting | Standing::Stopped => {}
                Standing::Launched(_) | Standing::Up | Standing::Broken | Standing::Stopping => {
                    self.set(p, Standing::Stopping, now, out);
                    self.stopped(p, now, out);
                }
            }
        } else {
            self.set(p, Standing::Stopped, now, out);
            let operation = self.begin(Cause::Internal);
            self.shut_down(operation, now, out);
        }
    }

    /// Whether a process takes part in restarts: it is meant to stay, and was started.
    pub(super) fn restartable(&self, p: ProcessId) -> bool {
        self.kind(p) == ProcessKind::LongRun && matches!(self.standing(p), Standing::Up | Standing::Ended(_))
    }

    /// Whether a process was left out of the boot (`initial_state: stopped`): a restart by its name starts it.
    pub(super) fn startable(&self, p: ProcessId) -> bool {
        self.kind(p) == ProcessKind::LongRun && self.standing(p) == Standing::Dormant
    }
}
