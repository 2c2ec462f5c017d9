//! The transition table of the lifecycle machine: with `remains.rs` and `pressing.rs` the only place that writes a state. A pair of state
//! and event that is not listed changes nothing: it is stale, or told already. `tests/table.md` shows every pair.

use super::{
    Effect, Event, Failure, First, KILL_PATIENCE, LINGER, Leader, Machine, Now, Policy, Pressure, RECYCLE,
    Rest, State, Then, Trigger, Urgency, Want,
};
use crate::limit::Limit;
use crate::outcome::{Exit, SpawnFailureKind};
use crate::spec::{Exhausted, RestartPolicy};
use std::time::Duration;

impl Machine {
    /// Takes one step. Effects are appended to `out`, in the order in which they are to be performed.
    pub fn step(&mut self, policy: &Policy, now: Now, event: Event, out: &mut Vec<Effect>) {
        Step { machine: self, policy, now, out }.take(event);
    }
}

/// One step of one machine.
pub(super) struct Step<'a> {
    pub(super) machine: &'a mut Machine,
    pub(super) policy: &'a Policy,
    pub(super) now: Now,
    pub(super) out: &'a mut Vec<Effect>,
}

impl Step<'_> {
    pub(super) fn take(&mut self, event: Event) {
        match event {
            Event::Start => self.start(),
            Event::Stop(urgency) => self.stop(urgency),
            Event::Restart => self.restart(),
            Event::Unhealthy { run } => self.unhealthy(run),
            Event::OverLimit { run, limit } => self.over_limit(run, limit),
            Event::Spawned { run } => self.spawned(run),
            Event::SpawnFailed { run, kind } => self.spawn_failed(run, kind),
            Event::Exited { run, exit } => self.exited(run, exit),
            Event::GroupEmpty { run } => self.group_empty(run),
            Event::Left { run } => self.left(run),
            Event::OutOfReach { run } => self.out_of_reach(run),
            Event::Extend { run, by } => self.extend(run, by),
            Event::Tick => self.tick(),
        }
    }

    // Commands: the last one wins (P11).

    fn start(&mut self) {
        self.machine.want = Want::Up;
        match self.machine.state {
            State::Idle | State::Completed | State::Failed(_) => {
                self.machine.budget.reset();
                self.spawn(First::Yes);
            }
            State::Left { run } => {
                self.machine.budget.reset();
                self.press(run, Leader::Gone, Urgency::Graceful, Then::Restart);
            }
            State::Stopping {
                run,
                leader,
                pressure,
                due,
                then: Then::Rest | Then::Follow | Then::Memory(_),
            } => {
                self.machine.budget.reset();
                self.machine.state = State::Stopping { run, leader, pressure, due, then: Then::Restart };
            }
            State::Stopping { then: Then::Restart, .. }
            | State::Starting { .. }
            | State::Running { .. }
            | State::Draining { .. }
            | State::Backoff { .. } => {}
        }
    }

    fn stop(&mut self, urgency: Urgency) {
        self.machine.want = Want::Down;
        match self.machine.state {
            State::Idle | State::Completed | State::Failed(_) => {}
            State::Left { run } => self.press(run, Leader::Gone, urgency, Then::Rest),
            State::Backoff { .. } => self.rest(State::Idle, Rest::Stopped),
            State::Starting { run, .. } => {
                let pressure = if urgency == Urgency::Now { Pressure::Killed } else { Pressure::Asked };
                let leader = Leader::Unborn;
                self.out.push(Effect::Cancel { run });
                self.machine.state = State::Stopping { run, leader, pressure, due: None, then: Then::Rest };
            }
            State::Running { run, since } => self.press(run, Leader::Alive { since }, urgency, Then::Rest),
            State::Draining { run, exit, uptime, pressure, due } => {
                let leader = Leader::Ended { exit, uptime };
                self.press_on(run, leader, pressure, due, urgency, Then::Rest);
            }
            State::Stopping { run, leader, pressure, due, .. } => {
                self.press_on(run, leader, pressure, due, urgency, Then::Rest);
            }
        }
    }

    fn restart(&mut self) {
        self.machine.budget.reset(); // a command starts afresh, whatever it finds
        match self.machine.state {
            State::Idle | State::Completed | State::Left { .. } | State::Failed(_) => self.start(),
            State::Backoff { .. } => self.spawn(First::No),
            State::Starting { .. } => {} // the run to come is a new one already
            State::Running { run, since } => {
                self.press(run, Leader::Alive { since }, Urgency::Graceful, Then::Restart);
            }
            State::Draining { run, exit, uptime, pressure, due } => {
                let leader = Leader::Ended { exit, uptime };
                self.press_on(run, leader, pressure, due, Urgency::Graceful, Then::Restart);
            }
            State::Stopping { run, leader, pressure, due, .. } => {
                self.press_on(run, leader, pressure, due, Urgency::Graceful, Then::Restart);
            }
        }
        self.machine.want = Want::Up;
    }

    // Observations: those of another run change nothing (P8).

    /// It is asked to go as by a command, and what follows is what follows a failure. Where nothing would, it stays as
    /// it is: to end it would help nobody.
    fn unhealthy(&mut self, run: u64) {
        match self.machine.state {
            State::Running { run: own, since } if own == run && self.policy.restarts_by_itself() => {
                self.press(run, Leader::Alive { since }, Urgency::Graceful, Then::Follow);
            }
            _ => {}
        }
    }

    /// Above the soft bound as when it is not healthy. Above the hard one it is killed in any case, also while it is being
    /// stopped: what follows that stop stays what it was.
    fn over_limit(&mut self, run: u64, limit: Limit) {
        match (self.machine.state, limit) {
            (State::Running { run: own, since }, Limit::Soft)
                if own == run && self.policy.restarts_by_itself() =>
            {
                self.press(run, Leader::Alive { since }, Urgency::Graceful, Then::Memory(limit));
            }
            (State::Running { run: own, since }, Limit::Hard) if own == run => {
                self.press(run, Leader::Alive { since }, Urgency::Now, Then::Memory(limit));
            }
            (
                State::Stopping { run: own, leader: leader @ Leader::Alive { .. }, pressure, due, then },
                Limit::Hard,
            ) if own == run => {
                let then = if then == Then::Memory(Limit::Soft) { Then::Memory(limit) } else { then };
                self.press_on(run, leader, pressure, due, Urgency::Now, then);
            }
            _ => {}
        }
    }

    fn spawned(&mut self, run: u64) {
        match self.machine.state {
            State::Starting { run: own, .. } if own == run => {
                self.out.push(Effect::RunStarted { run });
                self.machine.state = State::Running { run, since: self.now.at };
            }
            State::Stopping { run: own, leader: Leader::Unborn, pressure, then, .. } if own == run => {
                self.out.push(Effect::RunStarted { run });
                let urgency = if pressure == Pressure::Killed { Urgency::Now } else { Urgency::Graceful };
                self.press(run, Leader::Alive { since: self.now.at }, urgency, then);
            }
            _ => {} // stale, or told already by the exit
        }
    }

    fn spawn_failed(&mut self, run: u64, kind: SpawnFailureKind) {
        match self.machine.state {
            State::Starting { run: own, first: First::Yes } if own == run => {
                let failure = Failure::Spawn(kind);
                self.rest(State::Failed(failure), Rest::Failed(failure));
            }
            // After a restart by command, of a process that is not restarted by itself: the command was all it had.
            State::Starting { run: own, first: First::No }
                if own == run && !self.policy.restarts_by_itself() =>
            {
                let failure = Failure::Spawn(kind);
                self.rest(State::Failed(failure), Rest::Failed(failure));
            }
            State::Starting { run: own, first: First::No } if own == run => {
                self.follow(Trigger::Spawn(kind), Duration::ZERO, Failure::Spawn(kind));
            }
            State::Stopping { run: own, leader: Leader::Unborn, then: Then::Rest, .. } if own == run => {
                self.rest(State::Idle, Rest::Stopped);
            }
            State::Stopping { run: own, leader: Leader::Unborn, then: Then::Restart, .. } if own == run => {
                self.spawn(First::No);
            }
            _ => {}
        }
    }

    fn exited(&mut self, run: u64, exit: Exit) {
        match self.machine.state {
            // Before "spawned" is legal: the run was up, if only for a moment.
            State::Starting { run: own, .. } if own == run => {
                self.out.push(Effect::RunStarted { run });
                self.drain(run, Duration::ZERO, exit);
            }
            State::Running { run: own, since } if own == run => {
                self.drain(run, self.now.at.saturating_sub(since), exit);
            }
            State::Stopping { run: own, leader: Leader::Alive { since }, pressure, due, then }
                if own == run =>
            {
                let leader = Leader::Ended { exit, uptime: self.now.at.saturating_sub(since) };
                // One that did not die of SIGKILL in time was told of, and has died after all.
                let killed = pressure == Pressure::Killed;
                let due = due.or(killed.then(|| self.now.at.saturating_add(KILL_PATIENCE)));
                self.machine.state = State::Stopping { run, leader, pressure, due, then };
            }
            State::Stopping { run: own, leader: Leader::Unborn, pressure, then, .. } if own == run => {
                self.out.push(Effect::RunStarted { run });
                // Nothing was sent to the unborn; its group gets what the command had in store for it.
                let (pressure, due) = match pressure {
                    Pressure::Killed => self.kill(run),
                    _ => (Pressure::None, Some(self.now.at.saturating_add(LINGER))),
                };
                let leader = Leader::Ended { exit, uptime: Duration::ZERO };
                self.machine.state = State::Stopping { run, leader, pressure, due, then };
            }
            _ => {}
        }
    }

    fn group_empty(&mut self, run: u64) {
        match self.machine.state {
            State::Draining { run: own, .. } | State::Stopping { run: own, .. } if own == run => self.over(),
            State::Left { run: own } if own == run => self.machine.state = State::Completed,
            _ => {}
        }
    }

    fn tick(&mut self) {
        if self.machine.deadline().is_none_or(|due| self.now.at < due) {
            return;
        }
        match self.machine.state {
            State::Backoff { .. } => self.spawn(First::No),
            State::Draining { run, pressure: Pressure::Killed, .. }
            | State::Stopping { run, pressure: Pressure::Killed, .. } => self.leave(run),
            State::Draining { run, uptime, exit, pressure, .. } => {
                let (pressure, due) = self.escalate(run, Leader::Gone, pressure);
                self.machine.state = State::Draining { run, uptime, exit, pressure, due };
            }
            State::Stopping { run, leader, pressure, then, .. } => {
                let (pressure, due) = self.escalate(run, leader, pressure);
                self.machine.state = State::Stopping { run, leader, pressure, due, then };
            }
            State::Idle
            | State::Starting { .. }
            | State::Running { .. }
            | State::Completed
            | State::Left { .. }
            | State::Failed(_) => {}
        }
    }

    // What follows an end.

    /// The leader has ended unasked. The group may be empty in this very moment, so nothing is sent yet.
    fn drain(&mut self, run: u64, uptime: Duration, exit: Exit) {
        let due = Some(self.now.at.saturating_add(self.policy.linger(exit)));
        self.machine.state = State::Draining { run, uptime, exit, pressure: Pressure::None, due };
    }

    pub(super) fn decide(&mut self, exit: Exit, uptime: Duration) {
        if self.policy.restarts_by_itself() && self.policy.recycles(exit) {
            return self.recycle(exit, uptime);
        }
        let failed = !self.policy.succeeded(exit);
        let again = self.policy.restarts_by_itself()
            && (failed || self.policy.restart.policy == RestartPolicy::Always);
        match (again, failed) {
            (true, _) => self.follow(Trigger::Exit(exit), uptime, Failure::GaveUp(exit)),
            (false, true) => {
                let failure = Failure::Exit(exit);
                self.rest(State::Failed(failure), Rest::Failed(failure));
            }
            (false, false) => self.rest(State::Completed, Rest::Completed),
        }
    }

    /// A new run is wanted after `cause`, if the budget has room (P6). It begins at once when the run before lived
    /// longer than the wait would be: a throttle for crash loops, no tax on the rest.
    pub(super) fn follow(&mut self, cause: Trigger, uptime: Duration, otherwise: Failure) {
        let restart = self.policy.restart;
        self.machine.budget.run_ended(uptime, restart.stable_after);
        let failed = !matches!(cause, Trigger::Exit(exit) if self.policy.succeeded(exit));
        if !failed {
            self.machine.budget.pass();
        } else if !self.machine.budget.spend(restart.attempts) {
            return self.exhausted(cause, otherwise);
        }
        self.out.push(Effect::Restarting { after: cause, attempt: self.machine.budget.attempt() });
        let earlier = self.machine.budget.restarts().saturating_sub(1);
        if uptime >= restart.backoff.base(earlier) {
            self.spawn(First::No);
        } else {
            self.wait(restart.backoff.delay(earlier, self.now.jitter));
        }
    }

    /// No more failures are forgiven.
    fn exhausted(&mut self, cause: Trigger, otherwise: Failure) {
        self.out.push(Effect::Exhausted(otherwise));
        let restart = self.policy.restart;
        if restart.ends.exhausted != Exhausted::SlowRetry {
            return self.rest(State::Failed(otherwise), Rest::Failed(otherwise));
        }
        self.machine.budget.pass();
        self.out.push(Effect::Restarting { after: cause, attempt: self.machine.budget.attempt() });
        self.wait(restart.backoff.delay(u32::MAX, self.now.jitter)); // the longest
    }

    /// A new run at once, which is neither a failure nor counted as one; at most ten a second.
    fn recycle(&mut self, exit: Exit, uptime: Duration) {
        self.machine.budget.run_ended(uptime, self.policy.restart.stable_after);
        self.machine.budget.recycle();
        let (after, attempt) = (Trigger::Exit(exit), self.machine.budget.attempt());
        self.out.push(Effect::Restarting { after, attempt });
        match RECYCLE.checked_sub(uptime).filter(|left| !left.is_zero()) {
            Some(left) => self.wait(left),
            None => self.spawn(First::No),
        }
    }

    fn wait(&mut self, delay: Duration) {
        self.out.push(Effect::BackoffBegan { delay });
        self.machine.state = State::Backoff { until: self.now.at.saturating_add(delay) };
    }

    // The pieces.

    /// The only place where a run is asked for; `want` is up in every path to it (P2).
    pub(super) fn spawn(&mut self, first: First) {
        self.machine.run += 1;
        let run = self.machine.run;
        self.machine.state = State::Starting { run, first };
        self.out.push(Effect::Spawn { run });
    }

    pub(super) fn rest(&mut self, state: State, rest: Rest) {
        self.machine.state = state;
        self.out.push(Effect::Rested(rest));
    }

    /// Begins to stop a run that nothing was sent to yet.
    fn press(&mut self, run: u64, leader: Leader, urgency: Urgency, then: Then) {
        let (pressure, due) = match urgency {
            Urgency::Graceful => self.escalate(run, leader, Pressure::None),
            Urgency::Now => self.kill(run),
        };
        self.machine.state = State::Stopping { run, leader, pressure, due, then };
    }

    /// Goes on stopping a run: what was sent stays sent, only "now" adds something.
    fn press_on(
        &mut self,
        run: u64,
        leader: Leader,
        pressure: Pressure,
        due: Option<Duration>,
        urgency: Urgency,
        then: Then,
    ) {
        let (pressure, due) = match (urgency, leader) {
            (Urgency::Now, Leader::Unborn) => (Pressure::Killed, None),
            (Urgency::Now, _) if pressure < Pressure::Killed => self.kill(run),
            // Who might have become a daemon is not waited for any more.
            (Urgency::Graceful, _) if pressure == Pressure::None => {
                let soon = self.now.at.saturating_add(LINGER);
                (pressure, due.map(|due| due.min(soon)))
            }
            _ => (pressure, due),
        };
        self.machine.state = State::Stopping { run, leader, pressure, due, then };
    }
}
