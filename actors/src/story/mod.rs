//! The story: a listener that makes spans of facts. Owns every span of supervision while it is open, and the contexts
//! that children, links and messages point to. Decides nothing: which restart of a loop is told, and what belongs to
//! which operation, stands in the facts. Never blocks; does nothing at all while tracing is off.

mod attributes;
mod deaths;
mod health;
mod hooks;
mod instance;
mod loops;
mod open;
mod probes;
mod process;
mod reload;
mod reload_itself;
mod runs;
mod schedule;
mod system;

use crate::clock::Moment;
use crate::phrases::Names;
use crate::trace::{OpenSpan, Tracing};
use open::{ProcessStory, SystemStory};
use opentelemetry::trace::SpanContext;
use phpeek_core::facts::{Fact, ProcessFact, Told};
use phpeek_core::ids::{InstanceId, ProbeId, ProcessId, RunId};
use phpeek_core::operation::OperationId;
pub use probes::ProbeSpans;
use std::collections::BTreeMap;
use std::time::Duration;

/// The spans of a supervisor.
pub struct Story {
    tracing: Tracing,
    names: Names,
    operations: Contexts,
    system: SystemStory,
    processes: BTreeMap<ProcessId, ProcessStory>,
    probes: ProbeSpans,
    /// The latest moment that was told of.
    latest: Moment,
}

/// The contexts of operations: what they were asked under, and their own span once they have one.
#[derive(Debug, Default)]
struct Contexts(BTreeMap<OperationId, SpanContext>);

impl Contexts {
    fn of(&self, operation: OperationId) -> SpanContext {
        self.0.get(&operation).cloned().unwrap_or(SpanContext::NONE)
    }

    fn set(&mut self, operation: OperationId, context: SpanContext) {
        if context.is_valid() {
            self.0.insert(operation, context);
        }
    }
}

/// What the story of a process needs of the whole to tell a fact.
struct Teller<'a> {
    tracing: &'a Tracing,
    operations: &'a Contexts,
    names: &'a Names,
    at: Moment,
}

impl Story {
    /// A story that has not begun.
    #[must_use]
    pub fn new(tracing: Tracing) -> Self {
        Self {
            tracing,
            names: Names::default(),
            operations: Contexts::default(),
            system: SystemStory::default(),
            processes: BTreeMap::new(),
            probes: ProbeSpans::Changes,
            latest: Moment::ZERO,
        }
    }

    /// The same, with spans for these probes.
    #[must_use]
    pub fn with_probes(self, probes: ProbeSpans) -> Self {
        Self { probes, ..self }
    }

    /// Tells this fact.
    pub fn hear(&mut self, told: &Told) {
        if !self.tracing.is_on() {
            return;
        }
        self.latest = self.latest.max(told.at);
        match &told.fact {
            Fact::System(fact) => self.tell_of_system(told.at, fact),
            Fact::Process(process, ProcessFact::Added(spec)) => {
                self.names.add(*process, spec.name.clone());
                self.processes.insert(*process, ProcessStory::new(spec.clone()));
            }
            Fact::Process(process, ProcessFact::Removed) => {
                self.names.remove(*process);
                self.processes.remove(process);
            }
            Fact::Process(process, ProcessFact::EdgeMet(on)) => {
                let on_context = self.context_of_process(*on);
                if let Some(story) = self.processes.get_mut(process) {
                    story.edge_met(told.at, *on, &on_context);
                }
            }
            Fact::Process(process, ProcessFact::EdgeFailed(on, cause)) => {
                let on_context = self.context_of_process(*on);
                if let Some(story) = self.processes.get_mut(process) {
                    story.edge_failed(told.at, &self.names, *on, cause, &on_context);
                }
            }
            Fact::Process(process, ProcessFact::EdgeGivenUp(on)) => {
                let on_context = self.context_of_process(*on);
                if let Some(story) = self.processes.get_mut(process) {
                    story.edge_given_up(told.at, *on, &on_context);
                }
            }
            Fact::Process(_, ProcessFact::RestartAbandoned) => self.end_interrupted_restart(),
            Fact::Process(process, fact) => self.within(*process, told.at, |story, t| story.tell(t, fact)),
            Fact::Hook(None, fact) => self.tell_of_hook(told.at, fact),
            Fact::Hook(Some(instance), fact) => {
                self.within(instance.process, told.at, |story, t| {
                    story.tell_of_hook(t, instance.serial, fact)
                });
            }
            Fact::Schedule(process, fact) => {
                self.within(*process, told.at, |story, t| story.tell_of_schedule(t, fact));
            }
            Fact::Health(instance, fact) => {
                let (probes, i) = (self.probes, instance.serial);
                self.within(instance.process, told.at, |story, t| story.tell_of_health(t, i, probes, fact));
            }
            Fact::Instance(instance, fact) => {
                let i = instance.serial;
                self.within(instance.process, told.at, |story, t| story.tell_of_instance(t, i, fact));
                if !self.system.failed.is_empty() {
                    self.end_failed_restarts(false);
                }
            }
        }
    }

    /// Goes on with the story of a process, if it is known.
    fn within(
        &mut self,
        process: ProcessId,
        at: Duration,
        tell: impl FnOnce(&mut ProcessStory, &Teller<'_>),
    ) {
        let Self { tracing, names, operations, processes, .. } = self;
        if let Some(story) = processes.get_mut(&process) {
            tell(story, &Teller { tracing, operations, names, at });
        }
    }

    /// An operation was asked for under this span.
    pub fn adopt(&mut self, operation: OperationId, parent: &SpanContext) {
        if self.tracing.is_on() && parent.is_valid() && !self.operations.0.contains_key(&operation) {
            self.operations.set(operation, parent.clone());
        }
    }

    /// The span of an operation, else that under which it was asked for.
    #[must_use]
    pub fn context_of(&self, operation: OperationId) -> SpanContext {
        self.operations.of(operation)
    }

    /// The span that starts a run; of a folded one, that of the last run that was told.
    #[must_use]
    pub fn context_of_run(&self, run: RunId) -> SpanContext {
        let process = self.processes.get(&run.process());
        process.map_or(SpanContext::NONE, |p| p.context_of_run(run.instance.serial))
    }

    /// The span of the hook that runs for this instance, or for the system.
    #[must_use]
    pub fn context_of_hook(&self, of: Option<InstanceId>) -> SpanContext {
        let of_instance = |id: InstanceId| {
            let instance = self.processes.get(&id.process)?.instances.get(id.serial)?;
            instance.spans.as_ref()?.hook.as_ref()
        };
        let hook = of.map_or(self.system.hook.as_ref(), of_instance);
        hook.map_or(SpanContext::NONE, OpenSpan::context)
    }

    /// The span of the restart of an instance that is under way, where one tells of it.
    #[must_use]
    pub fn context_of_restart(&self, of: InstanceId) -> SpanContext {
        let instance = self.processes.get(&of.process).and_then(|process| process.instances.get(of.serial));
        let restart = instance.and_then(|instance| instance.spans.as_ref()?.restart.as_ref());
        restart.map_or(SpanContext::NONE, OpenSpan::context)
    }

    /// The context of a probe, for whoever is asked.
    #[must_use]
    pub fn context_of_probe(&self, probe: ProbeId) -> SpanContext {
        if !self.tracing.is_on() {
            return SpanContext::NONE;
        }
        let instance = |id: InstanceId| self.processes.get(&id.process)?.instances.get(id.serial);
        let asked =
            instance(probe.of).and_then(|instance| instance.health.as_ref()?.context_of(probe.serial));
        asked.unwrap_or_else(probes::unrecorded)
    }

    /// The latest span of a process that others may link to.
    #[must_use]
    pub fn context_of_process(&self, process: ProcessId) -> SpanContext {
        self.processes.get(&process).map_or(SpanContext::NONE, |p| p.latest.clone())
    }
}
