//! Builds the exporter that the settings name: one receiver, or the first of several that works. Checks addresses and
//! files; connects to nothing.

use super::begin::StartError;
use super::failover::Failover;
use super::file::FileExporter;
use super::grpc::GrpcTarget;
use super::headers::Headers;
use super::http::HttpTarget;
use super::nowhere::Nowhere;
use super::stdout::{StdoutExporter, WriteBlock};
use super::target::TargetError;
use phpeek_actors::telemetry::SpanExporter;
use phpeek_core::otel::OtelSignal;
use phpeek_settings::env::{self, Lookup};
use phpeek_settings::tracing::{ExporterSettings, Receiver};

/// Makes the exporter on the arbiter that it lives on, and makes it anew when it has panicked.
pub(super) type MakeExporter = Box<dyn FnMut() -> Box<dyn SpanExporter> + Send>;

/// The exporter of a signal by its settings.
pub(super) fn exporter(
    signal: OtelSignal,
    settings: &ExporterSettings,
    env: Lookup<'_>,
    write: &WriteBlock,
) -> Result<MakeExporter, StartError> {
    // What is wrong with a variable was told with the configuration: both read by the same functions.
    let mut told = env::Faults::new();
    let timeout = env::timeout(signal, env, &mut told);
    Ok(match settings {
        ExporterSettings::OtlpGrpc(receiver) => {
            let given = env::headers(signal, env, &mut told);
            let targets = targets(receiver, &given, |to, headers| GrpcTarget::new(to, timeout, headers))?;
            one_of(targets, move |target: GrpcTarget| Box::new(target.exporter(signal)))
        }
        ExporterSettings::OtlpHttp(receiver, encoding) => {
            let (given, encoding) = (env::headers(signal, env, &mut told), *encoding);
            let targets = targets(receiver, &given, |to, headers| HttpTarget::new(to, timeout, headers))?;
            one_of(targets, move |target: HttpTarget| Box::new(target.otlp(signal, encoding)))
        }
        ExporterSettings::Zipkin(receiver) => {
            // The headers of OTLP are not for Zipkin: it gets the configured ones alone.
            let given = http::HeaderMap::new();
            let targets = targets(receiver, &given, |to, headers| HttpTarget::new(to, timeout, headers))?;
            one_of(targets, |target: HttpTarget| Box::new(target.zipkin()))
        }
        ExporterSettings::File(file) => {
            FileExporter::open(file.clone())?;
            let file = file.clone();
            Box::new(move || Box::new(FileExporter::new(file.clone())))
        }
        ExporterSettings::Stdout => {
            let write = write.clone();
            Box::new(move || Box::new(StdoutExporter::new(write.clone())))
        }
        ExporterSettings::None => Box::new(|| Box::new(Nowhere)),
    })
}

/// A target for each of the receivers that may be used.
fn targets<T>(
    receiver: &Receiver,
    given: &http::HeaderMap,
    new: impl Fn(&Receiver, Headers) -> Result<T, TargetError>,
) -> Result<Vec<T>, StartError> {
    let target = |to: &Receiver| {
        new(to, Headers::new(given.clone(), &to.headers))
            .map_err(|source| StartError::Exporter { endpoint: to.endpoint.to_string(), source })
    };
    receiver.each().iter().map(target).collect()
}

/// The only one, or the first that works.
fn one_of<T: Clone + Send + 'static>(
    targets: Vec<T>,
    build: impl Fn(T) -> Box<dyn SpanExporter> + Send + 'static,
) -> MakeExporter {
    Box::new(move || {
        let mut exporters: Vec<_> = targets.iter().cloned().map(&build).collect();
        match (exporters.pop(), exporters.is_empty()) {
            (Some(only), true) => only,
            (last, _) => {
                exporters.extend(last);
                Box::new(Failover::new(exporters))
            }
        }
    })
}
