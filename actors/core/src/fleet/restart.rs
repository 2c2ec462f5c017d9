//! Rolling restarts: one process after the other in dependency order, the next only when the one before is up again.
//! One of which nothing runs is started, with all that a start waits for. Requests that come meanwhile are remembered once each, with what asked first.

use super::rolling::Rolling;
use super::{Effect, Fleet, OperationEnd, Out, Phase, RestartEnd, RestartOutcome, RestartScope, Standing};
use crate::facts::{Refusal, SystemFact};
use crate::ids::ProcessId;
use crate::operation::{Operation, OperationId};
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
        if let Err(refusal) = self.has_room() {
            return self.tell(now, SystemFact::Refused(operation, refusal), out);
        }
        if self.pending.iter().any(|(_, s)| *s == scope) {
            let id = operation.id;
            self.tell(now, SystemFact::RestartJoined { operation, scope: scope.clone() }, out);
            self.joined.push((id, scope));
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
            let (begun, of) = (operation.clone(), scope.clone());
            self.tell(now, SystemFact::RestartBegan { operation: begun, scope: of }, out);
            let chosen = |p: &ProcessId| match scope {
                RestartScope::All => {
                    self.restartable(*p) && self.members.get(p).is_some_and(|m| m.spec.rolls())
                }
                RestartScope::These(_) | RestartScope::One(_) => {
                    scope.names(*p) && (self.restartable(*p) || self.startable(*p))
                }
            };
            let rest: VecDeque<ProcessId> = self.order.iter().copied().filter(chosen).collect();
            let empty = rest.is_empty();
            let id = operation.id;
            if empty {
                let (scope, end) = (scope.clone(), RestartEnd::Nothing);
                self.tell(now, SystemFact::RestartEnded { scope, end }, out);
            }
            // Who is being stopped or started already needs no restart beside it.
            if !self.restart_next(operation, &scope, rest, now, out) {
                if !empty {
                    let (scope, end) = (scope.clone(), RestartEnd::Complete);
                    self.tell(now, SystemFact::RestartEnded { scope, end }, out);
                }
                self.answer_restart(id, &scope, OperationEnd::Done, now, out);
            }
        }
    }

    /// Restarts the first of those that are left. False when there is none.
    fn restart_next(
        &mut self,
        operation: Operation,
        scope: &RestartScope,
        mut rest: VecDeque<ProcessId>,
        now: Duration,
        out: &mut Out,
    ) -> bool {
        let own = |fleet: &Self, p: ProcessId| match fleet.standing(p) {
            // One that is being stopped or started already needs no restart beside it.
            Standing::Waiting | Standing::Launched(_) | Standing::Stopping => false,
            // What somebody has stopped is started by its name alone; what is stopped for a loss starts by itself.
            Standing::Stopped => *scope != RestartScope::All,
            _ => true,
        };
        let Some(current) = std::iter::from_fn(|| rest.pop_front()).find(|p| own(self, *p)) else {
            return false;
        };
        let starts =
            matches!(self.standing(current), Standing::Dormant | Standing::Ended(_) | Standing::Stopped);
        let (begun, of) = (operation.clone(), scope.clone());
        self.rolling = Some(Rolling { operation: begun, scope: of, current, starts, rest });
        if starts {
            self.begin_start(current, operation, now, out);
            self.launch_if_free(current, now, out);
            self.fail_if_hopeless(current, now, out);
            return true;
        }
        if let Some(reload) = self.reload_in_turn(current, scope) {
            out.act(Effect::Command(current, operation, reload));
            return true;
        }
        self.failures.retain(|(p, _)| *p != current);
        if let Some(member) = self.members.get_mut(&current) {
            member.left = false; // whatever it leaves from now on is told anew
        }
        out.act(Effect::Command(current, operation, Command::Restart));
        true
    }

    /// What a process that reloads itself is told in a rolling restart; who asks for it by its name alone wants a restart.
    fn reload_in_turn(&self, p: ProcessId, scope: &RestartScope) -> Option<Command> {
        let member = self.members.get(&p).filter(|_| scope.is_rolling())?;
        member.spec.reload().map(Command::Reload)
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
        let id = operation.id;
        let end = match outcome {
            RestartOutcome::Up if self.restart_next(operation, &scope, rest, now, out) => return,
            RestartOutcome::Up => RestartEnd::Complete,
            RestartOutcome::Failed => RestartEnd::FailedAt(current),
        };
        self.tell(now, SystemFact::RestartEnded { scope: scope.clone(), end }, out);
        let answer = match end {
            RestartEnd::Complete | RestartEnd::Nothing => OperationEnd::Done,
            RestartEnd::FailedAt(_) => OperationEnd::Failed,
            RestartEnd::Interrupted | RestartEnd::StoppedAt(_) => OperationEnd::Interrupted,
        };
        self.answer_restart(id, &scope, answer, now, out);
        self.next_restart(now, out);
    }

    /// A restart is over, and with it what has joined it.
    fn answer_restart(
        &mut self,
        id: OperationId,
        scope: &RestartScope,
        end: OperationEnd,
        now: Duration,
        out: &mut Out,
    ) {
        self.tell(now, SystemFact::Answered(id, end), out);
        let still_waits = self.pending.iter().any(|(_, s)| s == scope);
        let over = self.joined.extract_if(.., |(_, s)| s == scope && !still_waits);
        for (id, _) in over.collect::<Vec<_>>() {
            self.tell(now, SystemFact::Answered(id, end), out);
        }
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
        let waiting = std::mem::take(&mut self.pending).into_iter().map(|(operation, _)| operation.id);
        let joined = std::mem::take(&mut self.joined).into_iter().map(|(id, _)| id);
        let over: Vec<OperationId> = waiting.chain(joined).collect();
        self.abandon_rolling(RestartEnd::Interrupted, now, out);
        for id in over {
            self.tell(now, SystemFact::Answered(id, OperationEnd::Interrupted), out);
        }
    }

    /// The restart under way goes no further: something else was asked of who has the turn, or of all.
    pub(super) fn abandon_rolling(&mut self, end: RestartEnd, now: Duration, out: &mut Out) {
        if let Some(rolling) = self.rolling.take() {
            let (id, scope) = (rolling.operation.id, rolling.scope);
            out.act(Effect::Command(rolling.current, rolling.operation, Command::AbandonRestart));
            self.tell(now, SystemFact::RestartEnded { scope: scope.clone(), end }, out);
            self.answer_restart(id, &scope, OperationEnd::Interrupted, now, out);
        }
    }
}
