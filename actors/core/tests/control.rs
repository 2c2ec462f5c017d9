//! The laws of what is asked of single processes, in worlds of a fleet whose processes answer late, and now and then
//! badly: each request is answered or refused once; what was stopped stays so until somebody asks for it; a stop acts at once,
//! also while the boot is under way, and ends no boot; and nothing is left unanswered. With planted bugs, each of which a law must notice.
#![allow(clippy::expect_used, reason = "a test may fail")]

#[path = "control/plan.rs"]
mod plan;
#[path = "control/planted.rs"]
mod planted;
#[path = "support/spec.rs"]
mod support;
#[path = "control/taking.rs"]
mod taking;

use phpeek_core::facts::{Fact, OperationEnd, Outbox, Output, SystemFact, Told};
use phpeek_core::fleet::{Amount, Effect, Ending, Event, Fleet, Phase, Standing};
use phpeek_core::ids::ProcessId;
use phpeek_core::operation::{Cause, OperationId};
use phpeek_core::process::Command;
use phpeek_core::spec::{Hooks, ProcessKind, SystemSpec};
use plan::{MOST, Mood, Order, Plan, name, plan, spec};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    None,
    AnswerForgotten,
    AnswerTwice,
    StopIgnored,
    StartAfterStop,
    StoppedSaysDoneAtOnce,
    LimitIgnored,
    ChangeFromNothing,
    RefusalActsToo,
    FailureSaysDone,
    ScheduleToldWhenStopped,
    StopWaitsForTheBoot,
    StopEndsTheBoot,
}

const BUGS: [Bug; 12] = [
    Bug::AnswerForgotten,
    Bug::AnswerTwice,
    Bug::StopIgnored,
    Bug::StartAfterStop,
    Bug::StoppedSaysDoneAtOnce,
    Bug::LimitIgnored,
    Bug::ChangeFromNothing,
    Bug::RefusalActsToo,
    Bug::FailureSaysDone,
    Bug::ScheduleToldWhenStopped,
    Bug::StopWaitsForTheBoot,
    Bug::StopEndsTheBoot,
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
    /// Who ran when it was asked to be stopped, and was asked for by nobody since.
    taken_down: BTreeSet<ProcessId>,
    /// How many instances were asked for of each, and by which operations that is to change.
    scale: BTreeMap<ProcessId, u32>,
    scaling: BTreeMap<OperationId, Amount>,
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
        taken_down: BTreeSet::new(),
        scale: BTreeMap::new(),
        scaling: BTreeMap::new(),
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
            Order::Scale(p, amount) => {
                self.scaling.insert(id, amount);
                let stops = amount == Amount::To(0);
                let wish = if stops { Wish::Stop(of(p)) } else { Wish::Other };
                (Event::Scale(operation, name(p), amount), wish)
            }
            Order::Restart(p) => (Event::Restart(operation, name(p)), Wish::Other),
            Order::RestartAll => (Event::RestartAll(operation), Wish::Other),
            Order::Schedule(p, command) => (Event::Schedule(operation, name(p), command), Wish::Other),
            Order::Shutdown => return self.step(Event::Shutdown(operation)),
        };
        self.open.insert(id, wish);
        let wanted: Vec<ProcessId> = match order {
            Order::Start(p) | Order::Restart(p) => vec![of(p)],
            Order::Scale(p, amount) if amount != Amount::To(0) => vec![of(p)],
            _ => Vec::new(),
        };
        // A stop that waits for the boot counts once it is answered.
        self.stopped.retain(|p| !wanted.contains(p));
        self.taken_down.retain(|p| !wanted.contains(p));
        let asked = |p: usize, amount: Amount| match amount {
            Amount::To(to) => i64::from(to),
            Amount::By(by) => i64::from(self.scale_of(of(p))) + i64::from(by),
        };
        let most = |p: usize| if p == 3 { 3 } else { i64::from(MOST) };
        let too_many = matches!(order, Order::Scale(p, amount) if asked(p, amount) > most(p));
        let before = self.open.len();
        self.step(event);
        if too_many && self.open.len() >= before {
            self.broken.push(format!("{order:?} was not refused"));
        }
    }

    /// How many instances of it were asked for last.
    fn scale_of(&self, p: ProcessId) -> u32 {
        self.scale.get(&p).copied().unwrap_or(1)
    }

    /// A number of instances is what was asked for, counted from what was asked for before.
    fn scaled(&mut self, p: ProcessId, id: OperationId, to: u32) {
        let right = match self.scaling.remove(&id) {
            Some(Amount::To(to)) => i64::from(to),
            Some(Amount::By(by)) => (i64::from(self.scale_of(p)) + i64::from(by)).max(0),
            None => return self.broken.push(format!("{p:?} is scaled for nobody")),
        };
        if i64::from(to) != right {
            self.broken.push(format!("{p:?} is to have {to} instances, and {right} were asked for"));
        }
        self.scale.insert(p, to);
    }

    fn draw(&mut self) -> (Mood, Duration) {
        let mood = self.plan.moods.get(self.drawn).copied().unwrap_or(Mood::Well);
        let delay = self.plan.delays.get(self.drawn).copied().unwrap_or(1);
        self.drawn += 1;
        (mood, Duration::from_millis(delay))
    }

    fn step(&mut self, event: Event) {
        let mut out = Outbox::new();
        let runs = self.running_to_be_stopped(&event);
        self.taken_down.extend(runs);
        self.fleet.step(self.now, event.clone(), &mut out);
        let mut outputs: Vec<Output<Effect>> = out.drain().collect();
        self.corrupt(&event, &mut outputs);
        self.history.push(format!("{:>7?} {event:?} -> {outputs:?}", self.now));
        let told = |o: &Output<Effect>| matches!(o, Output::Do(Effect::Command(of, _, Command::Stop(_))) if Some(*of) == runs);
        if runs.is_some() && !outputs.iter().any(told) {
            self.broken.push(format!("{event:?} waits, and the process runs: {outputs:?}"));
        }
        let refused = outputs
            .iter()
            .any(|o| matches!(o, Output::Tell(Told { fact: Fact::System(SystemFact::Refused(..)), .. })));
        let single =
            matches!(event, Event::Start(..) | Event::Stop(..) | Event::Scale(..) | Event::Schedule(..));
        if single && refused && outputs.len() > 1 {
            self.broken.push(format!("{event:?} was refused, and done: {outputs:?}"));
        }
        for output in outputs {
            match output {
                Output::Tell(Told { fact: Fact::System(fact), .. }) => self.told(&fact),
                Output::Tell(_) => {}
                Output::Do(Effect::Command(p, operation, command)) => self.command(p, operation, command),
                Output::Do(Effect::Done(_)) => self.done = true,
                Output::Do(_) => {}
            }
        }
    }

    /// Who is to be stopped by this event and was told to start, or runs.
    fn running_to_be_stopped(&self, event: &Event) -> Option<ProcessId> {
        let Event::Stop(_, name) = event else { return None };
        let phase = matches!(self.fleet.phase(), Phase::Booting | Phase::Running);
        let up = |p: &ProcessId| {
            matches!(self.fleet.standing(*p), Standing::Launched(_) | Standing::Unready | Standing::Up)
        };
        self.fleet.find(name).filter(|p| phase && up(p))
    }

    fn told(&mut self, fact: &SystemFact) {
        match fact {
            SystemFact::BootFailed(failure)
                if failure.process.is_some_and(|p| self.taken_down.contains(&p)) =>
            {
                self.broken.push(format!("what somebody has stopped ends the boot: {failure:?}"));
            }
            SystemFact::BootSucceeded { .. } => self.booted = true,
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
                let scheduled = self.plan.processes[p.0 as usize].0 == ProcessKind::Scheduled;
                let so = match self.fleet.standing(p) {
                    Standing::Dormant => scheduled,
                    standing => matches!(standing, Standing::Up | Standing::Ended(Ending::Completed)),
                };
                if !so {
                    self.broken.push(format!("{p:?} is said to be started, and is not"));
                }
            }
            _ => {}
        }
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
