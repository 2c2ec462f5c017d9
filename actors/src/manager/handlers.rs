//! What the manager does with requests and reports: turn them into events of the fleet.

use super::{ManagerActor, Request};
use crate::envelope::Envelope;
use crate::ports::TaskReport;
use crate::process::{ProcessReport, ReportKind};
use actix::{AsyncContext, Context, Handler, MessageResult};
use opentelemetry::trace::SpanContext;
use phpeek_core::facts::{Fact, SystemFact, Told};
use phpeek_core::fleet::Event;
use phpeek_core::operation::{Cause, Operation};
use phpeek_core::process::Report;

impl Handler<Envelope<Request>> for ManagerActor {
    type Result = MessageResult<Envelope<Request>>;

    fn handle(&mut self, envelope: Envelope<Request>, ctx: &mut Context<Self>) -> Self::Result {
        let Envelope { parent, at, message } = envelope;
        let at = self.moment(at);
        if message == Request::Boot {
            self.router.rest_to(ctx.address().recipient());
        }
        let operation = self.begin(message.cause().clone(), &parent);
        let id = operation.id;
        let event = match message {
            Request::Boot => Event::Boot(operation),
            Request::Shutdown(_) => Event::Shutdown(operation),
            Request::RestartAll(_) => Event::RestartAll(operation),
            Request::RestartThese(names, _) => Event::RestartThese(operation, names),
            Request::Restart(name, _) => Event::Restart(operation, name),
            Request::Start(name, _) => Event::Start(operation, name),
            Request::Stop(name, _) => Event::Stop(operation, name),
            Request::Scale(name, amount, _) => Event::Scale(operation, name, amount),
            Request::Schedule(name, command, _) => Event::Schedule(operation, name, command),
            Request::Reload(wanted, _) => Event::Reload(operation, wanted),
            // The machine has no part in it: nothing changes.
            Request::ReloadRefused(why, _) => {
                let fact = Fact::System(SystemFact::ReloadRefused(operation, why));
                self.world.listeners.tell(&Told { at, fact });
                return MessageResult(id);
            }
            Request::Relay(name, handed, _) => Event::Relay(operation, name, handed),
        };
        self.step(at, event, ctx);
        MessageResult(id)
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
            ReportKind::Machine(Report::Scaled(id, outcome)) => Event::Scaled(process, id, outcome),
            ReportKind::Machine(Report::Answered(id, answer)) => Event::Answered(process, id, answer),
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
