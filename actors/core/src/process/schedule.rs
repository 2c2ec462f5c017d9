//! A process that runs by the clock: its schedule says when, each try of a job is a run of an instance, and each job that
//! is under way has an instance of its own. Owns who runs which job; what begins, waits, is skipped or tried again is
//! decided by `crate::schedule`.

use super::state::{Job, Jobs, Wall};
use super::{Due, Effect, Out, Process, Report, ScheduleCommand};
use crate::ends::{OperationEnd, Refusal};
use crate::facts::{Fact, JobOver, ProcessFact, ScheduleFact};
use crate::ids::InstanceId;
use crate::lifecycle::{self, Now, Rest, Urgency};
use crate::operation::OperationId;
use crate::outcome::Exit;
use crate::schedule::{self, JobEnd, Output, Schedule, Skip, Trigger};
use crate::spec::InitialState;
use std::collections::BTreeMap;
use std::time::Duration;

/// The rounding of a tick to its second.
const HALF: Duration = Duration::from_millis(500);

impl Process {
    /// What the clock on the wall says.
    pub(super) fn hear_of_wall(&mut self, now: Now, wall: Duration, out: &mut Out) {
        self.wall = Some(Box::new(Wall { at: now.at, wall }));
        self.schedule_tick(now, out);
        self.settle(now, out);
    }

    fn clock(&self, now: Now) -> schedule::Now {
        self.wall.as_deref().copied().unwrap_or_default().now(now)
    }

    /// Begins to go by the clock.
    pub(super) fn start_schedule(&mut self, now: Now, out: &mut Out) {
        let Some(spec) = self.spec.schedule.clone() else { return };
        self.forced = false;
        let clock = self.clock(now);
        let stopped = self.jobs.is_none() && self.spec.initial == InitialState::Stopped;
        match &mut self.jobs {
            Some(jobs) => jobs.schedule.reopen(clock),
            None => {
                let schedule = Schedule::new(spec, clock);
                let (jobs, over) = (BTreeMap::new(), Vec::new());
                self.jobs = Some(Box::new(Jobs { schedule, jobs, over, due: None, next: None }));
            }
        }
        self.tell(now.at, ProcessFact::Up, out);
        out.act(Effect::Report(Report::Up));
        self.schedule_step(now, if stopped { schedule::Event::Pause } else { schedule::Event::Tick }, out);
        self.settle(now, out);
    }

    pub(super) fn command_schedule(
        &mut self,
        now: Now,
        by: OperationId,
        command: ScheduleCommand,
        out: &mut Out,
    ) {
        let paused = self.jobs.as_ref().map(|jobs| jobs.schedule.is_paused());
        let answer = |answer| Effect::Report(Report::Answered(by, answer));
        match (command, paused) {
            (_, None) => return out.act(answer(Err(Refusal::Idle(self.id)))),
            (ScheduleCommand::Resume, Some(false)) => {
                return out.act(answer(Err(Refusal::NotPaused(self.id))));
            }
            (ScheduleCommand::Trigger, _) => self.schedule_step(now, schedule::Event::Trigger(by), out),
            (ScheduleCommand::Pause, _) => self.schedule_step(now, schedule::Event::Pause, out),
            (ScheduleCommand::Resume, _) => self.schedule_step(now, schedule::Event::Resume, out),
        }
        if command != ScheduleCommand::Trigger {
            out.act(answer(Ok(OperationEnd::Done)));
        }
        self.settle(now, out);
    }

    /// Whoever asked for a run hears what became of it.
    fn answer_trigger(&self, trigger: Trigger, reason: Skip, out: &mut Out) {
        let Trigger::Manual(by) = trigger else { return };
        let answer = match reason {
            Skip::Overlap => Err(Refusal::Busy(self.id)),
            Skip::Replaced | Skip::Missed | Skip::Closing => Ok(OperationEnd::Interrupted),
        };
        out.act(Effect::Report(Report::Answered(by, answer)));
    }

    /// There is another one from now on.
    pub(super) fn forget_schedule(&mut self) {
        self.jobs = None;
        self.due.retain(|(_, _, due)| *due != Due::Schedule);
    }

    /// No job begins any more; those that run are stopped as the process is.
    pub(super) fn close_schedule(&mut self, now: Now, out: &mut Out) {
        self.schedule_step(now, schedule::Event::Close, out);
    }

    pub(super) fn schedule_tick(&mut self, now: Now, out: &mut Out) {
        self.schedule_step(now, schedule::Event::Tick, out);
    }

    /// The leader of a run has ended, and nobody is left of it.
    pub(super) fn try_ended(&mut self, serial: u32, exit: Exit) {
        let Some(jobs) = &mut self.jobs else { return };
        if let Some(job) = jobs.jobs.values_mut().find(|job| job.instance.serial == serial) {
            job.exit = Some(exit);
        }
    }

    /// An instance has come to rest: the try of its job is over.
    pub(super) fn try_rested(&mut self, serial: u32, rest: Rest) {
        let Some(jobs) = &mut self.jobs else { return };
        if let Some(job) = jobs.of(serial) {
            jobs.over.push((job, rest == Rest::Completed));
        }
    }

    /// Lets the schedule hear of tries that are over, and does what follows.
    pub(super) fn jobs_over(&mut self, now: Now, out: &mut Out) {
        while let Some((job, success)) = self.jobs.as_mut().and_then(|jobs| jobs.over.pop()) {
            self.schedule_step(now, schedule::Event::Ended { job, success }, out);
        }
    }

    /// Nobody will see the end of what runs.
    pub(super) fn abandon_jobs(&mut self, at: Duration, out: &mut Out) {
        let Some(jobs) = &mut self.jobs else { return };
        for (job, Job { instance, attempt, exit, .. }) in std::mem::take(&mut jobs.jobs) {
            let over = JobOver { job, instance, end: JobEnd::Interrupted, attempts: attempt, exit };
            out.tell(at, Fact::Schedule(self.id, ScheduleFact::Ended(over)));
        }
    }

    fn schedule_step(&mut self, now: Now, event: schedule::Event, out: &mut Out) {
        let clock = self.clock(now);
        let Some(jobs) = &mut self.jobs else { return };
        let (paused, mut outputs) = (jobs.schedule.is_paused(), Vec::new());
        jobs.schedule.step(clock, event, &mut outputs);
        let change = match (paused, jobs.schedule.is_paused()) {
            (false, true) => Some(ScheduleFact::Paused),
            (true, false) => Some(ScheduleFact::Resumed),
            (true, true) | (false, false) => None,
        };
        if let Some(change) = change {
            out.tell(now.at, Fact::Schedule(self.id, change));
        }
        for output in outputs {
            self.follow_schedule(now, clock, output, out);
        }
        self.note_schedule(now, out);
    }

    /// When it is due, and what its next tick is.
    fn note_schedule(&mut self, now: Now, out: &mut Out) {
        let clock = self.clock(now);
        let Some(jobs) = &mut self.jobs else { return };
        let due = jobs.schedule.deadline();
        let before = std::mem::replace(&mut jobs.due, due);
        if before != due {
            before.map(|due| self.due.remove(&(due, 0, Due::Schedule)));
            due.map(|due| self.due.insert((due, 0, Due::Schedule)));
        }
        // To the second: a clock that is slewed does not change the tick.
        let next = jobs.schedule.next_tick(clock);
        let seconds = |time: Option<Duration>| time.map(|time| time.saturating_add(HALF).as_secs());
        if seconds(jobs.next) != seconds(next) {
            jobs.next = next;
            out.tell(now.at, Fact::Schedule(self.id, ScheduleFact::Next(next)));
        }
    }

    fn follow_schedule(&mut self, now: Now, clock: schedule::Now, output: Output, out: &mut Out) {
        match output {
            Output::Begin { job, tick, trigger, late } => {
                let (instance, tick) =
                    (self.take_instance(job, trigger, now.at, out), self.on_the_wall(clock, tick));
                self.tell_schedule(now.at, ScheduleFact::Began { job, instance, tick, trigger, late }, out);
                self.begin_try(job, 1, now, out);
            }
            Output::Again { job, attempt } => self.begin_try(job, attempt, now, out),
            Output::Stop { job, reason } => {
                self.tell_schedule(now.at, ScheduleFact::Stops { job, reason }, out);
                if let Some(i) = self.instance_of(job) {
                    self.press(i, now, lifecycle::Event::Stop(Urgency::Graceful), out);
                }
            }
            Output::TriedInVain { job, attempt, delay } => {
                self.tell_schedule(now.at, ScheduleFact::TriedInVain { job, attempt, delay }, out);
            }
            Output::Ended { job, end, attempts } => {
                let of = self.jobs.as_mut().and_then(|jobs| jobs.jobs.remove(&job));
                let Some(Job { instance, exit, operation, .. }) = of else { return };
                let over = JobOver { job, instance, end, attempts, exit };
                self.tell_schedule(now.at, ScheduleFact::Ended(over), out);
                if let Some(by) = operation {
                    out.act(Effect::Report(Report::Answered(by, Ok(end.into()))));
                }
            }
            Output::Skipped { tick, ticks, more, trigger, reason } => {
                let tick = self.on_the_wall(clock, tick);
                self.tell_schedule(now.at, ScheduleFact::Skipped { tick, ticks, more, trigger, reason }, out);
                self.answer_trigger(trigger, reason, out);
            }
            Output::ClockReset => self.tell_schedule(now.at, ScheduleFact::ClockReset, out),
        }
    }

    fn tell_schedule(&self, at: Duration, fact: ScheduleFact, out: &mut Out) {
        out.tell(at, Fact::Schedule(self.id, fact));
    }

    fn on_the_wall(&self, clock: schedule::Now, tick: Duration) -> Duration {
        self.jobs.as_ref().map_or(tick, |jobs| jobs.schedule.on_the_wall(clock, tick))
    }

    fn instance_of(&self, job: u64) -> Option<usize> {
        self.place(self.jobs.as_ref()?.jobs.get(&job)?.instance.serial)
    }

    fn begin_try(&mut self, job: u64, attempt: u32, now: Now, out: &mut Out) {
        if let Some(job) = self.jobs.as_mut().and_then(|jobs| jobs.jobs.get_mut(&job)) {
            (job.attempt, job.exit) = (attempt, None);
        }
        if let Some(i) = self.instance_of(job) {
            self.advance(i, now, lifecycle::Event::Start, out);
        }
    }

    /// Gives a job that begins an instance: the first that nobody has, else a new one.
    fn take_instance(&mut self, job: u64, trigger: Trigger, at: Duration, out: &mut Out) -> InstanceId {
        let taken = |serial: u32| self.jobs.as_ref().is_some_and(|jobs| jobs.of(serial).is_some());
        let free = self.instances.iter().find(|i| i.machine.at_rest() && !taken(i.id.serial)).map(|i| i.id);
        let instance = free.unwrap_or_else(|| {
            let number = u32::try_from(self.instances.len()).unwrap_or(u32::MAX);
            self.add_instance(number, at, out)
        });
        let operation = match trigger {
            Trigger::Manual(by) => Some(by),
            Trigger::Clock | Trigger::CatchUp => None,
        };
        if let Some(jobs) = &mut self.jobs {
            jobs.jobs.insert(job, Job { instance, attempt: 1, exit: None, operation });
        }
        instance
    }
}
