//! Where telemetry goes, by the configuration, and what became of it: the answer of `phpeek-pm telemetry`. Never holds a
//! header, nor anything else that is secret.

use jiff::Timestamp;
use phpeek_actors::clock::{Clock, Moment};
use phpeek_actors::telemetry::LastError;
use phpeek_api::TelemetryReport;
use phpeek_api::report::{ExporterState, QueueReport};
use phpeek_config::Configuration;
use phpeek_core::otel::OtelSignal;
use phpeek_os::environment;
use phpeek_settings::env;
use phpeek_settings::tracing::{ExporterSettings, Receiver};
use phpeek_telemetry::{TelemetryHandle, TelemetryState};

/// Where one signal goes.
struct Target {
    exporter: &'static str,
    endpoint: Option<String>,
}

impl Target {
    fn of(settings: &ExporterSettings) -> Self {
        let endpoint = |receiver: &Receiver| Some(receiver.endpoint.to_string());
        let (exporter, endpoint) = match settings {
            ExporterSettings::OtlpGrpc(receiver) => ("otlp-grpc", endpoint(receiver)),
            ExporterSettings::OtlpHttp(receiver, _) => ("otlp-http", endpoint(receiver)),
            ExporterSettings::Zipkin(receiver) => ("zipkin", endpoint(receiver)),
            ExporterSettings::File(file) => ("file", Some(file.path.display().to_string())),
            ExporterSettings::Stdout => ("stdout", None),
            ExporterSettings::None => ("none", None),
        };
        Self { exporter, endpoint }
    }
}

/// Where each signal goes; none is off.
#[derive(Default)]
pub(super) struct Targets {
    traces: Option<Target>,
    logs: Option<Target>,
    metrics: Option<Target>,
}

impl Targets {
    /// By the configuration.
    pub(super) fn of(configuration: &Configuration) -> Self {
        if env::disabled(&environment::text) {
            return Self::default();
        }
        Self {
            traces: configuration.tracing.as_ref().map(|tracing| Target::of(&tracing.exporter)),
            logs: configuration.logs.as_ref().map(|logs| Target::of(&logs.exporter)),
            metrics: configuration.sent_metrics.as_ref().map(|sent| Target::of(&sent.otlp.exporter)),
        }
    }

    /// What became of all of it.
    pub(super) fn report(&self, telemetry: &TelemetryHandle, clock: Clock) -> TelemetryReport {
        let of = |signal, target: &Option<Target>| {
            Some(report(telemetry.state_of(signal)?, target.as_ref()?, clock))
        };
        let traces = of(OtelSignal::Traces, &self.traces).unwrap_or_else(TelemetryReport::off);
        let logs = of(OtelSignal::Logs, &self.logs).map(Box::new);
        let metrics = of(OtelSignal::Metrics, &self.metrics).map(Box::new);
        TelemetryReport { logs, metrics, ..traces }
    }
}

fn report(state: TelemetryState, target: &Target, clock: Clock) -> TelemetryReport {
    let TelemetryState { stats, queued, capacity, health, spool } = state;
    let time = |at: Moment| {
        let at = Timestamp::try_from(clock.wall(at)).unwrap_or(Timestamp::UNIX_EPOCH);
        format!("{at:.3}")
    };
    TelemetryReport {
        exporter: target.exporter.to_owned(),
        endpoint: Some(health.target).filter(|t| !t.is_empty()).or_else(|| target.endpoint.clone()),
        state: Some(ExporterState::On(health.state)),
        queue: QueueReport { length: Some(queued as u64), capacity: Some(capacity as u64) },
        spool: Some(spool),
        started: stats.started,
        recovered: Some(stats.recovered),
        exported: stats.exported,
        failed: stats.failed,
        dropped: stats.lost().map(|(reason, count)| (reason.to_owned(), count)).into(),
        left_out: stats.dropped_sampled_out,
        pending: stats.pending,
        panics: health.panics,
        last_error: health.last_error.map(|e| LastError { at: time(e.at), cause: e.cause }),
        last_export_at: health.last_export.map(time),
        ..TelemetryReport::default()
    }
}
