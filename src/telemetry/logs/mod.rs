//! Log records by OTLP: the lines of processes, and the supervisor's own records, each with the trace that it belongs to.
//! Owns the way from where they come to the queue; nobody who writes waits for it, and what finds no room is counted.

mod json;
mod pump;
mod record;
mod runs;

pub use runs::RunSpans;

use super::begin::StartError;
use super::encode::Origin;
use super::line::{Line, Pipe, Stretch};
use super::make::MakeExporter;
use opentelemetry_sdk::Resource;
use phpeek_actors::feed::{Feeder, feed};
use phpeek_actors::lines::{From, LineSource, Wanted};
use phpeek_actors::ports::LogRecord;
use phpeek_actors::telemetry::Sift;
use phpeek_core::otel::OtelSignal;
use phpeek_settings::env::{self, Lookup};
use phpeek_settings::tracing::OtlpSettings;
use pump::{Pump, Sources};
use record::Writer;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Bytes of own records that wait for the telemetry thread.
const WAITING: usize = 1 << 20;

/// Log records as they are sent.
pub struct Logs {
    pub(super) pipe: Pipe,
    own: OwnRecords,
    runs: Arc<RunSpans>,
    drains: mpsc::UnboundedSender<oneshot::Sender<()>>,
}

/// Takes the supervisor's own records. Cheap to clone; any thread may hold one.
#[derive(Debug, Clone)]
pub struct OwnRecords(Arc<Feeder<LogRecord>>);

impl OwnRecords {
    /// Takes a copy of a record. Never waits: while too many wait the oldest go, and are counted.
    pub fn take(&self, record: &LogRecord) {
        let bytes = record.bytes();
        self.0.put(record.clone(), bytes, 1).ok(); // an error: the telemetry thread has ended
    }
}

impl Logs {
    pub(super) fn begin(
        resource: &Resource,
        (settings, exporter): (&OtlpSettings, MakeExporter),
        lines: &dyn LineSource,
        env: Lookup<'_>,
        line: &mut Line,
    ) -> Result<Self, StartError> {
        let pipe = line.lay(Stretch {
            signal: OtelSignal::Logs,
            queueing: env::log_queueing(env, &mut env::Faults::new()),
            spool: settings.spool.clone(),
            origin: Origin::of_each(),
            recent: None,
            sift: Box::new(|| Box::new(Sift::everything())),
            exporter,
        })?;
        let (feeder, own) = feed(WAITING);
        let (drains, asked) = mpsc::unbounded_channel();
        let runs = Arc::<RunSpans>::default();
        let lines = lines.follow(Wanted::default(), From::Newest(0)).comes;
        let writer = Writer::new(resource, runs.clone(), line.clock);
        let pump = Pump::new(Sources { lines, own }, pipe.queue.clone(), writer);
        line.begin(Box::new(move || drop(actix::spawn(pump.run(asked)))));
        Ok(Self { pipe, own: OwnRecords(Arc::new(feeder)), runs, drains })
    }

    /// Who takes the supervisor's own records.
    #[must_use]
    pub fn own(&self) -> OwnRecords {
        self.own.clone()
    }

    /// Where it is noted which span has started a run.
    #[must_use]
    pub fn runs(&self) -> Arc<RunSpans> {
        self.runs.clone()
    }

    /// Waits until all that has come is queued.
    pub(super) async fn drain(&self) {
        let (reply, done) = oneshot::channel();
        if self.drains.send(reply).is_ok() {
            drop(done.await); // an error: the telemetry thread has ended
        }
    }
}
