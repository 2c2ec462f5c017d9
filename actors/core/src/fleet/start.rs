//! The start of a process, in every phase: it waits for what it needs, is told to start, and is up or is not. What the
//! end of a wait means depends on the phase: in a boot the boot fails, else that start alone.

use super::rolling::Start;
use super::{BootFailureCause, Effect, Ending, Fleet, Out, Phase, RestartOutcome, Standing};
use crate::edge::Edge;
use crate::facts::{Fact, ProcessFact};
use crate::ids::ProcessId;
use crate::operation::{Cause, Operation};
use crate::outcome::SpawnFailure;
use crate::process::Command;
use crate::spec::{OnTimeout, ProcessKind};
use std::time::Duration;

impl Fleet {
    /// The start of a process begins, as part of an operation. [`Self::launch_if_free`] goes on with it.
    pub(super) fn begin_start(&mut self, p: ProcessId, operation: Operation, now: Duration, out: &mut Out) {
        self.standstill |= operation.cause == Cause::Request && self.all_ended();
        let Some(member) = self.members.get_mut(&p) else { return };
        member.needs.iter_mut().for_each(Edge::begin);
        let waits = member.needs.iter().filter(|e| e.holds_up()).map(|e| (e.on, e.condition)).collect();
        member.start = Some(Start { operation: operation.clone(), before: member.standing, until: None });
        self.set(p, Standing::Waiting, now, out);
        self.watch(p, now);
        out.tell(now, Fact::Process(p, ProcessFact::StartBegan { operation, waits }));
    }

    /// Tells a process to start when it waits for nothing any more.
    pub(super) fn launch_if_free(&mut self, p: ProcessId, now: Duration, out: &mut Out) {
        let Some(member) = self.members.get_mut(&p) else { return };
        if member.standing != Standing::Waiting || member.needs.iter().any(Edge::holds_up) {
            return;
        }
        let Some(start) = member.start.as_mut() else { return };
        let operation = start.operation.clone();
        if member.spec.kind == ProcessKind::Scheduled {
            return self.launch_schedule(p, operation, now, out);
        }
        if member.spec.has_readiness() {
            let until = now.saturating_add(self.dependency_timeout);
            start.until = Some(until);
            self.unready_until.insert((until, p));
        }
        member.left = false; // whatever it leaves from now on is told anew
        self.failures.retain(|(failed, _)| *failed != p);
        self.standstill = false;
        self.set(p, Standing::Launched(now), now, out);
        out.act(Effect::Command(p, operation, Command::Start));
    }

    pub(super) fn up(&mut self, p: ProcessId, now: Duration, out: &mut Out) {
        if !matches!(self.standing(p), Standing::Launched(_) | Standing::Unready) {
            return;
        }
        self.set(p, Standing::Up, now, out);
        self.settle(p);
        self.launch_dependents(p, now, out);
        self.started(p, RestartOutcome::Up, now, out);
        self.finish_boot(now, out);
    }

    pub(super) fn start_failed(&mut self, p: ProcessId, failure: SpawnFailure, now: Duration, out: &mut Out) {
        if !matches!(self.standing(p), Standing::Launched(_)) {
            return;
        }
        let by_hand = self.is_by_hand(p);
        self.set(p, Standing::Broken, now, out);
        self.end_start(p);
        let cause = BootFailureCause::Spawn(failure);
        let waiting: Vec<ProcessId> = self.waiting_for(p).collect();
        let ours = !by_hand || waiting.iter().any(|waits| !self.is_by_hand(*waits));
        match self.phase {
            Phase::Booting if ours => self.fail_boot(Some(p), cause, waiting, now, out),
            Phase::Booting | Phase::Running => {
                self.fail_dependents(p, &cause, now, out);
                self.started(p, RestartOutcome::Failed, now, out);
            }
            Phase::New | Phase::Stopping | Phase::Done => {}
        }
    }

    pub(super) fn ended(&mut self, p: ProcessId, ending: Ending, now: Duration, out: &mut Out) {
        // In a shutdown only `Stopped` counts: every order to stop is answered by it, and this end may be older than
        // an order to restart that is still on its way.
        if matches!(self.phase, Phase::Stopping | Phase::Done) {
            return;
        }
        // An end that was reported before the order to restart arrived: the process is wanted again, and reports its
        // end anew after `Restarted` if that fails.
        if self.is_restarting(p) {
            return self.set(p, Standing::Launched(now), now, out);
        }
        match self.standing(p) {
            Standing::Launched(_) if !self.is_gated(p) => self.up(p, now, out), // if only for a moment
            Standing::Launched(_) | Standing::Unready => self.settle(p),
            _ => {}
        }
        let may_end = matches!(self.standing(p), Standing::Launched(_) | Standing::Unready | Standing::Up);
        if !may_end && self.standing(p) != Standing::Broken {
            return;
        }
        self.set(p, Standing::Ended(ending), now, out);
        let cause = match ending {
            Ending::Failed(failure) => {
                self.failures.push((p, failure));
                BootFailureCause::Failed(failure)
            }
            Ending::Completed => BootFailureCause::Gone,
        };
        // One that was started and has ended before it was ready had its turn.
        self.started(p, RestartOutcome::Failed, now, out);
        self.launch_dependents(p, now, out);
        self.fail_dependents(p, &cause, now, out);
        self.finish_boot(now, out);
        self.check_all_ended(now, out);
    }

    /// Starts whoever had only this process to wait for.
    pub(super) fn launch_dependents(&mut self, p: ProcessId, now: Duration, out: &mut Out) {
        if !matches!(self.phase, Phase::Booting | Phase::Running) {
            return;
        }
        for dependent in self.dependents(p).to_vec() {
            if self.standing(dependent) == Standing::Stopped && !self.is_left_alone(dependent) {
                self.start_again(dependent, now, out);
            }
            self.launch_if_free(dependent, now, out);
        }
    }

    /// What waits for what this process will not do waits no longer.
    fn fail_dependents(&mut self, p: ProcessId, cause: &BootFailureCause, now: Duration, out: &mut Out) {
        let standing = self.standing(p);
        let hopeless = |d: &ProcessId| self.needs(*d).iter().any(|e| e.on == p && e.is_hopeless(standing));
        let hopeless: Vec<ProcessId> = self.waiting_for(p).filter(hopeless).collect();
        if hopeless.is_empty() {
            return;
        }
        if hopeless.iter().any(|dependent| self.fails_the_boot(*dependent, standing)) {
            return self.fail_boot(Some(p), cause.clone(), hopeless, now, out);
        }
        for dependent in hopeless {
            self.fail_start(dependent, p, cause, now, out);
        }
    }

    /// What a start that has just begun waits for may have ended long ago.
    pub(super) fn fail_if_hopeless(&mut self, p: ProcessId, now: Duration, out: &mut Out) {
        if self.standing(p) != Standing::Waiting {
            return;
        }
        let Some(on) = self.needs(p).iter().find(|e| e.is_hopeless(self.standing(e.on))).map(|e| e.on) else {
            return;
        };
        let cause = match self.standing(on) {
            Standing::Ended(Ending::Failed(failure)) => BootFailureCause::Failed(failure),
            _ => BootFailureCause::Gone,
        };
        if self.fails_the_boot(p, self.standing(on)) {
            return self.fail_boot(Some(on), cause, vec![p], now, out);
        }
        self.fail_start(p, on, &cause, now, out);
    }

    /// A start has failed by what it waits for, and with it those that wait for it. Nothing else changes.
    fn fail_start(
        &mut self,
        p: ProcessId,
        on: ProcessId,
        cause: &BootFailureCause,
        now: Duration,
        out: &mut Out,
    ) {
        if self.standing(p) != Standing::Waiting {
            return;
        }
        let Some(start) = self.members.get_mut(&p).and_then(|m| m.start.take()) else { return };
        let above: Vec<ProcessId> = self.waiting_for(p).collect();
        for dependent in above {
            self.fail_start(dependent, p, &BootFailureCause::Gone, now, out);
        }
        out.tell(now, Fact::Process(p, ProcessFact::EdgeFailed(on, cause.clone())));
        if let (Cause::Dependency(_), Some(member)) = (&start.operation.cause, self.members.get_mut(&p)) {
            member.again = Some(start.operation.clone()); // once more when what it needs is there again
        }
        match self.is_awaited(p) {
            true => self.put_off(p, start.operation, now, out),
            false => self.set(p, start.before, now, out),
        }
        self.started(p, RestartOutcome::Failed, now, out);
        self.finish_boot(now, out);
        // Nothing has ended by a wish that could not be granted.
        if !self.standstill {
            self.check_all_ended(now, out);
        }
    }

    /// A start is over, whatever came of it: the boot waits for it no longer.
    pub(super) fn settle(&mut self, p: ProcessId) {
        self.end_start(p);
        if self.members.get_mut(&p).is_some_and(|member| std::mem::take(&mut member.awaited)) {
            self.unsettled = self.unsettled.saturating_sub(1);
        }
    }

    pub(super) fn end_start(&mut self, p: ProcessId) {
        let start = self.members.get_mut(&p).and_then(|member| member.start.take());
        if let Some(until) = start.and_then(|start| start.until) {
            self.unready_until.remove(&(until, p));
        }
    }

    /// Those that still wait for `p`.
    pub(super) fn waiting_for(&self, p: ProcessId) -> impl Iterator<Item = ProcessId> + '_ {
        let waits = move |d: &ProcessId| {
            self.standing(*d) == Standing::Waiting && self.needs(*d).iter().any(|e| e.on == p && e.holds_up())
        };
        self.dependents(p).iter().copied().filter(waits)
    }

    /// Measures the waits of a process: each from the moment in which its start has begun and what it waits for was
    /// told to start, so that a wait for something that waits itself costs nothing.
    pub(super) fn watch(&mut self, p: ProcessId, now: Duration) {
        let Some(member) = self.members.get(&p) else { return };
        let starts = member.standing == Standing::Waiting && member.start.is_some();
        let counts: Vec<bool> = member
            .needs
            .iter()
            .map(|e| starts && e.holds_up() && self.standing(e.on) != Standing::Waiting)
            .collect();
        let usual = self.dependency_timeout;
        let Some(member) = self.members.get_mut(&p) else { return };
        for (edge, counts) in member.needs.iter_mut().zip(counts) {
            match (edge.until, counts) {
                (None, true) => {
                    let until = now.saturating_add(edge.timeout.unwrap_or(usual));
                    edge.until = Some(until);
                    self.awaited.insert((until, p, edge.on));
                }
                (Some(until), false) => {
                    edge.until = None;
                    self.awaited.remove(&(until, p, edge.on));
                }
                (None, false) | (Some(_), true) => {}
            }
        }
    }

    /// Some have waited too long.
    pub(super) fn waits_are_over(&mut self, now: Duration, out: &mut Out) {
        while let Some((_, p, on)) = self.awaited.first().copied().filter(|(until, ..)| *until <= now) {
            if self.goes_on_without(p, on, now, out) {
                continue;
            }
            if self.fails_the_boot(p, self.standing(on)) {
                let due = self.awaited.iter().take_while(|(until, ..)| *until <= now);
                let fails =
                    |p: &ProcessId| self.edge(*p, on).is_some_and(|e| e.on_timeout == OnTimeout::Fail);
                let late =
                    due.filter(|(_, _, other)| *other == on).map(|(_, p, _)| *p).filter(fails).collect();
                return self.fail_boot(Some(on), BootFailureCause::TimedOut, late, now, out);
            }
            self.fail_start(p, on, &BootFailureCause::TimedOut, now, out);
            self.watch(p, now);
        }
    }

    /// Whether a start goes on without what it has waited for too long.
    fn goes_on_without(&mut self, p: ProcessId, on: ProcessId, now: Duration, out: &mut Out) -> bool {
        let edges = self.members.get_mut(&p).into_iter().flat_map(|m| &mut m.needs);
        let Some(edge) = edges.into_iter().find(|e| e.on == on && e.on_timeout == OnTimeout::Start) else {
            return false;
        };
        edge.give_up();
        out.tell(now, Fact::Process(p, ProcessFact::EdgeGivenUp(on)));
        self.watch(p, now);
        self.launch_if_free(p, now, out);
        true
    }

    fn edge(&self, p: ProcessId, on: ProcessId) -> Option<&Edge> {
        self.needs(p).iter().find(|e| e.on == on)
    }
}
