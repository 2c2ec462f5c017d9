//! The laws of the whole system: order, restarts, shutdown, and how it all ends. They compare what the fleet asks for
//! with the truth that only the world knows.

use super::plan::{index, ms, needs, place};
use super::process::{Command, Process};
use super::{Asked, Subject, World};
use phpeek_core::facts::{Fact, Output, Told};
use phpeek_core::fleet::{BootFailure, Effect, Ending, Event, KILL_PATIENCE, Outcome, Phase, RestartScope};
use phpeek_core::ids::ProcessId;
use phpeek_core::lifecycle::{Failure, Urgency};
use phpeek_core::operation::{Cause, OperationId};
use phpeek_core::process::Command as Ordered;
use phpeek_core::spec::{Condition, InitialState, ProcessKind};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What the fleet can know of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Launched,
    Up,
    Ended(Ending),
}

/// What has been seen of the fleet.
#[derive(Debug, Default)]
pub(crate) struct SystemBook {
    pub(super) launched: BTreeSet<ProcessId>,
    /// Left out of the boot, and started by name since.
    pub(super) woken: BTreeSet<ProcessId>,
    pub(super) up: BTreeSet<ProcessId>,
    pub(super) completed: BTreeSet<ProcessId>,
    pub(super) shutdown_at: Option<Duration>,
    pub(super) reason: Option<Cause>,
    pub(super) boot_failure: Option<BootFailure>,
    pub(super) forced: bool,
    pub(super) forced_at: Option<Duration>,
    pub(super) killed_now: BTreeSet<ProcessId>,
    pub(super) rolling: Option<(RestartScope, Vec<ProcessId>)>,
    pub(super) restarting: Option<ProcessId>,
    /// Ends that were bad, the latest last; one that is restarted is forgiven.
    pub(super) failures: Vec<(ProcessId, Failure)>,
    pub(super) over: Option<Outcome>,
    pub(super) done: Option<Outcome>,
    /// Operations that have begun.
    pub(super) operations: BTreeSet<OperationId>,
    /// What is needed and holds, as it was told.
    pub(super) met: BTreeSet<(ProcessId, ProcessId)>,
    /// What the fleet knows of each process, by what it was told and asked for.
    pub(super) known: BTreeMap<ProcessId, Known>,
}

pub(super) fn dormant(process: &phpeek_core::spec::ProcessSpec) -> bool {
    process.initial == InitialState::Stopped || process.kind == ProcessKind::Scheduled
}

impl<S: Subject> World<'_, S> {
    pub(super) fn step_fleet(&mut self, event: Event) {
        let Some(fleet) = &mut self.fleet else { return };
        self.system.heard(&event);
        let mut effects = Vec::new();
        self.subject.fleet(fleet, self.now, event.clone(), &mut effects);
        if self.record {
            self.history.push(format!("{:>9?} fleet {event:?} -> {:?} {effects:?}", self.now, fleet.phase()));
        }
        let first = self.system.shutdown_at.is_none();
        if self.system.done.is_some() && !effects.is_empty() {
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
                    self.system.launched.contains(&index(*p))
                        && !self.system.killed_now.contains(&index(*p))
                        && self.processes[*p].alive()
                        && !self.processes[*p].at_rest()
                });
                if let Some(p) = spared {
                    self.broken("second_shutdown_kills", format!("p{p} was spared"));
                }
            }
        }
        self.check_due();
        self.check_edges();
    }

    /// Whatever has all that it waits for is launched in the same step.
    fn check_due(&mut self) {
        if self.system.shutdown_at.is_some() || self.fleet.as_ref().is_none_or(|f| f.phase() == Phase::New) {
            return;
        }
        for (p, spec) in self.plan.spec.processes.iter().enumerate() {
            let met = |(on, condition): &(ProcessId, Condition)| {
                let seen = match condition {
                    Condition::Started => &self.system.up,
                    Condition::Completed => &self.system.completed,
                };
                seen.contains(on) || dormant(&self.plan.spec.processes[place(*on)])
            };
            if !dormant(spec)
                && !self.system.launched.contains(&index(p))
                && needs(&self.plan.spec, p).iter().all(met)
            {
                return self
                    .broken("start_order", format!("p{p} has all that it waits for and is not started"));
            }
        }
    }

    fn ask(&mut self, asked: Asked) {
        match asked {
            Output::Do(Effect::Command(p, operation, command)) => {
                self.operation_is_known(operation.id);
                match command {
                    Ordered::Start => self.ask_start(p),
                    Ordered::Stop(urgency) => self.ask_stop(p, urgency),
                    Ordered::Restart => self.ask_restart(p),
                    // The processes of this world restart all instances at once.
                    Ordered::AbandonRestart | Ordered::Relay(_) => {}
                }
            }
            Output::Do(Effect::Done(outcome)) => self.done(outcome),
            Output::Tell(Told { fact: Fact::System(fact), .. }) => self.told_of_system(fact),
            Output::Tell(Told { fact: Fact::Process(p, fact), .. }) => self.told_of_process(p, fact),
            Output::Do(Effect::Kill(task)) => {
                self.broken.push(("lost", format!("{task:?} is killed, and nobody is lost")));
            }
            // The systems of this world have no hooks, and its processes are there from the beginning.
            Output::Do(Effect::Create(..) | Effect::Hook(_))
            | Output::Tell(Told { fact: Fact::Instance(..) | Fact::Hook(..), .. }) => {}
        }
    }

    fn ask_start(&mut self, p: ProcessId) {
        let spec = &self.plan.spec.processes[place(p)];
        if dormant(spec) || self.system.shutdown_at.is_some() || !self.system.launched.insert(p) {
            self.broken("start_order", format!("p{} was started out of turn", p.0));
        }
        for (d, condition) in needs(&self.plan.spec, place(p)) {
            let on = &self.processes[place(d)];
            let there = match condition {
                Condition::Started => on.was_up(),
                Condition::Completed => on.completed(),
            };
            if !there && !dormant(&self.plan.spec.processes[place(d)]) {
                self.broken("start_order", format!("p{} was started before p{}", p.0, d.0));
            }
        }
        self.system.known.insert(p, Known::Launched);
        self.send(place(p), Command::Start);
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
        self.send(place(p), Command::Stop(urgency));
    }

    fn ask_restart(&mut self, p: ProcessId) {
        if let Some(other) = self.system.restarting.replace(p) {
            self.broken("rolling_restart", format!("p{} is restarted while p{} is", p.0, other.0));
        }
        let spec = &self.plan.spec.processes[place(p)];
        // One that was left out of the boot is started by its own name, and from then on it is like the others.
        let by_name = matches!(self.system.rolling, Some((RestartScope::One(_), _)));
        let asleep = dormant(spec) && !self.system.woken.contains(&p);
        if (asleep && !by_name) || spec.kind != ProcessKind::LongRun || self.system.shutdown_at.is_some() {
            self.broken("rolling_restart", format!("p{} is not to be restarted", p.0));
        }
        if asleep {
            self.system.woken.insert(p);
        }
        let Some((scope, done)) = &mut self.system.rolling else {
            return self.broken("rolling_restart", format!("p{} is restarted for nothing", p.0));
        };
        let spec = &self.plan.spec;
        let stands_on = |d: &ProcessId| needs(spec, place(*d)).iter().any(|(on, _)| *on == p);
        let late = done.iter().copied().find(|d| *scope == RestartScope::All && stands_on(d));
        let again = done.contains(&p);
        done.push(p);
        if again || late.is_some() {
            self.broken(
                "rolling_restart",
                format!("p{} is restarted again or after p{late:?}, which needs it", p.0),
            );
        }
        self.system.failures.retain(|(q, _)| *q != p);
        self.system.known.insert(p, Known::Up);
        self.send(place(p), Command::Restart);
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
        let told = self.system.launched.iter().copied().find(|p| {
            let process = &self.processes[place(*p)];
            process.alive() && !process.stuck()
        });
        if let Some(p) = told {
            self.broken("done_once", format!("p{} lives on after the end", p.0));
        }
    }
}

impl SystemBook {
    /// Notes what the fleet is told, before it hears it.
    fn heard(&mut self, event: &Event) {
        match event {
            Event::Up(p) => {
                self.up.insert(*p);
                if self.known.get(p) == Some(&Known::Launched) {
                    self.known.insert(*p, Known::Up);
                }
            }
            Event::StartFailed(p, _) => {
                self.known.remove(p);
            }
            Event::Ended(p, ending) if self.restarting != Some(*p) => {
                self.up.insert(*p);
                self.known.insert(*p, Known::Ended(*ending));
                match ending {
                    Ending::Completed => {
                        self.completed.insert(*p);
                    }
                    Ending::Failed(failure) if self.shutdown_at.is_none() => {
                        self.failures.push((*p, *failure))
                    }
                    Ending::Failed(_) => {}
                }
            }
            Event::Restarted(p, _) if self.restarting == Some(*p) => self.restarting = None,
            _ => {}
        }
    }
}
