//! Rolling restarts: one process after the other in dependency order, the next only when the one before is up again.
//! One of which nothing runs is started, with all that a start waits for. Requests that come meanwhile are remembered once each, with what asked first.

use super::rolling::Rolling;
use super::{Effect, Fleet, Out, Phase, RestartEnd, RestartOutcome, RestartScope, Standing};
use crate::facts::{Refusal, SystemFact};
use crate::ids::ProcessId;
use crate::operation::Operation;
use crate::process::Command;
use crate::spec::ProcessKind;
use std::collections::VecDeque;
use std::time::Duration;

impl Fleet {
    pub(super) fn ask_restart(
        &mut self,
        operation: Operation,
        scope: RestartScope,
        now: Duration,
        out: &mut Out,
    ) {
        if matches!(self.phase, Phase::Stopping | Phase::Done) {
            return self.tell(now, SystemFact::Refused(operation, Refusal::Stopping), out);
        }
        if self.pending.iter().any(|(_, s)| *s == scope) {
            self.tell(now, SystemFact::RestartJoined { operation, scope }, out);
        } else {
            self.pending.push((operation, scope));
        }
        self.next_restart(now, out);
    }

    pub(super) fn next_restart(&mut self, now: Duration, out: &mut Out) {
        while self.phase == Phase::Running
            && self.rolling.is_none()
            && !self.pending.is_empty()
            && self.may_roll()
        {
            let (operation, scope) = self.pending.remove(0);
            self.tell(now, SystemFact::RestartBegan { operation: operation.clone(), scope }, out);
            let chosen = |p: &ProcessId| match scope {
                RestartScope::All => self.restartable(*p),
                RestartScope::One(one) => *p == one && (self.restartable(*p) || self.startable(*p)),
            };
            let rest: VecDeque<ProcessId> = self.order.iter().copied().filter(chosen).collect();
            if rest.is_empty() {
                self.tell(now, SystemFact::RestartEnded { scope, end: RestartEnd::Nothing }, out);
            }
            self.restart_next(operation, scope, rest, now, out);
        }
    }

    /// Restarts the first of those that are left. False when there is none.
    fn restart_next(
        &mut self,
        operation: Operation,
        scope: RestartScope,
        mut rest: VecDeque<ProcessId>,
        now: Duration,
        out: &mut Out,
    ) -> bool {
        let own = |fleet: &Self, p: ProcessId| {
            // One that is being stopped or started already needs no restart beside it.
            !matches!(fleet.standing(p), Standing::Waiting | Standing::Launched(_) | Standing::Stopping)
        };
        let Some(current) = std::iter::from_fn(|| rest.pop_front()).find(|p| own(self, *p)) else {
            return false;
        };
        let starts =
            matches!(self.standing(current), Standing::Dormant | Standing::Ended(_) | Standing::Stopped);
        self.rolling = Some(Rolling { operation: operation.clone(), scope, current, starts, rest });
        if starts {
            self.begin_start(current, operation, now, out);
            self.launch_if_free(current, now, out);
            self.fail_if_hopeless(current, now, out);
            return true;
        }
        self.failures.retain(|(p, _)| *p != current);
        if let Some(member) = self.members.get_mut(&current) {
            member.left = false; // whatever it leaves from now on is told anew
        }
        out.act(Effect::Command(current, operation, Command::Restart));
        true
    }

    /// A process was told to restart, and that is over.
    pub(super) fn restarted(&mut self, p: ProcessId, outcome: RestartOutcome, now: Duration, out: &mut Out) {
        if !self.is_restarting(p) {
            return;
        }
        match (self.standing(p), outcome) {
            (Standing::Launched(_) | Standing::Broken, RestartOutcome::Up) => {
                self.set(p, Standing::Up, now, out);
                self.launch_dependents(p, now, out);
            }
            (Standing::Launched(_), RestartOutcome::Failed) => self.set(p, Standing::Broken, now, out),
            _ => {}
        }
        self.turn_is_over(outcome, now, out);
    }

    /// The start of a process is over; it may have been its turn.
    pub(super) fn started(&mut self, p: ProcessId, outcome: RestartOutcome, now: Duration, out: &mut Out) {
        self.reload_hears(p, outcome);
        if self.rolling.as_ref().is_some_and(|r| r.current == p && r.starts) {
            self.turn_is_over(outcome, now, out);
        }
    }

    fn turn_is_over(&mut self, outcome: RestartOutcome, now: Duration, out: &mut Out) {
        let Some(Rolling { operation, scope, current, rest, .. }) = self.rolling.take() else { return };
        self.rolled(current, outcome);
        let end = match outcome {
            RestartOutcome::Up if self.restart_next(operation, scope, rest, now, out) => return,
            RestartOutcome::Up => RestartEnd::Complete,
            RestartOutcome::Failed => RestartEnd::FailedAt(current),
        };
        self.tell(now, SystemFact::RestartEnded { scope, end }, out);
        self.next_restart(now, out);
    }

    /// Whether a process takes part in restarts: it is meant to stay, and was started.
    fn restartable(&self, p: ProcessId) -> bool {
        let started = matches!(
            self.standing(p),
            Standing::Unready | Standing::Up | Standing::Broken | Standing::Ended(_) | Standing::Stopped
        );
        self.kind(p) == ProcessKind::LongRun && started
    }

    /// Whether a process was left out of the boot (`initial_state: stopped`): a restart by its name starts it.
    fn startable(&self, p: ProcessId) -> bool {
        self.kind(p) == ProcessKind::LongRun && self.standing(p) == Standing::Dormant
    }

    /// Whether it is the turn of this process.
    pub(super) fn has_turn(&self, p: ProcessId) -> bool {
        self.rolling.as_ref().is_some_and(|r| r.current == p)
    }

    /// Whether this process was told to restart and has not said how it went.
    pub(super) fn is_restarting(&self, p: ProcessId) -> bool {
        self.rolling.as_ref().is_some_and(|r| r.current == p && !r.starts)
    }

    pub(super) fn abandon_restarts(&mut self, now: Duration, out: &mut Out) {
        self.pending.clear();
        if let Some(rolling) = self.rolling.take() {
            out.act(Effect::Command(rolling.current, rolling.operation, Command::AbandonRestart));
            let (scope, end) = (rolling.scope, RestartEnd::Interrupted);
            self.tell(now, SystemFact::RestartEnded { scope, end }, out);
        }
    }
}
