//! The boot: everything that shall run starts, and is up, or the boot has failed; and the end of a system in which
//! nothing is left to run.

use super::{BootFailure, BootFailureCause, Effect, Fleet, Out, Outcome, Phase, Standing};
use crate::facts::{Fact, ProcessFact, SystemFact};
use crate::hook::Stage;
use crate::ids::ProcessId;
use crate::operation::{Cause, Operation};
use crate::process::Command;
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
        let wanted = |p: &ProcessId| self.standing(*p) == Standing::Waiting;
        let wanted: Vec<ProcessId> = self.order.iter().copied().filter(wanted).collect();
        self.unsettled = wanted.len();
        for p in &wanted {
            if let Some(member) = self.members.get_mut(p) {
                member.awaited = true;
            }
            self.begin_start(*p, operation.clone(), now, out);
        }
        for p in wanted {
            self.launch_if_free(p, now, out);
            self.fail_if_hopeless(p, now, out); // what it needs may have been stopped before it began
        }
        self.finish_boot(now, out);
    }

    pub(super) fn finish_boot(&mut self, now: Duration, out: &mut Out) {
        let settled = self.phase == Phase::Booting && self.launched && self.unsettled == 0;
        if !settled || self.in_hooks() {
            return;
        }
        self.start_schedules(out);
        if !self.run_hooks(Stage::PostStart, now, out) {
            self.booted(now, out);
        }
    }

    /// What goes by the clock begins when everything else is up. It holds nobody up, and the fleet knows no more of it
    /// than that it may run.
    fn start_schedules(&self, out: &mut Out) {
        let Some(operation) = &self.boot else { return };
        for (p, member) in &self.members {
            if member.spec.schedule.is_some() && member.standing == Standing::Dormant {
                out.act(Effect::Command(*p, operation.clone(), Command::Start));
            }
        }
    }

    /// The boot is over, with all that follows it.
    pub(super) fn booted(&mut self, now: Duration, out: &mut Out) {
        self.phase = Phase::Running;
        let stopped = self.members.values().filter(|member| member.standing == Standing::Stopped).count();
        self.tell(now, SystemFact::BootSucceeded { stopped }, out);
        self.next_restart(now, out);
        self.ask_queued(now, out);
        self.check_all_ended(now, out);
    }

    /// The boot has failed by this process, whom these wait for, or by a hook of the system.
    pub(super) fn fail_boot(
        &mut self,
        process: Option<ProcessId>,
        cause: BootFailureCause,
        waiting: Vec<ProcessId>,
        now: Duration,
        out: &mut Out,
    ) {
        for (dependent, p) in waiting.into_iter().zip(process.into_iter().cycle()) {
            self.end_start(dependent);
            out.tell(now, Fact::Process(dependent, ProcessFact::EdgeFailed(p, cause.clone())));
        }
        let failure = BootFailure { process, cause };
        self.tell(now, SystemFact::BootFailed(failure.clone()), out);
        self.outcome = Outcome::BootFailed(failure);
        let operation = self.begin(Cause::BootFailed);
        self.begin_shutdown(operation, now, out);
    }

    /// When nothing runs, nothing will, and nothing could be started by anybody, the container is over.
    pub(super) fn check_all_ended(&mut self, now: Duration, out: &mut Out) {
        if let Some(reload) = &mut self.reload {
            reload.may_end = true; // it is looked at again when that is over
            return;
        }
        if self.phase == Phase::Running && self.all_ended() {
            let last = self.failures.last();
            self.outcome = last.map_or(Outcome::AllCompleted, |(_, failure)| Outcome::Failed(*failure));
            let operation = self.begin(Cause::AllEnded);
            self.begin_shutdown(operation, now, out);
        }
    }

    /// What somebody has stopped has not ended: he may start it again. What was stopped for want of what it needs goes as that.
    pub(super) fn all_ended(&self) -> bool {
        self.members.values().all(|member| match member.standing {
            Standing::Ended(_) => true,
            Standing::Stopped => member.again.is_some(),
            _ => false,
        })
    }

    pub(super) fn lost(&mut self, p: ProcessId, now: Duration, out: &mut Out) {
        out.tell(now, Fact::Process(p, ProcessFact::Lost));
        self.unanswered.remove(&p); // and never will
        self.abandon_told(Some(p), now, out);
        if matches!(self.phase, Phase::Stopping | Phase::Done) {
            self.outcome = Outcome::Internal;
            if self.members.get(&p).is_some_and(super::Member::is_to_be_stopped) {
                self.set(p, Standing::Stopping, now, out);
                self.stopped(p, now, out);
            }
        } else {
            self.set(p, Standing::Stopped, now, out);
            let operation = self.begin(Cause::Internal);
            self.shut_down(operation, now, out);
        }
    }
}
