//! The root: the `ManagerActor` owns the `Fleet` machine, the actors of all processes, and the spans of boot, rolling
//! restart and shutdown. Feeds events in and performs effects; decides nothing itself. Never blocks, starts nothing
//! before `Boot`. Built and asked by `phpeek-pm`.

mod handlers;
mod messages;
mod perform;

pub use messages::{Finished, Request, RestartOrigin};

use crate::clock::Moment;
use crate::envelope::Envelope;
use crate::ports::{Level, LogRecord, TaskReport, Value};
use crate::process::{Command, ProcessActor};
use crate::trace::{OpenSpan, names};
use crate::world::World;
use actix::{Actor, Addr, AsyncContext, Context, Recipient, SpawnHandle};
use opentelemetry::trace::SpanContext;
use phpeek_core::fleet::{Event, Fleet, RestartScope, ShutdownReason};
use phpeek_core::ids::{RunId, TaskId};
use phpeek_core::name::ProcessName;
use phpeek_core::order::Cycle;
use phpeek_core::outcome::SpawnFailure;
use phpeek_core::signal::{Signal, SignalSender};
use phpeek_core::spec::{ProcessIndex, SystemSpec};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Finds the actor that a task belongs to. The launcher delivers through it; the manager fills it at boot.
#[derive(Clone, Default)]
pub struct Router(Rc<RefCell<Routes>>);

#[derive(Default)]
struct Routes {
    processes: Vec<Addr<ProcessActor>>,
    /// Who hears of runs whose actor is lost: the manager.
    orphans: Option<Recipient<TaskReport>>,
}

impl Router {
    /// Hands a report to its actor. `do_send` is right here: at most three reports for each task, and none may be lost.
    pub fn deliver(&self, report: TaskReport) {
        let routes = self.0.borrow();
        match (routes.processes.get(report.task.owner().get()), &routes.orphans) {
            (Some(address), _) if address.connected() => address.do_send(report),
            (Some(_), Some(orphans)) => orphans.do_send(report),
            (Some(_), None) | (None, _) => {} // of no process that was ever started
        }
    }
}

/// The spans of what concerns the whole system.
#[derive(Default)]
struct Operations {
    boot: Option<OpenSpan>,
    /// The boot's span, ended or not: what a shutdown links to.
    boot_context: Option<SpanContext>,
    restart: Option<OpenSpan>,
    /// Whether any process took part in the rolling restart under way.
    restarted: bool,
    shutdown: Option<OpenSpan>,
}

impl Operations {
    fn boot_parent(&self) -> SpanContext {
        self.boot_context.clone().unwrap_or(SpanContext::NONE)
    }

    fn restart_parent(&self) -> SpanContext {
        self.restart.as_ref().map_or(SpanContext::NONE, OpenSpan::context)
    }

    fn shutdown_parent(&self) -> SpanContext {
        self.shutdown.as_ref().map_or(SpanContext::NONE, OpenSpan::context)
    }
}

/// The root actor.
pub struct ManagerActor {
    spec: Arc<SystemSpec>,
    fleet: Fleet,
    world: World,
    router: Router,
    /// The parent of the boot's span: who started this supervisor, if it said so.
    incoming: SpanContext,
    operations: Operations,
    /// Who asked for the restart that is under way.
    restart_origin: RestartOrigin,
    /// Who asked first for each restart that is to come; the machine runs a scope once however often it was asked for.
    restart_askers: Vec<(RestartScope, RestartOrigin)>,
    /// Who sent the signal that asked for the shutdown.
    shutdown_asker: Option<SignalSender>,
    /// The latest span of each process that a dependent may link to: its start, or the run of a oneshot.
    contexts: Vec<SpanContext>,
    /// Processes that were told to stop and have not answered: they may have spans that are open.
    unanswered: BTreeSet<ProcessIndex>,
    /// The latest moment that was acted on. A message is older than its handling; time must not go back for that.
    latest: Moment,
    /// Why a process could not be started, until it is told.
    spawn_failure: Option<(ProcessIndex, SpawnFailure)>,
    boot_failure: Option<String>,
    timer: Option<(Moment, SpawnHandle)>,
    done: Option<oneshot::Sender<Finished>>,
}

impl Actor for ManagerActor {
    type Context = Context<Self>;
}

impl ManagerActor {
    /// A manager at rest.
    ///
    /// # Errors
    /// The [`Cycle`], if the specification has one; the configuration has refused it long before.
    pub fn new(
        spec: Arc<SystemSpec>,
        world: World,
        router: Router,
        incoming: SpanContext,
        done: oneshot::Sender<Finished>,
    ) -> Result<Self, Cycle> {
        Ok(Self {
            fleet: Fleet::new(&spec)?,
            shutdown_asker: None,
            contexts: vec![SpanContext::NONE; spec.processes.len()],
            spec,
            world,
            router,
            incoming,
            operations: Operations::default(),
            restart_origin: RestartOrigin::Manual,
            restart_askers: Vec::new(),
            unanswered: BTreeSet::new(),
            latest: Moment::ZERO,
            spawn_failure: None,
            boot_failure: None,
            timer: None,
            done: Some(done),
        })
    }

    fn create_processes(&self, ctx: &Context<Self>) {
        let reports = ctx.address().recipient();
        let actors = self.spec.processes.iter().zip(0u32..).map(|(spec, i)| {
            ProcessActor::new(ProcessIndex(i), spec.clone(), self.world.clone(), reports.clone()).start()
        });
        let mut routes = self.router.0.borrow_mut();
        routes.processes.extend(actors);
        routes.orphans = Some(ctx.address().recipient());
    }

    /// Sends a command. `do_send`: a handful for each process, and none may be lost.
    fn command(&self, process: ProcessIndex, parent: SpanContext, at: Moment, command: Command) {
        if let Some(address) = self.router.0.borrow().processes.get(process.get()) {
            address.do_send(Envelope::under(parent, at, command));
        }
    }

    /// The moment to act at, for a message of the moment `at`: never before what was acted on already, or a span
    /// could end before it began, or before its children.
    fn moment(&mut self, at: Moment) -> Moment {
        self.latest = self.latest.max(at);
        self.latest
    }

    fn name(&self, process: ProcessIndex) -> Option<&ProcessName> {
        self.spec.processes.get(process.get()).map(|p| &p.name)
    }

    /// Takes a step of the fleet and performs what it asks for.
    fn step(&mut self, at: Moment, event: Event, ctx: &mut Context<Self>) {
        let mut effects = Vec::new();
        self.fleet.step(at, event, &mut effects);
        for effect in effects {
            self.perform(at, effect, ctx);
        }
        self.rearm(ctx);
    }

    fn rearm(&mut self, ctx: &mut Context<Self>) {
        let next = self.fleet.deadline();
        if self.timer.as_ref().map(|(at, _)| *at) == next {
            return;
        }
        if let Some((_, handle)) = self.timer.take() {
            ctx.cancel_future(handle);
        }
        if let Some(at) = next {
            let wait = at.saturating_sub(self.world.clock.now());
            let handle = ctx.run_later(wait, |manager, ctx| {
                manager.timer = None;
                let now = manager.moment(manager.world.clock.now());
                manager.step(now, Event::Tick, ctx);
            });
            self.timer = Some((at, handle));
        }
    }

    fn log(
        &self,
        at: Moment,
        level: Level,
        message: impl Into<Cow<'static, str>>,
        fields: Vec<(&'static str, Value)>,
    ) {
        if self.world.log.enabled(level) {
            let message = message.into();
            self.world.log.log(LogRecord { at, level, message, process: None, instance: None, fields });
        }
    }

    /// The actor of a process has panicked. What it left running is killed, for nobody else would stop it.
    fn lost(&mut self, at: Moment, process: ProcessIndex, runs: &[RunId], ctx: &mut Context<Self>) {
        self.unanswered.remove(&process);
        for run in runs {
            self.world.launcher.signal_group(TaskId::Run(*run), Signal::KILL);
        }
        let name = self.name(process).map_or_else(String::new, ToString::to_string);
        let message = "internal error: the actor of a process is lost; shutting down";
        self.log(at, Level::Error, message, vec![("process", name.into())]);
        self.step(at, Event::Lost(process), ctx);
    }

    fn shutdown_fields(reason: &ShutdownReason, asker: Option<&SignalSender>) -> Vec<(&'static str, Value)> {
        let mut fields = vec![("reason", reason.text().into())];
        fields.extend(sender_fields(asker));
        fields
    }
}

/// Who sent a signal, as fields of a log record.
#[must_use]
pub fn sender_fields(sender: Option<&SignalSender>) -> Vec<(&'static str, Value)> {
    let Some(sender) = sender else { return Vec::new() };
    let mut fields = vec![("sender_uid", i64::from(sender.uid).into())];
    fields.extend(sender.pid.map(|pid| ("sender_pid", i64::from(pid).into())));
    fields.extend(sender.command.clone().map(|command| ("sender_command", command.into())));
    fields
}

/// Who sent a signal, as attributes of the span of what it asked for.
fn set_sender(span: &mut OpenSpan, sender: Option<&SignalSender>) {
    let Some(sender) = sender.filter(|_| span.is_recording()) else { return };
    span.set(names::SIGNAL_SENDER_UID, i64::from(sender.uid));
    if let Some(pid) = sender.pid {
        span.set(names::SIGNAL_SENDER_PID, i64::from(pid));
    }
    if let Some(command) = &sender.command {
        span.set(names::SIGNAL_SENDER_COMMAND, command.clone());
    }
}
