//! The readiness of a process is that of its instances together: whatever becomes ready, dies, comes or goes, who waits for
//! the process was told last that it is ready when all are, and that it is not when one is not any more. More instances take
//! no readiness away: one that is new does not count before it was ready once. A world in which programs begin and end at
//! once; every choice comes from the plan.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test may fail")]

#[path = "support/spec.rs"]
mod support;

use phpeek_core::facts::{Outbox, Output};
use phpeek_core::health::news::News;
use phpeek_core::health::{CheckSpec, NotifyQuestion, Protocol, Question, Role};
use phpeek_core::ids::{InstanceId, ProcessId, RunId, TaskId};
use phpeek_core::lifecycle::Now;
use phpeek_core::operation::{Cause, Operations};
use phpeek_core::outcome::Exit;
use phpeek_core::process::{Command, Effect, Event, Process, Report};
use phpeek_core::program::TaskEvent;
use phpeek_core::spec::ProcessSpec;
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, Clone, Copy)]
enum Step {
    /// The n-th of those that run says that it is ready.
    Ready(usize),
    /// The n-th of those that run dies; another run follows.
    Dies(usize),
    /// There shall be so many.
    Scale(u32),
    /// Time passes.
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..5_usize).prop_map(Step::Ready),
        1 => (0..5_usize).prop_map(Step::Dies),
        2 => (1..5_u32).prop_map(Step::Scale),
        1 => (1..2000_u64).prop_map(Step::Wait),
    ]
}

fn spec() -> ProcessSpec {
    let question = Question::Notify(NotifyQuestion { protocol: Protocol::Systemd, watchdog: None });
    let check = CheckSpec {
        numbered: None,
        role: Role::Readiness,
        question,
        initial_delay: Duration::ZERO,
        period: Duration::from_secs(1),
        timeout: Duration::from_secs(1),
        failure_threshold: 1,
        success_threshold: 1,
    };
    let scale = NonZeroU32::new(3).expect("three");
    ProcessSpec { scale, health: Some(Arc::from(vec![check])), ..support::plain("web") }
}

struct World {
    process: Process,
    operations: Operations,
    now: Duration,
    coming: VecDeque<Event>,
    /// Those that run, and whether each has said that it is ready.
    runs: BTreeMap<RunId, bool>,
    /// Those that were ready once.
    known: BTreeSet<InstanceId>,
    wanted: usize,
    /// What who waits was told last; nothing before the start is over.
    told: Option<bool>,
}

impl World {
    fn new() -> Self {
        let mut out = Outbox::new();
        let process = Process::new(ProcessId(0), Arc::new(spec()), Duration::ZERO, &mut out);
        let (runs, coming, known) = Default::default();
        let (operations, now) = (Operations::of_system(), Duration::ZERO);
        let mut world = Self { process, operations, now, coming, runs, known, wanted: 3, told: None };
        world.command(Command::Start);
        world
    }

    fn command(&mut self, command: Command) {
        let operation = self.operations.begin(Cause::Request);
        self.coming.push_back(Event::Command { operation, asked: self.now, command });
        self.settle();
    }

    /// Until nothing more comes.
    fn settle(&mut self) {
        while let Some(event) = self.coming.pop_front() {
            self.feed(event);
        }
    }

    fn feed(&mut self, event: Event) {
        let mut out = Outbox::new();
        self.process.step(Now { at: self.now, jitter: phpeek_core::backoff::Jitter(0) }, event, &mut out);
        for output in out.drain() {
            let Output::Do(effect) = output else { continue };
            match effect {
                Effect::Launch(launch) => {
                    let TaskId::Run(run) = launch.task else { continue };
                    self.runs.insert(run, false);
                    self.coming.push_back(Event::Task(launch.task, TaskEvent::Spawned { pid: 7 }));
                }
                Effect::Signal(pressing) => {
                    let run = pressing.run;
                    self.feed(Event::Signalled(pressing, true));
                    self.dies(run);
                }
                Effect::AskLastWords(run) => self.coming.push_back(Event::NoWords(run)),
                Effect::Report(Report::Up | Report::Ready) => self.told = Some(true),
                Effect::Report(Report::Unready) => self.told = self.told.map(|_| false),
                _ => {}
            }
        }
    }

    fn dies(&mut self, run: RunId) {
        if self.runs.remove(&run).is_some() {
            let of = |event| Event::Task(TaskId::Run(run), event);
            self.coming.push_back(of(TaskEvent::Exited(Exit::Code(1).into())));
            self.coming.push_back(of(TaskEvent::GroupEmpty));
        }
    }

    fn nth(&self, n: usize) -> Option<RunId> {
        self.runs.keys().nth(n % self.runs.len().max(1)).copied()
    }

    fn act(&mut self, step: Step) {
        match step {
            Step::Ready(n) => {
                let Some(run) = self.nth(n) else { return };
                self.runs.insert(run, true);
                self.known.insert(run.instance);
                self.coming.push_back(Event::News(run, News::Ready));
            }
            Step::Dies(n) => {
                if let Some(run) = self.nth(n) {
                    self.dies(run);
                }
            }
            Step::Scale(to) => {
                self.wanted = to as usize;
                return self.command(Command::Scale { to, run: true });
            }
            Step::Wait(ms) => self.pass(Duration::from_millis(ms)),
        }
        self.settle();
    }

    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(due) = self.process.deadline().filter(|due| *due <= until) {
            self.now = due.max(self.now);
            self.feed(Event::Tick);
            self.settle();
        }
        self.now = until;
    }

    /// Whether all that are to be there run and are ready; and whether one is not that was.
    fn truth(&self) -> (bool, bool) {
        let all = self.runs.len() == self.wanted && self.runs.values().all(|ready| *ready);
        let lost = self.runs.iter().any(|(run, ready)| !ready && self.known.contains(&run.instance));
        (all, lost)
    }
}

fn run(plan: &[Step]) -> Result<(), String> {
    let mut world = World::new();
    for (at, step) in plan.iter().enumerate() {
        world.act(*step);
        let wrong = match (world.told, world.truth()) {
            (Some(true), (_, lost)) => lost,
            (Some(false), (all, _)) => all,
            (None, _) => false,
        };
        if wrong {
            let (told, plan) = (world.told, &plan[..=at]);
            return Err(format!("{told:?} was told last, after {plan:?}: {:?}", world.runs));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn who_waits_was_told_last_what_is_so(plan in vec(step(), 0..40)) {
        run(&plan).map_err(TestCaseError::fail)?;
    }
}

#[test]
fn of_fewer_instances_all_are_ready_and_of_more_not_before_the_new_one_is() {
    let mut world = World::new();
    for n in 0..3 {
        world.act(Step::Ready(n));
    }
    assert_eq!(world.told, Some(true), "the start is over");
    world.act(Step::Scale(2));
    assert_eq!(world.told, Some(true), "the one that went counts no more");
    world.act(Step::Dies(1));
    assert_eq!(world.told, Some(false));
    world.act(Step::Scale(1));
    assert_eq!(world.told, Some(true), "the one that was not ready has gone");
    world.act(Step::Scale(2));
    assert_eq!(world.told, Some(true), "more take no readiness away");
    world.act(Step::Dies(0));
    assert_eq!(world.told, Some(false));
}
