//! The spans of hooks: `hook.execute`, below the operation that a hook belongs to.

use super::attributes::set_exit;
use super::open::{Ending, ProcessStory};
use super::{Story, Teller};
use crate::clock::Moment;
use crate::phrases::{HOOK_STOPPED, hook_error_type};
use crate::trace::{OpenSpan, Tracing, names};
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanContext;
use phpeek_core::facts::{HookEnd, HookFact, HookOutcome};
use phpeek_core::hook::{HookSpec, Stage};
use phpeek_core::lifecycle::SignalStep;
use phpeek_core::member::list;

/// The span of a hook that begins.
pub(super) fn open_hook(
    tracing: &Tracing,
    parent: &SpanContext,
    hook: &HookSpec,
    stage: Stage,
    at: Moment,
) -> OpenSpan {
    let mut span = tracing.open(names::SPAN_HOOK, parent, at);
    if span.is_recording() {
        let command = &hook.program.command;
        let program = command.program();
        span.set(names::HOOK_NAME, hook.name.to_string());
        span.set(names::HOOK_TYPE, stage.as_str());
        span.set(names::PROCESS_EXECUTABLE_NAME, program.rsplit('/').next().unwrap_or(program).to_owned());
        span.set(names::PROCESS_ARGS_COUNT, i64::try_from(command.argv().len()).unwrap_or(i64::MAX));
    }
    span
}

/// What happens between its begin and its end.
pub(super) fn note_hook(span: &mut OpenSpan, at: Moment, fact: &HookFact) {
    match fact {
        HookFact::Signalled { signal, step, delivered } => {
            let name = match step {
                SignalStep::Request => names::EVENT_SIGNAL_SENT,
                SignalStep::Escalation => names::EVENT_ESCALATED,
            };
            span.event(name, at, || {
                vec![
                    KeyValue::new(names::SIGNAL, signal.to_string()),
                    KeyValue::new(names::SIGNAL_DELIVERED, *delivered),
                ]
            });
        }
        HookFact::LeftAlone(members) => {
            span.event(names::EVENT_LEFT, at, || vec![KeyValue::new(names::STOP_LEFT, list(members))])
        }
        HookFact::TriedInVain { attempt, fault, why, .. } => {
            span.event(names::EVENT_TRIED_IN_VAIN, at, || {
                vec![
                    KeyValue::new(names::HOOK_ATTEMPT, i64::from(*attempt)),
                    KeyValue::new(names::ERROR_TYPE, hook_error_type(*fault).into_owned()),
                    KeyValue::new(names::ERROR, why.clone()),
                ]
            })
        }
        HookFact::Began { .. }
        | HookFact::Ordered { .. }
        | HookFact::Started { .. }
        | HookFact::Daemonised(_)
        | HookFact::Ended(_)
        | HookFact::Skipped { .. } => {}
    }
}

/// Ends the span of a hook.
pub(super) fn end_hook(mut span: OpenSpan, at: Moment, end: &HookEnd) {
    span.set(names::HOOK_ATTEMPTS, i64::from(end.attempts));
    if let Some(pid) = end.pid {
        span.set(names::PROCESS_PID, i64::from(pid));
    }
    if let Some(exit) = end.exit {
        set_exit(&mut span, exit);
    }
    match &end.outcome {
        HookOutcome::Succeeded => span.ok(at),
        HookOutcome::Failed(fault, why) => span.fail(at, &hook_error_type(*fault), why),
        HookOutcome::Interrupted => span.fail(at, names::ERROR_INTERRUPTED, HOOK_STOPPED),
    }
}

impl Story {
    /// Of a hook of the system: below the shutdown once there is one, else below the boot.
    pub(super) fn tell_of_hook(&mut self, at: Moment, fact: &HookFact) {
        match fact {
            HookFact::Began { hook, stage } => {
                let operation = self.system.shutdown.as_ref().or(self.system.boot.as_ref());
                let parent = operation.map_or(SpanContext::NONE, OpenSpan::context);
                self.system.hook = Some(open_hook(&self.tracing, &parent, hook, *stage, at));
            }
            HookFact::Ended(end) => {
                if let Some(span) = self.system.hook.take() {
                    end_hook(span, at, end);
                }
                if let Some(Ending { span, error_type, message }) = self.system.ending.take() {
                    span.fail(at, &error_type, &message);
                }
            }
            other => {
                if let Some(span) = &mut self.system.hook {
                    note_hook(span, at, other);
                }
            }
        }
    }
}

impl ProcessStory {
    /// Of a hook of an instance: below the stop, restart or start that it is part of. Between these it has a trace of
    /// its own, linked to the run; that of a folded restart is as folded.
    pub(super) fn tell_of_hook(&mut self, teller: &Teller<'_>, i: u32, fact: &HookFact) {
        let at = teller.at;
        match fact {
            HookFact::Began { hook, stage } => {
                let Some(span) = self.open_own_hook(teller, i, hook, *stage) else { return };
                self.of(i, |instance| {
                    let spans = instance.spans();
                    spans.hook = Some(span);
                    if *stage == Stage::PreStart
                        && let Some(backoff) = spans.backoff.take()
                    {
                        backoff.ok(at); // the next run is wanted, and waits for this
                    }
                });
            }
            HookFact::Ended(end) => {
                let waits = self.spec.has_readiness();
                self.of(i, |instance| {
                    if let Some(spans) = &mut instance.spans {
                        if let Some(span) = spans.hook.take() {
                            end_hook(span, at, end);
                        }
                        if end.last && !waits {
                            spans.end_restart(at);
                        }
                    }
                    instance.tidy();
                });
                self.end_start_if_over(at);
            }
            other => {
                let spans = self.instances.get_mut(i).and_then(|instance| instance.spans.as_mut());
                if let Some(span) = spans.and_then(|spans| spans.hook.as_mut()) {
                    note_hook(span, at, other);
                }
            }
        }
    }

    fn open_own_hook(&self, teller: &Teller<'_>, i: u32, hook: &HookSpec, stage: Stage) -> Option<OpenSpan> {
        let instance = self.instances.get(i).filter(|instance| instance.folded.is_none())?;
        let spans = instance.spans.as_deref();
        let restart = spans.and_then(|spans| spans.restart.as_ref().or(spans.ending.as_ref()));
        let job = self.job_of(i).map(|job| &job.span);
        let start = job.or_else(|| self.start.as_ref().map(|start| &start.span));
        let parent = match stage {
            Stage::PreStart | Stage::PostStart => restart.or(start),
            Stage::Reload => self.reload.as_deref(),
            Stage::PreStop | Stage::PostStop => {
                spans.and_then(|spans| spans.stop.as_ref()).or(self.stop.as_ref()).or(restart)
            }
        };
        let context = parent.map_or(SpanContext::NONE, OpenSpan::context);
        let mut span = open_hook(teller.tracing, &context, hook, stage, teller.at);
        self.name_instance(&mut span, i);
        if parent.is_none() {
            span.link(names::LINK_PREVIOUS_RUN, &instance.origin);
        }
        Some(span)
    }
}
