//! What becomes of the remains of a run whose leader has ended: they go, live on by right, or are left because
//! nothing can be done about them. Part of the transition table, and as pure.

use super::table::Step;
use super::{Effect, Failure, First, Leader, Pressure, Rest, State, Then, Trigger};
use crate::spec::ProcessKind;
use std::time::Duration;

impl Step<'_> {
    /// A oneshot has done its work when it has put a daemon there. For whatever else, the daemon is what is left of a
    /// run that is over, and goes before the next one comes.
    pub(super) fn left(&mut self, run: u64) {
        match self.machine.state {
            State::Draining { run: own, uptime, exit, .. }
                if own == run && self.policy.kind == ProcessKind::Oneshot && self.policy.succeeded(exit) =>
            {
                self.out.push(Effect::RunEnded { run, exit, uptime });
                self.rest(State::Left { run }, Rest::Completed);
            }
            _ => {}
        }
    }

    /// To wait for what cannot be asked, urged or killed would only hold up what follows.
    pub(super) fn out_of_reach(&mut self, run: u64) {
        match self.machine.state {
            State::Draining { run: own, .. }
            | State::Stopping { run: own, leader: Leader::Ended { .. } | Leader::Gone, .. }
                if own == run =>
            {
                self.leave(run);
            }
            _ => {}
        }
    }

    /// Nothing more can be done about what is left of a run.
    pub(super) fn leave(&mut self, run: u64) {
        match self.machine.state {
            State::Draining { .. } | State::Stopping { leader: Leader::Ended { .. } | Leader::Gone, .. } => {
                self.out.push(Effect::Leave { run });
                self.over();
            }
            // A leader that lives is the run: nothing follows while it does (P1).
            State::Stopping {
                leader: leader @ Leader::Alive { .. },
                pressure: Pressure::Killed,
                then,
                ..
            } => {
                self.out.push(Effect::Leave { run });
                let pressure = Pressure::Killed;
                self.machine.state = State::Stopping { run, leader, pressure, due: None, then };
            }
            _ => {}
        }
    }

    /// The leader has ended and nobody is left, or nobody that matters.
    pub(super) fn over(&mut self) {
        match self.machine.state {
            State::Draining { run, uptime, exit, .. } => {
                self.out.push(Effect::RunEnded { run, exit, uptime });
                self.decide(exit, uptime);
            }
            State::Stopping { run, leader: Leader::Ended { exit, uptime }, then, .. } => {
                self.out.push(Effect::RunEnded { run, exit, uptime });
                self.stopped(then, uptime);
            }
            State::Stopping { leader: Leader::Gone, then, .. } => self.stopped(then, Duration::ZERO),
            _ => {}
        }
    }

    fn stopped(&mut self, then: Then, uptime: Duration) {
        match then {
            Then::Rest => self.rest(State::Idle, Rest::Stopped),
            Then::Restart => self.spawn(First::No),
            Then::Follow => self.follow(Trigger::Unhealthy, uptime, Failure::Unhealthy),
            Then::Memory(limit) if self.policy.restarts_by_itself() => {
                self.follow(Trigger::Memory(limit), uptime, Failure::Memory(limit));
            }
            Then::Memory(limit) => {
                let failure = Failure::Memory(limit);
                self.rest(State::Failed(failure), Rest::Failed(failure));
            }
        }
    }
}
