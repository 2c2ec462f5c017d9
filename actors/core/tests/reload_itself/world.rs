//! A simulated world around one process that is told to reload itself: commands and instances that end, probes that are answered
//! or not, time. Beside it an observer that knows only what was asked for and what came.

use crate::plan::{Bug, Checked, Plan, Step, TIMEOUT, spec};
use phpeek_core::backoff::Jitter;
use phpeek_core::facts::{Fact, InstanceFact, Outbox, Output, ProcessFact};
use phpeek_core::fleet::RestartOutcome;
use phpeek_core::health::facts::{Answer, ProbeFault};
use phpeek_core::health::news::News;
use phpeek_core::health::words as health;
use phpeek_core::hook::words as hook;
use phpeek_core::ids::{HookTask, ProbeId, ProcessId, RunId, TaskId};
use phpeek_core::lifecycle::{Now, Urgency};
use phpeek_core::operation::{Cause, Operations};
use phpeek_core::outcome::Exit;
use phpeek_core::process::{Command, Effect, Event, Process, RELOAD_SETTLES, Report};
use phpeek_core::program::TaskEvent;
use phpeek_core::signal::Signal;
use std::collections::BTreeMap;
use std::time::Duration;

/// What the observer knows of an instance in its turn.
#[derive(Debug, Clone, Copy, Default)]
struct Turn {
    /// When it was told; none while its command runs.
    told: Option<Duration>,
    /// When the last probe that was answered well since was asked.
    well: Option<Duration>,
    /// Whether it has said that it reloads, and then that it is ready.
    says: Option<bool>,
}

pub(crate) struct World {
    process: Process,
    operations: Operations,
    at: Duration,
    bug: Bug,
    plan: Plan,
    /// Instances with the run that each has.
    runs: Vec<RunId>,
    /// Commands that run.
    live: Vec<HookTask>,
    /// Probes that wait for an answer, with when they were asked.
    probes: Vec<(ProbeId, Duration)>,
    turns: BTreeMap<u32, Turn>,
    /// Who has had a turn, in order.
    pub(crate) had: Vec<u32>,
    /// Why it has to end.
    fault: bool,
    /// Whether something has happened that lets an instance be passed over.
    disturbed: bool,
    stopped: bool,
    answers: Vec<RestartOutcome>,
    pub(crate) told: usize,
    broken: Vec<String>,
}

impl World {
    pub(crate) fn new(plan: Plan, bug: Bug) -> Self {
        let mut out = Outbox::new();
        let process = Process::new(ProcessId(0), spec(plan), Duration::ZERO, &mut out);
        let mut world = Self {
            process,
            operations: Operations::of_system(),
            at: Duration::from_secs(1),
            bug,
            plan,
            runs: Vec::new(),
            live: Vec::new(),
            probes: Vec::new(),
            turns: BTreeMap::new(),
            had: Vec::new(),
            fault: false,
            disturbed: false,
            stopped: false,
            answers: Vec::new(),
            told: 0,
            broken: Vec::new(),
        };
        world.command(Command::Start);
        assert_eq!(world.runs.len(), plan.scale as usize, "each instance runs");
        while !world.probes.is_empty() {
            world.play(Step::Probe(true));
        }
        (0..plan.scale).for_each(|serial| world.play(Step::Says(serial, true)));
        world.pass(10);
        world
    }

    pub(crate) fn reload(&mut self) {
        self.command(Command::Reload(self.plan.by));
    }

    pub(crate) fn command(&mut self, command: Command) {
        let operation = self.operations.begin(Cause::Request);
        self.feed(Event::Command { operation, asked: self.at, command });
    }

    fn feed(&mut self, event: Event) {
        let mut out = Outbox::new();
        self.process.step(Now { at: self.at, jitter: Jitter::NONE }, event, &mut out);
        let outputs: Vec<_> = out.drain().collect();
        outputs.into_iter().for_each(|output| self.hear(output));
        self.watch_the_clock();
    }

    fn is_late(&self) -> bool {
        self.turns.values().any(|turn| turn.told.is_some_and(|told| self.at >= told + TIMEOUT))
    }

    fn watch_the_clock(&mut self) {
        if self.is_late() {
            self.broken.push(format!("an instance is waited for longer than it may take, at {:?}", self.at));
        }
    }

    fn hear(&mut self, output: Output<Effect>) {
        match output {
            Output::Do(Effect::Launch(launch)) => {
                let TaskId::Run(run) = launch.task else { return };
                self.runs.retain(|old| old.instance != run.instance);
                self.runs.push(run);
                self.feed(Event::Task(launch.task, TaskEvent::Spawned { pid: 7 }));
            }
            Output::Do(Effect::Hook(hook::Effect::Launch(launch))) => {
                let TaskId::Hook(task) = launch.task else { return };
                self.feed(Event::Task(launch.task, TaskEvent::Spawned { pid: 8 }));
                self.live.push(task);
                self.begins(task.of.expect("of an instance").serial, None);
            }
            Output::Do(Effect::Relay { run, .. }) => {
                self.begins(run.instance.serial, Some(self.at));
                if self.bug == Bug::BelievedAtOnce {
                    self.over(run.instance.serial);
                }
            }
            Output::Do(Effect::Health(health::Effect::Ask { probe, .. })) => {
                let asked = if self.bug == Bug::OldAnswerCounts { Duration::ZERO } else { self.at };
                self.probes.push((probe, asked));
            }
            Output::Do(Effect::Health(health::Effect::Forget(probe))) => {
                self.probes.retain(|(p, _)| *p != probe)
            }
            // What is asked to go goes at once.
            Output::Do(Effect::Signal(pressing)) => {
                self.turns.remove(&pressing.run.instance.serial);
                self.disturbed = true;
                self.feed(Event::Signalled(pressing, true));
                self.gone(TaskId::Run(pressing.run), Exit::Signal { signal: Signal::TERM, core: false });
            }
            Output::Do(Effect::Hook(hook::Effect::Signal { task, .. })) => {
                self.live.retain(|live| *live != task);
                self.gone(TaskId::Hook(task), Exit::Signal { signal: Signal::TERM, core: false });
            }
            Output::Do(Effect::Report(Report::Restarted(outcome))) => self.answered(outcome),
            Output::Tell(told) => match told.fact {
                Fact::Process(_, ProcessFact::ReloadEnded(_)) => self.told += 1,
                Fact::Instance(id, InstanceFact::ReloadTurnOver) => self.over(id.serial),
                _ => {}
            },
            Output::Do(_) => {}
        }
    }

    fn begins(&mut self, serial: u32, told: Option<Duration>) {
        if self.bug == Bug::LastLeftOut && serial + 1 == self.plan.scale {
            return;
        }
        if self.fault || self.stopped {
            self.broken.push(format!("{serial} is told to reload after a failure or a stop"));
        }
        if self.had.last().is_some_and(|last| *last >= serial) {
            self.broken.push(format!("{serial} has its turn out of order"));
        }
        self.had.push(serial);
        self.turns.insert(serial, Turn { told, ..Turn::default() });
        if self.bug == Bug::AllAtOnce && serial + 1 < self.plan.scale {
            self.turns.insert(serial + 1, Turn { told, ..Turn::default() });
        }
        if self.turns.len() > self.plan.at_once as usize {
            self.broken.push(format!("{serial} is told to reload beside {:?}", self.turns.keys()));
        }
    }

    /// The machine says that nobody waits for this instance any more.
    fn over(&mut self, serial: u32) {
        let Some(turn) = self.turns.remove(&serial) else { return };
        let settled = turn.told.is_some_and(|told| self.at >= told + RELOAD_SETTLES);
        let proven = match self.plan.checked {
            Checked::Not => settled,
            Checked::Asked => {
                settled && turn.well.zip(turn.told).is_some_and(|(w, t)| w >= t + RELOAD_SETTLES)
            }
            Checked::Told => turn.says == Some(true) || (settled && turn.says.is_none()),
        };
        if !proven && !self.stopped {
            self.broken.push(format!("{serial} is believed too early, at {:?}: {turn:?}", self.at));
        }
    }

    fn answered(&mut self, outcome: RestartOutcome) {
        let outcome = if self.bug == Bug::FailureIsUp { RestartOutcome::Up } else { outcome };
        let late = self.is_late();
        match outcome {
            RestartOutcome::Up if self.fault || !self.turns.is_empty() => {
                self.broken.push(format!("it is up while {:?}", self.turns));
            }
            RestartOutcome::Failed if !self.fault && !late => {
                self.broken.push("it fails for nothing".to_owned())
            }
            _ => {}
        }
        self.fault |= outcome == RestartOutcome::Failed;
        self.turns.clear();
        match self.bug {
            Bug::AnswerForgotten => {}
            Bug::AnsweredTwice => self.answers.extend([outcome; 2]),
            _ => self.answers.push(outcome),
        }
    }

    fn gone(&mut self, task: TaskId, exit: Exit) {
        self.feed(Event::Task(task, TaskEvent::Exited(exit.into())));
        self.feed(Event::Task(task, TaskEvent::GroupEmpty));
    }

    /// Lets time pass, with a tick whenever one is due.
    pub(crate) fn pass(&mut self, ms: u64) {
        let end = self.at + Duration::from_millis(ms);
        while let Some(due) = self.process.deadline().filter(|due| *due <= end) {
            self.at = self.at.max(due);
            if self.bug == Bug::NeverTooLate && self.is_late() {
                break;
            }
            self.feed(Event::Tick);
        }
        self.at = end;
        self.watch_the_clock();
    }

    pub(crate) fn play(&mut self, step: Step) {
        match step {
            Step::CommandEnds(code) if !self.live.is_empty() => self.command_ends(code),
            Step::InstanceEnds(serial) => {
                let Some(run) = self.runs.iter().find(|run| run.instance.serial == serial).copied() else {
                    return;
                };
                self.disturbed = true;
                let in_turn = self.turns.contains_key(&serial);
                self.fault |= in_turn;
                if !(in_turn && self.bug == Bug::DeathOverlooked) {
                    self.gone(TaskId::Run(run), Exit::Code(1));
                }
                self.must_have_ended(in_turn);
            }
            Step::Probe(well) if !self.probes.is_empty() => {
                let (probe, asked) = self.probes.remove(0);
                if let Some(turn) = self.turns.get_mut(&probe.of.serial) {
                    turn.well = well.then_some(asked);
                }
                let answer = if well { Answer::well("yes") } else { Answer::bad(ProbeFault::Refused, "no") };
                self.feed(Event::Answered(probe, answer));
            }
            Step::Says(serial, ready) if self.plan.checked == Checked::Told => {
                let Some(run) = self.runs.iter().find(|run| run.instance.serial == serial).copied() else {
                    return;
                };
                if let Some(turn) = self.turns.get_mut(&serial) {
                    turn.says = if ready { turn.says.map(|_| true) } else { Some(false) };
                }
                self.feed(Event::News(run, if ready { News::Ready } else { News::Reloading }));
            }
            Step::Wait(ms) => self.pass(ms),
            Step::Stop => {
                (self.stopped, self.disturbed) = (true, true);
                self.turns.clear();
                self.command(Command::Stop(Urgency::Graceful));
            }
            Step::CommandEnds(_) | Step::Probe(_) | Step::Says(..) => {}
        }
    }

    fn command_ends(&mut self, code: u8) {
        let task = self.live.remove(0);
        let serial = task.of.map(|of| of.serial);
        let turn = serial.and_then(|serial| self.turns.get_mut(&serial)).filter(|turn| turn.told.is_none());
        let waited = turn.is_some();
        if let Some(turn) = turn {
            turn.told = (code == 0).then_some(self.at);
        }
        self.fault |= waited && code != 0;
        let heard = if self.bug == Bug::GoesOnAfterAFailure { 0 } else { code };
        self.gone(TaskId::Hook(task), Exit::Code(heard));
        self.must_have_ended(waited && code != 0);
    }

    fn must_have_ended(&mut self, failed: bool) {
        if failed && !self.stopped && self.answers.is_empty() {
            self.broken.push("it goes on after a failure".to_owned());
        }
    }

    /// Lets all that is under way end well, and judges.
    pub(crate) fn judge(mut self) -> Vec<String> {
        for _ in 0..200 {
            self.play(Step::CommandEnds(0));
            self.play(Step::Probe(true));
            let saying =
                self.turns.iter().find(|(_, turn)| turn.says == Some(false)).map(|(serial, _)| *serial);
            saying.into_iter().for_each(|serial| self.play(Step::Says(serial, true)));
            self.pass(100);
        }
        let wanted = match (self.fault, self.stopped && self.answers.is_empty()) {
            (_, true) => Vec::new(), // a stop came first: nobody waits for its answer
            (true, false) => vec![RestartOutcome::Failed],
            (false, false) => vec![RestartOutcome::Up],
        };
        if self.answers != wanted {
            self.broken.push(format!("answered {:?}, and {wanted:?} is right", self.answers));
        }
        if self.told != 1 {
            self.broken.push(format!("its end is told {} times", self.told));
        }
        if !self.fault && !self.disturbed && self.had != (0..self.plan.scale).collect::<Vec<_>>() {
            self.broken.push(format!("not all had their turn: {:?}", self.had));
        }
        self.broken
    }
}
