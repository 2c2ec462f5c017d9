//! Metrics by OTLP: what is counted at the moment, each interval, cumulative, with the resource that it is about. Owns the way
//! from whoever counts to the queue, and what is told of telemetry itself. Asks for nothing by itself: who counts says when.

mod own;
mod points;
mod record;

use super::begin::StartError;
use super::encode::Origin;
use super::line::{Line, Pipe, Stretch};
use super::make::MakeExporter;
use super::resource::{self, scope};
use opentelemetry_sdk::Resource;
use own::Watched;
use phpeek_actors::telemetry::measured::{Family, Measured};
use phpeek_actors::telemetry::{Queue, Sift};
use phpeek_core::otel::OtelSignal;
use phpeek_settings::env::Queueing;
use phpeek_settings::tracing::OtlpSettings;
use points::{Counting, Counts};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Moments that may wait for the telemetry thread. One that hangs misses some, and they are counted.
const WAITING: usize = 2;
/// Points of one item: a metric with more goes in pieces, so that no request is too large.
const POINTS: usize = 500;
/// All of a moment comes at once.
const QUEUEING: Queueing =
    Queueing { capacity: 16_384, batch: 512, backlog_batch: 4096, delay: Duration::from_millis(100) };

/// Makes values of what was counted, on the telemetry thread.
pub type Measure = Box<dyn FnOnce() -> Measured + Send>;

struct Asked {
    measure: Measure,
    done: Option<oneshot::Sender<()>>,
}

/// Metrics as they are sent.
pub struct Measures {
    pub(super) pipe: Pipe,
    moments: mpsc::Sender<Asked>,
}

impl Measures {
    pub(super) fn begin(
        resource: &Resource,
        (settings, mut exporter): (&OtlpSettings, MakeExporter),
        others: [Option<Arc<Queue>>; 2],
        line: &mut Line,
    ) -> Result<Self, StartError> {
        let points = Arc::<Counts>::default();
        let counts = points.clone();
        let pipe = line.lay(Stretch {
            signal: OtelSignal::Metrics,
            queueing: QUEUEING,
            spool: settings.spool.clone(),
            origin: Origin::of_each(),
            recent: None,
            sift: Box::new(|| Box::new(Sift::everything())),
            exporter: Box::new(move || Box::new(Counting { exporter: exporter(), counts: counts.clone() })),
        })?;
        let (moments, mut asked) = mpsc::channel::<Asked>(WAITING);
        let [traces, logs] = others;
        let began = line.clock.wall(line.clock.now());
        let watched = Watched { began, traces, logs, own: pipe.queue.clone(), points };
        let (queue, resource) = (pipe.queue.clone(), resource.clone());
        line.begin(Box::new(move || {
            drop(actix::spawn(async move {
                while let Some(Asked { measure, done }) = asked.recv().await {
                    push(&queue, &resource, &measure(), &watched);
                    if let Some(done) = done {
                        done.send(()).ok();
                    }
                }
            }));
        }));
        Ok(Self { pipe, moments })
    }

    /// Sends what is counted at this moment. Never waits.
    pub fn send(&self, measure: Measure) {
        if self.moments.try_send(Asked { measure, done: None }).is_err() {
            self.pipe.queue.miss(1);
        }
    }

    /// The same, and waits until it is queued.
    pub(super) async fn send_last(&self, measure: Measure) {
        let (done, queued) = oneshot::channel();
        if self.moments.send(Asked { measure, done: Some(done) }).await.is_ok() {
            drop(queued.await); // an error: the telemetry thread has ended
        }
    }
}

fn push(queue: &Queue, resource: &Resource, measured: &Measured, watched: &Watched) {
    let told = watched.families();
    let own = Origin::new(resource, &scope());
    put(queue, &own, &told, measured);
    for group in &measured.groups {
        let origin = match &group.of {
            None => own.clone(),
            Some((process, instance)) => {
                Origin::new(&resource::of_child(resource, process, instance), &scope())
            }
        };
        put(queue, &origin, &group.families, measured);
    }
}

fn put(queue: &Queue, origin: &Origin, families: &[Family], measured: &Measured) {
    for family in families {
        for points in family.points.chunks(POINTS) {
            queue.push_item(record::item_of(origin, family, points, measured.at));
        }
    }
}
