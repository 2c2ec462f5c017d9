//! How a run is pressed to end: which signal comes next, whom of the run it is for, and how long it may take. Part of
//! the transition table, and as pure.

use super::table::Step;
use super::{Effect, KILL_PATIENCE, Leader, Pressure, Reach, SignalStep, State};
use crate::signal::Signal;
use crate::spec::KillMode;
use std::time::Duration;

impl Step<'_> {
    /// The next step of pressure, and when the one after it is due (P4).
    pub(super) fn escalate(
        &mut self,
        run: u64,
        leader: Leader,
        pressure: Pressure,
    ) -> (Pressure, Option<Duration>) {
        let stop = self.policy.stop;
        let (request, kill) =
            (self.reach(leader, SignalStep::Request), self.reach(leader, SignalStep::Escalation));
        match pressure {
            Pressure::None if stop.signal != Signal::KILL => {
                self.send(run, stop.signal, SignalStep::Request, request);
                (Pressure::Asked, Some(self.now.at.saturating_add(stop.grace)))
            }
            Pressure::Asked if stop.kill_signal != Signal::KILL => {
                self.send(run, stop.kill_signal, SignalStep::Escalation, kill);
                (Pressure::Urged, Some(self.now.at.saturating_add(stop.kill_grace)))
            }
            Pressure::None | Pressure::Asked | Pressure::Urged if kill == Reach::Leader => {
                self.send(run, Signal::KILL, SignalStep::Escalation, kill);
                (Pressure::Struck, Some(self.now.at.saturating_add(KILL_PATIENCE)))
            }
            Pressure::None | Pressure::Asked | Pressure::Urged | Pressure::Struck | Pressure::Killed => {
                self.kill(run)
            }
        }
    }

    /// A run that follows the request has more time for it, and never less. What is stronger than the request waits for
    /// nobody.
    pub(super) fn extend(&mut self, run: u64, by: Duration) {
        if let State::Stopping { run: own, leader, pressure: Pressure::Asked, due: Some(due), then } =
            self.machine.state
            && own == run
            && matches!(leader, Leader::Alive { .. })
        {
            let due = Some(due.max(self.now.at.saturating_add(by)));
            self.machine.state = State::Stopping { run, leader, pressure: Pressure::Asked, due, then };
        }
    }

    /// Whom a signal of a stop that takes its time is for.
    fn reach(&self, leader: Leader, step: SignalStep) -> Reach {
        let alone = match self.policy.stop.mode {
            KillMode::Group => false,
            KillMode::Mixed => step == SignalStep::Request,
            KillMode::Leader => true,
        };
        if alone && matches!(leader, Leader::Alive { .. }) { Reach::Leader } else { Reach::All }
    }

    fn send(&mut self, run: u64, signal: Signal, step: SignalStep, reach: Reach) {
        self.out.push(Effect::Signal { run, signal, step, reach });
    }

    pub(super) fn kill(&mut self, run: u64) -> (Pressure, Option<Duration>) {
        self.send(run, Signal::KILL, SignalStep::Escalation, Reach::All);
        (Pressure::Killed, Some(self.now.at.saturating_add(KILL_PATIENCE)))
    }
}
