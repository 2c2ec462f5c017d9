//! The `ProcessActor`: one for each configured process. Owns a lifecycle machine for each instance, the one timer,
//! and the spans of what is under way. Feeds events in, performs effects; decides nothing. Never blocks, never starts
//! anything before it is told to. Spawned and commanded by the `ManagerActor`; run events come from the launcher.

mod commands;
mod deaths;
mod facts;
mod loops;
mod messages;
mod operations;
mod perform;
mod rolling;
mod runs;

pub use messages::{Command, ProcessReport, ReportKind, Wait};

use crate::clock::Moment;
use crate::envelope::Envelope;
use crate::ports::{Level, LogRecord, Value};
use crate::trace::{OpenSpan, names};
use crate::world::{InstanceStatus, World};
use actix::{Actor, AsyncContext, Context, Recipient, SpawnHandle, WeakAddr};
use deaths::{Death, Obituary};
use loops::CrashLoop;
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanContext;
use operations::{InstanceSpans, StartOperation, StopOperation};
use phpeek_core::backoff::Jitter;
use phpeek_core::ids::{RunId, TaskId};
use phpeek_core::lifecycle::{Event, Machine, Now, Policy, State};
use phpeek_core::signal::Signal;
use phpeek_core::spec::{ProcessIndex, ProcessSpec};
use rolling::Rolling;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One instance of the process.
struct Instance {
    machine: Machine,
    /// The span that started the current run, or the last one that was told: what a restart links to.
    origin: SpanContext,
    /// The leader of the current run; 0 until it is known.
    pid: i32,
    restarts: u32,
    /// The end of the leader, until its group is empty.
    death: Option<Box<Death>>,
    /// A death that nobody asked for, within the step that finds out what follows it.
    obituary: Option<Box<Obituary>>,
    /// Restarts without a stable run between them.
    crash_loop: Option<Box<CrashLoop>>,
    /// Signals that wait for the run to be up.
    relays: Vec<Signal>,
    /// Whether the start of the process waits for the first run of this instance.
    awaited: bool,
    /// Spans of what is under way; none when nothing is.
    spans: Option<Box<InstanceSpans>>,
}

impl Instance {
    fn new() -> Self {
        Self {
            machine: Machine::default(),
            origin: SpanContext::NONE,
            pid: 0,
            restarts: 0,
            death: None,
            obituary: None,
            crash_loop: None,
            relays: Vec::new(),
            awaited: false,
            spans: None,
        }
    }

    fn spans(&mut self) -> &mut InstanceSpans {
        self.spans.get_or_insert_default()
    }

    /// Ends the stop of this instance alone: another operation takes over, with a span of its own.
    fn end_own_stop(&mut self, at: Moment, why: &str) {
        if let Some(span) = self.spans.as_mut().and_then(|s| s.stop.take()) {
            span.fail(at, names::ERROR_INTERRUPTED, why);
        }
        self.tidy();
    }

    /// Frees the spans' place when none is open.
    fn tidy(&mut self) {
        self.spans.take_if(|s| s.is_empty());
    }
}

/// What is due at a moment besides the steps of the machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Chore {
    /// The obituary of this run has waited long enough.
    Obituary(u64),
    /// The run of a folded restart has stayed.
    Loop,
}

/// The actor of one configured process.
pub struct ProcessActor {
    index: ProcessIndex,
    spec: Arc<ProcessSpec>,
    policy: Policy,
    world: World,
    manager: Recipient<Envelope<ProcessReport>>,
    /// Its own, for those who answer it; weak, or it would keep itself alive.
    address: Option<WeakAddr<Self>>,
    instances: Vec<Instance>,
    /// How many instances are at rest. Counted along, as is `deadlines`: a look at all of them for each event would
    /// cost n^2 over a start of n instances.
    resting: usize,
    /// The deadline of each instance that has one.
    deadlines: BTreeSet<(Moment, usize)>,
    /// What else is due, by instance.
    chores: BTreeSet<(Moment, usize, Chore)>,
    /// Deaths that wait for their last words, by instance and run. Several of one instance do when its runs are short.
    waiting: BTreeMap<(usize, u64), Box<Obituary>>,
    /// The latest moment that was acted on. A message is older than its handling; time must not go back for that.
    latest: Moment,
    timer: Option<(Moment, SpawnHandle)>,
    start: Option<Box<StartOperation>>,
    stop: Option<Box<StopOperation>>,
    rolling: Option<Box<Rolling>>,
    /// Whether the end of all instances has been reported since the last spawn.
    end_reported: bool,
    /// The span of the last end that nothing followed: what a wait for it links to.
    ended: SpanContext,
    /// The code of the last instance that failed since the last command to start.
    failed_code: Option<u8>,
    /// Whether everything is over: what comes now changes nothing and opens no span.
    finished: bool,
}

impl Actor for ProcessActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.address = Some(ctx.address().downgrade());
    }
}

impl Drop for ProcessActor {
    /// A panic in a handler drops the actor while unwinding, and nobody else would notice.
    fn drop(&mut self) {
        if std::thread::panicking() {
            let live = self.instances.iter().enumerate().filter(|(_, i)| !i.machine.at_rest());
            let runs = live.map(|(i, instance)| self.run_id(i, instance.machine.run())).collect();
            self.report(self.latest, ReportKind::Lost { runs });
        }
    }
}

impl ProcessActor {
    /// An actor at rest.
    #[must_use]
    pub fn new(
        index: ProcessIndex,
        spec: Arc<ProcessSpec>,
        world: World,
        manager: Recipient<Envelope<ProcessReport>>,
    ) -> Self {
        let policy = Policy::from(&*spec);
        let instances: Vec<_> = (0..spec.scale.get()).map(|_| Instance::new()).collect();
        Self {
            index,
            spec,
            policy,
            world,
            manager,
            address: None,
            resting: instances.len(),
            instances,
            deadlines: BTreeSet::new(),
            chores: BTreeSet::new(),
            waiting: BTreeMap::new(),
            ended: SpanContext::NONE,
            latest: Moment::ZERO,
            timer: None,
            start: None,
            stop: None,
            rolling: None,
            end_reported: false,
            failed_code: None,
            finished: false,
        }
    }

    /// The moment to act at, for a message of the moment `at`: never before what was acted on already, or a span
    /// could end before it began.
    fn moment(&mut self, at: Moment) -> Moment {
        self.latest = self.latest.max(at);
        self.latest
    }

    fn report(&self, at: Moment, kind: ReportKind) {
        self.report_under(SpanContext::NONE, at, kind);
    }

    /// With the span that those who wait for this may link to.
    fn report_under(&self, span: SpanContext, at: Moment, kind: ReportKind) {
        self.manager.do_send(Envelope::under(span, at, ProcessReport { process: self.index, kind }));
    }

    fn run_id(&self, i: usize, run: u64) -> RunId {
        RunId { process: self.index, instance: u32::try_from(i).unwrap_or(u32::MAX), run }
    }

    fn task_id(&self, i: usize, run: u64) -> TaskId {
        TaskId::Run(self.run_id(i, run))
    }

    /// Takes a step of one machine and performs what it asks for.
    fn step(&mut self, i: usize, at: Moment, event: Event) {
        let Some(instance) = self.instances.get_mut(i) else { return };
        let jitter = if matches!(event, Event::GroupEmpty { .. } | Event::SpawnFailed { .. }) {
            Jitter(fastrand::u16(..))
        } else {
            Jitter::NONE
        };
        let before = instance.machine.state();
        let (rested, due) = (instance.machine.at_rest(), instance.machine.deadline());
        let mut effects = Vec::new();
        instance.machine.step(&self.policy, Now { at, jitter }, event, &mut effects);
        let after = instance.machine.state();
        match (rested, instance.machine.at_rest()) {
            (true, false) => self.resting = self.resting.saturating_sub(1),
            (false, true) => self.resting += 1,
            (true, true) | (false, false) => {}
        }
        if due != instance.machine.deadline() {
            if let Some(due) = due {
                self.deadlines.remove(&(due, i));
            }
            if let Some(due) = instance.machine.deadline() {
                self.deadlines.insert((due, i));
            }
        }
        // The span that ends in this step hears of it, else the one that begins in it.
        let heard = self.note_change(i, at, before, after);
        for effect in effects {
            self.perform(i, at, effect);
        }
        if !heard {
            self.note_change(i, at, before, after);
        }
        self.settle_obituary(i, at);
        if after != before {
            self.show(i);
        }
    }

    /// A change of state is an event of the operation that is under way. False when there is none.
    fn note_change(&mut self, i: usize, at: Moment, before: State, after: State) -> bool {
        let (from, to) = (before.as_str(), after.as_str());
        if from == to || !self.world.tracing.is_on() {
            return true;
        }
        let id = self.instance_name(i);
        let Some(instance) = self.instances.get_mut(i) else { return true };
        let fresh = instance.obituary.as_mut().map(|o| &mut o.span);
        let own = instance.spans.as_mut().and_then(|s| s.operation());
        let Some(span) = own.or(self.stop.as_mut().map(|s| &mut s.span)).or(fresh) else { return false };
        span.event(names::EVENT_STATE_CHANGED, at, || {
            vec![
                KeyValue::new(names::PROCESS_INSTANCE_ID, id()),
                KeyValue::new(names::STATE_FROM, from),
                KeyValue::new(names::STATE_TO, to),
            ]
        });
        true
    }

    fn name_instance(&self, span: &mut OpenSpan, i: usize) {
        span.set(names::PROCESS_NAME, self.spec.name.as_str().to_owned());
        span.set(names::PROCESS_INSTANCE_ID, self.instance_id(i));
    }

    fn show(&self, i: usize) {
        let Some(instance) = self.instances.get(i) else { return };
        let shown = InstanceStatus {
            state: instance.machine.state().as_str(),
            pid: instance.machine.live_run().map(|_| instance.pid),
            restarts: instance.restarts,
        };
        self.world.status.instance(self.index, u32::try_from(i).unwrap_or(u32::MAX), shown);
    }

    fn all_at_rest(&self) -> bool {
        self.resting == self.instances.len()
    }

    /// Arms the one timer for the earliest deadline. Called at the end of every handler.
    fn rearm(&mut self, ctx: &mut Context<Self>) {
        let step = self.deadlines.first().map(|(due, _)| *due);
        let chore = self.chores.first().map(|(due, _, _)| *due);
        let next = step.into_iter().chain(chore).min();
        if self.timer.as_ref().map(|(at, _)| *at) == next {
            return;
        }
        if let Some((_, handle)) = self.timer.take() {
            ctx.cancel_future(handle);
        }
        if let Some(at) = next {
            let wait = at.saturating_sub(self.world.clock.now());
            let handle = ctx.run_later(wait, |actor, ctx| actor.tick(ctx));
            self.timer = Some((at, handle));
        }
    }

    fn tick(&mut self, ctx: &mut Context<Self>) {
        self.timer = None;
        if self.finished {
            return;
        }
        let at = self.moment(self.world.clock.now());
        let due: Vec<usize> =
            self.deadlines.iter().take_while(|(due, _)| *due <= at).map(|(_, i)| *i).collect();
        for i in due {
            self.step(i, at, Event::Tick);
        }
        while let Some((_, i, chore)) = self.chores.first().copied().filter(|(due, _, _)| *due <= at) {
            self.chores.pop_first();
            match chore {
                Chore::Obituary(run) => self.hear(i, run, &[]),
                Chore::Loop => self.unfold(i),
            }
        }
        self.settle(at);
        self.rearm(ctx);
    }

    fn log(
        &self,
        at: Moment,
        level: Level,
        message: impl Into<Cow<'static, str>>,
        instance: Option<usize>,
        fields: impl FnOnce() -> Vec<(&'static str, Value)>,
    ) {
        if self.world.log.enabled(level) {
            self.world.log.log(LogRecord {
                at,
                level,
                message: message.into(),
                process: Some(self.spec.name.clone()),
                instance: instance.and_then(|i| u32::try_from(i).ok()),
                fields: fields(),
            });
        }
    }
}
