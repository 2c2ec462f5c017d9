//! The effects of the fleet, performed: commands to the processes, and the spans and records of boot, rolling restart
//! and shutdown. Called by `ManagerActor::step`, in the order in which the machine asked.

use super::{Finished, ManagerActor, RestartOrigin, sender_fields, set_sender};
use crate::clock::Moment;
use crate::envelope::Envelope;
use crate::ports::Level;
use crate::process::{Command, Wait};
use crate::trace::names;
use crate::world::SystemState;
use actix::{AsyncContext, Context, WrapFuture};
use opentelemetry::trace::SpanContext;
use phpeek_core::fleet::{
    BootFailure, BootFailureCause, Effect, Outcome, RestartEnd, RestartScope, ShutdownReason,
};
use phpeek_core::spec::{Condition, ProcessIndex};
use tokio::sync::oneshot;

impl ManagerActor {
    pub(super) fn perform(&mut self, at: Moment, effect: Effect, ctx: &mut Context<Self>) {
        match effect {
            Effect::Begin(process, waits) => {
                let waits = self.waits(&waits);
                self.command(process, self.operations.boot_parent(), at, Command::Begin(waits));
            }
            Effect::DependencyMet(process, on) => {
                self.command(process, self.context_of(on), at, Command::DependencyMet(on));
            }
            Effect::DependencyFailed(process, on, cause) => {
                let failure = BootFailure { process: on, cause };
                let command = Command::DependencyFailed {
                    process: on,
                    error_type: error_type(cause),
                    message: self.failure_text(&failure),
                };
                self.command(process, self.context_of(on), at, command);
            }
            Effect::Start(process) => {
                self.command(process, self.operations.boot_parent(), at, Command::Start)
            }
            Effect::BootSucceeded => self.boot_succeeded(at),
            Effect::BootFailed(failure) => self.boot_failed(at, &failure),
            Effect::RestartBegan(scope) => self.restart_began(at, scope),
            Effect::Restart(process) => {
                self.operations.restarted = true;
                let reason = self.restart_origin.reason();
                self.command(process, self.operations.restart_parent(), at, Command::Restart { reason });
            }
            Effect::AbandonRestart(process) => {
                self.command(process, SpanContext::NONE, at, Command::AbandonRestart);
            }
            Effect::RestartEnded(scope, end) => self.restart_ended(at, scope, end),
            Effect::ShutdownBegan(reason) => self.shutdown_began(at, &reason),
            Effect::Stop(process, urgency) => {
                self.unanswered.insert(process);
                self.command(process, self.operations.shutdown_parent(), at, Command::Stop(urgency));
            }
            Effect::Done(outcome) => self.finish(at, outcome, ctx),
        }
    }

    /// What a dependent's wait for this process links to.
    fn context_of(&self, process: ProcessIndex) -> SpanContext {
        self.contexts.get(process.get()).cloned().unwrap_or(SpanContext::NONE)
    }

    fn waits(&self, waits: &[(ProcessIndex, Condition)]) -> Vec<Wait> {
        let wait = |(process, condition): &(ProcessIndex, Condition)| {
            Some(Wait { process: *process, name: self.name(*process)?.clone(), condition: *condition })
        };
        waits.iter().filter_map(wait).collect()
    }

    pub(super) fn open_boot(&mut self, at: Moment) {
        let mut span = self.world.tracing.open(names::SPAN_START, &self.incoming, at);
        span.set(names::PROCESS_COUNT, count(self.spec.processes.len()));
        self.operations.boot_context = Some(span.context());
        self.operations.boot = Some(span);
        self.world.status.system(SystemState::Starting);
        self.log(at, Level::Info, "starting", vec![("processes", count(self.spec.processes.len()).into())]);
    }

    fn boot_succeeded(&mut self, at: Moment) {
        if let Some(span) = self.operations.boot.take() {
            span.ok(at);
        }
        self.world.status.system(SystemState::Running);
        self.log(at, Level::Info, "all processes are up", Vec::new());
    }

    fn boot_failed(&mut self, at: Moment, failure: &BootFailure) {
        let text = self.failure_text(failure);
        if let Some(span) = self.operations.boot.take() {
            span.fail(at, error_type(failure.cause), &text);
        }
        self.log(at, Level::Error, format!("boot failed: {text}"), Vec::new());
        self.boot_failure = Some(text);
    }

    /// Which process failed and why, in one sentence.
    fn failure_text(&self, failure: &BootFailure) -> String {
        let name = self.name(failure.process).map_or_else(String::new, ToString::to_string);
        match failure.cause {
            BootFailureCause::Spawn(_) => match &self.spawn_failure {
                Some((process, why)) if *process == failure.process => {
                    format!("process {name:?} could not be started: {why}")
                }
                _ => format!("process {name:?} could not be started"),
            },
            BootFailureCause::Failed { code } => {
                format!("process {name:?} failed with exit code {code}, and others wait for it to complete")
            }
            BootFailureCause::TimedOut => {
                format!("process {name:?} was waited for longer than dependency_timeout")
            }
        }
    }

    fn restart_began(&mut self, at: Moment, scope: RestartScope) {
        if let Some(i) = self.restart_askers.iter().position(|(s, _)| *s == scope) {
            self.restart_origin = self.restart_askers.remove(i).1;
        }
        let mut span = self.world.tracing.open(names::SPAN_RESTART, &SpanContext::NONE, at);
        span.link(names::LINK_START, &self.operations.boot_parent());
        span.set(names::RESTART_REASON, self.restart_origin.reason());
        let mut fields = Vec::new();
        if let RestartOrigin::Signal(signal, sender) = &self.restart_origin {
            span.set(names::SIGNAL, signal.to_string());
            set_sender(&mut span, sender.as_ref());
            fields = sender_fields(sender.as_ref());
        }
        let what = self.scope_text(scope);
        span.set(names::RESTART_SCOPE, what.clone());
        self.operations.restart = Some(span);
        self.world.status.system(SystemState::Restarting);
        let reason = self.restart_origin.reason();
        fields.splice(..0, [("scope", what.into()), ("reason", reason.into())]);
        self.log(at, Level::Info, "rolling restart", fields);
    }

    fn restart_ended(&mut self, at: Moment, scope: RestartScope, end: RestartEnd) {
        let what = self.scope_text(scope);
        let span = self.operations.restart.take().unwrap_or_default();
        let restarted = std::mem::take(&mut self.operations.restarted);
        match end {
            // Left out of the boot (`initial_state: stopped`), or no process of the kind at all.
            RestartEnd::Complete if !restarted => {
                span.ok(at);
                let message = "nothing was restarted: no long-running process was started";
                self.log(at, Level::Warn, message, vec![("scope", what.into())]);
            }
            RestartEnd::Complete => {
                span.ok(at);
                self.log(at, Level::Info, "rolling restart is complete", vec![("scope", what.into())]);
            }
            RestartEnd::Interrupted => {
                span.fail(at, names::ERROR_INTERRUPTED, "a shutdown came first");
                self.log(
                    at,
                    Level::Warn,
                    "rolling restart was interrupted by a shutdown",
                    vec![("scope", what.into())],
                );
            }
            RestartEnd::FailedAt(process) => {
                let name = self.name(process).map_or_else(String::new, ToString::to_string);
                let text = format!("process {name:?} did not come up again; those after it were left alone");
                span.fail(at, "restart_failed", &text);
                self.log(
                    at,
                    Level::Error,
                    format!("rolling restart failed: {text}"),
                    vec![("scope", what.into())],
                );
            }
        }
        if end != RestartEnd::Interrupted {
            self.world.status.system(SystemState::Running);
        }
    }

    fn scope_text(&self, scope: RestartScope) -> String {
        match scope {
            RestartScope::All => "all".to_owned(),
            RestartScope::One(process) => self.name(process).map_or_else(String::new, ToString::to_string),
        }
    }

    fn shutdown_began(&mut self, at: Moment, reason: &ShutdownReason) {
        let text = Self::reason_of(reason, self.boot_failure.as_deref());
        if let Some(span) = self.operations.boot.take() {
            span.fail(at, names::ERROR_INTERRUPTED, &format!("interrupted by a shutdown: {text}"));
        }
        let mut span = self.world.tracing.open(names::SPAN_SHUTDOWN, &SpanContext::NONE, at);
        span.link(names::LINK_START, &self.operations.boot_parent());
        // A signal that came after another reason to stop has not asked for this shutdown.
        let asker = self.shutdown_asker.take().filter(|_| matches!(reason, ShutdownReason::Signal(_)));
        if span.is_recording() {
            span.set(names::PROCESS_COUNT, count(self.spec.processes.len()));
            span.set(names::SHUTDOWN_REASON, text.clone());
            let deadline = i64::try_from(self.spec.shutdown_timeout.as_millis()).unwrap_or(i64::MAX);
            span.set(names::SHUTDOWN_DEADLINE_MS, deadline);
            set_sender(&mut span, asker.as_ref());
        }
        self.operations.shutdown = Some(span);
        self.world.status.system(SystemState::Stopping);
        let mut fields = vec![("reason", text.into())];
        fields.extend(sender_fields(asker.as_ref()));
        self.log(at, Level::Info, "shutting down", fields);
    }

    fn finish(&mut self, at: Moment, outcome: Outcome, ctx: &mut Context<Self>) {
        let span = self.operations.shutdown.take().unwrap_or_default();
        match outcome {
            Outcome::DeadlineMissed => {
                let message = "not everything was stopped within shutdown_timeout";
                span.fail(at, "deadline_exceeded", message);
                self.log(at, Level::Error, message, Vec::new());
            }
            Outcome::Internal => span.fail(at, "internal", "a part of the supervisor was lost"),
            Outcome::Stopped | Outcome::AllCompleted | Outcome::Code(_) | Outcome::BootFailed(_) => {
                span.ok(at)
            }
        }
        if let Some(done) = self.done.take() {
            let finished = Finished { outcome, boot_failure: self.boot_failure.clone() };
            self.tell_the_end(at, done, finished, ctx);
        }
    }

    /// Tells that everything is over when no process has a span open any more: whoever hears it flushes telemetry and
    /// leaves. Every actor answers at once, and one that is gone is no answer to wait for. A death that has just come
    /// is told first; its last words are never waited for longer than a tenth of a second.
    fn tell_the_end(
        &mut self,
        at: Moment,
        done: oneshot::Sender<Finished>,
        finished: Finished,
        ctx: &mut Context<Self>,
    ) {
        let finish = || Envelope::root(at, Command::Finish);
        let deaths = self.world.deaths.clone();
        let routes = self.router.0.borrow();
        let asked = std::mem::take(&mut self.unanswered);
        let answers: Vec<_> =
            asked.iter().filter_map(|p| routes.processes.get(p.get())).map(|a| a.send(finish())).collect();
        let tell = async move {
            for answer in answers {
                let _gone = answer.await.is_err(); // an actor that is gone, and its spans with it
            }
            deaths.all_told().await;
            // Nobody waits any more only when the program is ending already.
            drop(done.send(finished));
        };
        ctx.spawn(tell.into_actor(self));
    }
}

fn error_type(cause: BootFailureCause) -> &'static str {
    match cause {
        BootFailureCause::Spawn(kind) => kind.as_str(),
        BootFailureCause::Failed { .. } => "dependency_failed",
        BootFailureCause::TimedOut => "dependency_timeout",
    }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
