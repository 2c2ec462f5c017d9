//! Orders that come over HTTP, carried out: the request's span, under the caller's, is the parent of all that is set off;
//! its answer is what the operation came to. Runs on the supervision thread and waits for nothing there but messages.

use super::board::SharedBoard;
use super::operations::{End, Operations};
use super::reloads::{Ask, By, Reloads};
use super::running::Running;
use actix::Addr;
use phpeek_actors::clock::Clock;
use phpeek_actors::envelope::Envelope;
use phpeek_actors::manager::{ManagerActor, Request};
use phpeek_actors::phrases::why_refused;
use phpeek_actors::trace::{OpenSpan, Tracing, names};
use phpeek_api::change::{Change, PlanReport};
use phpeek_api::order::{Answer, Begun, Heard, Order, What, Wish};
use phpeek_config::Edit;
use phpeek_core::ends::{OperationEnd, Refusal};
use phpeek_core::fleet::Amount;
use phpeek_core::operation::{Cause, OperationId};
use phpeek_core::process::ScheduleCommand;
use phpeek_telemetry::incoming_context;
use std::path::PathBuf;
use std::rc::Rc;
use tokio::sync::oneshot;

/// Who carries orders out.
pub(super) struct Orders {
    manager: Addr<ManagerActor>,
    operations: Rc<Operations>,
    tracing: Tracing,
    pub(super) board: SharedBoard,
    pub(super) clock: Clock,
    /// Nobody when there is no file to read again.
    reloads: Option<Reloads>,
    /// Whether who may ask may also say what is run.
    allow_exec: bool,
}

impl Orders {
    /// With who does what is ordered.
    pub(super) fn new(
        running: &Running,
        allow_exec: bool,
        (manager, operations, board, reloads): (
            Addr<ManagerActor>,
            Rc<Operations>,
            SharedBoard,
            Option<Reloads>,
        ),
    ) -> Self {
        let (tracing, clock) = (running.telemetry.tracing(), running.clock);
        Self { manager, operations, tracing, board, clock, reloads, allow_exec }
    }

    /// Carries an order out, and tells as soon as there is an operation.
    pub(super) async fn carry_out(self: Rc<Self>, order: Order, reply: oneshot::Sender<Begun>) {
        let Order { what, heard } = order;
        let at = self.clock.now();
        let mut span = self.tracing.open_server(names::SPAN_API_REQUEST, &caller(&heard), at);
        let process = what.process().map(|process| process.to_string());
        describe(&mut span, &heard, process.as_deref());
        let request = self.request(what);
        let (tell, end) = oneshot::channel();
        let sent = match request {
            Ok(request) => self.manager.send(Envelope::under(span.context(), at, request)).await.ok(),
            Err(answer) => {
                drop(reply.send(Begun { operation: 0, end })); // an error: it has gone away
                return self.over(span, answer, tell);
            }
        };
        // An error: the manager is lost, and everything ends.
        let Some(id) = sent else {
            return span.fail(self.clock.now(), names::ERROR_INTERRUPTED, "the supervisor ends");
        };
        let ended = self.operations.end_of(id);
        drop(reply.send(Begun { operation: id.serial, end }));
        let answer = ended.await.map_or(Answer::Interrupted, |end| answer(end, process.as_deref()));
        self.over(span, answer, tell);
    }

    /// Has another configuration taken over, and tells as soon as there is an operation.
    pub(super) async fn change(
        self: Rc<Self>,
        (change, heard): (Change, Heard),
        reply: oneshot::Sender<Begun>,
    ) {
        let mut span = self.tracing.open_server(names::SPAN_API_REQUEST, &caller(&heard), self.clock.now());
        describe(&mut span, &heard, change.process());
        let (tell, out) = oneshot::channel();
        let (told, begun) = oneshot::channel();
        self.ask(change, heard.here, By { cause: Cause::Request, under: span.context(), told: Some(told) });
        // An error: a later reload is done in the place of this one, or everything ends.
        let (operation, end) = begun.await.map_or((0, None), |begun| (begun.operation, Some(begun.end)));
        drop(reply.send(Begun { operation, end: out })); // an error: it has gone away
        let answer = match end {
            Some(end) => end.await.unwrap_or(Answer::Interrupted),
            None => Answer::Interrupted,
        };
        self.over(span, answer, tell);
    }

    fn ask(&self, change: Change, here: bool, by: By) {
        let Some(reloads) = &self.reloads else {
            let why = "there is no configuration file that could be read again".to_owned();
            return by.refuse(Answer::Refused(409, why));
        };
        // Who comes by the control socket can start us with any file.
        let trusted = here && matches!(change, Change::From(_));
        if change.names_commands() && !self.allow_exec && !trusted {
            let why = "what is run is not said over the API: set global.api_allow_exec: true".to_owned();
            return by.refuse(Answer::Refused(403, why));
        }
        reloads.ask(match change {
            Change::Reload => Ask::Reload(Some(by)),
            Change::From(file) => Ask::From(file, by),
            Change::Save => Ask::Save(by),
            Change::Add(name, process) => Ask::Edit(Edit::Add(name, process), by),
            Change::Put(name, process) => Ask::Edit(Edit::Change(name, process), by),
            Change::Remove(name) => Ask::Edit(Edit::Remove(name), by),
        });
    }

    /// What a reload of this file would do.
    pub(super) fn plan(&self, file: PathBuf, reply: oneshot::Sender<Result<PlanReport, String>>) {
        match &self.reloads {
            Some(reloads) => reloads.ask(Ask::Plan(file, reply)),
            // An error: it has gone away.
            None => drop(reply.send(Err("it runs without a configuration file".to_owned()))),
        }
    }

    /// An operation that was asked for before.
    pub(super) fn known(&self, serial: u64) -> Option<Begun> {
        let ended = self.operations.known(OperationId { of: None, serial })?;
        let (tell, end) = oneshot::channel();
        actix::spawn(async move {
            // Who asks by number knows which process it was about.
            let answer = ended.await.map_or(Answer::Interrupted, |end| answer(end, None));
            drop(tell.send(answer)); // an error: it has gone away
        });
        Some(Begun { operation: serial, end })
    }

    fn request(&self, what: What) -> Result<Request, Answer> {
        let cause = Cause::Request;
        let (name, wish) = match what {
            What::One(name, wish) => (name, wish),
            What::Rolling(names) if names.is_empty() => return Ok(Request::RestartAll(cause)),
            What::Rolling(names) => return Ok(Request::RestartThese(names, cause)),
        };
        Ok(match wish {
            Wish::Start => Request::Start(name, cause),
            Wish::Stop => Request::Stop(name, cause),
            Wish::Restart => Request::Restart(name, cause),
            Wish::ScaleTo(to) => Request::Scale(name, Amount::To(to), cause),
            Wish::ScaleBy(by) => Request::Scale(name, Amount::By(by), cause),
            Wish::Pause => Request::Schedule(name, ScheduleCommand::Pause, cause),
            Wish::Resume => Request::Schedule(name, ScheduleCommand::Resume, cause),
            Wish::Trigger => Request::Schedule(name, ScheduleCommand::Trigger, cause),
            Wish::Signal(signal) => Request::Relay(name, signal.into(), cause),
        })
    }

    fn over(&self, mut span: OpenSpan, answer: Answer, tell: oneshot::Sender<Answer>) {
        // Nobody waits any more: it was told that it is under way.
        let status = if tell.is_closed() { 202 } else { answer.status() };
        span.set(names::HTTP_RESPONSE_STATUS_CODE, i64::from(status));
        let at = self.clock.now();
        match &answer {
            Answer::Done => span.ok(at),
            Answer::Refused(_, why) => span.fail(at, names::ERROR_REFUSED, why),
            Answer::Failed(why) => span.fail(at, names::ERROR_FAILED, why),
            Answer::Interrupted => {
                span.fail(at, names::ERROR_INTERRUPTED, "something else was asked for meanwhile")
            }
        }
        drop(tell.send(answer));
    }
}

/// The span that the caller names.
fn caller(heard: &Heard) -> phpeek_actors::trace::SpanContext {
    incoming_context(&|name: &str| match name {
        "TRACEPARENT" => heard.traceparent.clone(),
        "TRACESTATE" => heard.tracestate.clone(),
        _ => None,
    })
}

/// By the semantic conventions of HTTP.
fn describe(span: &mut OpenSpan, heard: &Heard, process: Option<&str>) {
    if span.is_recording() {
        span.set(names::HTTP_REQUEST_METHOD, heard.method.clone());
        span.set(names::HTTP_ROUTE, heard.route.clone());
        span.set(names::URL_PATH, heard.path.clone());
        span.set(names::CLIENT_ADDRESS, heard.client.clone());
        if let Some(process) = process {
            span.set(names::PROCESS_NAME, process.to_owned());
        }
    }
}

fn answer(end: End, process: Option<&str>) -> Answer {
    told(end, &process.map_or_else(|| "the process".to_owned(), |process| format!("process {process:?}")))
}

fn told(end: End, process: &str) -> Answer {
    let refusal = match end {
        End::Over(OperationEnd::Done) => return Answer::Done,
        End::Over(OperationEnd::Failed) => {
            return Answer::Failed("it was tried and has failed: the log says why".to_owned());
        }
        End::Over(OperationEnd::Interrupted) => return Answer::Interrupted,
        End::Refused(refusal) => refusal,
    };
    let status = match refusal {
        Refusal::NoSuchProcess(_) | Refusal::Unscheduled(_) => 404,
        Refusal::Stopping => 503,
        Refusal::Runs(_)
        | Refusal::TooMany
        | Refusal::Idle(_)
        | Refusal::NotRunning(_)
        | Refusal::NotPaused(_)
        | Refusal::Busy(_) => 409,
        Refusal::Scheduled(_) | Refusal::Oneshot(_) | Refusal::Above { .. } => 422,
    };
    Answer::Refused(status, why_refused(&refusal, process))
}
