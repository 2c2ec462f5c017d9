//! Rolling restarts: one process after the other in dependency order, the next only when the one before is up again.
//! Requests that come meanwhile are remembered once each. Called by `Fleet::step`.

use super::{Effect, Fleet, Phase, RestartEnd, RestartOutcome, RestartScope, Standing};
use crate::spec::ProcessIndex;
use std::collections::VecDeque;

/// A rolling restart under way.
#[derive(Debug, Clone)]
pub(super) struct Rolling {
    scope: RestartScope,
    current: ProcessIndex,
    rest: VecDeque<ProcessIndex>,
}

impl Fleet {
    pub(super) fn ask_restart(&mut self, scope: RestartScope, out: &mut Vec<Effect>) {
        if matches!(self.phase, Phase::Stopping | Phase::Done) {
            return;
        }
        if !self.pending.contains(&scope) {
            self.pending.push(scope);
        }
        self.next_restart(out);
    }

    pub(super) fn next_restart(&mut self, out: &mut Vec<Effect>) {
        while self.phase == Phase::Running && self.rolling.is_none() && !self.pending.is_empty() {
            let scope = self.pending.remove(0);
            out.push(Effect::RestartBegan(scope));
            let chosen = |p: &ProcessIndex| match scope {
                RestartScope::All => self.restartable(*p),
                RestartScope::One(one) => *p == one && (self.restartable(*p) || self.startable(*p)),
            };
            let rest: VecDeque<ProcessIndex> = self.graph.order.iter().copied().filter(chosen).collect();
            self.advance(scope, rest, out);
        }
    }

    fn advance(&mut self, scope: RestartScope, mut rest: VecDeque<ProcessIndex>, out: &mut Vec<Effect>) {
        match rest.pop_front() {
            Some(current) => {
                self.set(current, Standing::Up); // also one that had given up: it is wanted again
                self.failures.retain(|(p, _)| *p != current);
                self.rolling = Some(Rolling { scope, current, rest });
                out.push(Effect::Restart(current));
            }
            None => out.push(Effect::RestartEnded(scope, RestartEnd::Complete)),
        }
    }

    pub(super) fn restarted(&mut self, p: ProcessIndex, outcome: RestartOutcome, out: &mut Vec<Effect>) {
        let Some(rolling) = self.rolling.take_if(|r| r.current == p) else { return };
        match outcome {
            RestartOutcome::Up => self.advance(rolling.scope, rolling.rest, out),
            RestartOutcome::Failed => out.push(Effect::RestartEnded(rolling.scope, RestartEnd::FailedAt(p))),
        }
        self.next_restart(out);
    }

    /// Whether this process was told to restart and has not said how it went.
    pub(super) fn is_restarting(&self, p: ProcessIndex) -> bool {
        self.rolling.as_ref().is_some_and(|r| r.current == p)
    }

    pub(super) fn abandon_restarts(&mut self, out: &mut Vec<Effect>) {
        self.pending.clear();
        if let Some(rolling) = self.rolling.take() {
            out.push(Effect::AbandonRestart(rolling.current));
            out.push(Effect::RestartEnded(rolling.scope, RestartEnd::Interrupted));
        }
    }
}
