//! Builds the way of a span from the settings: sampler, provider, queue, actor, exporter. Must never wait for the
//! network. Called once, before anything is traced.

use super::begin::{StartError, Surroundings};
use super::encode::Origin;
use super::handle::{Running, TelemetryHandle};
use super::line::{Line, Stretch};
use super::logs::Logs;
use super::make::{self, MakeExporter};
use super::memory::MemoryExporter;
use super::metrics::Measures;
use super::recent::Recent;
use super::resource::{self, scope};
use super::sampling::{sampler, sift, unsampled};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use phpeek_actors::lines::LineSource;
use phpeek_actors::telemetry::{QueueProcessor, Unsampled};
use phpeek_actors::trace::{Naming, Tracing};
use phpeek_core::otel::OtelSignal;
use phpeek_settings::env::{self, Lookup};
use phpeek_settings::sampling::Sampling;
use phpeek_settings::tracing::{OtlpSettings, SpoolSettings, TracingSettings};
use std::sync::Arc;

/// What is to be sent.
#[derive(Default)]
pub struct Wanted<'a> {
    /// Spans.
    pub tracing: Option<&'a TracingSettings>,
    /// Log records, and where the lines of processes come from.
    pub logs: Option<(&'a OtlpSettings, Arc<dyn LineSource>)>,
    /// Metrics.
    pub metrics: Option<&'a OtlpSettings>,
}

impl<'a> From<Option<&'a TracingSettings>> for Wanted<'a> {
    fn from(tracing: Option<&'a TracingSettings>) -> Self {
        Self { tracing, ..Self::default() }
    }
}

/// Starts what is wanted; with nothing wanted, or OTEL_SDK_DISABLED=true, all is off.
///
/// # Errors
/// [`StartError`]; nothing runs then. Needs a running actix system.
pub fn start<'a>(
    wanted: impl Into<Wanted<'a>>,
    env: Lookup<'_>,
    around: Surroundings,
) -> Result<TelemetryHandle, StartError> {
    let Wanted { tracing, logs, metrics } =
        if env::disabled(env) { Wanted::default() } else { wanted.into() };
    let off = TelemetryHandle::off(around.clock);
    if tracing.is_none() && logs.is_none() && metrics.is_none() {
        return Ok(off);
    }
    let service_name = tracing.and_then(|tracing| tracing.service_name.as_deref());
    let service_name = service_name.or(logs.as_ref().and_then(|(logs, _)| logs.service_name.as_deref()));
    let service_name = service_name.or(metrics.and_then(|metrics| metrics.service_name.as_deref()));
    let (resource, _) = resource::build(service_name, env);
    let mut line = Line::new(around);
    let traces = tracing.map(|settings| {
        let exporter = make::exporter(OtelSignal::Traces, &settings.exporter, env, &line.write_block)?;
        let origin = Origin::new(&resource, &scope());
        let naming = if settings.process_names { Naming::WithProcess } else { Naming::Documented };
        let plan = Plan { origin, sampling: settings.sampling, spool: settings.spool.clone(), naming };
        traced(plan, env, exporter, &mut line)
    });
    let traces = traces.transpose()?;
    let logs = logs.map(|(settings, lines)| {
        let exporter = make::exporter(OtelSignal::Logs, &settings.exporter, env, &line.write_block)?;
        Logs::begin(&resource, (settings, exporter), &*lines, env, &mut line)
    });
    let logs = logs.transpose()?;
    let metrics = metrics.map(|settings| {
        let exporter = make::exporter(OtelSignal::Metrics, &settings.exporter, env, &line.write_block)?;
        let traces = traces.as_ref().map(|(_, running)| running.pipe.queue.clone());
        let others = [traces, logs.as_ref().map(|logs| logs.pipe.queue.clone())];
        Measures::begin(&resource, (settings, exporter), others, &mut line)
    });
    let metrics = metrics.transpose()?;
    let (tracing, running) =
        traces.map_or((off.tracing, None), |(tracing, running)| (tracing, Some(running)));
    let clock = line.clock;
    Ok(TelemetryHandle { tracing, running, logs, metrics, clock, _thread: Some(line.start()?) })
}

/// Starts tracing into memory, for `demo`.
///
/// # Errors
/// As [`start`].
pub fn start_in_memory(memory: MemoryExporter, around: Surroundings) -> Result<TelemetryHandle, StartError> {
    let origin = Origin::new(&Resource::builder_empty().build(), &scope());
    let (sampling, spool) = (Sampling::default(), SpoolSettings::default());
    let plan = Plan { origin, sampling, spool, naming: Naming::Documented };
    let mut line = Line::new(around);
    let exporter: MakeExporter = Box::new(move || Box::new(memory.clone()));
    let (tracing, running) = traced(plan, &|_| None, exporter, &mut line)?;
    let clock = line.clock;
    Ok(TelemetryHandle {
        tracing,
        running: Some(running),
        logs: None,
        metrics: None,
        clock,
        _thread: Some(line.start()?),
    })
}

/// What is kept and where, beside the exporter.
struct Plan {
    origin: Origin,
    sampling: Sampling,
    spool: SpoolSettings,
    naming: Naming,
}

/// The way of spans, from the sampler to the exporter.
fn traced(
    plan: Plan,
    env: Lookup<'_>,
    exporter: MakeExporter,
    line: &mut Line,
) -> Result<(Tracing, Running), StartError> {
    let Plan { origin, sampling, spool, naming } = plan;
    let queueing = env::queueing(env, &mut env::Faults::new());
    let recent = Arc::new(Recent::new(origin.clone()));
    let wanted = Stretch {
        signal: OtelSignal::Traces,
        queueing,
        spool,
        origin,
        recent: Some(recent.clone()),
        sift: Box::new(move || Box::new(sift(&sampling))),
        exporter,
    };
    let pipe = line.lay(wanted)?;
    let provider = SdkTracerProvider::builder()
        .with_sampler(sampler(&sampling))
        .with_resource(opentelemetry_sdk::Resource::builder_empty().build())
        .with_span_processor(QueueProcessor::new(pipe.queue.clone(), unsampled(&sampling)))
        .build();
    let tracer = provider.tracer_with_scope(scope());
    let mut tracing = Tracing::new(tracer, line.clock).with_unsampled(unsampled(&sampling));
    tracing = tracing.with_naming(naming);
    if pipe.durable || unsampled(&sampling) == Unsampled::Queued {
        tracing = tracing.telling_begins(pipe.queue.clone());
    }
    Ok((tracing, Running { pipe, recent, _provider: provider }))
}
