//! The laws of what the fleet tells: operations, the boot and the shutdown, each compared with the truth that only the
//! world knows.

use super::plan::{index, shares};
use super::process::Process;
use super::{Asked, Subject, World};
use phpeek_core::facts::{Fact, Output, ProcessFact, SystemFact, Told};
use phpeek_core::fleet::{Effect, Event, RestartScope};
use phpeek_core::ids::ProcessId;
use phpeek_core::name::ProcessName;
use phpeek_core::operation::{Cause, OperationId};
use phpeek_core::process::Command;

/// Whether it tells that nothing was done.
pub(super) fn is_refusal(asked: &Asked) -> bool {
    matches!(asked, Output::Tell(Told { fact: Fact::System(SystemFact::Refused(..)), .. }))
}

impl<S: Subject> World<'_, S> {
    /// What is commanded is part of an operation that has begun and is not over.
    pub(super) fn operation_is_known(&mut self, id: OperationId) {
        if !self.system.operations.contains(&id) {
            self.broken("operations", format!("a command is part of {id:?}, which is not under way"));
        }
    }

    pub(super) fn told_of_system(&mut self, fact: SystemFact) {
        match fact {
            SystemFact::BootBegan { operation, .. } => {
                if operation.cause != Cause::Boot || !self.system.operations.insert(operation.id) {
                    self.broken("operations", format!("{operation:?} booted the system"));
                }
            }
            SystemFact::RestartBegan { operation, scope } => {
                if operation.cause != Cause::Request || !self.system.operations.insert(operation.id) {
                    self.broken("operations", format!("{operation:?} began a restart"));
                }
                if let Some(named) = self.system.named.get(&operation.id)
                    && scope != RestartScope::These(named.iter().copied().collect())
                {
                    self.broken(
                        "rolling_restart",
                        format!("{named:?} are to be restarted, and not {scope:?}"),
                    );
                }
                if self.system.rolling.replace((scope, Vec::new())).is_some() {
                    self.broken("rolling_restart", "a rolling restart began within another".to_owned());
                }
            }
            SystemFact::RestartEnded { scope, .. } => {
                if self.system.rolling.take().is_none_or(|(began, _)| began != scope) {
                    self.broken("rolling_restart", "a rolling restart ended that had not begun".to_owned());
                }
            }
            SystemFact::ShutdownBegan { operation, .. } => {
                self.system.operations.insert(operation.id);
                self.shutdown_began(operation.cause);
            }
            SystemFact::BootFailed(failure) => {
                if self.system.shutdown_at.is_some() {
                    self.broken("boot_failure", "a boot failed after the shutdown began".to_owned());
                }
                self.system.boot_failure = Some(failure);
            }
            SystemFact::Over(outcome) => {
                if self.system.over.replace(outcome).is_some() {
                    self.broken("done_once", "it was over twice".to_owned());
                }
            }
            SystemFact::Relayed(operation, ..) => {
                self.system.operations.insert(operation.id);
            }
            SystemFact::Answered(id, _) => self.answered(id),
            SystemFact::Refused(operation, _) => self.answered(operation.id),
            SystemFact::ReloadBegan { .. }
            | SystemFact::ReloadFailed(_)
            | SystemFact::ReloadEnded(..)
            | SystemFact::ReloadReplaced(_)
            | SystemFact::ReloadRefused(..) => {
                self.broken("reload", "a reload is told of, and nobody has asked for it".to_owned());
            }
            SystemFact::BootSucceeded { .. }
            | SystemFact::RestartJoined { .. }
            | SystemFact::ShutdownHurried(_) => {}
        }
    }

    /// What was asked for is over, or was refused: once.
    fn answered(&mut self, id: OperationId) {
        if !self.system.unsettled.remove(&id) {
            self.broken("answered", format!("{id:?} was answered out of turn"));
        }
    }

    /// Something is asked for that is to be answered.
    pub(super) fn note_request(&mut self, event: &Event) {
        if let Event::RestartAll(operation)
        | Event::RestartThese(operation, _)
        | Event::Restart(operation, _)
        | Event::Relay(operation, ..) = event
        {
            self.system.unsettled.insert(operation.id);
        }
        if let Event::RestartThese(operation, names) = event {
            let named = |name: &ProcessName| self.plan.spec.processes.iter().position(|p| p.name == *name);
            let these = names.iter().filter_map(named).map(index).collect();
            self.system.named.insert(operation.id, these);
        }
    }

    /// An edge is met and lost in turns, and what is told of it is so.
    pub(super) fn told_of_process(&mut self, p: ProcessId, fact: ProcessFact) {
        match fact {
            ProcessFact::EdgeMet(on) if !self.system.met.insert((p, on)) => {
                self.broken("edges", format!("what p{} needs of p{} was met twice", p.0, on.0));
            }
            ProcessFact::EdgeLost(on) if self.system.met.contains(&(p, on)) => {
                self.system.met.remove(&(p, on));
                if shares(&self.plan.spec, p, on) && self.runs(p) {
                    self.system.lost.insert(p);
                }
            }
            ProcessFact::EdgeLost(on) => {
                self.broken("edges", format!("what p{} needs of p{} was lost and not met", p.0, on.0));
            }
            ProcessFact::EdgeFailed(on, cause) => self.dependency_failed(p, on, &cause),
            ProcessFact::EdgeGivenUp(on) => self.dependency_given_up(p, on),
            ProcessFact::StartBegan { operation, .. } => self.start_began(p, operation),
            ProcessFact::StartInterrupted if self.system.pending.remove(&p).is_none() => {
                self.broken("operations", format!("the start of p{} was interrupted and had not begun", p.0));
            }
            _ => {}
        }
    }

    /// What names a process is refused when there is none, or when it is too late, and then nothing else is done.
    pub(super) fn check_request(&mut self, event: &Event, answers: &[Asked]) {
        let names = match event {
            Event::Restart(_, name) | Event::Relay(_, name, _) => std::slice::from_ref(name),
            Event::RestartThese(_, names) => names,
            _ => return,
        };
        let known = names.iter().all(|name| self.plan.spec.processes.iter().any(|p| p.name == *name));
        let relayed = |o: &Asked| matches!(o, Output::Do(Effect::Command(_, _, Command::Relay(_))));
        let wrong = if known && self.system.shutdown_at.is_none() {
            let relay = matches!(event, Event::Relay(..));
            answers.iter().any(is_refusal) || answers.iter().any(relayed) != relay
        } else {
            answers.len() != 1 || !answers.iter().all(is_refusal)
        };
        if wrong {
            self.broken("refused", format!("{event:?} was answered by {answers:?}"));
        }
    }

    pub(super) fn shutdown_began(&mut self, reason: Cause) {
        if self.system.shutdown_at.replace(self.now).is_some() {
            self.broken("done_once", "a second shutdown began".to_owned());
        }
        if self.system.rolling.is_some() {
            self.broken(
                "rolling_restart",
                "a rolling restart outlives the beginning of a shutdown".to_owned(),
            );
        }
        if (reason == Cause::BootFailed) != self.system.boot_failure.is_some() {
            self.broken("boot_failure", format!("{reason:?} after {:?}", self.system.boot_failure));
        }
        if reason == Cause::AllEnded {
            if (0..self.processes.len()).map(index).any(|p| self.asleep(p)) {
                self.broken("dormant_keeps_alive", "all ended while something could be started".to_owned());
            }
            // Daemons that were left by right are no run: they are stopped as everything else is.
            let runs = |p: &Process| p.alive() && !p.has_left() || !p.at_rest();
            if let Some(p) = self.processes.iter().position(runs) {
                self.broken("outcome", format!("all ended while p{p} lives"));
            }
        }
        self.system.reason = Some(reason);
    }
}
