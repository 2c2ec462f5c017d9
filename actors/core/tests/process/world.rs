//! A simulated world around one process machine: leaders that come up late or never, live, crash, obey or do not, and
//! a manager that commands as the real one does. No process and no clock; every choice comes from the plan.

use crate::book::{Book, Broken};
use crate::support::{asked, plain, program};
use phpeek_core::backoff::{Backoff, Jitter};
use phpeek_core::budget::Attempts;
use phpeek_core::facts::{Outbox, Output, Words};
use phpeek_core::ids::{ProcessId, RunId, TaskId};
use phpeek_core::lifecycle::{Now, Urgency};
use phpeek_core::operation::{Cause, Operations};
use phpeek_core::outcome::{Exit, SpawnFailure, SpawnFailureKind};
use phpeek_core::process::{Command, Effect, Event, Pressing, Process, Report};
use phpeek_core::program::{ContextPolicy, Handover, Launch, Program, TaskEvent};
use phpeek_core::signal::Signal;
use phpeek_core::spec::{
    AtOnce, Ends, Exhausted, OutputSpec, ProcessKind, ProcessSpec, RestartPolicy, RestartSpec, RollingSpec,
};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// What the machine gives back.
pub(crate) type Asked = Output<Effect>;

/// What is tested. The default is the real thing; a planted bug corrupts one event or output.
pub(crate) trait Subject {
    fn step(&mut self, process: &mut Process, now: Now, event: Event, out: &mut Vec<Asked>) {
        step(process, now, event, out);
    }
}

pub(crate) fn step(process: &mut Process, now: Now, event: Event, out: &mut Vec<Asked>) {
    let mut step = Outbox::new();
    process.step(now, event, &mut step);
    out.extend(step.drain());
}

/// The unmodified machine.
pub(crate) struct Real;
impl Subject for Real {}

#[derive(Debug, Clone)]
pub(crate) struct Plan {
    spec: ProcessSpec,
    /// When (milliseconds) and what; a start comes first, a stop last.
    orders: Vec<(u64, Order)>,
    /// Drawn in order; after the last one everything goes well.
    fate: Vec<u8>,
    /// Whether runs crash within milliseconds, for a hundred restarts.
    crashes: bool,
}

#[derive(Debug, Clone, Copy)]
enum Order {
    Restart,
    Relay,
    Scale(u32),
    Stop,
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    let kind = prop_oneof![4 => Just(ProcessKind::LongRun), 1 => Just(ProcessKind::Oneshot)];
    let policy = prop_oneof![3 => Just(RestartPolicy::Always), 1 => Just(RestartPolicy::OnFailure), 1 => Just(RestartPolicy::Never)];
    let order = prop_oneof![
        3 => Just(Order::Restart),
        2 => Just(Order::Relay),
        3 => (1u32..5).prop_map(Order::Scale),
        1 => Just(Order::Stop)
    ];
    let attempts = prop_oneof![(0u32..4).prop_map(Attempts::AtMost), Just(Attempts::Unlimited)];
    let exhausted = prop_oneof![2 => Just(Exhausted::Stop), 1 => Just(Exhausted::Exit)];
    let fatal = (any::<bool>(), exhausted, 1u32..4);
    let parts = (kind, policy, attempts, 1u32..4, any::<bool>(), any::<bool>(), fatal);
    let orders = vec((0u64..600, order), 0..6);
    (parts, orders, vec(any::<u8>(), 0..300)).prop_map(
        |((kind, policy, attempts, scale, crashes, captured, fatal), mut orders, fate)| {
            orders.push((700, Order::Stop));
            orders.push((1200, Order::Stop));
            orders.sort_by_key(|(at, _)| *at);
            let attempts = if crashes { Attempts::Unlimited } else { attempts };
            let scale = if crashes { 1 } else { scale };
            Plan { spec: spec(kind, policy, attempts, scale, captured, fatal), orders, fate, crashes }
        },
    )
}

fn spec(
    kind: ProcessKind,
    policy: RestartPolicy,
    attempts: Attempts,
    scale: u32,
    captured: bool,
    (essential, exhausted, at_once): (bool, Exhausted, u32),
) -> ProcessSpec {
    let program = Program {
        output: OutputSpec { stdout: captured, stderr: captured },
        handover: Handover::of(ContextPolicy::Auto, kind),
        ..program("p")
    };
    let at_once = NonZeroU32::new(at_once).filter(|n| n.get() > 1).map(AtOnce::Count);
    let rolling = at_once.map(|at_once| {
        Box::new(RollingSpec { at_once, takes_part: true, reload: None, reload_timeout: Duration::ZERO })
    });
    ProcessSpec {
        program: Arc::new(program),
        kind,
        scale: NonZeroU32::new(scale).unwrap_or(NonZeroU32::MIN),
        restart: RestartSpec {
            policy,
            attempts,
            backoff: Backoff::new(ms(1), ms(8)).expect("in order"),
            stable_after: Some(ms(60)),
            ends: Ends { exhausted, ..Ends::USUAL },
        },
        stop: asked(ms(30)),
        essential,
        rolling,
        ..plain("p")
    }
}

/// What became of a world.
pub(crate) struct Story {
    pub(crate) broken: Vec<Broken>,
    pub(crate) history: Vec<String>,
}

#[derive(Debug, Clone)]
enum Happening {
    Order(Order),
    Hear(RunId, TaskEvent),
    Words(RunId, Words),
    Dies(RunId, Exit),
}

struct World<'a, S> {
    plan: &'a Plan,
    subject: &'a mut S,
    process: Process,
    operations: Operations,
    book: Book,
    now: Duration,
    queue: BTreeMap<(Duration, u64), Happening>,
    sequence: u64,
    drawn: usize,
    /// Runs whose leader lives.
    leaders: BTreeMap<RunId, ()>,
    restarting: bool,
    started: bool,
    ended: bool,
    stopping: bool,
    history: Vec<String>,
}

/// More steps mean that it does not come to an end.
const MOST_STEPS: usize = 6000;

pub(crate) fn run<S: Subject>(plan: &Plan, subject: &mut S) -> Story {
    let mut out = Outbox::new();
    let process = Process::new(ProcessId(7), Arc::new(plan.spec.clone()), Duration::ZERO, &mut out);
    let mut world = World {
        book: Book::new(&plan.spec),
        operations: Operations::of_system(),
        now: Duration::ZERO,
        queue: BTreeMap::new(),
        sequence: 0,
        drawn: 0,
        leaders: BTreeMap::new(),
        restarting: false,
        started: false,
        ended: false,
        stopping: false,
        history: Vec::new(),
        plan,
        subject,
        process,
    };
    let first: Vec<Asked> = out.drain().collect();
    world.take(first);
    world.command(Command::Start);
    for (at, order) in &plan.orders {
        world.at(ms(*at), Happening::Order(*order));
    }
    for _ in 0..MOST_STEPS {
        if !world.book.broken.is_empty() || !world.advance() {
            break;
        }
        world.book.overdue(world.now, &world.process);
    }
    if world.book.broken.is_empty() && world.queue.is_empty() {
        world.book.at_the_end(&world.process, world.leaders.len());
    }
    Story { broken: world.book.broken, history: world.history }
}

impl<S: Subject> World<'_, S> {
    fn draw(&mut self, n: u64) -> u64 {
        let byte = self.plan.fate.get(self.drawn).copied().unwrap_or(0);
        self.drawn += 1;
        u64::from(byte) % n
    }

    fn at(&mut self, when: Duration, happening: Happening) {
        self.sequence += 1;
        self.queue.insert((when, self.sequence), happening);
    }

    fn advance(&mut self) -> bool {
        let queued = self.queue.first_key_value().map(|((at, _), _)| *at);
        if let Some(due) = self.process.deadline()
            && queued.is_none_or(|at| due <= at)
        {
            self.now = self.now.max(due);
            self.feed(Event::Tick);
            return true;
        }
        let Some(((at, _), happening)) = self.queue.pop_first() else { return false };
        self.now = at;
        match happening {
            Happening::Order(order) => self.order(order),
            Happening::Hear(run, event) => self.feed(Event::Task(TaskId::Run(run), event)),
            Happening::Words(run, words) => self.feed(Event::LastWords(run, words)),
            Happening::Dies(run, exit) => self.dies(run, exit),
        }
        true
    }

    /// The manager's discipline: one restart at a time and not before the start was answered, nothing after a stop.
    fn order(&mut self, order: Order) {
        match order {
            Order::Restart if self.started && !self.restarting && !self.stopping => {
                self.restarting = true;
                self.command(Command::Restart);
            }
            Order::Relay if !self.stopping => self.command(Command::Relay(Signal::HUP.into())),
            Order::Scale(to) if !self.stopping && self.plan.spec.kind == ProcessKind::LongRun => {
                let run = !self.ended;
                self.command(Command::Scale { to, run });
                if !run {
                    self.command(Command::Start);
                }
            }
            Order::Restart | Order::Relay | Order::Scale(_) => {}
            Order::Stop if self.stopping => self.command(Command::Stop(Urgency::Now)),
            Order::Stop => {
                if self.restarting {
                    self.command(Command::AbandonRestart);
                }
                self.stopping = true;
                self.command(Command::Stop(Urgency::Graceful));
            }
        }
    }

    fn command(&mut self, command: Command) {
        let operation = self.operations.begin(Cause::Request);
        if matches!(command, Command::Start | Command::Restart) {
            self.ended = false;
        }
        self.book.commanded(self.now, command, &self.process);
        self.feed(Event::Command { operation, asked: self.now, command });
    }

    fn feed(&mut self, event: Event) {
        let jitter = Jitter(u16::try_from(self.draw(256) * 257).unwrap_or(u16::MAX));
        let now = Now { at: self.now, jitter };
        let mut out = Vec::new();
        self.book.heard(&event);
        self.subject.step(&mut self.process, now, event.clone(), &mut out);
        self.history.push(format!("{:>9?} {event:?} -> {out:?}", self.now));
        self.take(out);
    }

    fn take(&mut self, out: Vec<Asked>) {
        for asked in out {
            self.book.asked(self.now, &asked, &self.process);
            match asked {
                Output::Do(Effect::Launch(Launch { task: TaskId::Run(run), .. })) => self.launch(run),
                Output::Do(Effect::Signal(pressing)) => self.signal(pressing),
                Output::Do(Effect::Relay { run, handed }) if !self.leaders.contains_key(&run) => {
                    self.feed(Event::NotRelayed(run, handed.signal));
                }
                Output::Do(Effect::Leave(run)) => self.feed(Event::LeftAlone(run, Vec::new())),
                Output::Do(Effect::AskLastWords(run)) => self.words(run),
                Output::Do(Effect::Report(Report::Up | Report::StartFailed(_))) => self.started = true,
                Output::Do(Effect::Report(Report::Ended(_))) => self.ended = true,
                Output::Do(Effect::Report(Report::Restarted(_))) => self.restarting = false,
                Output::Do(_) | Output::Tell(_) => {}
            }
        }
    }

    fn launch(&mut self, run: RunId) {
        let delay = ms(self.draw(4));
        if self.draw(12) == 11 {
            let failure = SpawnFailure { kind: SpawnFailureKind::Resources, message: "no".to_owned() };
            return self.at(self.now + delay, Happening::Hear(run, TaskEvent::SpawnFailed(failure)));
        }
        self.leaders.insert(run, ());
        let up = self.now + delay;
        self.at(up, Happening::Hear(run, TaskEvent::Spawned { pid: 100 }));
        let lives = match (self.plan.crashes, self.draw(8)) {
            (true, _) => Some(1),
            (false, 1) => Some(3),
            (false, 2) => Some(40),
            (false, 3) => Some(90),
            (false, _) => (self.plan.spec.kind == ProcessKind::Oneshot).then_some(10),
        };
        if let Some(lives) = lives {
            let exit = if self.draw(3) == 2 { Exit::Code(0) } else { Exit::Code(3) };
            self.at(up + ms(lives), Happening::Dies(run, exit));
        }
    }

    fn dies(&mut self, run: RunId, exit: Exit) {
        if self.leaders.remove(&run).is_none() {
            return;
        }
        let heard = self.now + ms(self.draw(3));
        self.at(heard, Happening::Hear(run, TaskEvent::Exited(exit.into())));
        let empty = heard + ms(if self.draw(6) == 5 { 25 } else { 0 });
        self.at(empty, Happening::Hear(run, TaskEvent::GroupEmpty));
    }

    fn signal(&mut self, pressing: Pressing) {
        let Pressing { run, signal, .. } = pressing;
        self.feed(Event::Signalled(pressing, self.leaders.contains_key(&run)));
        let deaf = signal != Signal::KILL && self.draw(5) == 4;
        if !deaf && self.leaders.contains_key(&run) {
            let delay = ms(self.draw(20));
            self.at(self.now + delay, Happening::Dies(run, Exit::Signal { signal, core: false }));
        }
    }

    fn words(&mut self, run: RunId) {
        let words = Words { stderr: vec![format!("last of {}", run.run)], ..Words::default() };
        match self.draw(6) {
            5 => {} // nobody answers
            3 => self.feed(Event::NoWords(run)),
            4 => self.at(self.now + ms(150), Happening::Words(run, words)),
            n => self.at(self.now + ms(n), Happening::Words(run, words)),
        }
    }
}
