//! One process as a pure machine: its instances, whom its start waits for, its rolling restart, its crash loops, its
//! last words, and the end that counts. Between the machine of an instance (`lifecycle`) and that of the system
//! (`fleet`). Never acts, never reads a clock, never fails.
//!
//! # The laws, beside P1 to P11 of each instance
//! * **Q1** every command that has an answer is answered once: a start by `Up` or `StartFailed` unless a stop comes
//!   first, a stop by `Stopped`, a restart by `Restarted` unless it is abandoned or a stop comes first.
//! * **Q2** `Up` is reported when every instance has been up since the command, and not before.
//! * **Q3** a rolling restart has no more instances down for it than may be away at once, and goes on when a new run is up.
//! * **Q4** `Ended` is reported once for each time that all instances come to rest by themselves, with the failure of
//!   the instance that failed last since the last command to start, if one did.
//! * **Q5** every death that nobody asked for is told with its last words, once, within [`WORDS_PATIENCE`] of its end.
//! * **Q6** every restart is told, or is in the count of exactly one that is told.
//! * **Q7** a signal that is to be handed on reaches the leader of each instance once, or it is told that it did not,
//!   unless the instance comes to rest before its run is up.
//! * **Q8** `Fatal` is reported when an essential process has ended for good, or an instance has spent its budget where
//!   that is the end of everything; and never else.
//! * **Q9** what came of a signal is told as it was, before anything else happens.
//! * **Q10** after a change of scale there are as many instances as were asked for, told once for each order; one that has gone
//!   is told of last by that, and nothing of it lives.
//! * **Q11** of the instances of a process, one at a time is away because it was above its soft bound of memory.
//! * **Q12** a reload of itself is told to no more instances that run at a time than may be away, in their order. One has reloaded
//!   when the run that was told has lived for [`RELOAD_SETTLES`] and all that asks has been answered well by what was asked
//!   after that, or when it has said so. One that has not, within its time, ends it; and it is over after the last, not before.
//! * **Q13** who waits for the process was told last that it is ready when every instance is that stays, and that it is not when
//!   one is not any more that was (`tests/ready_together.rs`).

mod commands;
mod configured;
mod confirm;
mod deaths;
mod health;
mod hooks;
mod look;
mod loops;
mod memory;
mod reload;
mod rolling;
mod runs;
mod scale;
mod schedule;
mod state;
mod up;
mod words;

pub use words::{Command, Effect, Event, Pressing, Report, ScheduleCommand};

use crate::facts::{Change, Death, Fact, InstanceFact, Outbox, ProcessFact, Shown, Words};
use crate::health::monitor::Monitor;
use crate::health::words as health_words;
use crate::ids::{InstanceId, ProcessId, TaskId};
use crate::lifecycle::{self, Failure, Machine, Now, Policy};
use crate::limit::gauge::Gauge;
use crate::operation::{OperationId, Operations};
use crate::signal::Handed;
use crate::spec::ProcessSpec;
use state::{CrashLoop, Due, Dying, Hooking, Jobs, Reloading, Rolling, Start, Wall};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

pub use crate::death::WORDS_PATIENCE;

/// How long an instance lives on, once it was told to reload itself, before it is believed to have done so: a program that
/// cannot read its new configuration ends within that.
pub const RELOAD_SETTLES: Duration = Duration::from_secs(1);

/// One instance of the process.
#[derive(Debug, Clone)]
struct Instance {
    id: InstanceId,
    number: u32,
    machine: Machine,
    /// The leader of the current run, when it is known.
    pid: Option<i32>,
    /// Runs after the first.
    restarts: u32,
    /// The end of the leader, until nobody is left of its run.
    death: Option<Box<Death>>,
    /// A death that nobody asked for, within the step that finds out what follows it.
    dying: Option<Box<Dying>>,
    /// Restarts without a stable run between them.
    crash_loop: Option<Box<CrashLoop>>,
    /// Signals that wait for the run to be up.
    relays: Vec<Handed>,
    /// Whether the start of the process waits for the first run of this instance.
    awaited: bool,
    /// Whether the start of the process waits for the program of this instance to run at all.
    unborn: bool,
    /// Whether it is to be no more once it rests.
    leaves: bool,
    /// Hooks that run or wait; none when none do.
    hooking: Option<Box<Hooking>>,
    /// What it is asked while it runs, if it is.
    health: Option<Box<Monitor>>,
    /// What it may take, if that is bounded.
    gauge: Option<Box<Gauge>>,
}

/// The machine of one process.
#[derive(Debug, Clone)]
pub struct Process {
    id: ProcessId,
    spec: Arc<ProcessSpec>,
    operations: Operations,
    /// In the order of their numbers, which is that of their serials: a new one comes last.
    instances: Vec<Instance>,
    serials: u32,
    /// How many instances are at rest. Counted along, as is `due`: a look at all of them for each event would cost
    /// n^2 over a start of n instances.
    resting: usize,
    /// How many instances have hooks under way.
    hooking: usize,
    /// How many instances have a probe whose program is not gone.
    probing: usize,
    /// How many instances are not ready, where they have checks that say so.
    unready: usize,
    /// Whether others were told that it is ready, and nothing else since.
    told_ready: bool,
    /// How many tasks were given to hooks, at most to those of one instance.
    given: u64,
    /// Whether there is no time: no hook begins.
    forced: bool,
    /// What is due, by the serial of the instance.
    due: BTreeSet<(Duration, u32, Due)>,
    /// Deaths that wait for their last words, by serial and run, with the end of that wait. Several of one instance
    /// do when its runs are short.
    unheard: BTreeMap<(u32, u64), (Duration, Box<Dying>)>,
    start: Option<Start>,
    /// Whether it was told to stop, and something of it may live.
    stopping: bool,
    rolling: Option<Box<Rolling>>,
    reloading: Option<Box<Reloading>>,
    /// The instance that was last taken away for its memory, by its serial, and the run that was.
    replacing: Option<Box<(u32, u64)>>,
    /// The schedule and its jobs, once it was started.
    jobs: Option<Box<Jobs>>,
    /// What the clock on the wall has said, if anything goes by it.
    wall: Option<Box<Wall>>,
    /// By which operations instances come or go.
    scaling: Vec<OperationId>,
    /// Whether the end of all instances has been reported since the last run was ordered.
    end_reported: bool,
    /// The failure of the last instance that failed since the last command to start.
    failed: Option<Failure>,
    /// Whether everything is over: what comes now changes nothing.
    finished: bool,
}

type Out = Outbox<Effect>;

impl Process {
    /// A process at rest, with its instances.
    pub fn new(id: ProcessId, spec: Arc<ProcessSpec>, at: Duration, out: &mut Out) -> Self {
        let mut process = Self {
            id,
            operations: Operations::of_process(id),
            instances: Vec::with_capacity(spec.scale.get() as usize),
            serials: 0,
            resting: 0,
            hooking: 0,
            probing: 0,
            unready: 0,
            told_ready: false,
            given: 0,
            forced: false,
            due: BTreeSet::new(),
            unheard: BTreeMap::new(),
            start: None,
            stopping: false,
            rolling: None,
            reloading: None,
            replacing: None,
            jobs: None,
            wall: None,
            scaling: Vec::new(),
            end_reported: true,
            failed: None,
            finished: false,
            spec: spec.clone(),
        };
        out.tell(at, Fact::Process(id, ProcessFact::Added(spec.clone())));
        // Jobs that run beside another find an instance when they begin.
        let instances = if spec.schedule.is_some() { 1 } else { spec.scale.get() };
        for number in 0..instances {
            process.add_instance(number, at, out);
        }
        process
    }

    fn add_instance(&mut self, number: u32, at: Duration, out: &mut Out) -> InstanceId {
        let id = InstanceId { process: self.id, serial: self.serials };
        self.serials = self.serials.saturating_add(1);
        self.resting += 1;
        self.unready += usize::from(self.spec.has_readiness());
        let (checks, bounds) = (self.spec.health.clone(), self.spec.memory);
        self.instances.push(Instance {
            id,
            number,
            machine: Machine::default(),
            pid: None,
            restarts: 0,
            death: None,
            dying: None,
            crash_loop: None,
            relays: Vec::new(),
            awaited: false,
            unborn: false,
            leaves: false,
            hooking: None,
            health: checks.map(|checks| Box::new(Monitor::new(id, number, checks))),
            gauge: bounds.map(|bounds| Box::new(Gauge::new(bounds))),
        });
        out.tell(at, Fact::Instance(id, InstanceFact::Added { number }));
        id
    }

    /// Takes one step. Facts and effects are appended to `out`, in the order in which they happened and are to be
    /// performed. An effect that is answered at once (a signal was delivered, or not) has its answer fed in before what
    /// comes after it is performed or told: the facts of the answer stand in its place.
    pub fn step(&mut self, now: Now, event: Event, out: &mut Out) {
        if self.finished {
            return;
        }
        match event {
            Event::Command { operation, asked, command } => self.command(now, operation, asked, command, out),
            Event::Task(TaskId::Run(run), event) => self.observe(now, run, event, out),
            Event::Task(TaskId::Hook(task), event) => self.observe_hook(now, task, event, out),
            Event::Task(TaskId::Probe(probe), event) => {
                self.observe_probe(now, probe, health_words::Event::Task(event), out);
            }
            Event::Answered(probe, answer) => self.answered(now, probe, answer, out),
            Event::News(run, news) => self.hear_news(now, run, news, out),
            Event::Measured(run, used) => self.measured(now, run, used, out),
            Event::ProbeWrote(probe, words) => {
                self.observe_probe(now, probe, health_words::Event::Wrote(words), out);
            }
            Event::LastWords(run, words) => self.hear(now.at, run.instance.serial, run.run, words, out),
            Event::NoWords(run) => self.hear(now.at, run.instance.serial, run.run, Words::default(), out),
            Event::Signalled(pressing, delivered) => Self::signalled(now.at, pressing, delivered, out),
            Event::NotRelayed(run, signal) => {
                out.tell(now.at, Fact::Instance(run.instance, InstanceFact::RelayFailed(signal)));
            }
            Event::LeftAlone(run, members) => {
                out.tell(now.at, Fact::Instance(run.instance, InstanceFact::LeftAlone(members)));
            }
            Event::Configure(spec) => self.configure(now, spec, out),
            Event::Remove => self.remove(now.at, out),
            Event::Wall(wall) => self.hear_of_wall(now, wall, out),
            Event::Tick => self.tick(now, out),
            Event::Finish => self.finish(now, out),
        }
    }

    /// When a [`Event::Tick`] is due, if at all.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.due.first().filter(|_| !self.finished).map(|(at, ..)| *at)
    }

    /// The place of an instance, by its serial.
    fn place(&self, serial: u32) -> Option<usize> {
        let likely = serial as usize;
        if self.instances.get(likely).is_some_and(|i| i.id.serial == serial) {
            return Some(likely);
        }
        self.instances.binary_search_by_key(&serial, |i| i.id.serial).ok()
    }

    /// Whether nothing will happen without a command: hooks and probes are over, too.
    fn all_at_rest(&self) -> bool {
        self.resting == self.instances.len() && self.hooking == 0 && self.probing == 0
    }

    fn tell(&self, at: Duration, fact: ProcessFact, out: &mut Out) {
        out.tell(at, Fact::Process(self.id, fact));
    }

    fn tell_of(&self, i: usize, at: Duration, fact: InstanceFact, out: &mut Out) {
        if let Some(instance) = self.instances.get(i) {
            out.tell(at, Fact::Instance(instance.id, fact));
        }
    }

    /// Takes a step of one instance, and all that follows from it.
    fn advance(&mut self, i: usize, now: Now, event: lifecycle::Event, out: &mut Out) {
        let mut effects = Vec::new();
        let Some(instance) = self.instances.get_mut(i) else { return };
        let (before, rested, due) =
            (instance.shown(), instance.machine.at_rest(), instance.machine.deadline());
        instance.machine.step(&Policy::from(&*self.spec), now, event, &mut effects);
        let (after, serial) = (instance.shown(), instance.id.serial);
        match (rested, instance.machine.at_rest()) {
            (true, false) => self.resting = self.resting.saturating_sub(1),
            (false, true) => self.resting += 1,
            (true, true) | (false, false) => {}
        }
        if due != instance.machine.deadline() {
            if let Some(due) = due {
                self.due.remove(&(due, serial, Due::Step));
            }
            if let Some(due) = instance.machine.deadline() {
                self.due.insert((due, serial, Due::Step));
            }
        }
        self.watch_health(i, now, out);
        self.follow_memory(i, now);
        let change = Change { from: before, to: after };
        if before != after {
            self.tell_of(i, now.at, InstanceFact::Changes(change), out);
        }
        for effect in effects {
            self.follow(i, now, effect, out);
        }
        if before != after {
            self.tell_change(i, now.at, change, out);
        }
        self.lay_out(i, now.at, out);
        if self.hooking > 0 {
            self.hooks_on(i, now, out);
        }
        self.follow_reload(i, now, out);
    }

    /// The state of an instance has changed, with all that changes with it.
    fn tell_change(&self, i: usize, at: Duration, change: Change, out: &mut Out) {
        if let Some(instance) = self.instances.get(i) {
            let pid = instance.machine.live_run().and(instance.pid);
            let shown = Shown { pid, restarts: instance.restarts };
            out.tell(at, Fact::Instance(instance.id, InstanceFact::Changed(change, shown)));
        }
    }

    fn tick(&mut self, now: Now, out: &mut Out) {
        let due: Vec<_> = self.due.iter().take_while(|(at, ..)| *at <= now.at).copied().collect();
        for (at, serial, due) in due {
            if due == Due::Schedule {
                self.schedule_tick(now, out);
                continue;
            }
            let (true, Some(i)) = (self.due.contains(&(at, serial, due)), self.place(serial)) else {
                continue;
            };
            match due {
                Due::Step => self.advance(i, now, lifecycle::Event::Tick, out),
                Due::Words(run) => self.hear(now.at, serial, run, Words::default(), out),
                Due::Loop => self.unfold(i, now.at, out),
                Due::Hook => self.tick_hook(i, now, out),
                Due::Health => self.tick_health(i, now, out),
                Due::Memory => self.tick_memory(i, now, out),
                Due::Reload => self.tick_reload(i, now, out),
                Due::Schedule => {}
            }
        }
        self.settle(now, out);
    }

    /// Looks whether an operation of the whole process is over. Called after the instances have been fed.
    fn settle(&mut self, now: Now, out: &mut Out) {
        self.jobs_over(now, out);
        if self.start.take_if(|s| s.missing == 0).is_some() {
            self.tell(now.at, ProcessFact::Up, out);
            out.act(Effect::Report(Report::Up));
            self.started_ready(now, out);
        }
        self.settle_scale(now, out);
        if !self.all_at_rest() {
            return;
        }
        if std::mem::take(&mut self.stopping) {
            self.end_reported = true; // `Stopped` says it
            self.tell(now.at, ProcessFact::Stopped, out);
            out.act(Effect::Report(Report::Stopped));
        } else if self.spec.schedule.is_some() || self.instances.is_empty() {
            self.end_reported = true; // what goes by the clock comes again, and of nothing nothing has ended
        } else if !self.end_reported && (self.start.is_none() || self.waits_for_readiness()) {
            self.start = None; // what has ended does not become ready
            self.end_reported = true;
            self.report_end(now.at, out);
        }
    }
}
