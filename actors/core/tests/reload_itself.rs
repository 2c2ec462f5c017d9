//! A process that reloads itself by a command for each of its instances (Q12 of the process machine): played against random
//! ends of its commands and instances, a stop, and a second reload. The law is kept by an observer that knows only what was asked
//! for and what came, and each planted bug breaks it.
#![allow(clippy::expect_used, clippy::panic, reason = "a test may fail")]

#[path = "support/spec.rs"]
mod support;

use phpeek_core::backoff::Jitter;
use phpeek_core::facts::{Fact, Outbox, Output, ProcessFact};
use phpeek_core::fleet::RestartOutcome;
use phpeek_core::hook::{HookSpec, Hooks, OnError, words as hook};
use phpeek_core::ids::{HookTask, InstanceId, ProcessId, RunId, TaskId};
use phpeek_core::lifecycle::{Now, Urgency};
use phpeek_core::operation::{Cause, Operations};
use phpeek_core::outcome::Exit;
use phpeek_core::process::{Command, Effect, Event, Process, Report};
use phpeek_core::program::TaskEvent;
use phpeek_core::signal::Signal;
use phpeek_core::spec::{AtOnce, InitialState, ProcessKind, ProcessSpec, Reload, RollingSpec};
use proptest::prelude::*;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The command under way ends with this code.
    CommandEnds(u8),
    /// The leader of this instance ends by itself; another run follows.
    InstanceEnds(u32),
    /// Everything is stopped.
    Stop,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    None,
    AnswerForgotten,
    AnsweredTwice,
    FailureIsUp,
    GoesOnAfterAFailure,
    AllAtOnce,
    LastLeftOut,
}

fn spec(scale: u32) -> Arc<ProcessSpec> {
    let plain = support::spec(InitialState::Running, ProcessKind::LongRun);
    let hook = HookSpec {
        name: "reload".into(),
        program: plain.program.clone(),
        timeout: Duration::from_secs(10),
        retries: 0,
        retry_delay: Duration::ZERO,
        on_error: OnError::Stop,
    };
    let rolling = RollingSpec {
        at_once: AtOnce::Count(NonZeroU32::MIN),
        takes_part: true,
        reload: Some(Reload::Command),
    };
    Arc::new(ProcessSpec {
        scale: NonZeroU32::new(scale).expect("at least one"),
        rolling: Some(Box::new(rolling)),
        hooks: Some(Box::new(Hooks { reload: [Arc::new(hook)].into_iter().collect(), ..Hooks::default() })),
        ..ProcessSpec::clone(&plain)
    })
}

struct World {
    process: Process,
    operations: Operations,
    at: Duration,
    bug: Bug,
    /// Instances with the run that each has.
    runs: Vec<RunId>,
    /// Commands that run.
    live: Vec<HookTask>,
    /// Whose turn has come, by serial.
    turns: Vec<u32>,
    /// Whether a command of this reload has failed.
    failed: bool,
    /// Whether an instance has ended, or a stop was asked for, since it began.
    disturbed: bool,
    stopped: bool,
    answers: Vec<RestartOutcome>,
    told: Vec<Option<RestartOutcome>>,
    broken: Vec<String>,
}

impl World {
    fn new(scale: u32, bug: Bug) -> Self {
        let mut out = Outbox::new();
        let process = Process::new(ProcessId(0), spec(scale), Duration::ZERO, &mut out);
        let mut world = Self {
            process,
            operations: Operations::of_system(),
            at: Duration::ZERO,
            bug,
            runs: Vec::new(),
            live: Vec::new(),
            turns: Vec::new(),
            failed: false,
            disturbed: false,
            stopped: false,
            answers: Vec::new(),
            told: Vec::new(),
            broken: Vec::new(),
        };
        world.command(Command::Start);
        assert_eq!(world.runs.len(), scale as usize, "each instance runs");
        world
    }

    fn command(&mut self, command: Command) {
        let operation = self.operations.begin(Cause::Request);
        self.feed(Event::Command { operation, asked: self.at, command });
    }

    fn feed(&mut self, event: Event) {
        self.at += Duration::from_millis(1);
        let mut out = Outbox::new();
        self.process.step(Now { at: self.at, jitter: Jitter::NONE }, event, &mut out);
        let outputs: Vec<_> = out.drain().collect();
        outputs.into_iter().for_each(|output| self.hear(output));
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
                self.begins(task);
                self.feed(Event::Task(launch.task, TaskEvent::Spawned { pid: 8 }));
            }
            // What is asked to go goes at once.
            Output::Do(Effect::Signal(pressing)) => {
                self.feed(Event::Signalled(pressing, true));
                self.gone(TaskId::Run(pressing.run), Exit::Signal { signal: Signal::TERM, core: false });
            }
            Output::Do(Effect::Hook(hook::Effect::Signal { task, .. })) => {
                self.live.retain(|live| *live != task);
                self.gone(TaskId::Hook(task), Exit::Signal { signal: Signal::TERM, core: false });
            }
            Output::Do(Effect::Report(Report::Restarted(outcome))) => self.answered(outcome),
            Output::Tell(told) => {
                if let Fact::Process(_, ProcessFact::ReloadEnded(outcome)) = told.fact {
                    self.told.push(outcome);
                }
            }
            Output::Do(_) => {}
        }
    }

    fn begins(&mut self, task: HookTask) {
        let serial = task.of.expect("of an instance").serial;
        if self.bug == Bug::LastLeftOut && serial as usize + 1 == self.runs.len() {
            return;
        }
        if self.failed || self.stopped {
            self.broken.push(format!("{serial} is told to reload after a failure or a stop"));
        }
        if !self.live.is_empty() {
            self.broken.push(format!("{serial} is told to reload while another is"));
        }
        if self.turns.last().is_some_and(|last| *last >= serial) {
            self.broken.push(format!("{serial} has its turn out of order"));
        }
        self.turns.push(serial);
        self.live.push(task);
        let next = HookTask { of: task.of.map(|of| InstanceId { serial: serial + 1, ..of }), ..task };
        if self.bug == Bug::AllAtOnce && (serial as usize) + 1 < self.runs.len() {
            self.begins(next);
        }
    }

    fn answered(&mut self, outcome: RestartOutcome) {
        match self.bug {
            Bug::AnswerForgotten => {}
            Bug::AnsweredTwice => self.answers.extend([outcome; 2]),
            Bug::FailureIsUp => self.answers.push(RestartOutcome::Up),
            _ => self.answers.push(outcome),
        }
    }

    fn gone(&mut self, task: TaskId, exit: Exit) {
        self.feed(Event::Task(task, TaskEvent::Exited(exit.into())));
        self.feed(Event::Task(task, TaskEvent::GroupEmpty));
    }

    fn play(&mut self, step: Step) {
        match step {
            Step::CommandEnds(code) => {
                let Some(task) = self.live.pop() else { return };
                if code != 0 && self.bug == Bug::GoesOnAfterAFailure {
                    self.failed = true;
                    return self.gone(TaskId::Hook(task), Exit::Code(0));
                }
                self.failed |= code != 0;
                self.gone(TaskId::Hook(task), Exit::Code(code));
            }
            Step::InstanceEnds(serial) => {
                let Some(run) = self.runs.iter().find(|run| run.instance.serial == serial).copied() else {
                    return;
                };
                self.disturbed = true;
                self.gone(TaskId::Run(run), Exit::Code(1));
                self.feed(Event::Tick); // the next run follows
            }
            Step::Stop => {
                (self.stopped, self.disturbed) = (true, true);
                self.command(Command::Stop(Urgency::Graceful));
            }
        }
    }

    /// Lets all that is under way end well, and judges.
    fn judge(mut self, scale: u32) -> Vec<String> {
        while !self.live.is_empty() {
            self.play(Step::CommandEnds(0));
        }
        let wanted = match (self.failed, self.stopped && self.answers.is_empty()) {
            (_, true) => Vec::new(), // a stop came first: nobody waits for its answer
            (true, false) => vec![RestartOutcome::Failed],
            (false, false) => vec![RestartOutcome::Up],
        };
        if self.answers != wanted {
            self.broken.push(format!("answered {:?}, and {wanted:?} is right", self.answers));
        }
        if self.told.len() != 1 {
            self.broken.push(format!("its end is told {} times", self.told.len()));
        }
        if !self.failed && !self.disturbed && self.turns != (0..scale).collect::<Vec<_>>() {
            self.broken.push(format!("not all had their turn: {:?}", self.turns));
        }
        self.broken
    }
}

fn play(scale: u32, steps: &[Step], bug: Bug) -> Vec<String> {
    let mut world = World::new(scale, bug);
    world.command(Command::Reload(Reload::Command));
    for step in steps {
        world.play(*step);
    }
    world.judge(scale)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let one = prop_oneof![
        6 => Just(Step::CommandEnds(0)),
        1 => (1..4_u8).prop_map(Step::CommandEnds),
        2 => (0..4_u32).prop_map(Step::InstanceEnds),
        1 => Just(Step::Stop),
    ];
    prop::collection::vec(one, 0..8)
}

proptest! {
    #[test]
    fn q12_each_that_runs_has_its_turn_and_a_failure_ends_it(scale in 1..5_u32, steps in steps()) {
        prop_assert_eq!(play(scale, &steps, Bug::None), Vec::<String>::new());
    }
}

#[test]
fn each_planted_bug_is_noticed() {
    let ends = [Step::CommandEnds(0); 3];
    let fails = [Step::CommandEnds(0), Step::CommandEnds(3)];
    for (bug, steps) in [
        (Bug::AnswerForgotten, &ends[..]),
        (Bug::AnsweredTwice, &ends),
        (Bug::FailureIsUp, &fails),
        (Bug::GoesOnAfterAFailure, &fails),
        (Bug::AllAtOnce, &ends),
        (Bug::LastLeftOut, &ends),
    ] {
        assert_eq!(play(3, steps, Bug::None), Vec::<String>::new(), "{steps:?}");
        assert!(!play(3, steps, bug).is_empty(), "{bug:?} goes unnoticed");
    }
}

#[test]
fn who_does_not_run_is_passed_over_and_a_second_one_waits_for_no_first() {
    let mut world = World::new(2, Bug::None);
    world.command(Command::Reload(Reload::Command));
    world.command(Command::AbandonRestart);
    assert_eq!(world.told, [None], "it goes no further");
    world.command(Command::Reload(Reload::Command));
    world.play(Step::CommandEnds(0)); // of the one that was given up
    assert_eq!(world.turns.len(), 2, "the second begins anew once that has gone: {:?}", world.turns);
}
