//! The `ProcessActor`: one for each configured process. Owns the machine of the process, the ports that its effects
//! go to, and one timer. Feeds events in, performs effects, hands facts to the listeners; what an instance does
//! next is the machine's to decide. Never blocks, never starts anything before it is told to.

mod messages;

pub use messages::{ClockSet, Finish, Order, ProcessReport, Reconfigure, ReportKind};

use crate::alarm::Alarm;
use crate::clock::Moment;
use crate::envelope::Envelope;
use crate::health;
use crate::hooks;
use crate::ports::{LastLines, MeasureOrder, Measured, ProbeAnswer, RunNews, TaskReport};
use crate::world::{OwnDeaths, World};
use actix::{Actor, ActorContext, AsyncContext, Context, Handler, Recipient};
use phpeek_core::backoff::Jitter;
use phpeek_core::facts::{Outbox, Output, Words};
use phpeek_core::ids::{ProcessId, TaskId};
use phpeek_core::lifecycle::{Now, Reach};
use phpeek_core::process::{Effect, Event, Process};
use phpeek_core::signal::Handed;
use phpeek_core::spec::ProcessSpec;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

/// The actor of one configured process.
pub struct ProcessActor {
    id: ProcessId,
    process: Process,
    world: Rc<World>,
    manager: Recipient<Envelope<ProcessReport>>,
    /// How many deaths wait for their last words, by the machine: the end of everything waits until they are told.
    untold: OwnDeaths,
    /// The latest moment that was acted on. A message is older than its handling; time must not go back for that.
    latest: Moment,
    alarm: Alarm,
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
        world: Rc<World>,
        manager: Recipient<Envelope<ProcessReport>>,
    ) -> Self {
        let (mut out, at) = (Outbox::new(), world.clock.now());
        let process = Process::new(id, spec, at, &mut out);
        for output in out.drain() {
            if let Output::Tell(told) = output {
                world.listeners.tell(&told);
            }
        }
        let untold = world.deaths.of_process();
        Self { id, process, world, manager, untold, latest: at, alarm: Alarm::default() }
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

    /// Takes a step of the machine.
    fn step(&mut self, at: Moment, event: Event, ctx: &mut Context<Self>) {
        if self.process.spec().schedule.is_some() && matches!(event, Event::Command { .. } | Event::Tick) {
            self.feed(at, Event::Wall(self.wall(at)), ctx);
        }
        self.feed(at, event, ctx);
        self.untold.are(self.process.untold());
        self.rearm(ctx);
    }

    /// What the clock on the wall says at a moment.
    fn wall(&self, at: Moment) -> Duration {
        self.world.clock.wall(at).duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    /// Feeds an event in, and the answer to each effect before what comes after it.
    fn feed(&mut self, at: Moment, event: Event, ctx: &Context<Self>) {
        let now = Now { at, jitter: Jitter(fastrand::u16(..)) };
        // One for all actors: room of its own would cost each of a thousand more than all else of it.
        let mut out = self.world.scratch.take();
        self.process.step(now, event, &mut out);
        for output in out.drain() {
            match output {
                Output::Tell(told) => self.world.listeners.tell(&told),
                Output::Do(effect) => {
                    if let Some(answer) = self.perform(at, effect, ctx) {
                        self.feed(at, answer, ctx);
                    }
                }
            }
        }
        out.rest();
        self.world.scratch.set(out);
    }

    /// Performs an effect; gives the answer to it, if it has one at once.
    fn perform(&mut self, at: Moment, effect: Effect, ctx: &Context<Self>) -> Option<Event> {
        match effect {
            Effect::Launch(launch) => self.world.launch(launch),
            Effect::Signal(pressing) => {
                let task = TaskId::Run(pressing.run);
                let delivered = match pressing.reach {
                    Reach::All => self.world.launcher.signal_group(task, pressing.signal),
                    Reach::Leader => self.world.launcher.press_leader(task, pressing.signal),
                };
                return Some(Event::Signalled(pressing, delivered));
            }
            Effect::Cancel(run) => self.world.launcher.cancel(TaskId::Run(run)),
            Effect::Leave(run) => {
                return Some(Event::LeftAlone(run, self.world.launcher.leave(TaskId::Run(run))));
            }
            Effect::Relay { run, handed: Handed { signal, reach } } => {
                let delivered = match reach {
                    Reach::All => self.world.launcher.signal_group(TaskId::Run(run), signal),
                    Reach::Leader => self.world.launcher.signal_leader(TaskId::Run(run), signal),
                };
                return (!delivered).then_some(Event::NotRelayed(run, signal));
            }
            Effect::AskLastWords(run) => {
                let name = &self.process.spec().name;
                let kept = self.world.words.ask(TaskId::Run(run), name, ctx.address().recipient());
                return (!kept).then_some(Event::NoWords(run));
            }
            Effect::Hook(effect) => hooks::perform(&self.world, at, effect),
            Effect::Measure { run, leader, exact_above } => {
                let hearer = ctx.address().recipient();
                self.world.meter.measure(MeasureOrder { run, leader, exact_above, hearer });
            }
            Effect::Health(health::Effect::AskWords(probe)) => {
                let name = &self.process.spec().name;
                let kept = self.world.words.ask(TaskId::Probe(probe), name, ctx.address().recipient());
                return (!kept).then(|| Event::ProbeWrote(probe, Words::default()));
            }
            Effect::Health(effect) => health::perform(&self.world, effect, || ctx.address().recipient()),
            Effect::Report(report) => self.report(at, ReportKind::Machine(report)),
        }
        None
    }

    /// Arms the one timer for the earliest deadline. Called at the end of every step.
    fn rearm(&mut self, ctx: &mut Context<Self>) {
        let next = self.process.deadline();
        self.alarm.set(next, &self.world.clock, ctx, |actor, ctx| {
            actor.alarm.forget();
            let at = actor.moment(actor.world.clock.now());
            actor.step(at, Event::Tick, ctx);
        });
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

impl Handler<Envelope<Reconfigure>> for ProcessActor {
    type Result = ();

    fn handle(&mut self, envelope: Envelope<Reconfigure>, ctx: &mut Context<Self>) {
        let at = self.moment(envelope.at);
        match envelope.message {
            Reconfigure::To(spec) => self.step(at, Event::Configure(spec), ctx),
            Reconfigure::Gone => {
                self.step(at, Event::Remove, ctx);
                ctx.stop();
            }
        }
    }
}

impl Handler<TaskReport> for ProcessActor {
    type Result = ();

    fn handle(&mut self, report: TaskReport, ctx: &mut Context<Self>) {
        let at = self.moment(self.world.clock.now());
        self.step(at, Event::Task(report.task, report.event), ctx);
    }
}

impl Handler<ProbeAnswer> for ProcessActor {
    type Result = ();

    fn handle(&mut self, ProbeAnswer { probe, answer }: ProbeAnswer, ctx: &mut Context<Self>) {
        let at = self.moment(self.world.clock.now());
        self.step(at, Event::Answered(probe, answer), ctx);
    }
}

impl Handler<RunNews> for ProcessActor {
    type Result = ();

    fn handle(&mut self, RunNews { run, news }: RunNews, ctx: &mut Context<Self>) {
        let at = self.moment(self.world.clock.now());
        for news in news {
            self.step(at, Event::News(run, news), ctx);
        }
    }
}

impl Handler<Measured> for ProcessActor {
    type Result = ();

    fn handle(&mut self, Measured { run, used }: Measured, ctx: &mut Context<Self>) {
        let at = self.moment(self.world.clock.now());
        self.step(at, Event::Measured(run, used), ctx);
    }
}

impl Handler<LastLines> for ProcessActor {
    type Result = ();

    fn handle(&mut self, last: LastLines, ctx: &mut Context<Self>) {
        let at = self.moment(self.world.clock.now());
        match last.task {
            TaskId::Run(run) => self.step(at, Event::LastWords(run, last.words), ctx),
            TaskId::Probe(probe) => self.step(at, Event::ProbeWrote(probe, last.words), ctx),
            TaskId::Hook(_) => {} // nobody asks for those
        }
    }
}

impl Handler<ClockSet> for ProcessActor {
    type Result = ();

    fn handle(&mut self, _: ClockSet, ctx: &mut Context<Self>) {
        if self.process.spec().schedule.is_some() {
            let at = self.moment(self.world.clock.now());
            self.step(at, Event::Wall(self.wall(at)), ctx);
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
