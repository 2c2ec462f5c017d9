//! What the manager does with requests and reports: turn them into events of the fleet.

use super::{ManagerActor, Request};
use crate::envelope::Envelope;
use crate::ports::TaskReport;
use crate::process::{ProcessReport, ReportKind};
use actix::{AsyncContext, Context, Handler};
use opentelemetry::trace::SpanContext;
use phpeek_core::fleet::Event;
use phpeek_core::operation::{Cause, Operation};
use phpeek_core::process::Report;

impl Handler<Envelope<Request>> for ManagerActor {
    type Result = ();

    fn handle(&mut self, envelope: Envelope<Request>, ctx: &mut Context<Self>) {
        let Envelope { parent, at, message } = envelope;
        let at = self.moment(at);
        match message {
            Request::Boot => {
                self.router.rest_to(ctx.address().recipient());
                let operation = self.begin(Cause::Boot, &parent);
                self.step(at, Event::Boot(operation), ctx);
            }
            Request::Shutdown(cause) => {
                let operation = self.begin(cause, &parent);
                self.step(at, Event::Shutdown(operation), ctx);
            }
            Request::RestartAll(cause) => {
                let operation = self.begin(cause, &parent);
                self.step(at, Event::RestartAll(operation), ctx);
            }
            Request::Restart(name, cause) => {
                let operation = self.begin(cause, &parent);
                self.step(at, Event::Restart(operation, name), ctx);
            }
            Request::Reload(wanted, cause) => {
                let operation = self.begin(cause, &parent);
                self.step(at, Event::Reload(operation, wanted), ctx);
            }
            Request::Relay(name, signal, cause) => {
                let operation = self.begin(cause, &parent);
                self.step(at, Event::Relay(operation, name, signal), ctx);
            }
        }
    }
}

impl Handler<Envelope<ProcessReport>> for ManagerActor {
    type Result = ();

    fn handle(&mut self, envelope: Envelope<ProcessReport>, ctx: &mut Context<Self>) {
        let ProcessReport { process, kind } = envelope.message;
        let at = self.moment(envelope.at);
        let event = match kind {
            ReportKind::Machine(Report::Up) => Event::Up(process),
            ReportKind::Machine(Report::Ready) => Event::Ready(process),
            ReportKind::Machine(Report::Unready) => Event::Unready(process),
            ReportKind::Machine(Report::StartFailed(failure)) => Event::StartFailed(process, failure),
            ReportKind::Machine(Report::Ended(ending)) => Event::Ended(process, ending),
            ReportKind::Machine(Report::Left) => Event::Left(process),
            ReportKind::Machine(Report::Fatal(ending)) => Event::Fatal(process, ending),
            ReportKind::Machine(Report::Stopped) => Event::Stopped(process),
            ReportKind::Machine(Report::Restarted(outcome)) => Event::Restarted(process, outcome),
            ReportKind::Lost { tasks } => Event::Lost(process, tasks),
        };
        self.step(at, event, ctx);
    }
}

impl Handler<TaskReport> for ManagerActor {
    type Result = ();

    fn handle(&mut self, report: TaskReport, ctx: &mut Context<Self>) {
        let at = self.moment(self.world.clock.now());
        self.step(at, Event::Task(report.task, report.event), ctx);
    }
}

impl ManagerActor {
    /// An operation that was asked for under this span.
    fn begin(&mut self, cause: Cause, parent: &SpanContext) -> Operation {
        let operation = self.fleet.begin(cause);
        self.world.listeners.adopt(operation.id, parent);
        operation
    }
}
