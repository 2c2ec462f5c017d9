//! The root: the `ManagerActor` owns the `Fleet` machine, the actors of all processes, and one timer. Feeds events in,
//! performs effects, hands facts to the listeners; what runs, and in which order, is the machine's to decide. Never blocks,
//! starts nothing before `Boot`.

mod handlers;
mod messages;
mod router;

pub use messages::{Finished, Request};
pub use router::Router;

use crate::alarm::Alarm;
use crate::clock::Moment;
use crate::envelope::Envelope;
use crate::hooks;
use crate::phrases::Names;
use crate::process::{Finish, Order, ProcessActor, Reconfigure};
use crate::world::World;
use actix::prelude::Request as Sending;
use actix::{Actor, AsyncContext, Context, WrapFuture};
use phpeek_core::facts::{Outbox, Output};
use phpeek_core::fleet::{Effect, Event, Fleet, Outcome};
use phpeek_core::ids::ProcessId;
use phpeek_core::operation::Operation;
use phpeek_core::process::Command;
use phpeek_core::signal::Signal;
use phpeek_core::spec::ProcessSpec;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::oneshot;

/// The answer of a process that was told to finish, to come.
type Answer = Pin<Box<Sending<ProcessActor, Envelope<Finish>>>>;

/// The root actor.
pub struct ManagerActor {
    fleet: Fleet,
    world: Rc<World>,
    router: Router,
    names: Names,
    /// What the machine has given back in the step under way; kept for its room.
    out: Outbox<Effect>,
    /// The answers of those that were told to finish: the end waits for them.
    finishing: Vec<Answer>,
    /// The latest moment that was acted on. A message is older than its handling; time must not go back for that.
    latest: Moment,
    alarm: Alarm,
    done: Option<oneshot::Sender<Finished>>,
}

impl Actor for ManagerActor {
    type Context = Context<Self>;
}

impl ManagerActor {
    /// A manager of this system, at rest. Its own end, by a panic too, drops `done`, and whoever waits knows.
    #[must_use]
    pub fn new(fleet: Fleet, world: World, router: Router, done: oneshot::Sender<Finished>) -> Self {
        Self {
            fleet,
            world: Rc::new(world),
            router,
            names: Names::default(),
            out: Outbox::new(),
            finishing: Vec::new(),
            latest: Moment::ZERO,
            alarm: Alarm::default(),
            done: Some(done),
        }
    }

    fn create(&mut self, id: ProcessId, spec: Arc<ProcessSpec>, ctx: &Context<Self>) {
        self.names.add(id, spec.name.clone());
        let actor = ProcessActor::new(id, spec, self.world.clone(), ctx.address().recipient());
        self.router.add(id, actor.start());
    }

    /// Sends an order, in an envelope with the span of its operation. `do_send`: a handful for each process, and none
    /// may be lost.
    fn command(&self, process: ProcessId, operation: Operation, at: Moment, command: Command) {
        let parent = self.world.listeners.context_of(operation.id);
        self.router.order(process, Envelope::under(parent, at, Order { operation, command }));
    }

    /// The moment to act at, for a message of the moment `at`: never before what was acted on already, or a span
    /// could end before it began, or before its children.
    fn moment(&mut self, at: Moment) -> Moment {
        self.latest = self.latest.max(at);
        self.latest
    }

    /// Takes a step of the fleet and performs what it asks for.
    fn step(&mut self, at: Moment, event: Event, ctx: &mut Context<Self>) {
        let mut out = std::mem::take(&mut self.out);
        self.fleet.step(at, event, &mut out);
        for output in out.drain() {
            match output {
                Output::Tell(told) => self.world.listeners.tell(&told),
                Output::Do(Effect::Create(process, spec)) => self.create(process, spec, ctx),
                Output::Do(Effect::Command(process, operation, command)) => {
                    self.command(process, operation, at, command);
                }
                Output::Do(Effect::Configure(process, spec)) => {
                    self.router.reconfigure(process, Envelope::root(at, Reconfigure::To(spec)));
                }
                Output::Do(Effect::Remove(process)) => {
                    self.router.reconfigure(process, Envelope::root(at, Reconfigure::Gone));
                    self.router.remove(process);
                    self.names.remove(process);
                }
                Output::Do(Effect::Kill(task)) => {
                    self.world.launcher.signal_group(task, Signal::KILL);
                }
                Output::Do(Effect::Finish(process)) => {
                    let answer = self.router.finish(process, Envelope::root(at, Finish));
                    self.finishing.extend(answer.map(Box::pin));
                }
                Output::Do(Effect::Hook(effect)) => hooks::perform(&self.world, at, effect),
                Output::Do(Effect::Done(outcome)) => self.finish(outcome, ctx),
            }
        }
        out.rest();
        out.rest();
        self.out = out;
        self.rearm(ctx);
    }

    fn rearm(&mut self, ctx: &mut Context<Self>) {
        let next = self.fleet.deadline();
        self.alarm.set(next, &self.world.clock, ctx, |manager, ctx| {
            manager.alarm.forget();
            let now = manager.moment(manager.world.clock.now());
            manager.step(now, Event::Tick, ctx);
        });
    }

    /// Tells that everything is over when no process has a span open any more: whoever hears it flushes telemetry and
    /// leaves. Every actor that was told to finish answers at once, and one that is gone is no answer to wait for. A death that has just come
    /// is told first; its last words are never waited for longer than a tenth of a second.
    fn finish(&mut self, outcome: Outcome, ctx: &mut Context<Self>) {
        let Some(done) = self.done.take() else { return };
        let boot_failure = match &outcome {
            Outcome::BootFailed(failure) => Some(self.names.boot_failure(failure)),
            _ => None,
        };
        let deaths = self.world.deaths.clone();
        let answers = std::mem::take(&mut self.finishing);
        let tell = async move {
            for answer in answers {
                let _gone = answer.await.is_err(); // an actor that is gone, and its spans with it
            }
            deaths.all_told().await;
            // Nobody waits any more only when the program is ending already.
            drop(done.send(Finished { outcome, boot_failure }));
        };
        ctx.spawn(tell.into_actor(self));
    }
}
