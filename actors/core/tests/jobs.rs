//! The jobs of a process: its schedule and its instances together, in a world of random runs, commands and steps of the
//! clock. The laws of the schedule alone stand in `schedule.rs`.
//!
//! * **J1** a job that began runs as one instance, which is nobody else's until the job has ended.
//! * **J2** no more jobs run at once than the schedule has it.
//! * **J3** each job that began is told to have ended once, and none ends that did not begin.
//! * **J4** a stop is answered once everything rests, and nothing is launched after it.
//! * **J5** each trigger, pause and resume is answered once, and before a stop that comes after it.
//! * **J6** a trigger that is not refused begins one job, which bears it.
//! * **J7** a run of a job is no restart.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test may fail")]

#[path = "jobs/planted.rs"]
mod planted;
#[path = "support/spec.rs"]
mod support;

use phpeek_core::autopsy::Autopsy;
use phpeek_core::backoff::{Backoff, Jitter};
use phpeek_core::budget::Attempts;
use phpeek_core::ends::{OperationEnd, Refusal};
use phpeek_core::facts::{Fact, InstanceFact, Outbox, Output, ScheduleFact, Told};
use phpeek_core::ids::{InstanceId, ProcessId, RunId, TaskId};
use phpeek_core::lifecycle::{Now, Urgency};
use phpeek_core::operation::{Cause, OperationId, Operations};
use phpeek_core::outcome::Exit;
use phpeek_core::process::{Command, Effect, Event, Process, Report, ScheduleCommand};
use phpeek_core::program::{Launch, TaskEvent};
use phpeek_core::schedule::{CatchUp, Overlap, ScheduleSpec, TimeZone, Timetable, Trigger};
use phpeek_core::signal::Signal;
use phpeek_core::spec::{ProcessKind, ProcessSpec, RestartSpec};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use support::{asked, plain};

const SECOND: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
struct Plan {
    at_once: u32,
    overlap: Overlap,
    retries: u32,
    timeout: Option<Duration>,
    catch_up: CatchUp,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Pass(u64),
    /// The oldest run ends, well or not.
    End(bool),
    Tell(ScheduleCommand),
    /// The clock is set by so many seconds.
    Set(i64),
}

/// What a planted bug does to what the machine gives back.
type Bug = fn(&mut Vec<Output<Effect>>);

fn spec(plan: &Plan) -> Arc<ProcessSpec> {
    let schedule = ScheduleSpec {
        text: "*/5 * * * * *".to_owned(),
        timetable: Timetable::parse("*/5 * * * * *", TimeZone::UTC, |_| None).expect("a schedule"),
        at_once: plan.at_once,
        overlap: plan.overlap,
        jitter: Duration::ZERO,
        catch_up: plan.catch_up,
        retries: plan.retries,
        retry_delay: SECOND,
        timeout: plan.timeout,
        heartbeat: None,
    };
    let usual = plain("job");
    Arc::new(ProcessSpec {
        kind: ProcessKind::Scheduled,
        max_scale: 1,
        restart: RestartSpec { attempts: Attempts::AtMost(3), backoff: Backoff::NONE, ..usual.restart },
        stop: asked(SECOND),
        schedule: Some(Arc::new(schedule)),
        ..usual
    })
}

struct World {
    process: Process,
    at: Duration,
    wall: Duration,
    bug: Bug,
    at_once: usize,
    operations: Operations,
    runs: BTreeSet<RunId>,
    /// Jobs that have begun and not ended, and their instances.
    open: BTreeMap<u64, InstanceId>,
    seen: BTreeSet<u64>,
    /// What the schedule was told and has not answered.
    told: BTreeSet<OperationId>,
    /// Triggers that have begun a job.
    triggered: BTreeSet<OperationId>,
    stopping: bool,
    stopped: usize,
    broken: Vec<String>,
}

impl World {
    fn new(plan: &Plan, bug: Bug) -> Self {
        let process = Process::new(ProcessId(0), spec(plan), Duration::ZERO, &mut Outbox::new());
        Self {
            process,
            at: Duration::ZERO,
            wall: Duration::from_secs(1_000_000),
            bug,
            at_once: plan.at_once as usize,
            operations: Operations::of_system(),
            runs: BTreeSet::new(),
            open: BTreeMap::new(),
            seen: BTreeSet::new(),
            told: BTreeSet::new(),
            triggered: BTreeSet::new(),
            stopping: false,
            stopped: 0,
            broken: Vec::new(),
        }
    }

    fn feed(&mut self, event: Event) {
        let mut out = Outbox::new();
        self.process.step(Now { at: self.at, jitter: Jitter(0) }, event, &mut out);
        let mut outputs: Vec<Output<Effect>> = out.drain().collect();
        (self.bug)(&mut outputs);
        for output in outputs {
            match output {
                Output::Tell(Told { fact: Fact::Schedule(_, fact), .. }) => self.told(&fact),
                Output::Do(Effect::Launch(Launch { task: TaskId::Run(run), .. })) => self.launch(run),
                Output::Do(Effect::Signal(pressing)) => {
                    if self.runs.remove(&pressing.run) {
                        self.ends(pressing.run, Exit::Signal { signal: Signal::TERM, core: false });
                    }
                }
                Output::Do(Effect::Cancel(run)) => {
                    if self.runs.remove(&run) {
                        self.ends(run, Exit::Code(1));
                    }
                }
                Output::Do(Effect::Report(Report::Stopped)) => {
                    self.stopped += 1;
                    if !self.told.is_empty() {
                        self.broken.push(format!("J5: {:?} were never answered", self.told));
                    }
                }
                Output::Do(Effect::Report(Report::Answered(by, answer))) => self.answered(by, &answer),
                Output::Tell(Told { fact: Fact::Instance(_, InstanceFact::Changed(_, shown)), .. })
                    if shown.restarts > 0 =>
                {
                    self.broken.push("J7: a run of a job counts as a restart".to_owned());
                }
                Output::Do(Effect::Report(Report::Ended(_) | Report::Fatal(_))) => {
                    self.broken.push("the end of a schedule was reported".to_owned());
                }
                Output::Do(_) | Output::Tell(_) => {}
            }
        }
    }

    fn told(&mut self, fact: &ScheduleFact) {
        match fact {
            ScheduleFact::Began { job, instance, trigger, .. } => {
                if let Trigger::Manual(by) = trigger
                    && !(self.told.contains(by) && self.triggered.insert(*by))
                {
                    self.broken.push(format!("J6: job {job} is of {by:?}, which has one, or is over"));
                }
                if self.open.values().any(|other| other == instance) {
                    self.broken.push(format!("J1: {instance:?} runs two jobs"));
                }
                if !self.seen.insert(*job) {
                    self.broken.push(format!("J3: job {job} began twice"));
                }
                self.open.insert(*job, *instance);
                if self.open.len() > self.at_once {
                    self.broken.push(format!("J2: {} jobs at once", self.open.len()));
                }
            }
            ScheduleFact::Ended(over) if self.open.remove(&over.job) != Some(over.instance) => {
                self.broken.push(format!("J3: job {} ended and had not begun", over.job));
            }
            _ => {}
        }
    }

    fn answered(&mut self, by: OperationId, answer: &Result<OperationEnd, Refusal>) {
        if !self.told.remove(&by) {
            self.broken.push(format!("J5: {by:?} was answered out of turn"));
        }
        let begun = self.triggered.contains(&by);
        if begun && answer.is_err() {
            self.broken.push(format!("J6: {by:?} was refused, and has run"));
        }
    }

    fn launch(&mut self, run: RunId) {
        if !self.open.values().any(|instance| *instance == run.instance) {
            self.broken.push(format!("J1: {run:?} is of no job"));
        }
        if self.stopping {
            self.broken.push(format!("J4: {run:?} after a stop"));
        }
        self.runs.insert(run);
        self.feed(Event::Task(TaskId::Run(run), TaskEvent::Spawned { pid: 7 }));
    }

    fn ends(&mut self, run: RunId, exit: Exit) {
        let task = TaskId::Run(run);
        self.feed(Event::Task(task, TaskEvent::Exited(Autopsy::from(exit))));
        self.feed(Event::Task(task, TaskEvent::GroupEmpty));
    }

    /// Time passes, up to each deadline and beyond.
    fn pass(&mut self, time: Duration) {
        let end = self.at + time;
        while let Some(due) = self.process.deadline().filter(|due| *due <= end) {
            let due = due.max(self.at);
            (self.wall, self.at) = (self.wall + (due - self.at), due);
            self.feed(Event::Wall(self.wall));
            self.feed(Event::Tick);
            if self.process.deadline() == Some(due) {
                self.broken.push("it is due again in the moment in which it was".to_owned());
                break;
            }
        }
        (self.wall, self.at) = (self.wall + (end - self.at), end);
    }

    fn command(&mut self, command: Command) {
        let operation = self.operations.begin(Cause::Request);
        if matches!(command, Command::Schedule(_)) {
            self.told.insert(operation.id);
        }
        self.feed(Event::Wall(self.wall));
        self.feed(Event::Command { operation, asked: self.at, command });
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Pass(millis) => self.pass(Duration::from_millis(millis)),
            Step::End(well) => {
                if let Some(run) = self.runs.pop_first() {
                    self.ends(run, Exit::Code(u8::from(!well)));
                }
            }
            Step::Tell(command) => self.command(Command::Schedule(command)),
            Step::Set(seconds) => {
                let by = Duration::from_secs(seconds.unsigned_abs());
                self.wall = if seconds < 0 { self.wall.saturating_sub(by) } else { self.wall + by };
                self.feed(Event::Wall(self.wall));
            }
        }
    }
}

/// What was broken.
fn play(plan: &Plan, bug: Bug) -> Vec<String> {
    let mut world = World::new(plan, bug);
    world.command(Command::Start);
    plan.steps.iter().for_each(|step| world.step(*step));
    world.stopping = true;
    world.command(Command::Stop(Urgency::Graceful));
    world.pass(Duration::from_secs(60));
    if world.stopped != 1 {
        world.broken.push(format!("J4: a stop was answered {} times", world.stopped));
    }
    if !world.open.is_empty() {
        world.broken.push(format!("J3: {:?} never ended", world.open));
    }
    world.broken
}

fn step() -> impl Strategy<Value = Step> {
    let command = prop_oneof![
        Just(ScheduleCommand::Trigger),
        Just(ScheduleCommand::Pause),
        Just(ScheduleCommand::Resume),
    ];
    prop_oneof![
        4 => (1..9000_u64).prop_map(Step::Pass),
        3 => any::<bool>().prop_map(Step::End),
        2 => command.prop_map(Step::Tell),
        1 => (-200_000..200_000_i64).prop_map(Step::Set),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    let overlap = prop_oneof![Just(Overlap::Skip), Just(Overlap::Queue), Just(Overlap::Replace)];
    let catch_up = prop_oneof![Just(CatchUp::None), Just(CatchUp::Latest), Just(CatchUp::All)];
    let timeout = prop_oneof![Just(None), (1..8_u64).prop_map(|s| Some(Duration::from_secs(s)))];
    let steps = prop::collection::vec(step(), 1..40);
    (1..4_u32, overlap, 0..3_u32, timeout, catch_up, steps).prop_map(
        |(at_once, overlap, retries, timeout, catch_up, steps)| Plan {
            at_once,
            overlap,
            retries,
            timeout,
            catch_up,
            steps,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn jobs_keep_their_laws(plan in plan()) {
        prop_assert_eq!(play(&plan, |_| ()), Vec::<String>::new());
    }
}
