//! The effects of a machine, performed: launches and signals through the ports, and the spans and records that tell
//! of them. Called by `ProcessActor::step`, in the order in which the machine asked.

use super::ProcessActor;
use super::deaths::{Death, Verdict};
use super::facts::{millis, set_autopsy};
use crate::clock::Moment;
use crate::ports::{LaunchOrder, Level};
use crate::trace::{OpenSpan, names};
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanContext;
use phpeek_core::lifecycle::{Effect, Failure, Rest, SignalStep, State};
use phpeek_core::member::list;
use phpeek_core::outcome::{Exit, SpawnFailureKind};
use phpeek_core::signal::Signal;
use phpeek_core::spec::ProcessKind;
use std::time::Duration;

impl ProcessActor {
    pub(super) fn perform(&mut self, i: usize, at: Moment, effect: Effect) {
        match effect {
            Effect::Spawn { run } => self.spawn(i, at, run),
            Effect::Signal { run, signal, step } => self.signal(i, at, run, signal, step),
            Effect::Cancel { run } => self.world.launcher.cancel(self.task_id(i, run)),
            Effect::Leave { run } => self.leave(i, at, run),
            Effect::RunStarted { run } => self.run_started(i, at, run),
            Effect::RunEnded { exit, .. } => self.run_ended(i, at, exit),
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

    pub(super) fn instance_id(&self, i: usize) -> String {
        self.spec.name.instance_id(u32::try_from(i).unwrap_or(u32::MAX))
    }

    fn spawn(&mut self, i: usize, at: Moment, run: u64) {
        self.end_reported = false;
        self.instances[i].pid = 0;
        if let Some(span) = self.instances[i].spans().backoff.take() {
            span.ok(at);
        }
        let context = self.order_span(i, at, run);
        let (task, program) = (self.task_id(i, run), self.spec.program.clone());
        self.world.launcher.launch(LaunchOrder { task, program, context });
    }

    /// The span of a run that is asked for: under the restart that asks for it, else under the start.
    pub(super) fn open_spawn(&mut self, i: usize, at: Moment, run: u64) -> OpenSpan {
        let start = self.start.as_ref().map(|s| s.span.context());
        let spans = self.instances[i].spans();
        let parent = spans.restart.as_ref().map(OpenSpan::context).or(start).unwrap_or(SpanContext::NONE);
        self.open_spawn_under(&parent, i, at, run)
    }

    pub(super) fn open_spawn_under(&self, parent: &SpanContext, i: usize, at: Moment, run: u64) -> OpenSpan {
        let mut span = self.world.tracing.open(names::SPAN_SPAWN, parent, at);
        if span.is_recording() {
            let program = self.spec.program.command.program();
            let program = program.rsplit('/').next().unwrap_or(program);
            self.name_instance(&mut span, i);
            span.set(names::PROCESS_EXECUTABLE_NAME, program.to_owned());
            span.set(
                names::PROCESS_ARGS_COUNT,
                i64::try_from(self.spec.program.command.argv().len()).unwrap_or(i64::MAX),
            );
            span.set(names::PROCESS_INCARNATION, i64::try_from(run).unwrap_or(i64::MAX));
        }
        span
    }

    fn signal(&mut self, i: usize, at: Moment, run: u64, signal: Signal, step: SignalStep) {
        let untold =
            matches!(self.instances[i].machine.state(), State::Draining { .. }) && self.in_long_loop(i);
        if !untold && self.stop.is_none() && self.instances[i].spans().stop.is_none() {
            let span = self.open_own_stop(i, at);
            self.instances[i].spans().stop = Some(span);
        }
        let sent = self.world.launcher.signal_group(self.task_id(i, run), signal);
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

    /// What SIGKILL does not help against is named, and nothing waits for it any more.
    fn leave(&mut self, i: usize, at: Moment, run: u64) {
        let members = self.world.launcher.leave(self.task_id(i, run));
        let message = "cannot be ended, and is left alone";
        self.log(at, Level::Error, message, Some(i), || vec![("left", list(&members).into())]);
        let id = self.instance_name(i);
        self.stop_event(i, names::EVENT_LEFT, at, || {
            vec![
                KeyValue::new(names::PROCESS_INSTANCE_ID, id()),
                KeyValue::new(names::STOP_LEFT, list(&members)),
            ]
        });
    }

    /// The stop of one instance alone: part of its restart, or what a dead leader left behind.
    pub(super) fn open_own_stop(&mut self, i: usize, at: Moment) -> OpenSpan {
        let instance = &mut self.instances[i];
        let origin = instance.origin.clone();
        let parent = instance.spans().restart.as_ref().map_or(SpanContext::NONE, OpenSpan::context);
        let mut span = self.world.tracing.open(names::SPAN_STOP_PROCESS, &parent, at);
        if span.is_recording() {
            span.link(names::LINK_PREVIOUS_RUN, &origin);
            self.name_instance(&mut span, i);
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
        self.folded_run_up(i, at, pid);
        let instance = &mut self.instances[i];
        for signal in std::mem::take(&mut instance.relays) {
            self.world.launcher.signal_leader(self.task_id(i, run), signal);
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

    fn run_ended(&mut self, i: usize, at: Moment, exit: Exit) {
        let id = self.instance_name(i);
        self.stop_event(i, names::EVENT_GROUP_EMPTY, at, || {
            vec![KeyValue::new(names::PROCESS_INSTANCE_ID, id())]
        });
        if let Some(span) = self.instances[i].spans.as_mut().and_then(|s| s.stop.take()) {
            span.ok(at);
        }
        self.world.status.ended(self.index, u32::try_from(i).unwrap_or(u32::MAX), exit);
        self.instances[i].tidy();
        self.bury(i, at);
    }

    fn backoff_began(&mut self, i: usize, at: Moment, delay: Duration) {
        self.note_backoff(i, at, delay);
        self.log(at, Level::Info, "waiting before the next run", Some(i), || {
            vec![("delay_ms", millis(delay).into())]
        });
    }

    fn rested(&mut self, i: usize, at: Moment, rest: Rest) {
        let restarts = self.instances[i].machine.budget().restarts();
        let count = self.instances[i].crash_loop.as_ref().map_or(0, |own| own.count());
        self.end_loop(i);
        let instance = &mut self.instances[i];
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
        if restarts > 0 || !matches!(failure, Some(Failure::Spawn(_))) {
            self.end_span(i, at, failure, count);
        }
    }

    /// An end that nothing follows. For a oneshot its span is the whole run, below its spawn: what its dependents
    /// waited for is then seen in the trace of the start. For a process that was meant to stay it is a moment, linked
    /// to the spawn: its life would be a span of weeks.
    fn end_span(&mut self, i: usize, at: Moment, failure: Option<Failure>, count: u64) {
        let obituary = self.instances[i].obituary.take();
        let restarts = self.instances[i].machine.budget().restarts();
        let mut span = match (&obituary, self.spec.kind) {
            (Some(obituary), ProcessKind::Oneshot) => self.open_run(i, &obituary.death),
            (Some(obituary), _) => self.open_exit(i, &obituary.death),
            (None, _) => {
                let mut span = self.world.tracing.open(names::SPAN_EXIT, &SpanContext::NONE, at);
                if span.is_recording() {
                    span.link(names::LINK_PREVIOUS_RUN, &self.instances[i].origin);
                    self.name_instance(&mut span, i);
                }
                span
            }
        };
        self.ended = span.context();
        if count > 0 {
            span.set(names::RESTART_COUNT, i64::try_from(count).unwrap_or(i64::MAX));
        }
        let verdict = match failure {
            None => Verdict::Ok,
            Some(Failure::Exit(exit)) => {
                let error_type = obituary.as_ref().map_or("exit".into(), |o| o.death.autopsy.error_type());
                Verdict::Failed(error_type, format!("ended with {exit}"))
            }
            Some(Failure::Spawn(kind)) => {
                let message = format!("gave up after {restarts} restarts: it could not be started");
                self.log(at, Level::Error, message.clone(), Some(i), Vec::new);
                Verdict::Failed(kind.as_str().into(), message)
            }
            Some(Failure::GaveUp(exit)) => {
                let message = format!("gave up after {restarts} restarts: {exit}");
                self.log(at, Level::Error, message.clone(), Some(i), Vec::new);
                Verdict::Failed("gave_up".into(), message)
            }
        };
        let Some(mut obituary) = obituary else { return verdict.end(span, at) };
        obituary.left = matches!(failure, Some(Failure::GaveUp(_))).then_some(0);
        (obituary.span, obituary.verdict) = (span, verdict);
        self.instances[i].obituary = Some(obituary);
    }

    /// The run of a oneshot, below its spawn.
    fn open_run(&self, i: usize, death: &Death) -> OpenSpan {
        let began = death.ended.saturating_sub(death.uptime);
        let mut span = self.world.tracing.open(names::SPAN_RUN, &self.instances[i].origin, began);
        if span.is_recording() {
            self.name_instance(&mut span, i);
            set_autopsy(&mut span, &death.autopsy, death.uptime);
        }
        span
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
