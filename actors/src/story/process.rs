//! The spans of one process: its start with the waits in it, and its stop.

use super::Teller;
use super::open::{Ending, InstanceStory, ProcessStory, StartStory};
use crate::clock::Moment;
use crate::phrases::{Names, boot_error_type, restart_reason};
use crate::trace::{OpenSpan, names};
use opentelemetry::trace::SpanContext;
use opentelemetry::{Array, StringValue};
use phpeek_core::facts::ProcessFact;
use phpeek_core::fleet::{BootFailure, BootFailureCause, RestartOutcome};
use phpeek_core::ids::ProcessId;
use phpeek_core::list_map::Serials;
use phpeek_core::operation::{Cause, Operation};
use phpeek_core::spec::{Condition, ProcessSpec};
use std::sync::Arc;

const NOT_OVER: &str = "it was not over when the supervisor ended";

impl ProcessStory {
    pub(super) fn new(spec: Arc<ProcessSpec>) -> Self {
        Self {
            instances: Serials::with_capacity(spec.scale.get() as usize),
            spec,
            start: None,
            ending: None,
            stop: None,
            scale: None,
            reload: None,
            latest: SpanContext::NONE,
            ended: SpanContext::NONE,
            jobs: Vec::new(),
        }
    }

    pub(super) fn tell(&mut self, teller: &Teller<'_>, fact: &ProcessFact) {
        let at = teller.at;
        match fact {
            ProcessFact::StartBegan { operation, waits } => self.start_began(teller, operation, waits),
            ProcessFact::Up => {
                if let Some(start) = self.start.take() {
                    self.latest = start.span.context();
                    start.span.ok(at);
                }
            }
            ProcessFact::StartFailed(failure) => {
                if let Some(start) = self.start.take() {
                    self.latest = start.span.context();
                    self.end_start(at, start.span, failure.kind.as_str(), &failure.message);
                }
            }
            ProcessFact::StartInterrupted => {
                let why = "the start was interrupted by a stop";
                self.fail_start(at, names::ERROR_INTERRUPTED, why, why);
            }
            ProcessFact::ScaleBegan { operation, from, to } => {
                self.scale_began(teller, operation, (*from, *to))
            }
            ProcessFact::ScaleEnded(outcome) => self.scale_ended(at, *outcome),
            ProcessFact::ReloadBegan { operation, by } => self.reload_began(teller, operation, *by),
            ProcessFact::ReloadEnded(end) => self.reload_ended(at, *end),
            ProcessFact::StopBegan(operation) => self.stop_began(teller, operation),
            ProcessFact::Stopped => {
                if let Some(span) = self.stop.take() {
                    span.ok(at);
                }
            }
            ProcessFact::Ended(_) => {
                let why = "it ended before it was ready";
                self.fail_start(at, names::ERROR_NOT_READY, why, why);
                let ended = std::mem::replace(&mut self.ended, SpanContext::NONE);
                if ended.is_valid() {
                    self.latest = ended;
                }
            }
            ProcessFact::Changed(spec) => self.spec = spec.clone(),
            ProcessFact::RestartAbandoned => {} // told with the whole
            ProcessFact::Abandoned => self.abandon(teller),
            // Whatever was open ends as abandoned when it is dropped.
            ProcessFact::Lost => {
                (self.start, self.ending) = (None, None);
                (self.stop, self.scale, self.reload) = (None, None, None);
                self.instances.clear();
                self.jobs.clear();
            }
            // Those that need others are told by the story; an edge that is lost is told by no span.
            ProcessFact::NotReadyInTime => self.not_ready_in_time(at),
            ProcessFact::Added(_)
            | ProcessFact::Removed
            | ProcessFact::Ready
            | ProcessFact::Unready
            | ProcessFact::EdgeMet(_)
            | ProcessFact::EdgeGivenUp(_)
            | ProcessFact::EdgeFailed(..)
            | ProcessFact::EdgeLost(_) => {}
        }
    }

    fn not_ready_in_time(&mut self, at: Moment) {
        let why = "it was not ready within dependency_timeout";
        for i in self.instances.keys().collect::<Vec<u32>>() {
            self.end_wait(i, at, why);
        }
        self.fail_start(at, names::ERROR_NOT_READY, why, why);
    }

    fn start_began(&mut self, teller: &Teller<'_>, operation: &Operation, waits: &[(ProcessId, Condition)]) {
        let (spec, at) = (&self.spec, teller.at);
        let parent = teller.operations.of(operation.id);
        let mut span = teller.tracing.open(names::SPAN_START_PROCESS, &parent, at);
        if span.is_recording() {
            span.set(names::PROCESS_NAME, spec.name.as_str().to_owned());
            span.set(names::PROCESS_SCALE, i64::from(spec.scale.get()));
            span.set(names::PROCESS_TYPE, spec.kind.as_str());
            if let Cause::Dependency(_) = operation.cause {
                span.set(names::RESTART_REASON, restart_reason(&operation.cause));
            }
            if !waits.is_empty() {
                let name = |(on, _): &(ProcessId, _)| StringValue::from(teller.names.text(*on).to_owned());
                let list = waits.iter().map(name).collect();
                span.set(names::DEPENDS_ON, opentelemetry::Value::Array(Array::String(list)));
            }
        }
        let context = span.context();
        let open = |(on, condition): &(ProcessId, Condition)| {
            let mut span = teller.tracing.open(names::SPAN_WAIT_DEPENDENCY, &context, at);
            if span.is_recording() {
                span.set(names::PROCESS_NAME, spec.name.as_str().to_owned());
                span.set(names::DEPENDENCY_NAME, teller.names.text(*on).to_owned());
                span.set(names::DEPENDENCY_CONDITION, condition.as_str());
            }
            (*on, span)
        };
        let waits = waits.iter().map(open).collect();
        self.start = Some(Box::new(StartStory { operation: operation.id, span, waits }));
    }

    pub(super) fn edge_met(&mut self, at: Moment, on: ProcessId, link: &SpanContext) {
        if let Some(start) = &mut self.start {
            start.wait(on, link).ok(at);
        }
    }

    /// The wait has failed, and the start goes on.
    pub(super) fn edge_given_up(&mut self, at: Moment, on: ProcessId, link: &SpanContext) {
        if let Some(start) = &mut self.start {
            start.wait(on, link).fail(
                at,
                names::ERROR_DEPENDENCY_TIMEOUT,
                "it took too long; started without",
            );
        }
    }

    pub(super) fn edge_failed(
        &mut self,
        at: Moment,
        names_of: &Names,
        on: ProcessId,
        cause: &BootFailureCause,
        link: &SpanContext,
    ) {
        let Some(mut start) = self.start.take() else { return };
        let message = names_of.boot_failure(&BootFailure { process: Some(on), cause: cause.clone() });
        let error_type = boot_error_type(cause);
        start.wait(on, link).fail(at, error_type, &message);
        start.interrupt_waits(at, "another dependency failed");
        self.end_start(at, start.span, error_type, &message);
    }

    pub(super) fn fail_start(&mut self, at: Moment, error_type: &str, message: &str, interrupted: &str) {
        if let Some(mut start) = self.start.take() {
            start.interrupt_waits(at, interrupted);
            self.end_start(at, start.span, error_type, message);
        }
    }

    fn end_start(&mut self, at: Moment, span: OpenSpan, error_type: &str, message: &str) {
        let (error_type, message) = (error_type.to_owned(), message.to_owned());
        self.ending = Some(Box::new(Ending { span, error_type, message }));
        self.end_start_if_over(at);
    }

    /// Ends a start that has failed, once no program of it is being run.
    pub(super) fn end_start_if_over(&mut self, at: Moment) {
        if self.ending.is_none() || self.instances.values().any(InstanceStory::is_spawning) {
            return;
        }
        if let Some(ending) = self.ending.take() {
            ending.span.fail(at, &ending.error_type, &ending.message);
        }
    }

    fn scale_began(&mut self, teller: &Teller<'_>, operation: &Operation, (from, to): (u32, u32)) {
        let why = "another scale was asked for";
        self.scale.take().into_iter().for_each(|span| span.fail(teller.at, names::ERROR_INTERRUPTED, why));
        let parent = teller.operations.of(operation.id);
        let mut span = teller.tracing.open(names::SPAN_SCALE_PROCESS, &parent, teller.at);
        if span.is_recording() {
            span.set(names::PROCESS_NAME, self.spec.name.as_str().to_owned());
            span.set(names::SCALE_FROM, i64::from(from));
            span.set(names::SCALE_TO, i64::from(to));
        }
        self.scale = Some(Box::new(span));
    }

    fn scale_ended(&mut self, at: Moment, outcome: RestartOutcome) {
        let Some(span) = self.scale.take() else { return };
        match outcome {
            RestartOutcome::Up => span.ok(at),
            RestartOutcome::Failed => {
                span.fail(at, names::ERROR_SCALE_FAILED, "a new instance could not be started");
            }
        }
    }

    /// The scale under way, for what is part of it.
    pub(super) fn scale_context(&self) -> Option<SpanContext> {
        self.scale.as_ref().map(|span| span.context())
    }

    fn stop_began(&mut self, teller: &Teller<'_>, operation: &Operation) {
        for instance in self.instances.values_mut() {
            instance.end_own_stop(teller.at, "the whole process is stopped");
        }
        let parent = teller.operations.of(operation.id);
        let mut span = teller.tracing.open(names::SPAN_STOP_PROCESS, &parent, teller.at);
        if span.is_recording() {
            span.set(names::PROCESS_NAME, self.spec.name.as_str().to_owned());
        }
        self.stop = Some(span);
    }

    fn abandon(&mut self, teller: &Teller<'_>) {
        let at = teller.at;
        self.fail_start(at, names::ERROR_INTERRUPTED, NOT_OVER, NOT_OVER);
        let serials: Vec<u32> = self.instances.keys().collect();
        for i in serials {
            self.abandon_instance(teller, i, NOT_OVER);
        }
        self.end_start_if_over(at);
        for span in [self.stop.take(), self.scale.take().map(|span| *span)].into_iter().flatten() {
            span.fail(at, names::ERROR_DEADLINE, "not everything was stopped in time");
        }
    }

    /// The span that starts the run of an instance.
    pub(super) fn context_of_run(&self, serial: u32) -> SpanContext {
        let job = self.job_of(serial).map(|job| job.span.context());
        job.or_else(|| self.instances.get(serial).map(InstanceStory::context_of_run))
            .unwrap_or(SpanContext::NONE)
    }
}
