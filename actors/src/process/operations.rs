//! The spans of what a `ProcessActor` has under way: the start and the stop of the process, and for each instance
//! its spawn, its restart, its wait and its own stop. Values that end their spans; they decide nothing.

use super::Wait;
use crate::clock::Moment;
use crate::trace::{OpenSpan, Tracing, names};
use opentelemetry::trace::SpanContext;
use opentelemetry::{Array, StringValue};
use phpeek_core::spec::{ProcessIndex, ProcessSpec};

/// The start of the process: from the moment it was asked for until all instances run.
pub(super) struct StartOperation {
    pub(super) span: OpenSpan,
    waits: Vec<(ProcessIndex, OpenSpan)>,
    /// Instances that have not been seen to run.
    pub(super) missing: usize,
    /// Whether an instance could not be started: told once.
    pub(super) failed: bool,
}

impl StartOperation {
    pub(super) fn begin(
        tracing: &Tracing,
        parent: &SpanContext,
        at: Moment,
        spec: &ProcessSpec,
        depends_on: &[Wait],
    ) -> Self {
        let mut span = tracing.open(names::SPAN_START_PROCESS, parent, at);
        if span.is_recording() {
            span.set(names::PROCESS_NAME, spec.name.as_str().to_owned());
            span.set(names::PROCESS_SCALE, i64::from(spec.scale.get()));
            span.set(names::PROCESS_TYPE, spec.kind.as_str());
            if !depends_on.is_empty() {
                let list = depends_on.iter().map(|w| StringValue::from(w.name.as_str().to_owned())).collect();
                span.set(names::DEPENDS_ON, opentelemetry::Value::Array(Array::String(list)));
            }
        }
        let context = span.context();
        let open = |wait: &Wait| {
            let mut span = tracing.open(names::SPAN_WAIT_DEPENDENCY, &context, at);
            if span.is_recording() {
                span.set(names::PROCESS_NAME, spec.name.as_str().to_owned());
                span.set(names::DEPENDENCY_NAME, wait.name.as_str().to_owned());
                span.set(names::DEPENDENCY_CONDITION, wait.condition.as_str());
            }
            (wait.process, span)
        };
        let waits = depends_on.iter().map(open).collect();
        Self { span, waits, missing: spec.scale.get() as usize, failed: false }
    }

    /// Takes the span of the wait for this dependency, with a link to what was waited for.
    pub(super) fn wait(&mut self, dependency: ProcessIndex, link: &SpanContext) -> OpenSpan {
        let Some(i) = self.waits.iter().position(|(p, _)| *p == dependency) else { return OpenSpan::none() };
        let mut span = self.waits.swap_remove(i).1;
        span.link(names::LINK_DEPENDENCY, link);
        span
    }

    /// Ends the start as failed, and every wait that is still open as interrupted.
    pub(super) fn fail(mut self, at: Moment, error_type: &str, message: &str, interrupted: &str) {
        for (_, span) in self.waits.drain(..) {
            span.fail(at, names::ERROR_INTERRUPTED, interrupted);
        }
        self.span.fail(at, error_type, message);
    }
}

/// The stop of the process: from the moment it was asked for until all instances rest.
pub(super) struct StopOperation {
    pub(super) span: OpenSpan,
}

/// The spans of one instance.
#[derive(Default)]
pub(super) struct InstanceSpans {
    /// `process.spawn` of the run that is being started.
    pub(super) spawn: Option<OpenSpan>,
    /// `process_manager.restart_process` under way.
    pub(super) restart: Option<OpenSpan>,
    /// `process.backoff` under way.
    pub(super) backoff: Option<OpenSpan>,
    /// `process_manager.stop_process` of this instance alone: in a rolling restart, or for what a dead leader left.
    pub(super) stop: Option<OpenSpan>,
}

impl InstanceSpans {
    pub(super) fn is_empty(&self) -> bool {
        self.spawn.is_none() && self.restart.is_none() && self.backoff.is_none() && self.stop.is_none()
    }

    /// The operation that a change of state is part of.
    pub(super) fn operation(&mut self) -> Option<&mut OpenSpan> {
        self.stop.as_mut().or(self.restart.as_mut()).or(self.spawn.as_mut())
    }

    /// Ends wait and restart: something else came first.
    pub(super) fn interrupt_restart(&mut self, at: Moment, why: &str) {
        if let Some(span) = self.backoff.take() {
            span.fail(at, names::ERROR_INTERRUPTED, why);
        }
        if let Some(span) = self.restart.take() {
            span.fail(at, names::ERROR_INTERRUPTED, why);
        }
    }

    /// Ends all of them: something else came first.
    pub(super) fn interrupt(mut self, at: Moment, why: &str) {
        for span in [self.spawn.take(), self.stop.take()].into_iter().flatten() {
            span.fail(at, names::ERROR_INTERRUPTED, why);
        }
        self.interrupt_restart(at, why);
    }
}
