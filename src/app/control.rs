//! The control socket as the program uses it: where it lies by the configuration, and the answers of the supervision
//! thread to what is asked. Answers by a copy, never by work.

use super::board::SharedBoard;
use super::orders::Orders;
use super::running::{BeginError, Running};
use super::targets::Targets;
use phpeek_actors::history::Histories;
use phpeek_actors::panics::Panics;
use phpeek_api::answers::Answers;
use phpeek_api::past::{Past, PastOf};
use phpeek_api::v1::Sources;
use phpeek_api::{Control, Inquiries, Inquiry, Listener, SocketError, Surroundings, place};
use phpeek_core::causes::chain;
use phpeek_os::environment;
use phpeek_settings::control::ControlSocket;
use phpeek_telemetry::TelemetryHandle;
use std::rc::Rc;
use std::sync::Arc;

/// What came of the wish for a socket.
#[derive(Default)]
pub(super) struct Opened {
    pub(super) listener: Option<Listener>,
    /// Why there is none, when nobody has insisted on one.
    pub(super) warning: Option<String>,
}

/// Makes the socket. Only one that was configured has to be.
pub(super) fn open(wanted: &ControlSocket) -> Result<Opened, SocketError> {
    let places = match wanted {
        ControlSocket::Off => return Ok(Opened::default()),
        ControlSocket::At(path) => {
            return Ok(Opened { listener: Some(place::make_at(path)?), warning: None });
        }
        ControlSocket::Default => place::places(rustix::process::geteuid().as_raw(), &environment::value),
    };
    Ok(place::make_in(&places).map_or_else(
        |errors| {
            let why: Vec<_> = errors.iter().map(|e| chain(e)).collect();
            let advice = "set global.control_socket to a path, or to none";
            let warning = format!(
                "no control socket, commands cannot reach this supervisor: {}; {advice}",
                why.join("; ")
            );
            Opened { listener: None, warning: Some(warning) }
        },
        |listener| Opened { listener: Some(listener), warning: None },
    ))
}

/// Takes what is asked at the socket. Give the inquiries to somebody who answers.
pub(super) fn start(
    listener: Listener,
    (running, board, sources): (&Running, &SharedBoard, Sources),
    answers: Option<Arc<dyn Answers>>,
    thread_init: fn(),
) -> Result<(Control, Inquiries), BeginError> {
    let children = running.children.clone();
    let around = Surroundings {
        // The record of what runs lies in the same folder, unless somebody has said otherwise: it is written anew.
        back: Box::new(move || children.changes().notify_one()),
        outlook: board.watch_outlook(),
        changes: board.changes(),
        sources,
        log: running.log.clone(),
        clock: running.clock,
        panics: running.panics.clone(),
        answers,
        thread_init,
    };
    Control::start(listener, around)
        .map_err(|source| BeginError::System { what: "watch the control socket", source })
}

/// Answers what the control socket wants to know, for as long as the supervisor runs.
pub(super) async fn answer(
    mut inquiries: Inquiries,
    (telemetry, histories): (Rc<TelemetryHandle>, Rc<Histories>),
    targets: Rc<Targets>,
    orders: Rc<Orders>,
    panics: Panics,
) {
    while let Some(inquiry) = inquiries.recv().await {
        // An error below: whoever asked has gone away. A panic: who asked has no answer, and the next one has.
        panics.caught("answers of supervision", || match inquiry {
            Inquiry::Status(reply) => drop(reply.send(orders.board.view())),
            Inquiry::Telemetry(reply) => drop(reply.send(targets.report(&telemetry, orders.clock))),
            Inquiry::Flush(reply) => {
                telemetry.request_flush();
                reply.send(()).ok();
            }
            Inquiry::Order(order, reply) => drop(actix::spawn(orders.clone().carry_out(*order, reply))),
            Inquiry::Change(change, reply) => drop(actix::spawn(orders.clone().change(*change, reply))),
            Inquiry::Plan(file, reply) => orders.plan(file, reply),
            Inquiry::Past(of, reply) => drop(reply.send(past(&histories, of))),
            Inquiry::Operation(serial, reply) => drop(reply.send(orders.known(serial))),
        });
    }
}

fn past(histories: &Histories, of: PastOf) -> Past {
    match of {
        PastOf::Jobs(process, limit) => {
            let jobs = histories.jobs(&process, limit).unwrap_or_default();
            let jobs = jobs.into_iter().map(|run| (process.clone(), run)).collect();
            Past { jobs, oneshots: Vec::new() }
        }
        PastOf::Job(process, operation) => {
            let run = histories.job_by(&process, operation);
            Past { jobs: run.map(|run| (process, run)).into_iter().collect(), oneshots: Vec::new() }
        }
        PastOf::Oneshots(limit) => Past { jobs: Vec::new(), oneshots: histories.oneshots(limit) },
        PastOf::All(limit) => Past { jobs: histories.all_jobs(limit), oneshots: histories.oneshots(limit) },
    }
}
