//! A simulated world: a fleet, a machine for each instance of each process, and an operating system that is late,
//! repeats itself and is full of children that misbehave. No process and no clock. The laws are checked after every
//! event.
#![allow(dead_code, reason = "each test program uses its part")]
#![allow(clippy::expect_used, reason = "a test may fail")]

pub(crate) mod book;
pub(crate) mod os;
pub(crate) mod plan;
mod process;
mod starts;
mod system;
mod told;

use book::{Book, Broken};
use os::{Fact, Group};
use phpeek_core::backoff::Jitter;
use phpeek_core::facts::{Outbox, Output};
use phpeek_core::fleet::{self, Fleet};
use phpeek_core::lifecycle::{Effect, Event, Machine, Now, Policy, State};
use phpeek_core::operation::{Cause, Operation, Operations};
use phpeek_core::process::Command;
use phpeek_core::signal::Signal;
use phpeek_core::spec::SystemSpec;
use plan::{Order, Plan, ms};
use process::Process;
use std::collections::BTreeMap;
use std::time::Duration;
use system::SystemBook;

/// What is tested. The default is the real thing; a planted bug corrupts one event, effect or value.
pub(crate) trait Subject {
    fn spec(&self, spec: &SystemSpec) -> SystemSpec {
        spec.clone()
    }

    fn machine(&mut self, m: &mut Machine, policy: &Policy, now: Now, event: Event, out: &mut Vec<Effect>) {
        m.step(policy, now, event, out);
    }

    fn fleet(&mut self, f: &mut Fleet, now: Duration, event: fleet::Event, out: &mut Vec<Asked>) {
        step(f, now, event, out);
    }

    fn deadline(&self, m: &Machine) -> Option<Duration> {
        m.deadline()
    }
}

/// What a fleet gives back.
pub(crate) type Asked = Output<fleet::Effect>;

pub(crate) fn step(f: &mut Fleet, now: Duration, event: fleet::Event, out: &mut Vec<Asked>) {
    let mut step = Outbox::new();
    f.step(now, event, &mut step);
    out.extend(step.drain());
}

/// The unmodified machines.
pub(crate) struct Real;
impl Subject for Real {}

/// One instance: its machine, its process group, and what has been seen of it.
#[derive(Default)]
pub(crate) struct Instance {
    pub(crate) machine: Machine,
    pub(crate) group: Group,
    pub(crate) book: Book,
}

/// Whether an observation is the first of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    First,
    /// A duplicate, or about a run that is not there: it must change nothing.
    Echo,
}

#[derive(Debug, Clone)]
enum Happening {
    Order(Order),
    Report(fleet::Event),
    Command(usize, Command),
    Os((usize, usize), Event, Heard),
    Fact((usize, usize), u64, Fact),
}

/// Steps of one world; more means that it does not come to an end, or has a crash loop without bound.
const MOST_STEPS: usize = 4000;

pub(crate) struct World<'p, S> {
    subject: S,
    plan: &'p Plan,
    policies: Vec<Policy>,
    now: Duration,
    queue: BTreeMap<(Duration, u64), Happening>,
    sequence: u64,
    drawn: usize,
    fleet: Option<Fleet>,
    processes: Vec<Process>,
    system: SystemBook,
    history: Vec<String>,
    record: bool,
    broken: Vec<Broken>,
}

/// Runs a plan to its end and returns what laws were broken, in order.
pub(crate) fn run<S: Subject>(plan: &Plan, subject: S) -> Vec<Broken> {
    let mut world = World::new(plan, subject, false);
    world.live();
    world.broken
}

/// Runs a plan again and tells every step, for a person to follow.
pub(crate) fn tell<S: Subject>(plan: &Plan, subject: S) -> String {
    let mut world = World::new(plan, subject, true);
    world.live();
    let mut text = world.history.join("\n");
    for (law, what) in &world.broken {
        text.push_str(&format!("\nBROKEN {law}: {what}"));
    }
    text
}

impl<'p, S: Subject> World<'p, S> {
    fn new(plan: &'p Plan, subject: S, record: bool) -> Self {
        let processes: Vec<Process> = plan.spec.processes.iter().map(|p| Process::new(p)).collect();
        let fleet = plan.fleet.then(|| Fleet::new(&subject.spec(&plan.spec)).expect("the plan has no cycle"));
        let mut world = Self {
            policies: plan.spec.processes.iter().map(|p| Policy::from(&**p)).collect(),
            system: SystemBook::default(),
            history: Vec::new(),
            broken: Vec::new(),
            queue: BTreeMap::new(),
            now: Duration::ZERO,
            sequence: 0,
            drawn: 0,
            subject,
            plan,
            fleet,
            processes,
            record,
        };
        if plan.fleet {
            let boot = world.asks(Cause::Boot);
            world.at(Duration::ZERO, Happening::Report(fleet::Event::Boot(boot)));
        }
        for (when, order) in &plan.orders {
            world.at(ms(*when), Happening::Order(*order));
        }
        world
    }

    fn live(&mut self) {
        for _ in 0..MOST_STEPS {
            if !self.broken.is_empty() || !self.advance() {
                break;
            }
            self.check_overdue();
        }
        if self.broken.is_empty() && self.queue.is_empty() {
            self.check_end();
        }
    }

    /// Lets the next thing happen; false when nothing will.
    fn advance(&mut self) -> bool {
        let queued = self.queue.first_key_value().map(|((at, _), _)| *at);
        let tick = self.next_tick();
        if let Some((due, who)) = tick
            && queued.is_none_or(|at| due <= at)
        {
            self.now = self.now.max(due);
            match who {
                Some(at) => {
                    self.step(at, Event::Tick, Heard::First);
                    self.settle(at.0);
                }
                None => self.step_fleet(fleet::Event::Tick),
            }
            return true;
        }
        let Some(((at, _), happening)) = self.queue.pop_first() else { return false };
        self.now = at;
        match happening {
            Happening::Order(order) => self.order(order),
            Happening::Report(event) => self.step_fleet(event),
            Happening::Command(p, command) => self.command(p, command),
            Happening::Os(at, event, heard) => self.observe(at, event, heard),
            Happening::Fact(at, run, fact) => self.happens(at, run, fact),
        }
        true
    }

    fn next_tick(&self) -> Option<(Duration, Option<(usize, usize)>)> {
        let fleet = self.fleet.as_ref().and_then(Fleet::deadline).map(|due| (due, None));
        let machines = self.processes.iter().enumerate().flat_map(|(p, process)| {
            process.instances.iter().enumerate().map(move |(i, instance)| ((p, i), instance))
        });
        let subject = &self.subject;
        let machines = machines.filter_map(|(at, i)| subject.deadline(&i.machine).map(|due| (due, Some(at))));
        machines.chain(fleet).min()
    }

    fn order(&mut self, order: Order) {
        let count = self.processes.len();
        let operation = self.asks(Cause::Request);
        match order {
            Order::RestartAll => self.step_fleet(fleet::Event::RestartAll(operation)),
            // One more than there are: a name that nobody has.
            Order::Restart(n) => {
                let name = plan::name(usize::from(n) % (count + 1));
                self.step_fleet(fleet::Event::Restart(operation, name));
            }
            Order::RestartThese(a, b) => {
                let names = [a, b].map(|n| plan::name(usize::from(n) % (count + 1)));
                self.step_fleet(fleet::Event::RestartThese(operation, names.to_vec()));
            }
            Order::Relay(n) => {
                let name = plan::name(usize::from(n) % (count + 1));
                self.step_fleet(fleet::Event::Relay(operation, name, Signal::HUP.into()));
            }
            Order::Burst(n) => (0..n).for_each(|_| {
                let operation = self.asks(Cause::Request);
                self.step_fleet(fleet::Event::RestartAll(operation));
            }),
            Order::Clock(n) => self.clock(n.into()),
            Order::Shutdown => self.step_fleet(fleet::Event::Shutdown(operation)),
            Order::Direct(n, event) => {
                let scale = self.processes[0].instances.len();
                self.step((0, usize::from(n) % scale), event, Heard::First);
            }
        }
    }

    /// One step of one machine, with its laws.
    fn step(&mut self, at: (usize, usize), event: Event, heard: Heard) {
        let policy = self.policies[at.0];
        let jitter = u16::try_from(self.draw(256) * 257).unwrap_or(u16::MAX);
        let now = Now { at: self.now, jitter: Jitter(jitter) };
        let mut effects = Vec::new();
        let Self { processes, subject, .. } = self;
        let Instance { machine, book, .. } = &mut processes[at.0].instances[at.1];
        let before = machine.clone();
        if heard == Heard::First {
            book.told(&policy, now.at, event, &before);
        }
        subject.machine(machine, &policy, now, event, &mut effects);
        let mut broken = book.answered(&policy, now.at, event, (&before, machine), &effects);
        if heard == Heard::Echo && (*machine != before || !effects.is_empty()) {
            broken.push(("P8", format!("an echo of {event:?} was acted upon: {effects:?}")));
        }
        if self.record {
            let state = self.processes[at.0].instances[at.1].machine.state();
            self.history.push(format!(
                "{:>9?} p{}-{} {heard:?} {event:?} -> {state:?} {effects:?}",
                self.now, at.0, at.1
            ));
        }
        self.broken.append(&mut broken);
        for effect in effects {
            self.perform(at, effect);
        }
    }

    fn check_overdue(&mut self) {
        let Self { processes, policies, now, broken, .. } = self;
        for (process, policy) in processes.iter().zip(policies) {
            for i in &process.instances {
                broken.append(&mut i.book.overdue(policy, *now, &i.machine, i.group.stuck));
            }
        }
        self.check_system_overdue();
    }

    fn check_end(&mut self) {
        for process in 0..self.processes.len() {
            for i in 0..self.processes[process].instances.len() {
                let instance = self.instance((process, i));
                if instance.machine.at_rest() && instance.group.alive() && !instance.machine.has_left() {
                    self.broken("P7", format!("p{process}-{i} is at rest and its group lives"));
                }
            }
        }
        self.check_system_end();
    }

    /// Somebody asks for something: the world names the operation, as the manager has the fleet do.
    fn asks(&mut self, cause: Cause) -> Operation {
        match &mut self.fleet {
            Some(fleet) => fleet.begin(cause),
            None => Operations::of_system().begin(cause),
        }
    }

    // Time and fate.

    fn at(&mut self, when: Duration, happening: Happening) {
        self.sequence += 1;
        self.queue.insert((when, self.sequence), happening);
    }

    /// The next choice, below `n`; 0 when fate has nothing more to say.
    fn draw(&mut self, n: u64) -> u64 {
        let byte = self.plan.fate.get(self.drawn).copied().unwrap_or(0);
        self.drawn += 1;
        u64::from(byte) % n
    }

    /// True once in `n`; never when fate has nothing more to say.
    fn chance(&mut self, n: u64) -> bool {
        self.draw(n) == n - 1
    }

    fn broken(&mut self, law: &'static str, what: String) {
        self.broken.push((law, what));
    }

    fn instance(&mut self, at: (usize, usize)) -> &mut Instance {
        &mut self.processes[at.0].instances[at.1]
    }

    fn fact(&mut self, at: (usize, usize), delay: Duration, run: u64, fact: Fact) {
        self.at(self.now + delay, Happening::Fact(at, run, fact));
    }

    /// The supervisor will hear of something, perhaps twice, perhaps with nonsense in between.
    fn hear(&mut self, at: (usize, usize), delay: Duration, event: Event) {
        let when = self.now + delay;
        self.at(when, Happening::Os(at, event, Heard::First));
        if self.chance(5) {
            let later = when + ms(self.draw(50));
            self.at(later, Happening::Os(at, event, Heard::Echo));
        }
        if self.chance(10) {
            let later = when + ms(self.draw(50));
            let run = self.instance(at).machine.run();
            let run = if self.chance(2) { run + 1000 } else { run.saturating_sub(1) };
            let exit = phpeek_core::outcome::Exit::Code(9);
            let nonsense = match self.draw(4) {
                0 => Event::Exited { run, exit },
                1 => Event::Spawned { run },
                2 => Event::GroupEmpty { run },
                _ => Event::SpawnFailed { run, kind: phpeek_core::outcome::SpawnFailureKind::Other },
            };
            self.at(later, Happening::Os(at, nonsense, Heard::Echo));
        }
    }
}
