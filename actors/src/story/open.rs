//! What the story holds while it is open: of a process, of an instance, of a death that is being told, of a restart that
//! is folded. Values that end their spans; what they are told stands beside.

use super::probes::HealthStory;
use crate::clock::Moment;
use crate::phrases;
use crate::trace::{Expected, OpenSpan, names};
use opentelemetry::trace::SpanContext;
use phpeek_core::facts::Death;
use phpeek_core::ids::ProcessId;
use phpeek_core::lifecycle::{InstanceState, Trigger};
use phpeek_core::limit::Breach;
use phpeek_core::list_map::Serials;
use phpeek_core::operation::{Operation, OperationId};
use phpeek_core::outcome::SpawnFailure;
use phpeek_core::spec::ProcessSpec;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;
/// What is open of a process.
pub(super) struct ProcessStory {
    pub(super) spec: Arc<ProcessSpec>,
    pub(super) start: Option<Box<StartStory>>,
    /// A start that has failed while programs of it are being run: it ends with the last of them. A child that ends after
    /// its parent is taken by backends for one whose clock is wrong.
    pub(super) ending: Option<Box<Ending>>,
    /// `process_manager.stop_process` of all instances.
    pub(super) stop: Option<OpenSpan>,
    /// `process_manager.scale_process`.
    pub(super) scale: Option<Box<OpenSpan>>,
    /// `process_manager.restart_process` of one that reloads itself.
    pub(super) reload: Option<Box<OpenSpan>>,
    /// What others may link to: the start, or the run of a oneshot.
    pub(super) latest: SpanContext,
    /// The span of the last end that nothing followed.
    pub(super) ended: SpanContext,
    pub(super) instances: Serials<InstanceStory>,
    /// `schedule.run` of each job under way.
    pub(super) jobs: Vec<JobStory>,
}

/// A job under way.
pub(super) struct JobStory {
    pub(super) job: u64,
    /// The instance whose runs its tries are.
    pub(super) instance: u32,
    pub(super) span: OpenSpan,
}

/// A start under way.
pub(super) struct StartStory {
    /// What it is part of.
    pub(super) operation: OperationId,
    pub(super) span: OpenSpan,
    pub(super) waits: Vec<(ProcessId, OpenSpan)>,
}

/// A start that is over but for what it has begun.
pub(super) struct Ending {
    pub(super) span: OpenSpan,
    pub(super) error_type: String,
    pub(super) message: String,
}

impl StartStory {
    /// Takes the span of the wait for this process, with a link to what was waited for.
    pub(super) fn wait(&mut self, on: ProcessId, link: &SpanContext) -> OpenSpan {
        let Some(i) = self.waits.iter().position(|(p, _)| *p == on) else { return OpenSpan::none() };
        let mut span = self.waits.swap_remove(i).1;
        span.link(names::LINK_DEPENDENCY, link);
        span
    }

    /// Ends every wait that is still open as interrupted.
    pub(super) fn interrupt_waits(&mut self, at: Moment, interrupted: &str) {
        for (_, span) in self.waits.drain(..) {
            span.fail(at, names::ERROR_INTERRUPTED, interrupted);
        }
    }
}

/// What is open of an instance.
pub(super) struct InstanceStory {
    pub(super) number: u32,
    pub(super) state: InstanceState,
    pub(super) run: u64,
    /// When that run was ordered.
    pub(super) ordered: Moment,
    /// The span that started the current run, or the last one that was told: what a restart links to.
    pub(super) origin: SpanContext,
    /// Spans of what is under way; none when nothing is.
    pub(super) spans: Option<Box<InstanceSpans>>,
    /// What is open of its health; none when it was never asked.
    pub(super) health: Option<Box<HealthStory>>,
    /// The end of the leader, until nobody is left of its run.
    pub(super) death: Option<Box<Death>>,
    /// Deaths that nobody asked for and that are not fully told.
    pub(super) deaths: Vec<DeathStory>,
    /// The run whose end is being followed up in this step.
    pub(super) fresh: Option<u64>,
    /// The last restart of a crash loop, while it is folded.
    pub(super) folded: Option<Box<Folded>>,
    /// Whether the change of state under way was told.
    pub(super) noted: bool,
    /// The bound of memory that its latest run has passed, until what follows is told.
    pub(super) breach: Option<Box<Breach>>,
    /// `process.run` of the run, which is told at its end; none of one that is meant to stay.
    pub(super) coming: Option<Box<Expected>>,
}

/// The spans of one instance.
#[derive(Default)]
pub(super) struct InstanceSpans {
    /// `process.spawn` of the run that is being started.
    pub(super) spawn: Option<OpenSpan>,
    /// `process_manager.restart_process` under way.
    pub(super) restart: Option<OpenSpan>,
    /// The rolling restart that this one is part of.
    pub(super) asked: Option<OperationId>,
    /// `process.backoff` under way.
    pub(super) backoff: Option<OpenSpan>,
    /// `process_manager.stop_process` of this instance alone: in a rolling restart, or for what a dead leader left.
    pub(super) stop: Option<OpenSpan>,
    /// `hook.execute` of the hook that runs.
    pub(super) hook: Option<OpenSpan>,
    /// A restart whose run is up, while hooks after its start are to come, or it is not ready: it ends with that.
    pub(super) ending: Option<OpenSpan>,
}

impl InstanceSpans {
    pub(super) fn is_empty(&self) -> bool {
        let Self { spawn, restart, asked: _, backoff, stop, hook, ending } = self;
        [spawn, restart, backoff, stop, hook, ending].into_iter().all(Option::is_none)
    }

    /// A restart that is over but for the hooks after it is over.
    pub(super) fn end_restart(&mut self, at: Moment) {
        if self.hook.is_none()
            && let Some(span) = self.ending.take()
        {
            span.ok(at);
        }
    }

    /// The operation that a change of state is part of.
    pub(super) fn operation(&mut self) -> Option<&mut OpenSpan> {
        self.stop.as_mut().or(self.restart.as_mut()).or(self.spawn.as_mut())
    }

    /// Ends wait and restart: something else came first.
    pub(super) fn interrupt_restart(&mut self, at: Moment, why: &str) {
        for span in [self.backoff.take(), self.restart.take()].into_iter().flatten() {
            span.fail(at, names::ERROR_INTERRUPTED, why);
        }
    }

    /// Ends all of them: something else came first.
    pub(super) fn interrupt(&mut self, at: Moment, why: &str) {
        for span in [self.hook.take(), self.spawn.take(), self.stop.take()].into_iter().flatten() {
            span.fail(at, names::ERROR_INTERRUPTED, why);
        }
        self.end_restart(at);
        self.interrupt_restart(at, why);
    }
}

impl InstanceStory {
    pub(super) fn new(number: u32) -> Self {
        Self {
            number,
            state: InstanceState::Stopped,
            run: 0,
            ordered: Moment::ZERO,
            origin: SpanContext::NONE,
            spans: None,
            health: None,
            death: None,
            deaths: Vec::new(),
            fresh: None,
            folded: None,
            noted: false,
            breach: None,
            coming: None,
        }
    }

    pub(super) fn spans(&mut self) -> &mut InstanceSpans {
        self.spans.get_or_insert_default()
    }

    pub(super) fn health(&mut self) -> &mut HealthStory {
        self.health.get_or_insert_default()
    }

    /// Frees the spans' place when none is open.
    pub(super) fn tidy(&mut self) {
        self.spans.take_if(|s| s.is_empty());
    }

    /// Ends the stop of this instance alone: another operation takes over, with a span of its own.
    pub(super) fn end_own_stop(&mut self, at: Moment, why: &str) {
        if let Some(span) = self.spans.as_mut().and_then(|s| s.stop.take()) {
            span.fail(at, names::ERROR_INTERRUPTED, why);
        }
        self.tidy();
    }

    /// Whether a run was ordered, and is not known to have begun; or a hook runs.
    pub(super) fn is_spawning(&self) -> bool {
        self.spans.as_ref().is_some_and(|s| s.spawn.is_some() || s.hook.is_some())
    }

    pub(super) fn context_of_run(&self) -> SpanContext {
        let spawn = self.spans.as_ref().and_then(|s| s.spawn.as_ref());
        spawn.map_or_else(|| self.origin.clone(), OpenSpan::context)
    }
}

/// How the span of a death ends.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It ended as it should.
    Ok,
    /// It did not: `error.type` and the message.
    Failed(Cow<'static, str>, String),
}

impl Verdict {
    /// What the end alone says.
    pub(super) fn of(death: &Death) -> Self {
        if death.fine {
            return Self::Ok;
        }
        Self::Failed(death.autopsy.error_type(), phrases::ended(death.autopsy.exit))
    }

    pub(super) fn end(self, span: OpenSpan, at: Moment) {
        match self {
            Self::Ok => span.ok(at),
            Self::Failed(error_type, message) => span.fail(at, &error_type, &message),
        }
    }
}

/// A death that is being told.
pub(super) struct DeathStory {
    pub(super) death: Death,
    pub(super) over: Moment,
    /// None while nothing was told of it.
    pub(super) span: Option<OpenSpan>,
    pub(super) verdict: Verdict,
    /// The restart that follows has no spans, and this has none.
    pub(super) folded: bool,
    /// Until the span is told.
    pub(super) _coming: Option<Box<Expected>>,
}

impl DeathStory {
    pub(super) fn is_of(&self, run: u64) -> bool {
        self.death.run == run
    }

    pub(super) fn span_mut(&mut self) -> Option<&mut OpenSpan> {
        self.span.as_mut()
    }
}

/// What a restart is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Restart {
    pub(super) after: Trigger,
    pub(super) attempt: u32,
    pub(super) left: Option<u32>,
    pub(super) began: Moment,
}

/// The last restart of a loop, while it is folded.
pub(super) struct Folded {
    pub(super) restart: Restart,
    /// The death that it follows, and when nobody was left of its run.
    pub(super) death: Option<(Death, Moment)>,
    pub(super) delay: Option<Duration>,
    pub(super) ordered: Option<(Moment, u64)>,
    pub(super) up: Option<(Moment, Option<i32>)>,
    pub(super) failure: Option<(Moment, SpawnFailure)>,
}

impl Folded {
    pub(super) fn new(restart: Restart, death: Option<(Death, Moment)>) -> Self {
        Self { restart, death, delay: None, ordered: None, up: None, failure: None }
    }

    pub(super) fn waits(&mut self, delay: Duration) {
        self.delay = Some(delay);
    }

    pub(super) fn ordered(&mut self, at: Moment, run: u64) {
        self.ordered = Some((at, run));
    }

    pub(super) fn up(&mut self, at: Moment, pid: Option<i32>) {
        self.up = Some((at, pid));
    }

    pub(super) fn failed(&mut self, at: Moment, failure: SpawnFailure) {
        self.failure = Some((at, failure));
    }
}

/// What is open of the system.
#[derive(Default)]
pub(super) struct SystemStory {
    pub(super) boot: Option<OpenSpan>,
    /// The boot's span, ended or not: what a shutdown links to.
    pub(super) boot_context: Option<SpanContext>,
    /// Why the boot failed, if it did.
    pub(super) boot_failure: Option<String>,
    pub(super) restart: Option<(Operation, OpenSpan)>,
    /// A rolling restart that was interrupted, until the process that has the turn hears of it: what that one does
    /// meanwhile is still part of it.
    pub(super) interrupted: Option<(Operation, OpenSpan, &'static str)>,
    /// Rolling restarts that ended at a process whose start has failed while programs of it are being run: each ends with
    /// that start.
    pub(super) failed: Vec<(ProcessId, OpenSpan)>,
    /// The reload under way.
    pub(super) reload: Option<(OperationId, OpenSpan)>,
    pub(super) shutdown: Option<OpenSpan>,
    /// `hook.execute` of the hook of the system that runs.
    pub(super) hook: Option<OpenSpan>,
    /// A boot that a shutdown came before, while a hook of it is being stopped: it ends with it.
    pub(super) ending: Option<Ending>,
}
