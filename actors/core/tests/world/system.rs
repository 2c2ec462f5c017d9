//! The laws of the whole system: order, restarts, shutdown, and how it all ends. They compare what the fleet asks for
//! with the truth that only the world knows.

use super::plan::{index, ms};
use super::process::{Command, Process};
use super::{Subject, World};
use phpeek_core::fleet::{
    BootFailureCause, Effect, Ending, Event, KILL_PATIENCE, Outcome, Phase, RestartScope, ShutdownReason,
};
use phpeek_core::lifecycle::Urgency;
use phpeek_core::spec::{Condition, InitialState, ProcessIndex, ProcessKind};
use std::collections::BTreeSet;
use std::time::Duration;

/// What has been seen of the fleet.
#[derive(Debug, Default)]
pub(crate) struct SystemBook {
    launched: BTreeSet<ProcessIndex>,
    /// Left out of the boot, and started by name since.
    woken: BTreeSet<ProcessIndex>,
    up: BTreeSet<ProcessIndex>,
    completed: BTreeSet<ProcessIndex>,
    shutdown_at: Option<Duration>,
    reason: Option<ShutdownReason>,
    boot_failure: Option<BootFailureCause>,
    forced: bool,
    forced_at: Option<Duration>,
    killed_now: BTreeSet<ProcessIndex>,
    rolling: Option<(RestartScope, Vec<ProcessIndex>)>,
    restarting: Option<ProcessIndex>,
    /// Ends that were bad, the latest last; one that is restarted is forgiven.
    failures: Vec<(ProcessIndex, u8)>,
    done: Option<Outcome>,
}

fn dormant(process: &phpeek_core::spec::ProcessSpec) -> bool {
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
    }

    /// Whatever has all that it waits for is launched in the same step.
    fn check_due(&mut self) {
        if self.system.shutdown_at.is_some() || self.fleet.as_ref().is_none_or(|f| f.phase() == Phase::New) {
            return;
        }
        for (p, spec) in self.plan.spec.processes.iter().enumerate() {
            let met = |d: &phpeek_core::spec::Dependency| {
                let seen = match d.condition {
                    Condition::Started => &self.system.up,
                    Condition::Completed => &self.system.completed,
                };
                seen.contains(&d.process) || dormant(&self.plan.spec.processes[d.process.get()])
            };
            if !dormant(spec) && !self.system.launched.contains(&index(p)) && spec.depends_on.iter().all(met)
            {
                return self
                    .broken("start_order", format!("p{p} has all that it waits for and is not started"));
            }
        }
    }

    fn ask(&mut self, effect: Effect) {
        match effect {
            Effect::Start(p) => self.ask_start(p),
            Effect::Stop(p, urgency) => self.ask_stop(p, urgency),
            Effect::Restart(p) => self.ask_restart(p),
            Effect::AbandonRestart(_) => {} // the processes of this world restart all instances at once
            Effect::RestartBegan(scope) => {
                if self.system.rolling.replace((scope, Vec::new())).is_some() {
                    self.broken("rolling_restart", "a rolling restart began within another".to_owned());
                }
            }
            Effect::RestartEnded(scope, _) => {
                if self.system.rolling.take().is_none_or(|(began, _)| began != scope) {
                    self.broken("rolling_restart", "a rolling restart ended that had not begun".to_owned());
                }
            }
            Effect::ShutdownBegan(reason) => self.shutdown_began(reason),
            Effect::BootFailed(failure) => {
                if self.system.shutdown_at.is_some() {
                    self.broken("boot_failure", "a boot failed after the shutdown began".to_owned());
                }
                self.system.boot_failure = Some(failure.cause);
            }
            Effect::DependencyFailed(p, on, cause) => self.dependency_failed(p, on, cause),
            Effect::Done(outcome) => self.done(outcome),
            Effect::Begin(..) | Effect::DependencyMet(..) | Effect::BootSucceeded => {}
        }
    }

    fn ask_start(&mut self, p: ProcessIndex) {
        let spec = &self.plan.spec.processes[p.get()];
        if dormant(spec) || self.system.shutdown_at.is_some() || !self.system.launched.insert(p) {
            self.broken("start_order", format!("p{} was started out of turn", p.0));
        }
        for d in &spec.depends_on {
            let on = &self.processes[d.process.get()];
            let there = match d.condition {
                Condition::Started => on.was_up(),
                Condition::Completed => on.completed(),
            };
            if !there && !dormant(&self.plan.spec.processes[d.process.get()]) {
                self.broken("start_order", format!("p{} was started before p{}", p.0, d.process.0));
            }
        }
        self.send(p.get(), Command::Start);
    }

    fn ask_stop(&mut self, p: ProcessIndex, urgency: Urgency) {
        if urgency == Urgency::Now {
            self.system.forced_at.get_or_insert(self.now);
            self.system.killed_now.insert(p);
        } else if self.processes[p.get()].alive() || !self.processes[p.get()].at_rest() {
            // Along the whole graph: a dependent that has ended stands between those that live and what they need.
            let mut above = BTreeSet::from([p]);
            loop {
                let needs = |spec: &phpeek_core::spec::ProcessSpec| {
                    spec.depends_on.iter().any(|dep| above.contains(&dep.process))
                };
                let all = self.plan.spec.processes.iter().enumerate();
                let found: Vec<_> = all.filter(|(_, spec)| needs(spec)).map(|(d, _)| index(d)).collect();
                let before = above.len();
                above.extend(found);
                if above.len() == before {
                    break;
                }
            }
            above.remove(&p);
            for d in above.into_iter().map(ProcessIndex::get) {
                if self.processes[d].alive() || !self.processes[d].at_rest() {
                    self.broken("stop_order", format!("p{} was told to stop while p{d} lives", p.0));
                }
            }
        }
        self.send(p.get(), Command::Stop(urgency));
    }

    fn ask_restart(&mut self, p: ProcessIndex) {
        if let Some(other) = self.system.restarting.replace(p) {
            self.broken("rolling_restart", format!("p{} is restarted while p{} is", p.0, other.0));
        }
        let spec = &self.plan.spec.processes[p.get()];
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
        let needs = |d: &ProcessIndex| {
            self.plan.spec.processes[d.get()].depends_on.iter().any(|dep| dep.process == p)
        };
        let late = done.iter().copied().find(|d| *scope == RestartScope::All && needs(d));
        let again = done.contains(&p);
        done.push(p);
        if again || late.is_some() {
            self.broken(
                "rolling_restart",
                format!("p{} is restarted again or after p{late:?}, which needs it", p.0),
            );
        }
        self.system.failures.retain(|(q, _)| *q != p);
        self.send(p.get(), Command::Restart);
    }

    fn shutdown_began(&mut self, reason: ShutdownReason) {
        if self.system.shutdown_at.replace(self.now).is_some() {
            self.broken("done_once", "a second shutdown began".to_owned());
        }
        if self.system.rolling.is_some() {
            self.broken(
                "rolling_restart",
                "a rolling restart outlives the beginning of a shutdown".to_owned(),
            );
        }
        if (reason == ShutdownReason::BootFailed) != self.system.boot_failure.is_some() {
            self.broken("boot_failure", format!("{reason:?} after {:?}", self.system.boot_failure));
        }
        if reason == ShutdownReason::AllEnded {
            let asleep = |(p, spec): (usize, &_)| dormant(spec) && !self.system.woken.contains(&index(p));
            if self.plan.spec.processes.iter().map(|p| &**p).enumerate().any(asleep) {
                self.broken("dormant_keeps_alive", "all ended while something could be started".to_owned());
            }
            if let Some(p) = self.processes.iter().position(|p| p.alive() || !p.at_rest()) {
                self.broken("outcome", format!("all ended while p{p} lives"));
            }
        }
        self.system.reason = Some(reason);
    }

    fn dependency_failed(&mut self, p: ProcessIndex, on: ProcessIndex, cause: BootFailureCause) {
        let condition = self.plan.spec.processes[p.get()]
            .depends_on
            .iter()
            .find(|d| d.process == on)
            .map(|d| d.condition);
        let met = match condition {
            Some(Condition::Started) => {
                self.system.up.contains(&on) && !matches!(cause, BootFailureCause::Spawn(_))
            }
            Some(Condition::Completed) => self.system.completed.contains(&on),
            None => true,
        };
        if met || self.system.launched.contains(&p) {
            self.broken(
                "boot_failure",
                format!("p{} was told that p{} failed, which it does not wait for", p.0, on.0),
            );
        }
    }

    fn done(&mut self, outcome: Outcome) {
        if self.system.done.replace(outcome).is_some() {
            self.broken("done_once", "done twice".to_owned());
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
        let expected = match (&self.system.reason, self.system.boot_failure, self.system.failures.last()) {
            (_, Some(cause), _) => Outcome::BootFailed(cause),
            (Some(ShutdownReason::AllEnded), _, Some((_, code))) => Outcome::Code(*code),
            (Some(ShutdownReason::AllEnded), _, None) => Outcome::AllCompleted,
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
            let process = &self.processes[p.get()];
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
            }
            Event::Ended(p, ending) if self.restarting != Some(*p) => {
                self.up.insert(*p);
                match ending {
                    Ending::Completed => {
                        self.completed.insert(*p);
                    }
                    Ending::Failed { code } if self.shutdown_at.is_none() => self.failures.push((*p, *code)),
                    Ending::Failed { .. } => {}
                }
            }
            Event::Restarted(p, _) if self.restarting == Some(*p) => self.restarting = None,
            _ => {}
        }
    }
}
