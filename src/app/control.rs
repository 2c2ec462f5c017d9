//! The control socket as the program uses it: where it lies by the configuration, and the answers of the supervision
//! thread to what is asked. Answers by a copy, never by work. Called by the composition root.

use crate::config::ControlSocket;
use crate::control::report::QueueReport;
use crate::control::{Inquiries, Inquiry, Listener, SocketError, TelemetryReport, place};
use crate::status::SharedBoard;
use crate::telemetry::settings::{ExporterSettings, Receiver, TracingSettings};
use crate::telemetry::{TelemetryHandle, env};
use std::rc::Rc;

/// What came of the wish for a socket.
#[derive(Default)]
pub(super) struct Opened {
    pub(super) listener: Option<Listener>,
    /// Why there is none, when nobody has insisted on one.
    pub(super) warning: Option<String>,
}

/// Makes the socket. Only one that was configured has to be.
pub(super) fn open(wanted: &ControlSocket) -> Result<Opened, SocketError> {
    let path = match wanted {
        ControlSocket::Off => return Ok(Opened::default()),
        ControlSocket::At(path) => {
            return Ok(Opened { listener: Some(place::make_at(path)?), warning: None });
        }
        ControlSocket::Default => {
            place::folders(rustix::process::geteuid().as_raw(), &|name| std::env::var_os(name))
        }
    };
    Ok(place::make_in(&path).map_or_else(
        |errors| {
            let why: Vec<_> = errors.iter().map(|e| super::chain(e)).collect();
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

/// Where spans go, by the configuration.
pub(super) struct SpanTarget {
    exporter: &'static str,
    endpoint: Option<String>,
}

impl SpanTarget {
    /// `None` when tracing is off.
    pub(super) fn of(settings: Option<&TracingSettings>) -> Option<Self> {
        let settings = settings.filter(|_| !env::disabled(&|name| std::env::var(name).ok()))?;
        let endpoint = |receiver: &Receiver| Some(receiver.endpoint.to_string());
        let (exporter, endpoint) = match &settings.exporter {
            ExporterSettings::OtlpGrpc(receiver) => ("otlp-grpc", endpoint(receiver)),
            ExporterSettings::OtlpHttp(receiver, _) => ("otlp-http", endpoint(receiver)),
            ExporterSettings::Zipkin(receiver) => ("zipkin", endpoint(receiver)),
            ExporterSettings::File(file) => ("file", Some(file.path.display().to_string())),
            ExporterSettings::Stdout => ("stdout", None),
        };
        Some(Self { exporter, endpoint })
    }
}

/// Answers what the control socket wants to know, for as long as the supervisor runs.
pub(super) async fn answer(
    mut inquiries: Inquiries,
    board: SharedBoard,
    telemetry: Rc<TelemetryHandle>,
    target: Option<SpanTarget>,
) {
    while let Some(inquiry) = inquiries.recv().await {
        // An error below: whoever asked has gone away.
        match inquiry {
            Inquiry::Status(reply) => drop(reply.send(board.view())),
            Inquiry::Telemetry(reply) => drop(reply.send(report(&telemetry, target.as_ref()))),
            Inquiry::Flush(reply) => {
                telemetry.request_flush();
                reply.send(()).ok();
            }
        }
    }
}

fn report(telemetry: &TelemetryHandle, target: Option<&SpanTarget>) -> TelemetryReport {
    let Some(target) = target else { return TelemetryReport::off() };
    let stats = telemetry.stats();
    TelemetryReport {
        exporter: target.exporter.to_owned(),
        endpoint: target.endpoint.clone(),
        queue: QueueReport::default(),
        started: stats.started,
        exported: stats.exported,
        failed: stats.failed,
        dropped: [("queue_full".to_owned(), stats.dropped_queue_full)].into(),
        pending: stats.pending,
        ..TelemetryReport::default()
    }
}
