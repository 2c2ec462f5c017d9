//! What a process actor does, without actors: it hands commands to its machines, performs their effects, and reports
//! to the fleet. Messages of one pair arrive in order, and late.

use super::os::Group;
use super::plan::{index, ms};
use super::{Happening, Heard, Instance, State, Subject, World};
use phpeek_core::fleet::{self, Ending, RestartOutcome};
use phpeek_core::lifecycle::{Effect, Event, Failure, First, Rest};
use phpeek_core::outcome::SpawnFailure;
use phpeek_core::process::Command;
use phpeek_core::spec::{ProcessKind, ProcessSpec};
use std::time::Duration;

/// A start under way: which instances have not been seen to run.
pub(crate) struct Start {
    missing: Vec<bool>,
}

pub(crate) struct Process {
    pub(crate) instances: Vec<Instance>,
    start: Option<Start>,
    stopping: bool,
    /// Whether it was told to stop: its own clock starts nothing any more.
    stopped: bool,
    /// The instance under restart, and the first run of it that counts as new.
    rolling: Option<(usize, u64)>,
    end_reported: bool,
    failed: Option<Failure>,
    /// When the last message to it, and from it, arrives.
    inbox: Duration,
    outbox: Duration,
}

impl Process {
    pub(crate) fn new(spec: &ProcessSpec) -> Self {
        Self {
            instances: (0..spec.scale.get()).map(|_| Instance::default()).collect(),
            start: None,
            stopping: false,
            stopped: false,
            rolling: None,
            end_reported: false,
            failed: None,
            inbox: Duration::ZERO,
            outbox: Duration::ZERO,
        }
    }

    pub(crate) fn at_rest(&self) -> bool {
        self.instances.iter().all(|i| i.machine.at_rest())
    }

    /// Whether daemons of it live on although it has ended.
    pub(crate) fn has_left(&self) -> bool {
        self.instances.iter().any(|i| i.machine.has_left())
    }

    /// Whether anybody of it lives, known or not.
    pub(crate) fn alive(&self) -> bool {
        self.instances.iter().any(|i| i.group.alive())
    }

    /// Whether every instance has run at least once.
    pub(crate) fn was_up(&self) -> bool {
        self.instances.iter().all(|i| i.book.started() > 0)
    }

    pub(crate) fn completed(&self) -> bool {
        self.instances.iter().all(|i| matches!(i.machine.state(), State::Completed | State::Left { .. }))
    }

    pub(crate) fn stuck(&self) -> bool {
        self.instances.iter().any(|Instance { group: Group { stuck, .. }, .. }| *stuck)
    }
}

impl<S: Subject> World<'_, S> {
    pub(super) fn send(&mut self, p: usize, command: Command) {
        let when = self.processes[p].inbox.max(self.now + ms(self.draw(4)));
        self.processes[p].inbox = when;
        self.at(when, Happening::Command(p, command));
    }

    fn report(&mut self, p: usize, event: fleet::Event) {
        if self.fleet.is_none() {
            return;
        }
        let when = self.processes[p].outbox.max(self.now + ms(self.draw(4)));
        self.processes[p].outbox = when;
        self.at(when, Happening::Report(event));
    }

    pub(super) fn command(&mut self, p: usize, command: Command) {
        let scale = self.processes[p].instances.len();
        match command {
            Command::Start => {
                self.processes[p].start = Some(Start { missing: vec![true; scale] });
                self.processes[p].failed = None;
                (0..scale).for_each(|i| self.step((p, i), Event::Start, Heard::First));
            }
            Command::Stop(urgency) => {
                let process = &mut self.processes[p];
                (process.rolling, process.start, process.stopped) = (None, None, true);
                process.stopping |= !process.at_rest() || process.has_left();
                (0..scale).for_each(|i| self.step((p, i), Event::Stop(urgency), Heard::First));
                if !self.processes[p].stopping {
                    self.processes[p].end_reported = true; // nothing ran: there is no end to report beside this
                    self.report(p, fleet::Event::Stopped(index(p)));
                }
            }
            Command::Reload(_) => self.report(p, fleet::Event::Restarted(index(p), RestartOutcome::Up)),
            Command::Restart => {
                self.processes[p].failed = None;
                self.restart_instance(p, 0);
            }
            // The processes of this world restart all instances at once.
            Command::AbandonRestart | Command::Relay(_) | Command::Scale { .. } => {}
        }
        self.settle(p);
    }

    /// A process of the kind that nobody starts is started by its own clock.
    pub(super) fn clock(&mut self, n: usize) {
        let scheduled = |p: &usize| self.policies[*p].kind == ProcessKind::Scheduled;
        let scheduled: Vec<usize> = (0..self.processes.len()).filter(scheduled).collect();
        let Some(&p) = scheduled.get(n % scheduled.len().max(1)) else { return };
        if self.processes[p].at_rest() && !self.processes[p].stopped {
            (0..self.processes[p].instances.len())
                .for_each(|i| self.step((p, i), Event::Start, Heard::First));
        }
    }

    fn restart_instance(&mut self, p: usize, i: usize) {
        let Some(instance) = self.processes[p].instances.get(i) else {
            self.processes[p].rolling = None;
            return self.report(p, fleet::Event::Restarted(index(p), RestartOutcome::Up));
        };
        let target = match instance.machine.state() {
            State::Starting { run, .. } => run,
            _ => instance.machine.run() + 1,
        };
        self.processes[p].rolling = Some((i, target));
        self.step((p, i), Event::Restart, Heard::First);
    }

    pub(super) fn observe(&mut self, at: (usize, usize), event: Event, heard: Heard) {
        let (p, i) = at;
        let Event::SpawnFailed { kind, .. } = event else {
            self.step(at, event, heard);
            return self.settle(p);
        };
        let first = matches!(self.instance(at).machine.state(), State::Starting { first: First::Yes, .. });
        self.step(at, event, heard);
        if heard == Heard::First {
            if self.processes[p].rolling.is_some_and(|(current, _)| current == i) {
                self.processes[p].rolling = None;
                self.report(p, fleet::Event::Restarted(index(p), RestartOutcome::Failed));
            }
            if first && self.processes[p].start.take().is_some() {
                let failure = SpawnFailure { kind, message: "no".to_owned() };
                self.report(p, fleet::Event::StartFailed(index(p), failure));
            }
        }
        self.settle(p);
    }

    pub(super) fn perform(&mut self, at: (usize, usize), effect: Effect) {
        let (p, i) = at;
        match effect {
            Effect::Spawn { run } => {
                self.processes[p].end_reported = false;
                self.launch(at, run);
            }
            Effect::Signal { run, signal, reach, .. } => self.kill(at, run, signal, reach),
            Effect::Cancel { .. } => {} // the order of this world is always under way
            Effect::Leave { .. } => self.forget(at),
            Effect::RunStarted { run } => {
                if let Some(start) = &mut self.processes[p].start {
                    start.missing[i] = false;
                }
                if self.processes[p].rolling.is_some_and(|(current, target)| current == i && run >= target) {
                    self.restart_instance(p, i + 1);
                }
            }
            Effect::Rested(Rest::Failed(failure)) => {
                self.processes[p].failed = Some(failure);
            }
            Effect::Rested(_) if self.instance(at).machine.has_left() => {
                self.report(p, fleet::Event::Left(index(p)));
            }
            Effect::Rested(_)
            | Effect::RunEnded { .. }
            | Effect::Exhausted(_)
            | Effect::BackoffBegan { .. }
            | Effect::Restarting { .. } => {}
        }
    }

    /// Looks whether something that concerns the whole process is over.
    pub(super) fn settle(&mut self, p: usize) {
        let up = |s: &Start| s.missing.iter().all(|m| !m);
        if self.processes[p].start.as_ref().is_some_and(up) {
            self.processes[p].start = None;
            self.report(p, fleet::Event::Up(index(p)));
        }
        if !self.processes[p].at_rest() {
            return;
        }
        let process = &mut self.processes[p];
        if std::mem::take(&mut process.stopping) {
            process.end_reported = true;
            self.report(p, fleet::Event::Stopped(index(p)));
        } else if process.start.is_none() && !process.end_reported {
            process.end_reported = true;
            let ending = process.failed.map_or(Ending::Completed, Ending::Failed);
            if process.rolling.take().is_some() {
                self.report(p, fleet::Event::Restarted(index(p), RestartOutcome::Failed));
            }
            self.report(p, fleet::Event::Ended(index(p), ending));
        }
    }
}
