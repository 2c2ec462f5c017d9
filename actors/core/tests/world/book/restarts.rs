//! What follows the end of a run: whether another does, when, and what it counts as (P5, P6, P10, P11).

use super::{Book, Broken, Next};
use phpeek_core::budget::Attempts;
use phpeek_core::lifecycle::{Failure, Policy, RECYCLE, Rest, Trigger, Want};
use phpeek_core::spec::{Exhausted, ProcessKind, RestartPolicy};
use std::time::Duration;

impl Book {
    /// The longest delay that is due, and the shortest.
    pub(super) fn delay(&self, policy: &Policy) -> (Duration, Duration) {
        let backoff = policy.restart.backoff;
        let base = match self.next {
            Next::Recycled => {
                let rest = RECYCLE.saturating_sub(self.uptime);
                return (rest, rest);
            }
            Next::Slow => backoff.max(),
            Next::Usual => backoff.base(self.restarts.saturating_sub(1)),
        };
        (base, base / 4 * 3)
    }

    pub(super) fn restarting(
        &mut self,
        policy: &Policy,
        after: Trigger,
        attempt: u32,
        broken: &mut Vec<Broken>,
    ) {
        let by_itself = policy.kind == ProcessKind::LongRun && policy.restart.policy != RestartPolicy::Never;
        if by_itself && matches!(after, Trigger::Exit(exit) if policy.recycles(exit)) {
            (self.next, self.recycled) = (Next::Recycled, self.recycled + 1);
            self.owes_wait = self.uptime < RECYCLE;
            if attempt != self.restarts + self.recycled || std::mem::take(&mut self.exhausted) {
                broken.push(("P6", format!("restart {attempt} after {after:?}, which called for it")));
            }
            return;
        }
        let failed = !matches!(after, Trigger::Exit(exit) if policy.succeeded(exit));
        let allowed = policy.kind == ProcessKind::LongRun
            && match policy.restart.policy {
                RestartPolicy::Always => true,
                RestartPolicy::OnFailure => failed,
                RestartPolicy::Never => false,
            };
        self.failures += u32::from(failed);
        self.restarts += 1;
        let spent = match policy.restart.attempts {
            Attempts::AtMost(max) if self.failures > max => {
                self.failures = max;
                true
            }
            _ => false,
        };
        self.next = if spent { Next::Slow } else { Next::Usual };
        let told = std::mem::take(&mut self.exhausted) == spent;
        let beyond = spent && policy.restart.ends.exhausted != Exhausted::SlowRetry;
        if !allowed || beyond || !told || attempt != self.restarts + self.recycled {
            broken.push(("P6", format!("restart {attempt} after {after:?}: failure {}", self.failures)));
        }
    }

    pub(super) fn rested(&mut self, policy: &Policy, rest: Rest, broken: &mut Vec<Broken>) {
        if self.open.is_some() {
            broken.push(("P10", "at rest before the end of its run was told".to_owned()));
        }
        let wanted = self.wanted == Some(Want::Up);
        if wanted == (rest == Rest::Stopped) {
            broken.push(("P11", format!("{rest:?} against the last command {:?}", self.wanted)));
        }
        let sound = match rest {
            Rest::Stopped | Rest::Failed(Failure::Spawn(_)) => true,
            Rest::Completed => self.ended_exit.is_some_and(|exit| policy.succeeded(exit)),
            Rest::Failed(Failure::Exit(exit)) => self.ended_exit == Some(exit) && !policy.succeeded(exit),
            // Nobody asks for health here, or bounds memory.
            Rest::Failed(Failure::Unhealthy | Failure::Memory(_)) => false,
            Rest::Failed(Failure::GaveUp(exit)) => {
                self.ended_exit == Some(exit)
                    && policy.restart.attempts == Attempts::AtMost(self.failures)
                    && self.exhausted
                    && policy.restart.ends.exhausted != Exhausted::SlowRetry
            }
        };
        self.exhausted = false;
        if !sound {
            broken.push(("P6", format!("{rest:?} after {} failures", self.failures)));
        }
    }
}
