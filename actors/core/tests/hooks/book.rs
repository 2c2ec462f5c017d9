//! What a pass has done, and the laws about it. Knows what happened to each try by what the world said of it, never by
//! what the machine believes.

use crate::world::{Broken, Hook, Plan, ms};
use phpeek_core::facts::{HookFact, HookOutcome};
use phpeek_core::hook::GRACE;
use phpeek_core::hook::pass::Verdict;
use phpeek_core::ids::HookTask;
use phpeek_core::lifecycle::{KILL_PATIENCE, SignalStep, Urgency};
use phpeek_core::outcome::{Exit, HookFault};
use phpeek_core::program::TaskEvent;
use std::time::Duration;

/// A little more than any time of a world that is not counted.
const LITTLE: Duration = Duration::from_millis(100);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Well,
    Failed(HookFault),
    Interrupted,
}

#[derive(Debug)]
struct Current {
    task: HookTask,
    began: Duration,
    pressed: bool,
    /// How its leader ended.
    leader: Option<Exit>,
    end: Option<(Duration, End)>,
}

pub(crate) struct Book {
    hooks: Vec<Hook>,
    place: usize,
    tries: u32,
    current: Option<Current>,
    begun: Vec<usize>,
    ended: Vec<End>,
    open: bool,
    stopped: Option<Duration>,
    killed: Option<Duration>,
    failed: bool,
    pub(crate) broken: Broken,
}

impl Book {
    pub(crate) fn new(plan: &Plan) -> Self {
        Self {
            hooks: plan.hooks.clone(),
            place: 0,
            tries: 0,
            current: None,
            begun: Vec::new(),
            ended: Vec::new(),
            open: false,
            stopped: None,
            killed: None,
            failed: false,
            broken: Vec::new(),
        }
    }

    fn broken(&mut self, law: &'static str, what: impl Into<String>) {
        self.broken.push((law, what.into()));
    }

    fn hook(&self) -> Hook {
        self.hooks[self.place].clone()
    }

    /// Gives the number of the try, from 0.
    pub(crate) fn launched(&mut self, now: Duration, task: HookTask, place: usize) -> usize {
        if self.stopped.is_some() || self.failed {
            self.broken("R2", format!("hook {place} begins after the end"));
        }
        let before = self.current.take();
        if before.as_ref().is_some_and(|b| b.end.is_none() || b.task >= task) {
            self.broken("R1", "a task begins while another is not over");
        }
        let end = before.and_then(|b| b.end);
        if place == self.place && self.tries > 0 {
            match end {
                Some((at, End::Failed(_))) if now < at + ms(self.hook().delay) => {
                    self.broken("R4", format!("the next try begins at {now:?}, the last ended at {at:?}"));
                }
                Some((_, End::Failed(_))) => {}
                _ => self.broken("R1", "another try follows one that did not fail"),
            }
        } else if place == self.place + usize::from(self.tries > 0) {
            (self.place, self.tries) = (place, 0);
        } else {
            self.broken("R1", format!("hook {place} begins after hook {}", self.place));
        }
        self.tries += 1;
        if self.tries > self.hook().retries + 1 {
            self.broken("R1", format!("try {} of {}", self.tries, self.hook().retries + 1));
        }
        if self.begun.last() != Some(&place) || !self.open {
            self.broken("R5", "a task of a hook that was not told to begin");
        }
        self.current = Some(Current { task, began: now, pressed: false, leader: None, end: None });
        self.tries as usize - 1
    }

    pub(crate) fn heard(&mut self, now: Duration, task: HookTask, event: &TaskEvent) {
        let (stopped, hook) = (self.stopped.is_some(), self.hook());
        let Some(current) = self.current.as_mut().filter(|c| c.task == task && c.end.is_none()) else {
            return;
        };
        let late = now > current.began + ms(hook.timeout) && current.leader.is_none() && !current.pressed;
        match event {
            TaskEvent::Exited(autopsy) => current.leader = Some(autopsy.exit),
            TaskEvent::SpawnFailed(_) if stopped => current.end = Some((now, End::Interrupted)),
            TaskEvent::SpawnFailed(_) => current.end = Some((now, End::Failed(HookFault::NotFound))),
            TaskEvent::GroupEmpty => {
                let end = match current.leader {
                    _ if stopped => End::Interrupted,
                    _ if current.pressed => End::Failed(HookFault::TimedOut),
                    Some(Exit::Code(0)) => End::Well,
                    Some(exit) => End::Failed(HookFault::Exit(exit)),
                    None => End::Interrupted,
                };
                current.end = Some((now, end));
            }
            _ => {}
        }
        if late && !stopped {
            self.broken("R3", format!("it goes on at {now:?}, and nothing was sent"));
        }
    }

    pub(crate) fn signalled(&mut self, now: Duration, task: HookTask, step: SignalStep) {
        let (stopped, hook) = (self.stopped, self.hook());
        let Some(current) = self.current.as_mut().filter(|c| c.task == task && c.end.is_none()) else {
            return self.broken("R1", "a signal to a task that is over");
        };
        let cleaning = current.leader.is_some();
        let due = current.began + ms(hook.timeout);
        if !cleaning && stopped.is_none() && !current.pressed && (now < due || step == SignalStep::Escalation)
        {
            self.broken("R3", format!("pressed at {now:?}, and the timeout is over at {due:?}"));
        } else if !cleaning {
            current.pressed = true;
        }
    }

    /// What cannot be ended is nobody's.
    pub(crate) fn left(&mut self, now: Duration, task: HookTask) {
        let stopped = self.stopped.is_some();
        if let Some(current) = self.current.as_mut().filter(|c| c.task == task) {
            let fault = match current.leader {
                _ if stopped => End::Interrupted,
                _ if current.pressed => End::Failed(HookFault::TimedOut),
                Some(Exit::Code(0)) => End::Well,
                Some(exit) => End::Failed(HookFault::Exit(exit)),
                None => End::Interrupted,
            };
            let at = if current.leader.is_some() { now } else { Duration::MAX };
            current.end = Some((at, fault));
        }
    }

    pub(crate) fn stopped(&mut self, now: Duration, urgency: Urgency) {
        self.stopped.get_or_insert(now);
        if urgency == Urgency::Now {
            self.killed.get_or_insert(now);
        }
        if let Some(current) = self.current.as_mut().filter(|c| c.end.is_some()) {
            current.end = current.end.map(|(at, _)| (at, End::Interrupted)); // it waits for another try
        }
    }

    pub(crate) fn told(&mut self, now: Duration, fact: &HookFact) {
        match fact {
            HookFact::Began { hook, .. } => {
                if std::mem::replace(&mut self.open, true) {
                    self.broken("R5", "a hook begins before the last was told to have ended");
                }
                self.begun.push(hook.name.trim_start_matches('h').parse().expect("its place"));
            }
            HookFact::Ended(end) => {
                if !std::mem::replace(&mut self.open, false) {
                    self.broken("R5", "an end of no hook");
                }
                let told = match &end.outcome {
                    HookOutcome::Succeeded => End::Well,
                    HookOutcome::Failed(fault, _) => End::Failed(*fault),
                    HookOutcome::Interrupted => End::Interrupted,
                };
                let truth = self.current.as_ref().and_then(|c| c.end).map(|(_, end)| end);
                if truth != Some(told) {
                    self.broken("R6", format!("told as {told:?} at {now:?}, and it was {truth:?}"));
                }
                let tries_left = self.tries <= self.hook().retries && matches!(told, End::Failed(_));
                let given_up =
                    self.current.as_ref().and_then(|c| c.end).is_some_and(|e| e.0 == Duration::MAX);
                if tries_left && !given_up {
                    self.broken("R6", "it failed, and had tries left");
                }
                self.failed |= matches!(told, End::Failed(_)) && !self.hook().goes_on;
                self.ended.push(told);
            }
            _ => {}
        }
    }

    pub(crate) fn over(&mut self, now: Duration, verdict: &Verdict) {
        if self.open || self.begun.len() != self.ended.len() {
            self.broken("R5", "it is over, and a hook was not told to have ended");
        }
        let all = self.begun.len() == self.hooks.len();
        let right = match (verdict, self.ended.last()) {
            (Verdict::Done, Some(End::Well)) => all,
            (Verdict::Done, Some(End::Failed(_))) => all && self.hook().goes_on,
            (Verdict::Failed(failure), Some(End::Failed(fault))) => failure.fault == *fault && self.failed,
            (Verdict::Interrupted, Some(End::Interrupted)) => self.stopped.is_some(),
            _ => false,
        };
        if !right {
            self.broken("R6", format!("{verdict:?} after {:?}", self.ended));
        }
        let bound = GRACE + KILL_PATIENCE + LITTLE;
        let graceful = self.stopped.is_some_and(|at| now > at + bound);
        if graceful || self.killed.is_some_and(|at| now > at + KILL_PATIENCE + LITTLE) {
            self.broken(
                "R7",
                format!("over at {now:?}, stopped at {:?}, killed at {:?}", self.stopped, self.killed),
            );
        }
    }
}
