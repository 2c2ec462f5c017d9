//! A simulated world: the fleet, the machine of each process, and runs that come up late or never, crash, obey or do not. What
//! the fleet and the processes tell each other arrives in order, and late. No process and no clock; every choice comes from the plan.

use crate::book::{Book, Broken};
use crate::plan::{Order, Plan, ms, name};
use crate::words::{brief, brief_of_process, event_of};
use phpeek_core::backoff::Jitter;
use phpeek_core::facts::{Outbox, Output};
use phpeek_core::fleet::{self, Fleet};
use phpeek_core::ids::{ProcessId, RunId, TaskId};
use phpeek_core::lifecycle::{Now, Reach};
use phpeek_core::operation::Cause;
use phpeek_core::outcome::{Exit, SpawnFailure, SpawnFailureKind};
use phpeek_core::process::{self, Pressing, Process};
use phpeek_core::program::TaskEvent;
use phpeek_core::signal::Signal;
use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) type OfFleet = Output<fleet::Effect>;
pub(crate) type OfProcess = Output<process::Effect>;

/// What is tested. The default is the real thing; a planted bug corrupts one event or output.
pub(crate) trait Subject {
    fn fleet(&mut self, f: &mut Fleet, now: Duration, event: fleet::Event, out: &mut Vec<OfFleet>) {
        step_fleet(f, now, event, out);
    }

    fn process(&mut self, p: &mut Process, now: Now, event: process::Event, out: &mut Vec<OfProcess>) {
        step_process(p, now, event, out);
    }
}

pub(crate) fn step_process(p: &mut Process, now: Now, event: process::Event, out: &mut Vec<OfProcess>) {
    let mut step = Outbox::new();
    p.step(now, event, &mut step);
    out.extend(step.drain());
}

pub(crate) fn step_fleet(f: &mut Fleet, now: Duration, event: fleet::Event, out: &mut Vec<OfFleet>) {
    let mut step = Outbox::new();
    f.step(now, event, &mut step);
    out.extend(step.drain());
}

/// The unmodified machines.
pub(crate) struct Real;
impl Subject for Real {}

#[derive(Debug, Clone)]
enum Happening {
    Order(Order),
    /// To the fleet, of a process.
    Report(fleet::Event),
    /// To a process, of the fleet.
    Told(ProcessId, process::Event),
    /// The program of a run begins to run.
    Born(RunId),
    Dies(RunId, Exit),
    /// To a process, of one of its runs.
    Heard(RunId, TaskEvent),
}

/// A run that was asked for, and is not over as far as anybody was told.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    /// Whether somebody of it lives.
    pub(crate) lives: bool,
    /// No signal helps.
    pub(crate) stuck: bool,
    deaf: bool,
    /// Whether it was pressed to end, is not wanted any more, or has ended.
    pub(crate) pressed: bool,
}

/// A process and its way to the fleet and back.
struct Member {
    machine: Process,
    inbox: Duration,
    outbox: Duration,
}

/// More steps mean that it does not come to an end.
const MOST_STEPS: usize = 12_000;

pub(crate) struct World<'a, S> {
    plan: &'a Plan,
    subject: &'a mut S,
    fleet: Fleet,
    members: BTreeMap<ProcessId, Member>,
    pub(crate) runs: BTreeMap<RunId, Run>,
    book: Book<'a>,
    now: Duration,
    queue: BTreeMap<(Duration, u64), Happening>,
    sequence: u64,
    drawn: usize,
    history: Vec<String>,
}

pub(crate) struct Story {
    pub(crate) broken: Vec<Broken>,
    pub(crate) history: Vec<String>,
}

pub(crate) fn run<S: Subject>(plan: &Plan, subject: &mut S) -> Story {
    let mut world = World {
        fleet: Fleet::new(&plan.configurations[0].system()).expect("no cycle"),
        members: BTreeMap::new(),
        runs: BTreeMap::new(),
        book: Book::new(plan),
        now: Duration::ZERO,
        queue: BTreeMap::new(),
        sequence: 0,
        drawn: 0,
        history: Vec::new(),
        plan,
        subject,
    };
    let boot = world.fleet.begin(Cause::Boot);
    world.step_fleet(fleet::Event::Boot(boot));
    for (at, order) in &plan.orders {
        world.at(ms(*at), Happening::Order(*order));
    }
    for _ in 0..MOST_STEPS {
        if !world.book.broken.is_empty() || !world.advance() {
            break;
        }
        world.book.looks(world.now, &world.fleet);
    }
    if world.book.broken.is_empty() && world.queue.is_empty() {
        world.book.ends(&world.fleet, &world.runs);
    }
    Story { broken: world.book.broken, history: world.history }
}

impl<S: Subject> World<'_, S> {
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

    fn advance(&mut self) -> bool {
        let queued = self.queue.first_key_value().map(|((at, _), _)| *at);
        let fleet = self.fleet.deadline().map(|due| (due, None));
        let processes = self.members.iter().filter_map(|(p, m)| Some((m.machine.deadline()?, Some(*p))));
        if let Some((due, who)) = processes.chain(fleet).min()
            && queued.is_none_or(|at| due <= at)
        {
            self.now = self.now.max(due);
            match who {
                Some(p) => self.feed(p, process::Event::Tick),
                None => self.step_fleet(fleet::Event::Tick),
            }
            return true;
        }
        let Some(((at, _), happening)) = self.queue.pop_first() else { return false };
        self.now = at;
        match happening {
            Happening::Order(order) => self.order(order),
            Happening::Report(event) => self.step_fleet(event),
            Happening::Told(p, event) => {
                self.book.delivered(p, &event);
                self.feed(p, event);
            }
            Happening::Born(run) => self.born(run),
            Happening::Dies(run, exit) => self.dies(run, exit),
            Happening::Heard(run, event) => {
                if matches!(event, TaskEvent::GroupEmpty | TaskEvent::SpawnFailed(_)) {
                    self.runs.remove(&run);
                }
                self.feed(run.instance.process, process::Event::Task(TaskId::Run(run), event));
            }
        }
        true
    }

    fn order(&mut self, order: Order) {
        let operation = self.fleet.begin(Cause::Request);
        self.book.asked(self.now, order, operation.id, &self.runs);
        let event = match order {
            Order::Start(p) => fleet::Event::Start(operation, name(p)),
            Order::Stop(p) => fleet::Event::Stop(operation, name(p)),
            Order::Scale(p, amount) => fleet::Event::Scale(operation, name(p), amount),
            Order::Restart(p) => fleet::Event::Restart(operation, name(p)),
            Order::RestartAll => fleet::Event::RestartAll(operation),
            Order::Reload(to) => {
                let to = &self.plan.configurations[to % self.plan.configurations.len()];
                fleet::Event::Reload(operation, to.wanted())
            }
            Order::Shutdown => fleet::Event::Shutdown(operation),
        };
        self.step_fleet(event);
        if matches!(order, Order::Shutdown) {
            self.book.asked_to_end();
        }
    }

    fn step_fleet(&mut self, event: fleet::Event) {
        let mut out = Vec::new();
        self.subject.fleet(&mut self.fleet, self.now, event.clone(), &mut out);
        let brief: Vec<String> = out.iter().map(brief).collect();
        let heard = format!("{event:?}").chars().take(120).collect::<String>();
        self.history.push(format!("{:>9?} fleet {heard} -> {}", self.now, brief.join(" ")));
        for output in out {
            self.book.hears_fleet(self.now, &output, &self.fleet, &self.runs);
            match output {
                Output::Do(fleet::Effect::Create(p, spec)) => {
                    let machine = Process::new(p, spec, self.now, &mut Outbox::new());
                    self.members.insert(p, Member { machine, inbox: self.now, outbox: self.now });
                }
                Output::Do(fleet::Effect::Configure(p, spec)) => {
                    self.send(p, process::Event::Configure(spec))
                }
                Output::Do(fleet::Effect::Remove(p)) => self.send(p, process::Event::Remove),
                Output::Do(fleet::Effect::Finish(p)) => self.send(p, process::Event::Finish),
                Output::Do(fleet::Effect::Command(p, operation, command)) => {
                    self.send(p, process::Event::Command { operation, asked: self.now, command });
                }
                Output::Do(fleet::Effect::Kill(_) | fleet::Effect::Hook(_) | fleet::Effect::Done(_))
                | Output::Tell(_) => {}
            }
        }
    }

    fn send(&mut self, p: ProcessId, event: process::Event) {
        let late = ms(self.draw(4));
        let Some(member) = self.members.get_mut(&p) else { return };
        member.inbox = member.inbox.max(self.now + late);
        let when = member.inbox;
        self.at(when, Happening::Told(p, event));
    }

    fn report(&mut self, p: ProcessId, event: fleet::Event) {
        let late = ms(self.draw(4));
        let Some(member) = self.members.get_mut(&p) else { return };
        member.outbox = member.outbox.max(self.now + late);
        let when = member.outbox;
        self.at(when, Happening::Report(event));
    }

    /// A step of a process with all that is answered at once.
    fn feed(&mut self, p: ProcessId, event: process::Event) {
        let removed = event == process::Event::Remove;
        self.step(p, event);
        self.book.stepped(p, &self.runs);
        if removed {
            self.members.remove(&p);
        }
    }

    fn step(&mut self, p: ProcessId, event: process::Event) {
        let jitter = Jitter(u16::try_from(self.draw(256) * 257).unwrap_or(u16::MAX));
        let Some(member) = self.members.get_mut(&p) else { return };
        let mut out = Vec::new();
        self.subject.process(&mut member.machine, Now { at: self.now, jitter }, event.clone(), &mut out);
        let effects: Vec<process::Effect> = out
            .into_iter()
            .filter_map(|output| match output {
                Output::Do(effect) => Some(effect),
                Output::Tell(_) => None,
            })
            .collect();
        let brief: Vec<String> = effects.iter().map(brief_of_process).collect();
        let heard = format!("{event:?}").chars().take(240).collect::<String>();
        self.history.push(format!("{:>9?}   p{} {heard} -> {}", self.now, p.0, brief.join(" ")));
        for effect in effects {
            self.perform(p, effect);
        }
    }

    fn perform(&mut self, p: ProcessId, effect: process::Effect) {
        match effect {
            process::Effect::Launch(launch) => {
                if let TaskId::Run(run) = launch.task {
                    self.launch(run);
                }
            }
            process::Effect::Signal(pressing) => {
                let delivered = self.press(pressing);
                self.step(p, process::Event::Signalled(pressing, delivered));
            }
            process::Effect::Cancel(run) => {
                if let Some(run) = self.runs.get_mut(&run) {
                    run.pressed = true;
                }
            }
            process::Effect::Leave(run) => {
                self.runs.retain(|id, left| *id != run || left.lives); // what hangs in the kernel is still there
                self.step(p, process::Event::LeftAlone(run, Vec::new()));
            }
            process::Effect::AskLastWords(run) => self.step(p, process::Event::NoWords(run)),
            process::Effect::Report(report) => self.report(p, event_of(p, report)),
            // The processes of this world have no hooks, no checks and no bounds, and nobody hands on signals.
            process::Effect::Relay { .. }
            | process::Effect::Measure { .. }
            | process::Effect::Hook(_)
            | process::Effect::Health(_) => {}
        }
    }

    // What becomes of runs.

    fn launch(&mut self, run: RunId) {
        self.book.launched(run);
        self.runs.insert(run, Run { lives: false, stuck: false, deaf: false, pressed: false });
        let delay = ms(self.draw(5));
        if self.chance(24) {
            let failure = SpawnFailure { kind: SpawnFailureKind::Resources, message: "no".to_owned() };
            self.at(self.now + delay, Happening::Heard(run, TaskEvent::SpawnFailed(failure)));
        } else {
            self.at(self.now + delay, Happening::Born(run));
        }
    }

    fn born(&mut self, id: RunId) {
        let (deaf, stuck) = (self.chance(6), self.chance(60));
        let oneshot = self
            .members
            .get(&id.instance.process)
            .is_some_and(|member| member.machine.spec().kind == phpeek_core::spec::ProcessKind::Oneshot);
        let lifetime = match self.draw(10) {
            7 => Some(1),
            8 => Some(30),
            9 => Some(200),
            _ => oneshot.then_some(10),
        };
        let Some(run) = self.runs.get_mut(&id) else { return };
        (run.lives, run.deaf, run.stuck) = (true, deaf, stuck);
        if let Some(lifetime) = lifetime {
            let code = if self.chance(3) { 3 } else { 0 };
            self.at(self.now + ms(lifetime), Happening::Dies(id, Exit::Code(code)));
        }
        let late = ms(self.draw(6));
        self.at(self.now + late, Happening::Heard(id, TaskEvent::Spawned { pid: 7 }));
    }

    fn dies(&mut self, id: RunId, exit: Exit) {
        let Some(run) = self.runs.get_mut(&id).filter(|run| run.lives) else { return };
        (run.lives, run.pressed) = (false, true);
        // Its end is heard of after its beginning was.
        let heard = self.now + ms(6 + self.draw(4));
        self.at(heard, Happening::Heard(id, TaskEvent::Exited(exit.into())));
        let empty = heard + ms(self.draw(4));
        self.at(empty, Happening::Heard(id, TaskEvent::GroupEmpty));
    }

    /// Whether somebody was there to hear it.
    fn press(&mut self, Pressing { run: id, signal, reach, .. }: Pressing) -> bool {
        let (slow, kills) = (ms(self.draw(60)), signal == Signal::KILL);
        let Some(run) = self.runs.get_mut(&id) else { return false };
        run.pressed = true;
        let (there, hears) = (run.lives, !run.stuck && (kills || !run.deaf));
        debug_assert!(reach == Reach::All, "nothing else is configured");
        if there && hears {
            let exit = if kills { Exit::Signal { signal, core: false } } else { Exit::Code(0) };
            let delay = if kills { ms(2) } else { slow };
            self.at(self.now + delay, Happening::Dies(id, exit));
        }
        there
    }
}
