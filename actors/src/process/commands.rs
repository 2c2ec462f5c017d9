//! What a `ProcessActor` does when it is told something. Handlers: open the spans of the operation, feed the
//! machines, settle, re-arm. Called by actix.

use super::deaths::Verdict;
use super::operations::{StartOperation, StopOperation};
use super::{Command, ProcessActor, ReportKind, Wait};
use crate::clock::Moment;
use crate::envelope::Envelope;
use crate::ports::Level;
use crate::trace::names;
use actix::{Context, Handler};
use opentelemetry::trace::SpanContext;
use phpeek_core::lifecycle::{Event, State, Urgency};
use phpeek_core::signal::Signal;
use phpeek_core::spec::ProcessIndex;

impl Handler<Envelope<Command>> for ProcessActor {
    type Result = ();

    fn handle(&mut self, envelope: Envelope<Command>, ctx: &mut Context<Self>) {
        let Envelope { parent, at: asked, message } = envelope;
        if self.finished {
            return;
        }
        let at = self.moment(asked);
        match message {
            Command::Begin(waits) => self.begin(&parent, asked, &waits),
            Command::DependencyMet(process) => self.dependency_met(&parent, at, process),
            Command::DependencyFailed { process, error_type, message } => {
                self.dependency_failed(&parent, at, process, error_type, &message);
            }
            Command::Start => self.start_all(&parent, asked, at),
            Command::Stop(urgency) => self.stop_all(&parent, asked, at, urgency),
            Command::AbandonRestart => self.rolling = None,
            Command::Restart { reason } => self.begin_rolling(parent, at, reason),
            Command::Relay(signal) => self.relay(at, signal),
            Command::Finish => self.finish(at),
        }
        self.rearm(ctx);
    }
}

impl ProcessActor {
    fn begin(&mut self, parent: &SpanContext, at: Moment, waits: &[Wait]) {
        let operation = StartOperation::begin(&self.world.tracing, parent, at, &self.spec, waits);
        self.start = Some(Box::new(operation));
    }

    /// The parent is the start of the dependency, or its run: a link, for it is not what the wait is part of.
    fn dependency_met(&mut self, dependency: &SpanContext, at: Moment, process: ProcessIndex) {
        if let Some(start) = &mut self.start {
            start.wait(process, dependency).ok(at);
        }
    }

    fn dependency_failed(
        &mut self,
        dependency: &SpanContext,
        at: Moment,
        process: ProcessIndex,
        error_type: &str,
        message: &str,
    ) {
        if let Some(mut start) = self.start.take() {
            start.wait(process, dependency).fail(at, error_type, message);
            start.fail(at, error_type, message, "another dependency failed");
        }
    }

    fn start_all(&mut self, parent: &SpanContext, asked: Moment, at: Moment) {
        if self.start.is_none() {
            self.begin(parent, asked, &[]);
        }
        self.failed_code = None;
        for i in 0..self.instances.len() {
            self.step(i, at, Event::Start);
        }
        // Counted by instance: one that dies and is up again while another is not up yet counts once.
        let mut missing = 0;
        for instance in &mut self.instances {
            instance.awaited = instance.machine.live_run().is_none();
            missing += usize::from(instance.awaited);
        }
        if let Some(start) = &mut self.start {
            start.missing = missing;
        }
        self.settle(at);
    }

    fn stop_all(&mut self, parent: &SpanContext, asked: Moment, at: Moment, urgency: Urgency) {
        self.rolling = None;
        if let Some(start) = self.start.take() {
            let why = "the start was interrupted by a stop";
            start.fail(at, names::ERROR_INTERRUPTED, why, why);
        }
        let left = self.instances.iter().any(|i| i.machine.has_left());
        if self.stop.is_none() && (left || !self.all_at_rest()) {
            for instance in &mut self.instances {
                instance.end_own_stop(at, "the whole process is stopped");
            }
            let mut span = self.world.tracing.open(names::SPAN_STOP_PROCESS, parent, asked);
            if span.is_recording() {
                span.set(names::PROCESS_NAME, self.spec.name.as_str().to_owned());
            }
            self.stop = Some(Box::new(StopOperation { span }));
            self.log(at, Level::Info, "stopping", None, Vec::new);
        }
        for i in 0..self.instances.len() {
            self.end_loop(i);
            self.step(i, at, Event::Stop(urgency));
        }
        if self.stop.is_none() {
            self.end_reported = true; // nothing ran: there is no end to report beside this
            self.report(at, ReportKind::Stopped);
        }
        self.settle(at);
    }

    /// Ends every span: what is still under way will not be seen to end.
    fn finish(&mut self, at: Moment) {
        const WHY: &str = "it was not over when the supervisor ended";
        self.finished = true;
        if let Some(start) = self.start.take() {
            start.fail(at, names::ERROR_INTERRUPTED, WHY, WHY);
        }
        for i in 0..self.instances.len() {
            self.end_loop(i);
            if let Some(spans) = self.instances[i].spans.take() {
                spans.interrupt(at, WHY);
            }
            if let Some(death) = self.instances[i].death.take() {
                Verdict::of(&death.autopsy).end(self.open_exit(i, &death), at); // its group is not empty
            }
        }
        self.hear_no_more();
        if let Some(stop) = self.stop.take() {
            stop.span.fail(at, "deadline_exceeded", "not everything was stopped in time");
        }
    }

    /// Hands a signal on. To a run of which nothing is known yet it is handed when it is up: its program may well
    /// run already, and a signal must not be lost to the time that the news takes.
    fn relay(&mut self, at: Moment, signal: Signal) {
        for i in 0..self.instances.len() {
            let instance = &mut self.instances[i];
            if matches!(instance.machine.state(), State::Starting { .. }) {
                instance.relays.push(signal);
                continue;
            }
            let live = instance.machine.live_run().map(|run| self.task_id(i, run));
            if !live.is_some_and(|id| self.world.launcher.signal_leader(id, signal)) {
                let message = format!("{signal} was not relayed: nothing runs");
                self.log(at, Level::Warn, message, Some(i), Vec::new);
            }
        }
    }

    /// Looks whether an operation of the whole process is over. Called after the machines have been fed.
    pub(super) fn settle(&mut self, at: Moment) {
        if self.start.as_ref().is_some_and(|s| s.missing == 0 && !s.failed)
            && let Some(start) = self.start.take()
        {
            let StartOperation { span, .. } = *start;
            let context = span.context();
            span.ok(at);
            self.report_under(context, at, ReportKind::Up);
        }
        if !self.all_at_rest() {
            return;
        }
        if let Some(stop) = self.stop.take() {
            stop.span.ok(at);
            self.log(at, Level::Info, "stopped", None, Vec::new);
            self.report(at, ReportKind::Stopped);
        } else if self.start.is_none() && !self.end_reported {
            self.end_reported = true;
            self.report_end(at);
        }
    }
}
