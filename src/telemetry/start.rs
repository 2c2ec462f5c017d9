//! Builds the way of a span from the settings: sampler, provider, queue, actor, exporter. Must never wait for the
//! network. Called once, before anything is traced.

use super::encode::Origin;
use super::failover::Failover;
use super::file::{FileError, FileExporter};
use super::grpc::GrpcTarget;
use super::handle::{Running, TelemetryHandle};
use super::headers::Headers;
use super::http::HttpTarget;
use super::memory::MemoryExporter;
use super::nowhere::Nowhere;
use super::recent::Recent;
use super::resource;
use super::sampling::{sampler, sift, unsampled};
use super::spool::{self, Place, Spool, SpoolError, SpoolParts, SpoolReport};
use super::stdout::{StdoutExporter, WriteBlock};
use super::target::TargetError;
use super::thread;
use opentelemetry::InstrumentationScope;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use phpeek_actors::clock::Clock;
use phpeek_actors::ports::{Level, LogRecord, LogSink};
use phpeek_actors::telemetry::{Parts, Queue, QueueProcessor, SpanExporter, TelemetryActor, Unsampled, Wake};
use phpeek_actors::trace::Tracing;
use phpeek_core::backoff::Backoff;
use phpeek_core::batch::Rules;
use phpeek_settings::env::{self, Lookup};
use phpeek_settings::sampling::Sampling;
use phpeek_settings::tracing::{ExporterSettings, Receiver, SpoolSettings, TracingSettings};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const FIRST_DELAY: Duration = Duration::from_millis(100);
/// How long the telemetry thread looks by itself after it has found something. What has ended and is not on the disk is
/// lost when we are killed, so with a spool it looks often.
const LINGER: Duration = Duration::from_millis(100);
const LINGER_SPOOL: Duration = Duration::from_millis(4);
/// How long the boot waits for the disk of the spool. A lock that somebody has is known after 200 ms.
const DISK_PATIENCE: Duration = Duration::from_millis(500);
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Why tracing cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The receiver's address or the TLS roots cannot be used.
    #[error("the OTLP exporter cannot be built for {endpoint}")]
    Exporter {
        /// Where it should send to.
        endpoint: String,
        /// Why not.
        #[source]
        source: TargetError,
    },
    /// The file of the file exporter.
    #[error(transparent)]
    File(#[from] FileError),
    /// The spool.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The system has no thread or descriptor left.
    #[error("the telemetry thread cannot be started")]
    Thread(#[source] io::Error),
    /// The bounds between attempts are the wrong way round: a fault of the program.
    #[error("the shortest delay between attempts is longer than the longest")]
    Backoff,
}

/// What tracing needs of the program.
pub struct Surroundings {
    /// Where changes of the receiver's state are said.
    pub log: Arc<dyn LogSink>,
    /// The clock of supervision.
    pub clock: Clock,
    /// Where the `stdout` exporter writes.
    pub write_block: WriteBlock,
    /// Runs first in the telemetry thread, for its signal mask.
    pub thread_init: Box<dyn FnOnce() + Send>,
    /// Gives memory back after a drained burst.
    pub trim: Box<dyn Fn() + Send>,
}

/// Starts tracing as `settings` say; `None`, or OTEL_SDK_DISABLED=true, is tracing that is off.
///
/// # Errors
/// [`StartError`]; nothing runs then. Needs a running actix system.
pub fn start(
    settings: Option<&TracingSettings>,
    env: Lookup<'_>,
    around: Surroundings,
) -> Result<TelemetryHandle, StartError> {
    let Some(settings) = settings.filter(|_| !env::disabled(env)) else {
        return Ok(TelemetryHandle { tracing: Tracing::off(around.clock), running: None });
    };
    // What is wrong with a variable was told with the configuration: both read by the same functions.
    let mut told = env::Faults::new();
    let (resource, _) = resource::build(settings.service_name.as_deref(), env);
    let origin = Origin::new(&resource, &scope());
    let plan = Plan { origin, sampling: settings.sampling, spool: settings.spool.clone() };
    let timeout = env::timeout(env, &mut told);
    let exporter: MakeExporter = match &settings.exporter {
        ExporterSettings::OtlpGrpc(receiver) => {
            let given = env::headers(env, &mut told);
            let targets = targets(receiver, &given, |to, headers| GrpcTarget::new(to, timeout, headers))?;
            one_of(targets, |target: GrpcTarget| Box::new(target.exporter()))
        }
        ExporterSettings::OtlpHttp(receiver, encoding) => {
            let (given, encoding) = (env::headers(env, &mut told), *encoding);
            let targets = targets(receiver, &given, |to, headers| HttpTarget::new(to, timeout, headers))?;
            one_of(targets, move |target: HttpTarget| Box::new(target.otlp(encoding)))
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
            let write = around.write_block.clone();
            Box::new(move || Box::new(StdoutExporter::new(write.clone())))
        }
        ExporterSettings::None => Box::new(|| Box::new(Nowhere)),
    };
    run(plan, env, around, exporter)
}

/// Makes the exporter on the arbiter that it lives on, and makes it anew when it has panicked.
type MakeExporter = Box<dyn FnMut() -> Box<dyn SpanExporter> + Send>;

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

/// Starts tracing into memory, for `demo`.
///
/// # Errors
/// As [`start`].
pub fn start_in_memory(memory: MemoryExporter, around: Surroundings) -> Result<TelemetryHandle, StartError> {
    let origin = Origin::new(&Resource::builder_empty().build(), &scope());
    let plan = Plan { origin, sampling: Sampling::default(), spool: SpoolSettings::default() };
    run(plan, &|_| None, around, Box::new(move || Box::new(memory.clone())))
}

fn scope() -> InstrumentationScope {
    InstrumentationScope::builder("phpeek-pm").with_version(env!("CARGO_PKG_VERSION")).build()
}

/// What is kept and where, beside the exporter.
struct Plan {
    origin: Origin,
    sampling: Sampling,
    spool: SpoolSettings,
}

impl Surroundings {
    fn warn(&self, message: String) {
        self.log.log(LogRecord {
            at: self.clock.now(),
            level: Level::Warn,
            message: message.into(),
            process: None,
            instance: None,
            fields: Vec::new(),
        });
    }
}

/// The lock is taken here, before anything is started: two supervisors in one directory are an error of the
/// configuration. All else that the disk may refuse is left to the telemetry thread, which tries again, and waits.
fn place(settings: &SpoolSettings, around: &Surroundings) -> Result<Place, SpoolError> {
    let Some(folder) = settings.directory.clone() else { return Ok(Place::Memory) };
    let locked = match spool::lock_within(&folder, DISK_PATIENCE) {
        Ok(answer) => answer,
        // The spool says so.
        Err(pending) => return Ok(Place::Late(folder, pending)),
    };
    match locked {
        Ok(lock) => Ok(Place::Directory(folder, Some(lock))),
        Err(error @ SpoolError::InUse { .. }) if settings.named => Err(error),
        Err(error @ SpoolError::InUse { .. }) => {
            around.warn(format!("{error}; spans are kept in memory"));
            Ok(Place::Memory)
        }
        Err(SpoolError::Unusable { .. }) => Ok(Place::Directory(folder, None)),
    }
}

fn run(
    plan: Plan,
    env: Lookup<'_>,
    around: Surroundings,
    exporter: MakeExporter,
) -> Result<TelemetryHandle, StartError> {
    let Plan { origin, sampling, spool } = plan;
    let queueing = env::queueing(env, &mut env::Faults::new());
    let place = place(&spool, &around)?;
    let durable = !matches!(place, Place::Memory);
    let Surroundings { log, clock, thread_init, trim, .. } = around;
    let rules = rules(queueing)?;
    let queue = Arc::new(Queue::new(queueing.capacity));
    let (recent, report) = (Arc::new(Recent::new(origin.clone())), Arc::<Mutex<SpoolReport>>::default());
    let mut parts = SpoolParts {
        place,
        limits: spool.limits,
        origin,
        recent: recent.clone(),
        report: report.clone(),
        clock,
        log: log.clone(),
    };
    let of_actor = queue.clone();
    // The exporter is built on its own thread: a connection belongs to the runtime that it was made on.
    let make = move || {
        TelemetryActor::new(Parts {
            queue: of_actor,
            sift: Box::new(move || Box::new(sift(&sampling))),
            store: Box::new(move || Box::new(Spool::new(parts.for_one_more()))),
            exporter,
            rules,
            linger: if durable { LINGER_SPOOL } else { LINGER },
            clock,
            log,
            trim,
        })
    };
    let (actor, thread) = thread::start(thread_init, make).map_err(StartError::Thread)?;
    queue.wakes(actor.clone().recipient());
    if durable {
        // What an earlier supervisor has left goes out, whether or not there will be new spans.
        actor.do_send(Wake);
    }
    let provider = SdkTracerProvider::builder()
        .with_sampler(sampler(&sampling))
        .with_resource(opentelemetry_sdk::Resource::builder_empty().build())
        .with_span_processor(QueueProcessor::new(queue.clone(), unsampled(&sampling)))
        .build();
    let mut tracing =
        Tracing::new(provider.tracer_with_scope(scope()), clock).with_unsampled(unsampled(&sampling));
    if durable || unsampled(&sampling) == Unsampled::Queued {
        tracing = tracing.telling_begins(queue.clone());
    }
    let running =
        Running { queue, recent, spool: report, actor, clock, _provider: provider, _thread: thread };
    Ok(TelemetryHandle { tracing, running: Some(running) })
}

fn rules(queueing: env::Queueing) -> Result<Rules, StartError> {
    let backoff = Backoff::new(BACKOFF.0, BACKOFF.1).ok_or(StartError::Backoff)?;
    Ok(Rules {
        batch: queueing.batch,
        backlog_batch: queueing.backlog_batch,
        first_delay: FIRST_DELAY.min(queueing.delay),
        delay: queueing.delay,
        backoff,
    })
}
