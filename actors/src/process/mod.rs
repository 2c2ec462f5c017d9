//! The `ProcessActor`: one for each configured process. Owns the machine of the process, the ports that its effects
//! go to, and one timer. Feeds events in, performs effects, hands facts to the listeners; what an instance does
//! next is the machine's to decide. Never blocks, never starts anything before it is told to.

mod messages;

pub use messages::{Finish, Order, ProcessReport, ReportKind};

use crate::clock::Moment;
use crate::envelope::Envelope;
use crate::hooks;
use crate::ports::{LastLines, TaskReport};
use crate::world::{UntoldDeath, World};
use actix::{Actor, AsyncContext, Context, Handler, Recipient, SpawnHandle};
use phpeek_core::backoff::Jitter;
use phpeek_core::facts::{Fact, InstanceFact, Outbox, Output, Told, Words};
use phpeek_core::ids::{ProcessId, RunId, TaskId};
use phpeek_core::lifecycle::Now;
use phpeek_core::process::{Effect, Event, Process};
use phpeek_core::spec::ProcessSpec;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// The actor of one configured process.
pub struct ProcessActor {
    id: ProcessId,
    process: Process,
    world: World,
    manager: Recipient<Envelope<ProcessReport>>,
    /// Deaths whose last words were asked for: the end of everything waits until they are told.
    untold: BTreeMap<RunId, UntoldDeath>,
    /// The latest moment that was acted on. A message is older than its handling; time must not go back for that.
    latest: Moment,
    timer: Option<(Moment, SpawnHandle)>,
}

impl Actor for ProcessActor {
    type Context = Context<Self>;
}

impl Drop for ProcessActor {
    /// A panic in a handler drops the actor while unwinding, and nobody else would notice.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.report(self.latest, ReportKind::Lost { tasks: self.process.live_tasks() });
        }
    }
}

impl ProcessActor {
    /// An actor at rest. The listeners have heard of the process and its instances when it comes back.
    #[must_use]
    pub fn new(
        id: ProcessId,
        spec: Arc<ProcessSpec>,
        world: World,
        manager: Recipient<Envelope<ProcessReport>>,
    ) -> Self {
        let (mut out, at) = (Outbox::new(), world.clock.now());
        let process = Process::new(id, spec, at, &mut out);
        for output in out.drain() {
            if let Output::Tell(told) = output {
                world.listeners.tell(&told);
            }
        }
        Self { id, process, world, manager, untold: BTreeMap::new(), latest: at, timer: None }
    }

    /// The moment to act at, for a message of the moment `at`: never before what was acted on already, or a span
    /// could end before it began.
    fn moment(&mut self, at: Moment) -> Moment {
        self.latest = self.latest.max(at);
        self.latest
    }

    fn report(&self, at: Moment, kind: ReportKind) {
        let context = self.world.listeners.context_of_process(self.id);
        self.manager.do_send(Envelope::under(context, at, ProcessReport { process: self.id, kind }));
    }

    /// Takes a step of the machine, and those that its effects bring about at once.
    fn step(&mut self, at: Moment, event: Event, ctx: &mut Context<Self>) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let now = Now { at, jitter: Jitter(fastrand::u16(..)) };
            // One for all actors: room of its own would cost each of a thousand more than all else of it.
            let mut out = self.world.scratch.take();
            self.process.step(now, event, &mut out);
            for output in out.drain() {
                match output {
                    Output::Tell(told) => self.tell(&told),
                    Output::Do(effect) => events.extend(self.perform(at, effect, ctx)),
                }
            }
            self.world.scratch.set(out);
        }
        self.rearm(ctx);
    }

    fn tell(&mut self, told: &Told) {
        self.world.listeners.tell(told);
        if let Fact::Instance(instance, InstanceFact::Autopsied(obituary)) = &told.fact {
            self.untold.remove(&instance.run(obituary.death.run));
        }
    }

    /// Performs an effect; gives what the machine is to hear of it at once.
    fn perform(&mut self, at: Moment, effect: Effect, ctx: &Context<Self>) -> Option<Event> {
        match effect {
            Effect::Launch(launch) => self.world.launch(launch),
            Effect::Signal { run, signal, step, folded } => {
                let delivered = self.world.launcher.signal_group(TaskId::Run(run), signal);
                let fact = Process::signalled(run.instance, signal, step, folded, delivered);
                self.tell(&Told { at, fact });
            }
            Effect::Cancel(run) => self.world.launcher.cancel(TaskId::Run(run)),
            Effect::Leave(run) => {
                let members = self.world.launcher.leave(TaskId::Run(run));
                self.tell(&Told { at, fact: Process::left_alone(run.instance, members) });
            }
            Effect::SignalLeader { run, signal } => {
                if !self.world.launcher.signal_leader(TaskId::Run(run), signal) {
                    let fact = Process::not_relayed(run.instance, signal);
                    self.tell(&Told { at, fact });
                }
            }
            Effect::AskLastWords(run) => {
                let name = &self.process.spec().name;
                if !self.world.words.ask(TaskId::Run(run), name, ctx.address().recipient()) {
                    return Some(Event::LastWords(run, Words::default()));
                }
                self.untold.insert(run, self.world.deaths.begin());
            }
            Effect::Hook(effect) => hooks::perform(&self.world, at, effect),
            Effect::Report(report) => self.report(at, ReportKind::Machine(report)),
        }
        None
    }

    /// Arms the one timer for the earliest deadline. Called at the end of every step.
    fn rearm(&mut self, ctx: &mut Context<Self>) {
        let next = self.process.deadline();
        if self.timer.as_ref().map(|(at, _)| *at) == next {
            return;
        }
        if let Some((_, handle)) = self.timer.take() {
            ctx.cancel_future(handle);
        }
        if let Some(at) = next {
            let wait = at.saturating_sub(self.world.clock.now());
            let handle = ctx.run_later(wait, |actor, ctx| {
                actor.timer = None;
                let at = actor.moment(actor.world.clock.now());
                actor.step(at, Event::Tick, ctx);
            });
            self.timer = Some((at, handle));
        }
    }
}

impl Handler<Envelope<Order>> for ProcessActor {
    type Result = ();

    fn handle(&mut self, envelope: Envelope<Order>, ctx: &mut Context<Self>) {
        let Envelope { parent, at: asked, message: Order { operation, command } } = envelope;
        self.world.listeners.adopt(operation.id, &parent);
        let at = self.moment(asked);
        self.step(at, Event::Command { operation, asked, command }, ctx);
    }
}

impl Handler<TaskReport> for ProcessActor {
    type Result = ();

    fn handle(&mut self, report: TaskReport, ctx: &mut Context<Self>) {
        let at = self.moment(self.world.clock.now());
        self.step(at, Event::Task(report.task, report.event), ctx);
    }
}

impl Handler<LastLines> for ProcessActor {
    type Result = ();

    fn handle(&mut self, last: LastLines, ctx: &mut Context<Self>) {
        let at = self.moment(self.world.clock.now());
        if let TaskId::Run(run) = last.task {
            self.step(at, Event::LastWords(run, last.words), ctx);
        }
    }
}

impl Handler<Envelope<Finish>> for ProcessActor {
    type Result = ();

    fn handle(&mut self, envelope: Envelope<Finish>, ctx: &mut Context<Self>) {
        let at = self.moment(envelope.at);
        self.step(at, Event::Finish, ctx);
    }
}
