//! The laws of the whole system: restarts, shutdown, and how it all ends. They compare what the fleet asks for
//! with the truth that only the world knows.

use super::plan::{index, ms, needs, place};
use super::process::Process;
use super::starts::Pending;
use super::told::is_refusal;
use super::{Asked, Subject, World};
use phpeek_core::facts::{Fact, Output, Told};
use phpeek_core::fleet::{BootFailure, Effect, Ending, Event, KILL_PATIENCE, Outcome, RestartScope};
use phpeek_core::ids::ProcessId;
use phpeek_core::lifecycle::{Failure, Urgency};
use phpeek_core::operation::{Cause, OperationId};
use phpeek_core::process::Command as Ordered;
use phpeek_core::spec::{InitialState, ProcessKind};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What a process has reported of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Up,
    /// Its start has failed.
    Broken,
    Ended(Ending),
}

/// What has been seen of the fleet.
#[derive(Debug, Default)]
pub(crate) struct SystemBook {
    /// Who was told to start, and when it was the last time.
    pub(super) launched: BTreeMap<ProcessId, Duration>,
    /// Starts that have begun, of those that were not told to start yet.
    pub(super) pending: BTreeMap<ProcessId, Pending>,
    /// What is needed and has held since the start of whoever needs it began.
    pub(super) held: BTreeSet<(ProcessId, ProcessId)>,
    /// What a start goes on without.
    pub(super) without: BTreeSet<(ProcessId, ProcessId)>,
    /// Who was told to stop and has not answered.
    pub(super) unanswered: BTreeSet<ProcessId>,
    /// Who has lost what it shares the fate of, and runs.
    pub(super) lost: BTreeSet<ProcessId>,
    /// Who is stopped for that, and who has stopped.
    pub(super) interrupted: BTreeSet<ProcessId>,
    pub(super) again: BTreeSet<ProcessId>,
    /// Whose start has failed after that.
    pub(super) fallen: BTreeSet<ProcessId>,
    /// Who has ended by itself since it was told to start.
    pub(super) rested: BTreeSet<ProcessId>,
    pub(super) shutdown_at: Option<Duration>,
    pub(super) reason: Option<Cause>,
    pub(super) boot_failure: Option<BootFailure>,
    pub(super) forced: bool,
    pub(super) forced_at: Option<Duration>,
    pub(super) killed_now: BTreeSet<ProcessId>,
    pub(super) rolling: Option<(RestartScope, Vec<ProcessId>)>,
    /// Whose turn it is in a rolling restart.
    pub(super) turn: Option<ProcessId>,
    /// Who was told to restart and has not said how it went.
    pub(super) restarting: Option<ProcessId>,
    /// Ends that were bad, the latest last; one that is restarted is forgiven.
    pub(super) failures: Vec<(ProcessId, Failure)>,
    pub(super) over: Option<Outcome>,
    pub(super) done: Option<Outcome>,
    /// What was asked for and has no answer.
    pub(super) unsettled: BTreeSet<OperationId>,
    /// Whom a rolling restart of some is about.
    pub(super) named: BTreeMap<OperationId, BTreeSet<ProcessId>>,
    /// Operations that have begun.
    pub(super) operations: BTreeSet<OperationId>,
    /// What is needed and holds, as it was told.
    pub(super) met: BTreeSet<(ProcessId, ProcessId)>,
    /// What each process has reported of itself, as far as the reports have arrived.
    pub(super) known: BTreeMap<ProcessId, Known>,
}

pub(super) fn dormant(process: &phpeek_core::spec::ProcessSpec) -> bool {
    process.initial == InitialState::Stopped || process.kind == ProcessKind::Scheduled
}

impl<S: Subject> World<'_, S> {
    pub(super) fn step_fleet(&mut self, event: Event) {
        self.system.heard(&event);
        self.note_what_holds();
        self.note_request(&event);
        let Some(fleet) = &mut self.fleet else { return };
        let mut effects = Vec::new();
        self.subject.fleet(fleet, self.now, event.clone(), &mut effects);
        if self.record {
            self.history.push(format!("{:>9?} fleet {event:?} -> {:?} {effects:?}", self.now, fleet.phase()));
        }
        let first = self.system.shutdown_at.is_none();
        let answers = effects.clone();
        if self.system.done.is_some() && !effects.iter().all(is_refusal) {
            self.broken("nothing_after_done", format!("{effects:?}"));
        }
        for effect in effects {
            self.ask(effect);
        }
        if matches!(event, Event::Shutdown(_)) && self.system.done.is_none() {
            if first && self.system.shutdown_at.is_none() {
                self.broken("shutdown_at_any_moment", "a shutdown did not begin".to_owned());
            }
            if !first && !self.system.forced {
                self.system.forced = true;
                let spared = (0..self.processes.len()).find(|p| {
                    !self.system.killed_now.contains(&index(*p))
                        && self.processes[*p].alive()
                        && !self.processes[*p].at_rest()
                });
                if let Some(p) = spared {
                    self.broken("second_shutdown_kills", format!("p{p} was spared"));
                }
            }
        }
        self.check_request(&event, &answers);
        self.check_losses();
        self.check_waits();
        self.check_edges();
    }

    fn ask(&mut self, asked: Asked) {
        match asked {
            Output::Do(Effect::Command(p, operation, command)) => {
                match command {
                    Ordered::Start => self.ask_start(p, &operation),
                    Ordered::Stop(_) if self.system.shutdown_at.is_none() => {
                        self.ask_interruption(p, &operation)
                    }
                    Ordered::Stop(urgency) => self.ask_stop(p, urgency),
                    Ordered::Restart | Ordered::Reload(_) => self.ask_restart(p),
                    // The processes of this world restart all instances at once.
                    Ordered::AbandonRestart
                    | Ordered::Relay(_)
                    | Ordered::Schedule(_)
                    | Ordered::Scale { .. } => {}
                }
                self.operation_is_known(operation.id);
            }
            Output::Do(Effect::Finish(p)) => {
                if !self.system.unanswered.remove(&p) {
                    self.broken("finish", format!("p{} was told to finish and had answered", p.0));
                }
            }
            Output::Do(Effect::Done(outcome)) => {
                if let Some(p) = self.system.unanswered.first() {
                    self.broken("finish", format!("done, and p{} was not told to finish", p.0));
                }
                self.done(outcome);
            }
            Output::Tell(Told { fact: Fact::System(fact), .. }) => self.told_of_system(fact),
            Output::Tell(Told { fact: Fact::Process(p, fact), .. }) => self.told_of_process(p, fact),
            Output::Do(Effect::Configure(p, _) | Effect::Remove(p)) => {
                self.broken("reload", format!("p{} is changed, and nobody has asked for it", p.0));
            }
            Output::Do(Effect::Kill(task)) => {
                self.broken.push(("lost", format!("{task:?} is killed, and nobody is lost")));
            }
            // The systems of this world have no hooks, and its processes are there from the beginning.
            Output::Do(Effect::Create(..) | Effect::Hook(_))
            | Output::Tell(Told {
                fact: Fact::Instance(..) | Fact::Hook(..) | Fact::Health(..) | Fact::Schedule(..),
                ..
            }) => {}
        }
    }

    fn ask_stop(&mut self, p: ProcessId, urgency: Urgency) {
        if urgency == Urgency::Now {
            self.system.forced_at.get_or_insert(self.now);
            self.system.killed_now.insert(p);
        } else if self.processes[place(p)].alive() || !self.processes[place(p)].at_rest() {
            // Along the whole graph: a dependent that has ended stands between those that live and what they need.
            let mut above = BTreeSet::from([p]);
            loop {
                let spec = &self.plan.spec;
                let stands_on = |d: &usize| needs(spec, *d).iter().any(|(on, _)| above.contains(on));
                let found: Vec<_> = (0..spec.processes.len()).filter(stands_on).map(index).collect();
                let before = above.len();
                above.extend(found);
                if above.len() == before {
                    break;
                }
            }
            above.remove(&p);
            for d in above.into_iter().map(place) {
                if self.processes[d].alive() || !self.processes[d].at_rest() {
                    self.broken("stop_order", format!("p{} was told to stop while p{d} lives", p.0));
                }
            }
        }
        self.system.unanswered.insert(p);
        self.send(place(p), Ordered::Stop(urgency));
    }

    fn ask_restart(&mut self, p: ProcessId) {
        self.takes_its_turn(p);
        self.system.restarting = Some(p);
        self.system.failures.retain(|(q, _)| *q != p);
        self.send(place(p), Ordered::Restart);
    }

    /// It is the turn of this process in a rolling restart.
    pub(super) fn takes_its_turn(&mut self, p: ProcessId) {
        if let Some(other) = self.system.turn.replace(p) {
            self.broken("rolling_restart", format!("p{} is restarted while p{} is", p.0, other.0));
        }
        // One that was left out of the boot is started by its own name, and from then on it is like the others.
        let by_name = matches!(&self.system.rolling, Some((scope, _)) if scope.names(p));
        let longrun = self.plan.spec.processes[place(p)].kind == ProcessKind::LongRun;
        if (self.asleep(p) && !by_name) || !longrun || self.system.shutdown_at.is_some() {
            self.broken("rolling_restart", format!("p{} is not to be restarted", p.0));
        }
        let Some((scope, done)) = &mut self.system.rolling else {
            return self.broken("rolling_restart", format!("p{} is restarted for nothing", p.0));
        };
        let unasked = *scope != RestartScope::All && !scope.names(p);
        let spec = &self.plan.spec;
        let stands_on = |d: &ProcessId| needs(spec, place(*d)).iter().any(|(on, _)| *on == p);
        let late = done.iter().copied().find(stands_on);
        let again = done.contains(&p);
        done.push(p);
        if unasked {
            self.broken("rolling_restart", format!("p{} is restarted, and nobody has named it", p.0));
        }
        if again || late.is_some() {
            self.broken(
                "rolling_restart",
                format!("p{} is restarted again or after p{late:?}, which needs it", p.0),
            );
        }
    }

    fn done(&mut self, outcome: Outcome) {
        if self.system.done.replace(outcome.clone()).is_some() {
            self.broken("done_once", "done twice".to_owned());
        }
        if self.system.over.as_ref() != Some(&outcome) {
            self.broken("done_once", "it is done and was not told to be over".to_owned());
        }
        let alive = self.processes.iter().position(Process::alive);
        if let Some(p) = alive
            && outcome != Outcome::DeadlineMissed
        {
            // A second request leaves no more than the kernel's patience either.
            let patience = self.system.forced_at.is_some_and(|t| self.now >= t + KILL_PATIENCE);
            if !patience {
                self.broken("done_once", format!("done while p{p} lives"));
            }
        }
        let expected =
            match (&self.system.reason, self.system.boot_failure.clone(), self.system.failures.last()) {
                (_, Some(failure), _) => Outcome::BootFailed(failure),
                (Some(Cause::AllEnded), _, Some((_, failure))) => Outcome::Failed(*failure),
                (Some(Cause::AllEnded), _, None) => Outcome::AllCompleted,
                (_, None, _) => Outcome::Stopped,
            };
        let limit = self.system.shutdown_at.map(|t| t + self.plan.spec.shutdown_timeout);
        let missed =
            outcome == Outcome::DeadlineMissed && limit.is_some_and(|t| self.now >= t || self.system.forced);
        if outcome != expected && !missed {
            self.broken("outcome", format!("{outcome:?} where {expected:?} is due"));
        }
    }

    pub(super) fn check_system_overdue(&mut self) {
        self.check_waits_overdue();
        let limit = self.system.shutdown_at.map(|t| t + self.plan.spec.shutdown_timeout + KILL_PATIENCE);
        if self.system.done.is_none() && limit.is_some_and(|t| self.now > t) {
            self.broken("done_once", "not done when the deadline is long over".to_owned());
        }
        let first = self.system.shutdown_at.map(|t| t + self.plan.spec.shutdown_timeout + ms(1));
        let spared = |p: &usize| {
            let told = self.system.killed_now.contains(&index(*p));
            !told && self.processes[*p].alive() && !self.processes[*p].at_rest()
        };
        if self.system.done.is_none()
            && first.is_some_and(|t| self.now > t)
            && let Some(p) = (0..self.processes.len()).find(spared)
        {
            self.broken("done_once", format!("p{p} was spared when the shutdown's time was over"));
        }
    }

    /// Nothing will happen any more: it must be over.
    pub(super) fn check_system_end(&mut self) {
        if self.fleet.is_none() {
            return;
        }
        if self.system.done.is_none() {
            self.broken("done_once", "nothing more happens and it is not done".to_owned());
        }
        if self.system.rolling.is_some() {
            self.broken("rolling_restart", "a rolling restart never ended".to_owned());
        }
        if let Some(id) = self.system.unsettled.first() {
            self.broken("answered", format!("{id:?} was never answered"));
        }
        let alive = self.processes.iter().position(|process| process.alive() && !process.stuck());
        if let Some(p) = alive {
            self.broken("done_once", format!("p{p} lives on after the end"));
        }
    }
}
