//! The laws of what is asked of single processes, in worlds of a fleet whose processes answer late, and now and then
//! badly: each request is answered or refused once; what was stopped stays so until somebody asks for it; and nothing
//! is left unanswered. With planted bugs, each of which a law must notice.
#![allow(clippy::expect_used, reason = "a test may fail")]

use phpeek_core::backoff::Backoff;
use phpeek_core::budget::Attempts;
use phpeek_core::facts::{Fact, OperationEnd, Outbox, Output, SystemFact, Told};
use phpeek_core::fleet::{Effect, Ending, Event, Fleet, RestartOutcome, Standing};
use phpeek_core::ids::ProcessId;
use phpeek_core::lifecycle::Failure;
use phpeek_core::name::ProcessName;
use phpeek_core::operation::{Cause, OperationId};
use phpeek_core::outcome::{Exit, SpawnFailure, SpawnFailureKind};
use phpeek_core::process::Command;
use phpeek_core::program::{Handover, Numbering, Program};
use phpeek_core::signal::Signal;
use phpeek_core::spec::{
    CommandLine, Condition, Dependency, Ends, Hooks, InitialState, KillMode, OutputSpec, ProcessKind,
    ProcessSpec, RestartPolicy, RestartSpec, StopSpec, SystemSpec,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::collections::{BTreeMap, BTreeSet};
use std::num::{NonZeroU16, NonZeroU32};
use std::sync::Arc;
use std::time::Duration;

const MOST: u32 = 5;

#[derive(Debug, Clone, Copy)]
enum Order {
    Start(usize),
    Stop(usize),
    Scale(usize, u32),
    Restart(usize),
    RestartAll,
    Shutdown,
}

/// How a process takes what it is told.
#[derive(Debug, Clone, Copy)]
enum Mood {
    Well,
    FailsToStart,
    EndsWell,
    EndsBadly,
}

#[derive(Debug, Clone)]
struct Plan {
    processes: Vec<(ProcessKind, InitialState, Option<usize>, bool)>,
    orders: Vec<(u64, Order)>,
    moods: Vec<Mood>,
    delays: Vec<u64>,
}

fn plan() -> impl Strategy<Value = Plan> {
    let kind = prop_oneof![4 => Just(ProcessKind::LongRun), 1 => Just(ProcessKind::Oneshot), 1 => Just(ProcessKind::Scheduled)];
    let initial = prop_oneof![3 => Just(InitialState::Running), 1 => Just(InitialState::Stopped)];
    let process = (kind, initial, proptest::option::of(0usize..3), any::<bool>());
    let order = prop_oneof![
        3 => (0usize..5).prop_map(Order::Start),
        3 => (0usize..5).prop_map(Order::Stop),
        3 => (0usize..5, 0u32..8).prop_map(|(p, n)| Order::Scale(p, n)),
        1 => (0usize..5).prop_map(Order::Restart),
        1 => Just(Order::RestartAll),
        1 => Just(Order::Shutdown),
    ];
    let mood = prop_oneof![6 => Just(Mood::Well), 1 => Just(Mood::FailsToStart), 1 => Just(Mood::EndsWell), 1 => Just(Mood::EndsBadly)];
    let parts = (vec(process, 1..5), vec((0u64..300, order), 0..14), vec(mood, 0..60), vec(0u64..20, 0..60));
    parts.prop_map(|(processes, mut orders, moods, delays)| {
        orders.push((400, Order::Shutdown));
        orders.sort_by_key(|(at, _)| *at);
        Plan { processes, orders, moods, delays }
    })
}

fn name(i: usize) -> ProcessName {
    ProcessName::new(&format!("p{i}")).expect("a plain name")
}

fn spec(i: usize, plan: &Plan) -> ProcessSpec {
    let (kind, initial, on, restart) = plan.processes[i];
    let ms = Duration::from_millis;
    let kill = Signal::KILL;
    let needs = on.filter(|on| *on < i && plan.processes[*on].0 != ProcessKind::Scheduled);
    let depends_on = needs.map(|on| Dependency { restart, ..Dependency::new(name(on), Condition::Started) });
    let backoff = Backoff::new(ms(1), ms(8)).expect("in order");
    ProcessSpec {
        name: name(i),
        kind,
        initial,
        program: Arc::new(Program {
            name: name(i),
            hook: None,
            command: CommandLine::new(vec!["p".to_owned()]).expect("a program"),
            working_dir: None,
            user: None,
            group: None,
            env: Vec::new(),
            privilege: None,
            output: OutputSpec { stdout: false, stderr: false },
            handover: Handover::Link,
            // The last process has ports for three instances alone.
            numbering: Numbering { port_base: NonZeroU16::new(65_533).filter(|_| i == 3), templates: false },
        }),
        scale: NonZeroU32::MIN,
        max_scale: MOST,
        depends_on: depends_on.into_iter().collect(),
        restart: RestartSpec {
            policy: RestartPolicy::Never,
            attempts: Attempts::AtMost(0),
            backoff,
            stable_after: None,
            ends: Ends::USUAL,
        },
        stop: StopSpec {
            signal: Signal::TERM,
            grace: ms(5),
            kill_signal: kill,
            kill_grace: ms(5),
            mode: KillMode::Group,
        },
        essential: false,
        hooks: None,
        health: None,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    None,
    AnswerForgotten,
    AnswerTwice,
    StopIgnored,
    StartAfterStop,
    StoppedSaysDoneAtOnce,
    LimitIgnored,
    RefusalActsToo,
    FailureSaysDone,
}

const BUGS: [Bug; 8] = [
    Bug::AnswerForgotten,
    Bug::AnswerTwice,
    Bug::StopIgnored,
    Bug::StartAfterStop,
    Bug::StoppedSaysDoneAtOnce,
    Bug::LimitIgnored,
    Bug::RefusalActsToo,
    Bug::FailureSaysDone,
];

#[derive(Debug, Clone)]
enum Happening {
    Order(Order),
    Report(Event),
}

/// What somebody has asked for.
#[derive(Debug, Clone, Copy)]
enum Wish {
    Start(ProcessId),
    Stop(ProcessId),
    Other,
}

struct World<'a> {
    plan: &'a Plan,
    bug: Bug,
    fleet: Fleet,
    now: Duration,
    queue: BTreeMap<(Duration, u64), Happening>,
    sequence: u64,
    drawn: usize,
    open: BTreeMap<OperationId, Wish>,
    /// Who was stopped by request, and by nobody asked for since.
    stopped: BTreeSet<ProcessId>,
    /// Who runs, as far as it has been told and has answered.
    runs: BTreeSet<ProcessId>,
    booted: bool,
    over: bool,
    done: bool,
    broken: Vec<String>,
    history: Vec<String>,
}

fn run(plan: &Plan, bug: Bug) -> (Vec<String>, Vec<String>) {
    let processes = (0..plan.processes.len()).map(|i| Arc::new(spec(i, plan))).collect();
    let second = Duration::from_secs(1);
    let system = SystemSpec {
        shutdown_timeout: second,
        dependency_timeout: Duration::from_millis(60),
        processes,
        signals: BTreeMap::new(),
        hooks: Hooks::default(),
    };
    let mut world = World {
        fleet: Fleet::new(&system).expect("no cycle"),
        plan,
        bug,
        now: Duration::ZERO,
        queue: BTreeMap::new(),
        sequence: 0,
        drawn: 0,
        open: BTreeMap::new(),
        stopped: BTreeSet::new(),
        runs: BTreeSet::new(),
        booted: false,
        over: false,
        done: false,
        broken: Vec::new(),
        history: Vec::new(),
    };
    let boot = world.fleet.begin(Cause::Boot);
    world.step(Event::Boot(boot));
    for (at, order) in &plan.orders {
        world.at(Duration::from_millis(*at), Happening::Order(*order));
    }
    for _ in 0..2000 {
        if !world.broken.is_empty() || !world.advance() {
            break;
        }
    }
    if world.broken.is_empty() {
        let open = world.open.clone();
        if !open.is_empty() || !world.done {
            world.broken.push(format!("never answered: {open:?}, done: {}", world.done));
        }
    }
    (world.broken, world.history)
}

impl World<'_> {
    fn at(&mut self, when: Duration, happening: Happening) {
        self.sequence += 1;
        self.queue.insert((when, self.sequence), happening);
    }

    fn advance(&mut self) -> bool {
        let queued = self.queue.first_key_value().map(|((at, _), _)| *at);
        if let Some(due) = self.fleet.deadline().filter(|due| queued.is_none_or(|at| *due <= at)) {
            self.now = self.now.max(due);
            self.step(Event::Tick);
            return true;
        }
        let Some(((at, _), happening)) = self.queue.pop_first() else { return false };
        self.now = at;
        match happening {
            Happening::Report(event) => {
                if let Event::Ended(p, _) | Event::Stopped(p) | Event::StartFailed(p, _) = &event {
                    self.runs.remove(p);
                }
                self.step(event);
            }
            Happening::Order(order) => self.order(order),
        }
        true
    }

    fn order(&mut self, order: Order) {
        let operation = self.fleet.begin(Cause::Request);
        let id = operation.id;
        let of = |p: usize| ProcessId(u32::try_from(p).unwrap_or(u32::MAX));
        let (event, wish) = match order {
            Order::Start(p) => (Event::Start(operation, name(p)), Wish::Start(of(p))),
            Order::Stop(p) if self.bug == Bug::StopIgnored => {
                (Event::Restart(operation, name(p)), Wish::Stop(of(p)))
            }
            Order::Stop(p) => (Event::Stop(operation, name(p)), Wish::Stop(of(p))),
            Order::Scale(p, 0) => (Event::Scale(operation, name(p), 0), Wish::Stop(of(p))),
            Order::Scale(p, to) => (Event::Scale(operation, name(p), to), Wish::Other),
            Order::Restart(p) => (Event::Restart(operation, name(p)), Wish::Other),
            Order::RestartAll => (Event::RestartAll(operation), Wish::Other),
            Order::Shutdown => return self.step(Event::Shutdown(operation)),
        };
        self.open.insert(id, wish);
        let wanted: Vec<ProcessId> = match order {
            Order::Start(p) | Order::Restart(p) => vec![of(p)],
            Order::Scale(p, to) if to > 0 => vec![of(p)],
            _ => Vec::new(),
        };
        // A stop that waits for the boot counts once it is answered.
        self.stopped.retain(|p| !wanted.contains(p));
        let too_many = matches!(order, Order::Scale(p, to) if to > if p == 3 { 3 } else { MOST });
        let before = self.open.len();
        self.step(event);
        if too_many && self.open.len() >= before {
            self.broken.push(format!("{order:?} was not refused"));
        }
    }

    fn draw(&mut self) -> (Mood, Duration) {
        let mood = self.plan.moods.get(self.drawn).copied().unwrap_or(Mood::Well);
        let delay = self.plan.delays.get(self.drawn).copied().unwrap_or(1);
        self.drawn += 1;
        (mood, Duration::from_millis(delay))
    }

    fn step(&mut self, event: Event) {
        let mut out = Outbox::new();
        self.fleet.step(self.now, event.clone(), &mut out);
        let mut outputs: Vec<Output<Effect>> = out.drain().collect();
        self.corrupt(&event, &mut outputs);
        self.history.push(format!("{:>7?} {event:?} -> {outputs:?}", self.now));
        let refused = outputs
            .iter()
            .any(|o| matches!(o, Output::Tell(Told { fact: Fact::System(SystemFact::Refused(..)), .. })));
        let single = matches!(event, Event::Start(..) | Event::Stop(..) | Event::Scale(..));
        if single && refused && outputs.len() > 1 {
            self.broken.push(format!("{event:?} was refused, and done: {outputs:?}"));
        }
        for output in outputs {
            match output {
                Output::Tell(Told { fact: Fact::System(fact), .. }) => self.told(&fact),
                Output::Tell(_) => {}
                Output::Do(Effect::Command(p, operation, command)) => {
                    self.command(p, operation.cause, command)
                }
                Output::Do(Effect::Done(_)) => self.done = true,
                Output::Do(_) => {}
            }
        }
    }

    fn told(&mut self, fact: &SystemFact) {
        match fact {
            SystemFact::BootSucceeded => self.booted = true,
            SystemFact::ShutdownBegan { .. } => self.over = true,
            SystemFact::Refused(operation, _) => self.answered(operation.id, None),
            SystemFact::Answered(id, end) => self.answered(*id, Some(*end)),
            _ => {}
        }
    }

    fn answered(&mut self, id: OperationId, end: Option<OperationEnd>) {
        let Some(wish) = self.open.remove(&id) else {
            return self.broken.push(format!("{id:?} was answered out of turn"));
        };
        match (wish, end) {
            (Wish::Stop(p), Some(OperationEnd::Done)) => {
                if self.runs.contains(&p) {
                    self.broken.push(format!("{p:?} is said to be stopped, and runs"));
                }
                self.stopped.insert(p);
            }
            (Wish::Start(p), Some(OperationEnd::Done)) => {
                let so = matches!(self.fleet.standing(p), Standing::Up | Standing::Ended(Ending::Completed));
                if !so {
                    self.broken.push(format!("{p:?} is said to be started, and is not"));
                }
            }
            _ => {}
        }
    }

    /// A process takes what it is told, some time later.
    fn command(&mut self, p: ProcessId, cause: Cause, command: Command) {
        let (mood, delay) = self.draw();
        let at = self.now + delay;
        let starts = matches!(command, Command::Start | Command::Restart);
        if starts && self.stopped.contains(&p) && cause == Cause::Request {
            self.broken.push(format!("{p:?} was stopped, and is started again for nobody"));
        }
        let bad = Ending::Failed(Failure::Exit(Exit::Code(3)));
        match (command, mood) {
            (Command::Start, Mood::FailsToStart) => {
                let failure = SpawnFailure { kind: SpawnFailureKind::Resources, message: "no".to_owned() };
                self.report(p, at, Event::StartFailed(p, failure));
            }
            (Command::Start, mood) => {
                self.runs.insert(p);
                self.report(p, at, Event::Up(p));
                let oneshot = self.plan.processes[p.0 as usize].0 == ProcessKind::Oneshot;
                let later = at + Duration::from_millis(15);
                match mood {
                    Mood::EndsBadly => self.report(p, later, Event::Ended(p, bad)),
                    Mood::EndsWell => self.report(p, later, Event::Ended(p, Ending::Completed)),
                    _ if oneshot => self.report(p, later, Event::Ended(p, Ending::Completed)),
                    _ => {}
                }
            }
            (Command::Stop(_), _) => {
                // What it would have told is overtaken by its stop.
                self.queue.retain(|_, h| !matches!(h, Happening::Report(e) if of(e) == Some(p)));
                self.report(p, at, Event::Stopped(p));
            }
            (Command::Restart, Mood::FailsToStart) => {
                self.report(p, at, Event::Restarted(p, RestartOutcome::Failed))
            }
            (Command::Restart, _) => {
                self.runs.insert(p);
                self.report(p, at, Event::Restarted(p, RestartOutcome::Up));
            }
            (Command::Scale { .. }, Mood::FailsToStart) => {
                self.report(p, at, Event::Scaled(p, RestartOutcome::Failed))
            }
            (Command::Scale { .. }, _) => self.report(p, at, Event::Scaled(p, RestartOutcome::Up)),
            (Command::AbandonRestart, _) => {
                self.queue.retain(|_, h| !matches!(h, Happening::Report(Event::Restarted(q, _)) if *q == p));
            }
            (Command::Relay(_), _) => {}
        }
    }

    fn report(&mut self, _: ProcessId, at: Duration, event: Event) {
        self.at(at, Happening::Report(event));
    }

    fn corrupt(&self, event: &Event, out: &mut Vec<Output<Effect>>) {
        let is_answer = |o: &Output<Effect>| {
            matches!(o, Output::Tell(Told { fact: Fact::System(SystemFact::Answered(..)), .. }))
        };
        let answer = |id, end| {
            Output::Tell(Told { at: Duration::ZERO, fact: Fact::System(SystemFact::Answered(id, end)) })
        };
        match (self.bug, event) {
            (Bug::AnswerForgotten, _) => out.retain(|o| !is_answer(o)),
            (Bug::AnswerTwice, _) => {
                let more: Vec<_> = out.iter().filter(|o| is_answer(o)).cloned().collect();
                out.extend(more);
            }
            (Bug::StoppedSaysDoneAtOnce, Event::Stop(operation, _)) => {
                out.retain(|o| !is_answer(o));
                out.push(answer(operation.id, OperationEnd::Done));
            }
            (Bug::StartAfterStop, Event::Stopped(p)) if !self.over => {
                let cause = Cause::Request;
                let operation = phpeek_core::operation::Operations::of_system().begin(cause);
                out.push(Output::Do(Effect::Command(*p, operation, Command::Start)));
            }
            (Bug::LimitIgnored | Bug::RefusalActsToo, Event::Scale(operation, name, to)) => {
                let refused = out.iter().any(|o| {
                    matches!(o, Output::Tell(Told { fact: Fact::System(SystemFact::Refused(..)), .. }))
                });
                if refused {
                    if self.bug == Bug::LimitIgnored {
                        out.clear();
                    }
                    let p = self.fleet.find(name).unwrap_or(ProcessId(0));
                    let command = Command::Scale { to: *to, run: true };
                    out.push(Output::Do(Effect::Command(p, operation.clone(), command)));
                }
            }
            (Bug::FailureSaysDone, _) => out.iter_mut().for_each(|o| {
                if let Output::Tell(Told { fact: Fact::System(SystemFact::Answered(_, end)), .. }) = o {
                    *end = OperationEnd::Done;
                }
            }),
            _ => {}
        }
    }
}

/// Whose report it is.
fn of(event: &Event) -> Option<ProcessId> {
    match event {
        Event::Up(p)
        | Event::Ended(p, _)
        | Event::Stopped(p)
        | Event::StartFailed(p, _)
        | Event::Restarted(p, _) => Some(*p),
        Event::Scaled(..) => None,
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]
    #[test]
    fn what_is_asked_of_a_process_is_answered_once_and_is_so(plan in plan()) {
        let (broken, history) = run(&plan, Bug::None);
        prop_assert!(broken.is_empty(), "{broken:?}\n{plan:?}\n{}", history.join("\n"));
    }
}

#[test]
fn every_planted_bug_is_noticed() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, b"what is asked of one process ...");
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let plan = plan();
    let plans: Vec<Plan> =
        (0..600).map(|_| plan.new_tree(&mut runner).expect("nothing is filtered").current()).collect();
    let noticed = |bug: Bug| plans.iter().any(|plan| !run(plan, bug).0.is_empty());
    let missed: Vec<Bug> = BUGS.into_iter().filter(|bug| !noticed(*bug)).collect();
    assert!(missed.is_empty(), "no law notices {missed:?}");
}
