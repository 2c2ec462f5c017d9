//! The laws of starts and edges: whoever starts waits for what it needs, no longer than it may, and not for what will
//! never be. They compare what the fleet says with what the processes of the world have reported.

use super::plan::{index, needs, patience, place, shares};
use super::system::{Known, SystemBook, dormant};
use super::{Subject, World};
use phpeek_core::fleet::{BootFailureCause, Ending, Event, RestartScope};
use phpeek_core::ids::ProcessId;
use phpeek_core::lifecycle::Urgency;
use phpeek_core::operation::{Cause, Operation};
use phpeek_core::process::Command;
use phpeek_core::spec::{Condition, OnTimeout, ProcessKind};
use std::time::Duration;

/// A start that has begun, of a process that was not told to start yet.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    began: Duration,
    operation: Operation,
    /// Where the process stood before.
    before: Option<Known>,
}

impl<S: Subject> World<'_, S> {
    /// Whether nobody wants this process to run.
    pub(super) fn asleep(&self, p: ProcessId) -> bool {
        let system = &self.system;
        dormant(&self.plan.spec.processes[place(p)])
            && !system.launched.contains_key(&p)
            && !system.pending.contains_key(&p)
    }

    /// Whether the condition holds, by what the process has reported.
    fn holds(&self, on: ProcessId, condition: Condition) -> bool {
        let oneshot = self.plan.spec.processes[place(on)].kind == ProcessKind::Oneshot;
        match (condition, self.system.known.get(&on)) {
            (Condition::Started, Some(Known::Up)) => true,
            (Condition::Started, Some(Known::Ended(_))) => oneshot,
            (Condition::Completed, known) => matches!(known, Some(Known::Ended(_))),
            (Condition::CompletedSuccessfully, known) => known == Some(&Known::Ended(Ending::Completed)),
            (Condition::Started | Condition::Ready, _) => false, // the systems of this world have no checks
        }
    }

    /// What holds now has held since the start of whoever waits for it.
    pub(super) fn note_what_holds(&mut self) {
        for p in 0..self.plan.spec.processes.len() {
            for (on, condition) in needs(&self.plan.spec, p) {
                if self.holds(on, condition) {
                    self.system.held.insert((index(p), on));
                }
            }
        }
    }

    /// Whether it was told to start, has not ended, and is not being stopped.
    pub(super) fn runs(&self, p: ProcessId) -> bool {
        let system = &self.system;
        system.launched.contains_key(&p)
            && !system.pending.contains_key(&p)
            && !system.interrupted.contains(&p)
            && !system.rested.contains(&p)
    }

    /// A process is stopped because it has lost what it shares the fate of.
    pub(super) fn ask_interruption(&mut self, p: ProcessId, operation: &Operation) {
        let by_loss = matches!(operation.cause, Cause::Dependency(on) if shares(&self.plan.spec, p, on));
        if !self.system.lost.remove(&p) || !by_loss || self.system.turn == Some(p) {
            self.broken("losses", format!("p{} is stopped out of turn, for {:?}", p.0, operation.cause));
        }
        self.system.interrupted.insert(p);
        self.system.operations.insert(operation.id);
        self.system.known.remove(&p);
        self.system.unanswered.insert(p);
        self.send(place(p), Command::Stop(Urgency::Graceful));
    }

    /// Who has lost what it shares the fate of is stopped in the same step, or when its turn is over; and the start of
    /// who has stopped for that begins.
    pub(super) fn check_losses(&mut self) {
        if self.system.shutdown_at.is_some() {
            return;
        }
        let spared = self.system.lost.iter().find(|p| self.system.turn != Some(**p) && self.runs(**p));
        if let Some(p) = spared {
            self.broken("losses", format!("p{} has lost what it shares the fate of, and goes on", p.0));
        } else if let Some(p) = self.system.again.first() {
            self.broken("losses", format!("p{} was stopped to be started again, and is not", p.0));
        }
    }

    pub(super) fn start_began(&mut self, p: ProcessId, operation: Operation) {
        let boot = operation.cause == Cause::Boot;
        let again = matches!(operation.cause, Cause::Dependency(_));
        let turn = self
            .system
            .rolling
            .as_ref()
            .is_some_and(|(scope, _)| scope.names(p) || *scope == RestartScope::All && !self.asleep(p));
        let process = &self.processes[place(p)];
        let wanted = match operation.cause {
            Cause::Boot => !dormant(&self.plan.spec.processes[place(p)]),
            Cause::Dependency(_) => self.system.again.remove(&p) || self.system.fallen.remove(&p),
            _ => turn,
        };
        if !wanted || !process.at_rest() || self.system.shutdown_at.is_some() {
            self.broken("start_order", format!("the start of p{} began out of turn", p.0));
        }
        if !boot && !again {
            self.takes_its_turn(p);
        }
        let before = self.system.known.remove(&p);
        if let Some(Known::Up) = before {
            self.broken("start_order", format!("p{} is started and is up", p.0));
        }
        let pending = Pending { began: self.now, operation, before };
        if self.system.pending.insert(p, pending).is_some() {
            self.broken("start_order", format!("the start of p{} began twice", p.0));
        }
        self.system.held.retain(|(dependent, _)| *dependent != p);
        self.system.without.retain(|(dependent, _)| *dependent != p);
        self.note_what_holds();
    }

    pub(super) fn ask_start(&mut self, p: ProcessId, operation: &Operation) {
        let pending = self.system.pending.remove(&p);
        if pending.is_none_or(|pending| pending.operation != *operation) || self.system.shutdown_at.is_some()
        {
            self.broken("start_order", format!("p{} was started out of turn", p.0));
        }
        for (d, condition) in needs(&self.plan.spec, place(p)) {
            let on = &self.processes[place(d)];
            let there = match condition {
                Condition::Started | Condition::Ready => on.was_up(),
                Condition::Completed => on.at_rest(),
                Condition::CompletedSuccessfully => on.completed(),
            };
            let without = self.system.without.contains(&(p, d));
            let met = without || there && self.system.held.contains(&(p, d));
            if !met && !self.asleep(d) {
                self.broken("start_order", format!("p{} was started before p{}", p.0, d.0));
            }
        }
        self.system.launched.insert(p, self.now);
        self.system.rested.remove(&p);
        self.system.failures.retain(|(q, _)| *q != p);
        self.send(place(p), Command::Start);
    }

    /// Whatever has all that it waits for is launched in the same step, and nobody waits for what will never be.
    pub(super) fn check_waits(&mut self) {
        for (p, on) in self.open_waits() {
            let Some(on) = on else {
                return self
                    .broken("start_order", format!("p{} has all that it waits for and is not started", p.0));
            };
            if matches!(self.system.known.get(&on), Some(Known::Ended(_) | Known::Broken)) {
                let what = format!("p{} waits for p{}, which does nothing more by itself", p.0, on.0);
                return self.broken("hopeless", what);
            }
        }
    }

    /// Nobody waits longer than it may.
    pub(super) fn check_waits_overdue(&mut self) {
        for (p, on) in self.open_waits() {
            if let Some(until) = on.and_then(|on| self.waits_until(p, on))
                && self.now > until
            {
                self.broken("timeouts", format!("p{} waits for p{on:?} although its time is over", p.0));
            }
        }
    }

    /// Who waits, and for whom; for nobody when it has all that it needs.
    fn open_waits(&self) -> Vec<(ProcessId, Option<ProcessId>)> {
        if self.system.shutdown_at.is_some() {
            return Vec::new();
        }
        let open = |p: &ProcessId| {
            let missing = |(on, _): &(ProcessId, _)| {
                let edge = (*p, *on);
                let settled = self.system.held.contains(&edge) || self.system.without.contains(&edge);
                !settled && !self.asleep(*on)
            };
            let all = needs(&self.plan.spec, place(*p));
            let missing: Vec<_> = all.into_iter().filter(missing).map(|(on, _)| (*p, Some(on))).collect();
            if missing.is_empty() { vec![(*p, None)] } else { missing }
        };
        self.system.pending.keys().flat_map(open).collect()
    }

    /// When the wait of `p` for `on` is over: measured from when both had begun.
    fn waits_until(&self, p: ProcessId, on: ProcessId) -> Option<Duration> {
        let began = self.system.pending.get(&p)?.began;
        if self.system.pending.contains_key(&on) {
            return None;
        }
        let since = self.system.launched.get(&on).map_or(began, |at| began.max(*at));
        Some(since + patience(&self.plan.spec, p, on).0)
    }

    pub(super) fn dependency_failed(&mut self, p: ProcessId, on: ProcessId, cause: &BootFailureCause) {
        let until = self.waits_until(p, on);
        let known = self.system.known.get(&on).copied();
        let sound = match cause {
            BootFailureCause::TimedOut => {
                let fails = patience(&self.plan.spec, p, on).1 == OnTimeout::Fail;
                fails && until.is_some_and(|until| self.now >= until)
            }
            BootFailureCause::Spawn(_) => known == Some(Known::Broken),
            BootFailureCause::Failed(failure) => known == Some(Known::Ended(Ending::Failed(*failure))),
            BootFailureCause::Gone => known != Some(Known::Up),
            BootFailureCause::Hook(_) => false,
        };
        let needed = needs(&self.plan.spec, place(p)).iter().any(|(other, _)| *other == on);
        let Some(pending) = self.system.pending.remove(&p) else {
            let what = format!("p{} was told that p{} failed, and was not starting", p.0, on.0);
            return self.broken("boot_failure", what);
        };
        self.system.rested.insert(p);
        if let Cause::Dependency(_) = pending.operation.cause {
            self.system.fallen.insert(p);
        }
        if let Some(before) = pending.before {
            self.system.known.insert(p, before);
        }
        if !sound || !needed || self.system.held.contains(&(p, on)) {
            let law = if *cause == BootFailureCause::TimedOut { "timeouts" } else { "boot_failure" };
            self.broken(law, format!("p{} was told of p{}: {cause:?}, where {known:?}", p.0, on.0));
        }
        if self.system.turn == Some(p) {
            self.system.turn = None;
        }
    }

    /// A start goes on without what it has waited for long enough.
    pub(super) fn dependency_given_up(&mut self, p: ProcessId, on: ProcessId) {
        let late = self.waits_until(p, on).is_some_and(|until| self.now >= until);
        let starts = patience(&self.plan.spec, p, on).1 == OnTimeout::Start;
        if !late || !starts || self.system.held.contains(&(p, on)) {
            self.broken("timeouts", format!("p{} goes on without p{} out of turn", p.0, on.0));
        }
        self.system.without.insert((p, on));
    }

    /// What was told of an edge is what its condition means, at any moment before the shutdown.
    pub(super) fn check_edges(&mut self) {
        if self.system.shutdown_at.is_some() {
            return;
        }
        for p in 0..self.plan.spec.processes.len() {
            for (on, condition) in needs(&self.plan.spec, p) {
                let holds = self.holds(on, condition);
                if self.system.met.contains(&(index(p), on)) != holds {
                    let what = format!("p{p} needs p{} to be {condition:?}: it holds: {holds}", on.0);
                    self.broken("edges", what);
                }
            }
        }
    }
}

impl SystemBook {
    /// Notes what the fleet is told, before it hears it: only what processes report makes anything hold.
    pub(super) fn heard(&mut self, event: &Event) {
        match event {
            // Older than the order to stop.
            Event::Up(p) | Event::StartFailed(p, _) | Event::Ended(p, _) if self.interrupted.contains(p) => {}
            Event::Up(p) => {
                self.known.insert(*p, Known::Up);
                self.turn_is_over(*p);
            }
            Event::Stopped(p) => {
                self.unanswered.remove(p);
                if self.interrupted.remove(p) && self.shutdown_at.is_none() {
                    self.again.insert(*p);
                }
            }
            Event::StartFailed(p, _) => {
                self.known.insert(*p, Known::Broken);
                self.turn_is_over(*p);
            }
            // The end of what its own clock has started is not that of a process which somebody wants.
            Event::Ended(p, _) if !self.launched.contains_key(p) => {}
            // It is wanted again.
            Event::Ended(p, _) if self.restarting == Some(*p) => {
                self.known.remove(p);
            }
            Event::Ended(p, ending) => {
                self.known.insert(*p, Known::Ended(*ending));
                self.rested.insert(*p);
                self.lost.remove(p);
                self.turn_is_over(*p);
                if let (Ending::Failed(failure), None) = (ending, self.shutdown_at) {
                    self.failures.push((*p, *failure));
                }
            }
            Event::Restarted(p, outcome) if self.restarting == Some(*p) => {
                self.restarting = None;
                self.turn_is_over(*p);
                if *outcome == phpeek_core::fleet::RestartOutcome::Up {
                    self.known.insert(*p, Known::Up);
                }
            }
            _ => {}
        }
    }

    fn turn_is_over(&mut self, p: ProcessId) {
        self.turn.take_if(|turn| *turn == p);
    }
}
