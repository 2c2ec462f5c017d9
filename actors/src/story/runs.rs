//! The spans of runs: from the order to the exec, and what its death adds to the stop under way.

use super::Teller;
use super::attributes::{autopsy_attributes, int};
use super::open::ProcessStory;
use crate::clock::Moment;
use crate::phrases::restart_reason;
use crate::trace::{OpenSpan, names};
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanContext;
use phpeek_core::facts::Death;
use phpeek_core::lifecycle::InstanceState;
use phpeek_core::member::{Member, list};
use phpeek_core::operation::{Cause, Operation};
use phpeek_core::outcome::SpawnFailure;
use phpeek_core::spec::ProcessKind;

impl ProcessStory {
    pub(super) fn ordered(&mut self, teller: &Teller<'_>, i: u32, run: u64) {
        let at = teller.at;
        let job = self.job_of(i).map(|job| job.span.context());
        let start = job.or_else(|| self.start.as_ref().map(|s| s.span.context()));
        let start = start.or_else(|| self.scale_context());
        let Some(instance) = self.instances.get_mut(i) else { return };
        (instance.run, instance.ordered) = (run, at);
        if let Some(span) = instance.spans.as_mut().and_then(|s| s.backoff.take()) {
            span.ok(at);
        }
        if let Some(folded) = &mut instance.folded {
            folded.ordered(at, run);
            return instance.tidy();
        }
        let restart = instance.spans.as_ref().and_then(|s| s.restart.as_ref()).map(OpenSpan::context);
        let parent = restart.or(start).unwrap_or(SpanContext::NONE);
        let span = self.open_spawn(teller, &parent, i, at, run);
        self.of(i, |instance| instance.spans().spawn = Some(span));
    }

    /// The span of a run that was ordered: from the order to the exec.
    pub(super) fn open_spawn(
        &self,
        teller: &Teller<'_>,
        parent: &SpanContext,
        i: u32,
        at: Moment,
        run: u64,
    ) -> OpenSpan {
        let mut span = teller.tracing.open(names::SPAN_SPAWN, parent, at);
        if span.is_recording() {
            let program = self.spec.program.command.program();
            let program = program.rsplit('/').next().unwrap_or(program);
            self.name_instance(&mut span, i);
            span.set(names::PROCESS_EXECUTABLE_NAME, program.to_owned());
            let count = i64::try_from(self.spec.program.command.argv().len()).unwrap_or(i64::MAX);
            span.set(names::PROCESS_ARGS_COUNT, count);
            span.set(names::PROCESS_INCARNATION, int(run));
        }
        span
    }

    pub(super) fn started(&mut self, teller: &Teller<'_>, i: u32, pid: Option<i32>) {
        let at = teller.at;
        let ends = matches!(self.spec.kind, ProcessKind::Oneshot | ProcessKind::Scheduled);
        let hooks = self.spec.hooks.as_ref().is_some_and(|hooks| !hooks.post_start.is_empty());
        let goes_on = hooks || self.spec.has_readiness();
        let Some(instance) = self.instances.get_mut(i) else { return };
        let spans = instance.spans();
        let restart = spans.restart.take();
        if let Some(mut span) = spans.spawn.take() {
            if let Some(pid) = pid {
                span.set(names::PROCESS_PID, i64::from(pid));
            }
            instance.origin = span.context();
            instance.coming =
                ends.then(|| teller.tracing.expecting(&instance.origin)).flatten().map(Box::new);
            span.ok(at);
        }
        match restart {
            Some(span) if goes_on => instance.spans().ending = Some(span),
            Some(span) => span.ok(at),
            None => {}
        }
        if let Some(folded) = &mut instance.folded {
            folded.up(at, pid);
        }
        instance.tidy();
    }

    pub(super) fn spawn_failed(&mut self, i: u32, at: Moment, failure: &SpawnFailure) {
        let Some(instance) = self.instances.get_mut(i) else { return };
        if let Some(folded) = &mut instance.folded {
            folded.failed(at, failure.clone());
        }
        let spans = instance.spans();
        for span in [spans.spawn.take(), spans.restart.take()].into_iter().flatten() {
            span.fail(at, failure.kind.as_str(), &failure.message);
        }
        instance.tidy();
    }

    pub(super) fn died(&mut self, i: u32, at: Moment, death: &Death) {
        let id = self.instance_id(i);
        self.stop_event(i, names::EVENT_EXITED, at, || {
            let mut facts = vec![KeyValue::new(names::PROCESS_INSTANCE_ID, id())];
            facts.extend(autopsy_attributes(&death.autopsy, death.uptime));
            facts
        });
        let waits = self.spec.has_readiness(); // it is told that it was never ready
        self.of(i, |instance| {
            instance.death = Some(Box::new(*death));
            if let Some(spans) = instance.spans.as_mut().filter(|_| !waits) {
                spans.end_restart(at);
            }
            instance.tidy();
        });
    }

    pub(super) fn left_alone(&mut self, i: u32, at: Moment, members: &[Member]) {
        let id = self.instance_id(i);
        self.stop_event(i, names::EVENT_LEFT, at, || {
            vec![
                KeyValue::new(names::PROCESS_INSTANCE_ID, id()),
                KeyValue::new(names::STOP_LEFT, list(members)),
            ]
        });
    }

    pub(super) fn ended(&mut self, i: u32, at: Moment, death: &Death) {
        let id = self.instance_id(i);
        self.stop_event(i, names::EVENT_GROUP_EMPTY, at, || {
            vec![KeyValue::new(names::PROCESS_INSTANCE_ID, id())]
        });
        let Some(instance) = self.instances.get_mut(i) else { return };
        if let Some(span) = instance.spans.as_mut().and_then(|s| s.stop.take()) {
            span.ok(at);
        }
        instance.tidy();
        instance.bury(at, death);
    }

    pub(super) fn restart_began(&mut self, teller: &Teller<'_>, i: u32, operation: &Operation) {
        let at = teller.at;
        let parent = teller.operations.of(operation.id);
        let mut span = teller.tracing.open(names::SPAN_RESTART_PROCESS, &parent, at);
        self.name_instance(&mut span, i);
        let Some(instance) = self.instances.get_mut(i) else { return };
        span.link(names::LINK_PREVIOUS_RUN, &instance.origin);
        span.set(names::RESTART_REASON, restart_reason(&operation.cause));
        if let Cause::Watch(path) = &operation.cause {
            span.set(names::RESTART_PATH, path.to_string());
        }
        let context = span.context();
        instance.end_own_stop(at, "a restart was asked for");
        let spans = instance.spans();
        spans.interrupt_restart(at, "another restart was asked for");
        spans.restart = Some(span);
        spans.asked = Some(operation.id);
        // The run to come was asked for by something else: the rest of its spawn belongs to this restart, so that
        // none of its time is dark.
        let (starting, run) = (instance.state == InstanceState::Starting, instance.run);
        if let Some(spawn) = instance.spans().spawn.take_if(|_| starting) {
            spawn.end(at);
            let span = self.open_spawn(teller, &context, i, at, run);
            self.of(i, |instance| instance.spans().spawn = Some(span));
        }
    }
}
