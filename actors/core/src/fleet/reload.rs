//! A reload: from what runs to what shall run, one thing after the other. What is gone is stopped, dependents first; what
//! changes without a stop is changed; what is new is started and what has changed is restarted in the order of the
//! dependencies, each when those before it are up. When one of them fails, the way back to what ran before is gone in
//! the same manner. Refused once everything is being stopped; while anything else is under way it waits, and the last
//! that waits is done.

use super::rolling::Reload;
use super::{Fleet, Member, Out, Phase, ReloadEnd, RestartOutcome, Standing, Wanted};
use crate::facts::{Refusal, SystemFact};
use crate::ids::ProcessId;
use crate::name::ProcessName;
use crate::operation::{Operation, OperationId};
use crate::plan::plan;
use crate::spec::ProcessSpec;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

impl Member {
    /// Whether it is down, or will be, until somebody starts it.
    fn is_halted(&self) -> bool {
        matches!(self.standing, Standing::Stopped | Standing::Stopping) && self.again.is_none()
    }

    /// How many instances of it somebody has asked for, if that is not what is configured.
    fn asked_scale(&self) -> Option<(ProcessName, u32)> {
        (self.scale != self.spec.scale.get()).then(|| (self.spec.name.clone(), self.scale))
    }
}

impl Fleet {
    pub(super) fn ask_reload(
        &mut self,
        operation: Operation,
        wanted: Arc<Wanted>,
        now: Duration,
        out: &mut Out,
    ) {
        if matches!(self.phase, Phase::Stopping | Phase::Done) {
            return self.tell(now, SystemFact::Refused(operation, Refusal::Stopping), out);
        }
        if let Some((earlier, _)) = self.next_reload.replace((operation, wanted)) {
            self.tell(now, SystemFact::ReloadReplaced(earlier.id), out);
        }
    }

    /// Whether a reload is under way.
    #[must_use]
    pub fn reloading(&self) -> bool {
        self.reload.is_some()
    }

    /// Goes on for as long as nothing has to be waited for. Called at the end of each step.
    pub(super) fn go_on_with_reload(&mut self, now: Duration, out: &mut Out) {
        while self.phase == Phase::Running && self.rolling.is_none() {
            let Some(reload) = self.reload.as_mut() else {
                let Some((operation, wanted)) = self.next_reload.take() else { return };
                self.begin_reload(operation, &wanted, now, out);
                continue;
            };
            if let (Some(failed), None) = (&reload.failed, &reload.reason) {
                let failed = failed.clone();
                self.go_back(failed, now, out);
                continue;
            }
            self.stop_removed(now, out);
            if !self.removal_is_over() || !self.starts_are_over() {
                return;
            }
            if self.reload.as_ref().is_some_and(|reload| reload.failed.is_some() && reload.reason.is_none()) {
                continue;
            }
            if !self.take_turns(now, out) {
                self.end_reload(now, out);
            }
        }
    }

    fn begin_reload(&mut self, operation: Operation, wanted: &Wanted, now: Duration, out: &mut Out) {
        let back = Arc::new(self.as_it_is(wanted));
        let plan = Arc::new(plan(&back.processes, &wanted.processes, &wanted.relogged));
        self.tell(now, SystemFact::ReloadBegan { operation: operation.clone(), plan: plan.clone() }, out);
        self.reload = Some(Box::new(Reload {
            operation,
            back,
            reason: None,
            failed: None,
            removing: BTreeSet::new(),
            queue: VecDeque::new(),
            waits: BTreeSet::new(),
            due: BTreeMap::new(),
            ours: BTreeSet::new(),
            halted: self.members.values().filter(|m| m.is_halted()).map(|m| m.spec.name.clone()).collect(),
            scales: self.members.values().filter_map(Member::asked_scale).collect(),
            scaling: None,
            rolls: false,
            may_end: !plan.steps.is_empty(),
        }));
        self.lay_out(&plan, wanted, now, out);
    }

    fn as_it_is(&self, wanted: &Wanted) -> Wanted {
        Wanted {
            shutdown_timeout: self.shutdown_timeout,
            dependency_timeout: self.dependency_timeout,
            processes: self.members.values().map(|member| member.spec.clone()).collect(),
            relogged: wanted.relogged.clone(),
        }
    }

    /// A step has failed: everything is to be as it was.
    fn go_back(&mut self, failed: ProcessName, now: Duration, out: &mut Out) {
        self.tell(now, SystemFact::ReloadFailed(failed.clone()), out);
        let Some(reload) = self.reload.as_mut() else { return };
        (reload.reason, reload.failed, reload.rolls) = (Some(failed), None, false);
        reload.scaling = None;
        reload.queue.clear();
        reload.waits.clear();
        reload.due.clear(); // what is being stopped for its change starts again as it was
        let back = reload.back.clone();
        let plan = plan(&self.as_it_is(&back).processes, &back.processes, &back.relogged);
        self.lay_out(&plan, &back, now, out);
    }

    fn end_reload(&mut self, now: Duration, out: &mut Out) {
        let Some(reload) = self.reload.take() else { return };
        let end = match (reload.reason, reload.failed) {
            (None, _) => ReloadEnd::Complete,
            (Some(reason), None) => ReloadEnd::RolledBack(reason),
            (Some(reason), Some(second)) => ReloadEnd::Broken(reason, second),
        };
        self.tell(now, SystemFact::ReloadEnded(reload.operation.id, end), out);
        self.next_restart(now, out);
        if reload.may_end {
            self.check_all_ended(now, out);
        }
    }

    /// A shutdown comes first.
    pub(super) fn abandon_reload(&mut self, now: Duration, out: &mut Out) {
        if let Some((operation, _)) = self.next_reload.take() {
            self.tell(now, SystemFact::Refused(operation, Refusal::Stopping), out);
        }
        if let Some(reload) = self.reload.take() {
            self.tell(now, SystemFact::ReloadEnded(reload.operation.id, ReloadEnd::Interrupted), out);
        }
    }

    /// Whether a rolling restart may begin: while a reload is under way, none but its own.
    pub(super) fn may_roll(&mut self) -> bool {
        self.reload.as_mut().is_none_or(|reload| std::mem::take(&mut reload.rolls))
    }

    /// A start of this process has failed; it may have been part of a reload.
    pub(super) fn reload_hears(&mut self, p: ProcessId, outcome: RestartOutcome) {
        let own = self.reload.as_ref().is_some_and(|reload| reload.waits.contains(&p));
        if own && !matches!(self.standing(p), Standing::Ended(_)) {
            self.rolled(p, outcome);
        }
    }

    /// Somebody has stopped it, or has it started again: the reload under way goes by the last word.
    pub(super) fn reload_is_told(&mut self, p: ProcessId, halted: bool) {
        let (Some(reload), Some(member)) = (self.reload.as_mut(), self.members.get(&p)) else { return };
        if halted {
            reload.halted.insert(member.spec.name.clone());
        } else {
            reload.halted.remove(&member.spec.name);
        }
    }

    /// Somebody has asked for so many instances of it.
    pub(super) fn reload_is_scaled(&mut self, p: ProcessId, to: u32) {
        if let (Some(reload), Some(member)) = (self.reload.as_mut(), self.members.get(&p)) {
            reload.scales.insert(member.spec.name.clone(), to);
        }
    }

    /// How many instances of a process there are to be that is configured so.
    pub(super) fn scale_by(&self, spec: &ProcessSpec) -> u32 {
        let back = self.reload.as_ref().filter(|reload| reload.is_going_back());
        back.and_then(|reload| reload.scales.get(&spec.name).copied()).unwrap_or(spec.scale.get())
    }

    /// A process has as many instances as it was told, or not.
    pub(super) fn reload_scaled(&mut self, p: ProcessId, id: OperationId, outcome: RestartOutcome) {
        let Some(reload) = self.reload.as_mut().filter(|reload| reload.operation.id == id) else { return };
        if reload.scaling.take_if(|of| *of == p).is_some() {
            self.rolled(p, outcome);
        }
    }

    /// A rolling restart is over. While a reload is under way, there is none but its own.
    pub(super) fn rolled(&mut self, p: ProcessId, outcome: RestartOutcome) {
        let Some(name) = self.members.get(&p).map(|member| member.spec.name.clone()) else { return };
        if let Some(reload) = self.reload.as_mut().filter(|_| outcome == RestartOutcome::Failed) {
            reload.failed.get_or_insert(name);
        }
    }
}
