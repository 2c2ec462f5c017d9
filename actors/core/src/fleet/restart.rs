//! Rolling restarts: one process after the other in dependency order, the next only when the one before is up again.
//! Requests that come meanwhile are remembered once each, with what asked first.

use super::rolling::Rolling;
use super::{Effect, Fleet, Out, Phase, RestartEnd, RestartOutcome, RestartScope, Standing};
use crate::facts::SystemFact;
use crate::ids::ProcessId;
use crate::operation::Operation;
use crate::process::Command;
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
            return;
        }
        if self.pending.iter().any(|(_, s)| *s == scope) {
            self.tell(now, SystemFact::RestartJoined { operation, scope }, out);
        } else {
            self.pending.push((operation, scope));
        }
        self.next_restart(now, out);
    }

    pub(super) fn next_restart(&mut self, now: Duration, out: &mut Out) {
        while self.phase == Phase::Running && self.rolling.is_none() && !self.pending.is_empty() {
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
        let Some(current) = rest.pop_front() else { return false };
        self.set(current, Standing::Up, now, out); // also one that had given up: it is wanted again
        self.failures.retain(|(p, _)| *p != current);
        if let Some(member) = self.members.get_mut(&current) {
            member.left = false; // whatever it leaves from now on is told anew
        }
        out.act(Effect::Command(current, operation.clone(), Command::Restart));
        self.rolling = Some(Rolling { operation, scope, current, rest });
        true
    }

    pub(super) fn restarted(&mut self, p: ProcessId, outcome: RestartOutcome, now: Duration, out: &mut Out) {
        let Some(Rolling { operation, scope, rest, .. }) = self.rolling.take_if(|r| r.current == p) else {
            return;
        };
        let end = match outcome {
            RestartOutcome::Up if self.restart_next(operation, scope, rest, now, out) => return,
            RestartOutcome::Up => RestartEnd::Complete,
            RestartOutcome::Failed => RestartEnd::FailedAt(p),
        };
        self.tell(now, SystemFact::RestartEnded { scope, end }, out);
        self.next_restart(now, out);
    }

    /// Whether this process was told to restart and has not said how it went.
    pub(super) fn is_restarting(&self, p: ProcessId) -> bool {
        self.rolling.as_ref().is_some_and(|r| r.current == p)
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
