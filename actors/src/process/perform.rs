//! The effects of a machine, performed: launches and signals through the ports, and the spans and records that tell
//! of them. Called by `ProcessActor::step`, in the order in which the machine asked.

use super::ProcessActor;
use crate::clock::Moment;
use crate::ports::{LaunchOrder, Level};
use crate::trace::{OpenSpan, names};
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanContext;
use phpeek_core::lifecycle::{Cause, Effect, Failure, Rest, SignalStep};
use phpeek_core::outcome::{Exit, SpawnFailureKind};
use phpeek_core::signal::Signal;
use phpeek_core::spec::ProcessKind;
use std::time::Duration;

impl ProcessActor {
    pub(super) fn perform(&mut self, i: usize, at: Moment, effect: Effect) {
        match effect {
            Effect::Spawn { run } => self.spawn(i, at, run),
            Effect::Signal { run, signal, step } => self.signal(i, at, run, signal, step),
            Effect::RunStarted { run } => self.run_started(i, at, run),
            Effect::RunEnded { exit, uptime, .. } => self.run_ended(i, at, exit, uptime),
            Effect::Restarting { after, attempt } => self.restarting(i, at, after, attempt),
            Effect::BackoffBegan { delay } => self.backoff_began(i, at, delay),
            Effect::Rested(rest) => self.rested(i, at, rest),
        }
    }

    /// The id of an instance for when it is needed: a text for each step of each stop would cost more than the stop.
    pub(super) fn instance_name(&self, i: usize) -> impl FnOnce() -> String + use<> {
        let name = self.spec.name.clone();
        move || name.instance_id(u32::try_from(i).unwrap_or(u32::MAX))
    }

    fn instance_id(&self, i: usize) -> String {
        self.spec.name.instance_id(u32::try_from(i).unwrap_or(u32::MAX))
    }

    fn spawn(&mut self, i: usize, at: Moment, run: u64) {
        self.end_reported = false;
        self.instances[i].pid = 0;
        if let Some(span) = self.instances[i].spans().backoff.take() {
            span.ok(at);
        }
        let span = self.open_spawn(i, at, run);
        let context = span.context();
        self.instances[i].spans().spawn = Some(span);
        self.world.launcher.launch(LaunchOrder { id: self.run_id(i, run), spec: self.spec.clone(), context });
    }

    /// The span of a run that is asked for: under the restart that asks for it, else under the start.
    pub(super) fn open_spawn(&mut self, i: usize, at: Moment, run: u64) -> OpenSpan {
        let start = self.start.as_ref().map(|s| s.span.context());
        let spans = self.instances[i].spans();
        let parent = spans.restart.as_ref().map(OpenSpan::context).or(start).unwrap_or(SpanContext::NONE);
        let mut span = self.world.tracing.open(names::SPAN_SPAWN, &parent, at);
        if span.is_recording() {
            let program = self.spec.command.program();
            let program = program.rsplit('/').next().unwrap_or(program);
            span.set(names::PROCESS_NAME, self.spec.name.as_str().to_owned());
            span.set(names::PROCESS_INSTANCE_ID, self.instance_id(i));
            span.set(names::PROCESS_EXECUTABLE_NAME, program.to_owned());
            span.set(
                names::PROCESS_ARGS_COUNT,
                i64::try_from(self.spec.command.argv().len()).unwrap_or(i64::MAX),
            );
            span.set(names::PROCESS_INCARNATION, i64::try_from(run).unwrap_or(i64::MAX));
        }
        span
    }

    fn signal(&mut self, i: usize, at: Moment, run: u64, signal: Signal, step: SignalStep) {
        if self.stop.is_none() && self.instances[i].spans().stop.is_none() {
            let span = self.open_own_stop(i, at);
            self.instances[i].spans().stop = Some(span);
        }
        let sent = self.world.launcher.signal_group(self.run_id(i, run), signal);
        let id = self.instance_name(i);
        let name = match step {
            SignalStep::Request => names::EVENT_SIGNAL_SENT,
            SignalStep::Escalation => names::EVENT_ESCALATED,
        };
        self.stop_event(i, name, at, || {
            vec![
                KeyValue::new(names::SIGNAL, signal.to_string()),
                KeyValue::new(names::PROCESS_INSTANCE_ID, id()),
                KeyValue::new(names::SIGNAL_DELIVERED, sent),
            ]
        });
        if step == SignalStep::Escalation {
            self.log(
                at,
                Level::Warn,
                "did not stop in time, or there is no time: sending a stronger signal",
                Some(i),
                || vec![("signal", signal.to_string().into())],
            );
        }
    }

    /// The stop of one instance alone: part of its restart, or what a dead leader left behind.
    pub(super) fn open_own_stop(&mut self, i: usize, at: Moment) -> OpenSpan {
        let instance = &mut self.instances[i];
        let origin = instance.origin.clone();
        let parent = instance.spans().restart.as_ref().map_or(SpanContext::NONE, OpenSpan::context);
        let mut span = self.world.tracing.open_linked(names::SPAN_STOP_PROCESS, &parent, at, &[origin]);
        if span.is_recording() {
            span.set(names::PROCESS_NAME, self.spec.name.as_str().to_owned());
            span.set(names::PROCESS_INSTANCE_ID, self.instance_id(i));
        }
        span
    }

    /// Adds an event to the stop that this instance is part of.
    pub(super) fn stop_event(
        &mut self,
        i: usize,
        name: &'static str,
        at: Moment,
        attributes: impl FnOnce() -> Vec<KeyValue>,
    ) {
        let own = self.instances.get_mut(i).and_then(|x| x.spans.as_mut()).and_then(|s| s.stop.as_mut());
        if let Some(span) = own.or(self.stop.as_mut().map(|s| &mut s.span)) {
            span.event(name, at, attributes);
        }
    }

    fn run_started(&mut self, i: usize, at: Moment, run: u64) {
        let instance = &mut self.instances[i];
        let pid = instance.pid;
        if run > 1 {
            instance.restarts = instance.restarts.saturating_add(1);
        }
        let spans = instance.spans();
        let restart = spans.restart.take();
        if let Some(mut span) = spans.spawn.take() {
            if pid > 0 {
                span.set(names::PROCESS_PID, i64::from(pid)); // an end may be told before the pid is
            }
            instance.origin = span.context();
            span.ok(at);
        }
        if let Some(span) = restart {
            span.ok(at);
        }
        instance.tidy();
        for signal in std::mem::take(&mut instance.relays) {
            self.world.launcher.signal_leader(self.run_id(i, run), signal);
        }
        let instance = &mut self.instances[i];
        if std::mem::take(&mut instance.awaited)
            && let Some(start) = &mut self.start
        {
            start.missing = start.missing.saturating_sub(1);
        }
        self.log(at, Level::Info, "started", Some(i), || {
            vec![("pid", i64::from(pid).into()), ("run", i64::try_from(run).unwrap_or(i64::MAX).into())]
        });
        self.roll_on(i, at, run);
    }

    fn run_ended(&mut self, i: usize, at: Moment, exit: Exit, uptime: Duration) {
        let id = self.instance_name(i);
        self.stop_event(i, names::EVENT_GROUP_EMPTY, at, || {
            vec![KeyValue::new(names::PROCESS_INSTANCE_ID, id())]
        });
        if let Some(span) = self.instances[i].spans.as_mut().and_then(|s| s.stop.take()) {
            span.ok(at);
        }
        self.instances[i].uptime = uptime;
        self.world.status.ended(self.index, u32::try_from(i).unwrap_or(u32::MAX), exit);
        self.instances[i].tidy();
        let asked = self.stop.is_some() || self.rolling.as_ref().is_some_and(|r| r.current == i);
        let level = if asked || exit.is_success() { Level::Info } else { Level::Warn };
        if !self.world.log.enabled(level) {
            return;
        }
        self.log(at, level, format!("ended: {exit}"), Some(i), || {
            let uptime = i64::try_from(uptime.as_millis()).unwrap_or(i64::MAX);
            let mut fields = vec![("uptime_ms", uptime.into())];
            match exit {
                Exit::Code(code) => fields.push(("exit_code", i64::from(code).into())),
                Exit::Signal { signal, core } => {
                    fields.push(("signal", signal.to_string().into()));
                    fields.push(("core_dumped", core.into()));
                }
            }
            fields
        });
    }

    fn restarting(&mut self, i: usize, at: Moment, after: Cause, attempt: u32) {
        let reason = match after {
            Cause::Exit(exit) if exit.is_success() => "normal_exit",
            Cause::Exit(_) | Cause::Spawn(_) => "crash",
        };
        let left = self.instances[i].machine.budget().left(self.policy.restart.attempts);
        let origin = self.instances[i].origin.clone();
        let mut span =
            self.world.tracing.open_linked(names::SPAN_RESTART_PROCESS, &SpanContext::NONE, at, &[origin]);
        if span.is_recording() {
            span.set(names::PROCESS_NAME, self.spec.name.as_str().to_owned());
            span.set(names::PROCESS_INSTANCE_ID, self.instance_id(i));
            span.set(names::RESTART_REASON, reason);
            span.set(names::RESTART_ATTEMPT, i64::from(attempt));
            if let Some(left) = left {
                span.set(names::RESTART_BUDGET_LEFT, i64::from(left));
            }
            if let Cause::Exit(exit) = after {
                set_exit(&mut span, exit);
            }
        }
        self.instances[i].spans().restart = Some(span);
    }

    fn backoff_began(&mut self, i: usize, at: Moment, delay: Duration) {
        let millis = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
        let spans = self.instances[i].spans();
        let parent = spans.restart.as_ref().map_or(SpanContext::NONE, OpenSpan::context);
        let mut span = self.world.tracing.open(names::SPAN_BACKOFF, &parent, at);
        if span.is_recording() {
            span.set(names::PROCESS_NAME, self.spec.name.as_str().to_owned());
            span.set(names::BACKOFF_DELAY_MS, millis);
        }
        self.instances[i].spans().backoff = Some(span);
        self.log(at, Level::Info, "waiting before the next run", Some(i), || {
            vec![("delay_ms", millis.into())]
        });
    }

    fn rested(&mut self, i: usize, at: Moment, rest: Rest) {
        let instance = &mut self.instances[i];
        let origin = instance.origin.clone();
        if let Some(spans) = &mut instance.spans {
            spans.interrupt_restart(at, "stopped before the next run");
            if let Some(span) = spans.spawn.take() {
                span.fail(at, names::ERROR_INTERRUPTED, "stopped before the program ran");
            }
        }
        instance.tidy();
        instance.relays.clear();
        let failure = match rest {
            Rest::Stopped => return,
            Rest::Completed => None,
            Rest::Failed(failure) => Some(failure),
        };
        if let Some(failure) = failure {
            self.failed_code = Some(failure_code(failure));
        }
        // A first spawn that failed has a span of its own; one that was tried again and again is given up here.
        let gave_up = self.instances[i].machine.budget().restarts() > 0;
        if gave_up || !matches!(failure, Some(Failure::Spawn(_))) {
            self.end_span(i, at, origin, failure);
        }
    }

    /// An end that nothing follows has no restart to tell of it: a span of its own does. For a oneshot it is the
    /// whole run, below its spawn: what its dependents waited for is then seen in the trace of the start. For a
    /// process that was meant to stay it is a moment, linked to the spawn: its life would be a span of weeks.
    fn end_span(&mut self, i: usize, at: Moment, origin: SpanContext, failure: Option<Failure>) {
        let tracing = &self.world.tracing;
        let mut span = match self.spec.kind {
            ProcessKind::Oneshot => {
                tracing.open(names::SPAN_RUN, &origin, at.saturating_sub(self.instances[i].uptime))
            }
            ProcessKind::LongRun | ProcessKind::Scheduled => {
                tracing.open_linked(names::SPAN_EXIT, &SpanContext::NONE, at, &[origin])
            }
        };
        if span.is_recording() {
            span.set(names::PROCESS_NAME, self.spec.name.as_str().to_owned());
            span.set(names::PROCESS_INSTANCE_ID, self.instance_id(i));
            match failure {
                None => set_exit(&mut span, Exit::Code(0)),
                Some(Failure::Exit(exit) | Failure::GaveUp(exit)) => set_exit(&mut span, exit),
                Some(Failure::Spawn(_)) => {}
            }
        }
        let restarts = self.instances[i].machine.budget().restarts();
        match failure {
            None => span.ok(at),
            Some(Failure::Exit(exit)) => span.fail(at, "exit", &format!("ended with {exit}")),
            Some(Failure::Spawn(kind)) => {
                let message = format!("gave up after {restarts} restarts: it could not be started");
                span.fail(at, kind.as_str(), &message);
                self.log(at, Level::Error, message, Some(i), Vec::new);
            }
            Some(Failure::GaveUp(exit)) => {
                let message = format!("gave up after {restarts} restarts: {exit}");
                span.fail(at, "gave_up", &message);
                self.log(at, Level::Error, message, Some(i), Vec::new);
            }
        }
    }
}

/// The code that a container ends with because of this.
pub(super) fn failure_code(failure: Failure) -> u8 {
    match failure {
        Failure::Exit(exit) | Failure::GaveUp(exit) => exit.shell_code(),
        // As a shell says it.
        Failure::Spawn(SpawnFailureKind::NotFound) => 127,
        Failure::Spawn(SpawnFailureKind::NotExecutable) => 126,
        Failure::Spawn(_) => 1,
    }
}

/// How a run ended, as attributes of a span.
fn set_exit(span: &mut OpenSpan, exit: Exit) {
    match exit {
        Exit::Code(code) => span.set(names::PROCESS_EXIT_CODE, i64::from(code)),
        Exit::Signal { signal, core } => {
            span.set(names::PROCESS_EXIT_SIGNAL, signal.to_string());
            span.set(names::PROCESS_EXIT_CORE, core);
        }
    }
}
