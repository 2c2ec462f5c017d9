//! The spans of what concerns the whole system: boot, rolling restart, shutdown.

use super::Story;
use super::attributes::{millis, set_sender};
use super::open::Ending;
use crate::clock::Moment;
use crate::phrases::{DEADLINE_MISSED, boot_error_type, restart_reason, shutdown_reason};
use crate::trace::{OpenSpan, names};
use opentelemetry::trace::SpanContext;
use phpeek_core::facts::SystemFact;
use phpeek_core::fleet::{Outcome, RestartEnd, RestartScope};
use phpeek_core::ids::ProcessId;
use phpeek_core::operation::{Cause, Operation};
use std::time::Duration;

/// Why a rolling restart goes no further.
const INTERRUPTED: &str = "a shutdown came first";
const STOPPED: &str = "its process was stopped";

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl Story {
    pub(super) fn tell_of_system(&mut self, at: Moment, fact: &SystemFact) {
        match fact {
            SystemFact::BootBegan { operation, processes } => self.boot_began(at, operation, *processes),
            SystemFact::BootSucceeded { .. } => {
                if let Some(span) = self.system.boot.take() {
                    span.ok(at);
                }
            }
            SystemFact::BootFailed(failure) => {
                let text = self.names.boot_failure(failure);
                if let Some(span) = self.system.boot.take() {
                    span.fail(at, boot_error_type(&failure.cause), &text);
                }
                self.system.boot_failure = Some(text);
            }
            SystemFact::RestartBegan { operation, scope } => self.restart_began(at, operation, scope),
            SystemFact::RestartEnded { end, .. } => self.restart_ended(at, *end),
            SystemFact::RestartJoined { operation, .. } => {
                self.operations.0.remove(&operation.id);
            }
            SystemFact::ReloadBegan { operation, plan } => self.reload_began(at, operation, plan),
            SystemFact::ReloadFailed(_) => {} // told at its end
            SystemFact::ReloadEnded(_, end) => self.reload_ended(at, end),
            SystemFact::ReloadReplaced(operation) => drop(self.operations.0.remove(operation)),
            SystemFact::ReloadRefused(operation, why) => self.reload_refused(at, operation, why),
            SystemFact::ShutdownBegan { operation, processes, timeout } => {
                self.shutdown_began(at, operation, *processes, *timeout);
            }
            SystemFact::ShutdownHurried(operation)
            | SystemFact::Relayed(operation, ..)
            | SystemFact::Refused(operation, _) => {
                self.operations.0.remove(&operation.id);
            }
            SystemFact::Answered(id, _) => {
                // What was interrupted is over when the process that has the turn has heard of it.
                let goes_on =
                    self.system.interrupted.as_ref().is_some_and(|(operation, ..)| operation.id == *id);
                if !goes_on {
                    self.operations.0.remove(id);
                }
            }
            SystemFact::Over(outcome) => self.over(at, outcome),
        }
    }

    fn boot_parent(&self) -> SpanContext {
        self.system.boot_context.clone().unwrap_or(SpanContext::NONE)
    }

    fn boot_began(&mut self, at: Moment, operation: &Operation, processes: usize) {
        let mut span = self.tracing.open(names::SPAN_START, &self.operations.of(operation.id), at);
        span.set(names::PROCESS_COUNT, count(processes));
        self.operations.set(operation.id, span.context());
        self.system.boot_context = Some(span.context());
        self.system.boot = Some(span);
    }

    fn restart_began(&mut self, at: Moment, operation: &Operation, scope: &RestartScope) {
        let parent = match &self.system.reload {
            Some((_, reload)) => reload.context(),
            None => self.operations.of(operation.id),
        };
        let mut span = self.tracing.open(names::SPAN_RESTART, &parent, at);
        span.link(names::LINK_START, &self.boot_parent());
        span.set(names::RESTART_REASON, restart_reason(&operation.cause));
        if let Cause::Signal { signal, .. } = &operation.cause {
            span.set(names::SIGNAL, signal.to_string());
        }
        if let Cause::Watch(path) = &operation.cause {
            span.set(names::RESTART_PATH, path.to_string());
        }
        set_sender(&mut span, operation.cause.sender());
        span.set(names::RESTART_SCOPE, self.names.scope(scope));
        self.operations.set(operation.id, span.context());
        self.system.restart = Some((operation.clone(), span));
    }

    fn restart_ended(&mut self, at: Moment, end: RestartEnd) {
        let Some((operation, span)) = self.system.restart.take() else { return };
        match end {
            RestartEnd::Complete | RestartEnd::Nothing => span.ok(at),
            RestartEnd::Interrupted => return self.interrupted(operation, span, INTERRUPTED),
            RestartEnd::StoppedAt(_) => return self.interrupted(operation, span, STOPPED),
            RestartEnd::FailedAt(process) => self.system.failed.push((process, span)),
        }
        self.operations.0.remove(&operation.id);
        self.end_failed_restarts(false);
    }

    /// Ends the rolling restarts that have failed and of which nothing is under way any more; or all.
    pub(super) fn end_failed_restarts(&mut self, all: bool) {
        let under_way = |process: &ProcessId| self.processes.get(process).is_some_and(|p| p.ending.is_some());
        let over = |(process, _): &mut (ProcessId, _)| all || !under_way(process);
        for (process, span) in self.system.failed.extract_if(.., over) {
            span.fail(self.latest, names::ERROR_RESTART_FAILED, &self.names.restart_failure(process));
        }
    }

    fn interrupted(&mut self, operation: Operation, span: OpenSpan, why: &'static str) {
        self.end_interrupted_restart();
        self.system.interrupted = Some((operation, span, why));
    }

    /// Nobody goes on with the rolling restart that was interrupted. It ends behind all that was part of it: a command
    /// is older than its handling.
    pub(super) fn end_interrupted_restart(&mut self) {
        let Some((operation, span, why)) = self.system.interrupted.take() else { return };
        for process in self.processes.values_mut() {
            process.interrupt_rolling(operation.id, self.latest, why);
        }
        span.fail(self.latest, names::ERROR_INTERRUPTED, why);
        self.operations.0.remove(&operation.id);
    }

    fn shutdown_began(&mut self, at: Moment, operation: &Operation, processes: usize, timeout: Duration) {
        let text = shutdown_reason(&operation.cause, self.system.boot_failure.as_deref());
        if let Some(span) = self.system.boot.take() {
            let message = format!("interrupted by a shutdown: {text}");
            match self.system.hook {
                // A child that ends after its parent is taken by backends for one whose clock is wrong.
                Some(_) => {
                    let error_type = names::ERROR_INTERRUPTED.to_owned();
                    self.system.ending = Some(Ending { span, error_type, message });
                }
                None => span.fail(at, names::ERROR_INTERRUPTED, &message),
            }
        }
        let mut span = self.tracing.open(names::SPAN_SHUTDOWN, &self.operations.of(operation.id), at);
        span.link(names::LINK_START, &self.boot_parent());
        if span.is_recording() {
            span.set(names::PROCESS_COUNT, count(processes));
            span.set(names::SHUTDOWN_REASON, text);
            span.set(names::SHUTDOWN_DEADLINE_MS, millis(timeout));
            set_sender(&mut span, operation.cause.sender());
        }
        self.operations.set(operation.id, span.context());
        self.system.shutdown = Some(span);
    }

    fn over(&mut self, at: Moment, outcome: &Outcome) {
        self.end_failed_restarts(true);
        self.end_interrupted_restart();
        if let Some((_, span)) = self.system.reload.take() {
            span.fail(self.latest, names::ERROR_INTERRUPTED, INTERRUPTED);
        }
        let Some(span) = self.system.shutdown.take() else { return };
        match outcome {
            Outcome::DeadlineMissed => span.fail(at, names::ERROR_DEADLINE, DEADLINE_MISSED),
            Outcome::Internal => span.fail(at, names::ERROR_INTERNAL, "a part of the supervisor was lost"),
            Outcome::Stopped | Outcome::AllCompleted | Outcome::Failed(_) | Outcome::BootFailed(_) => {
                span.ok(at);
            }
        }
    }
}
