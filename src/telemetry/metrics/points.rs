//! Data points on their way out, counted in the requests themselves: the queue counts metrics, the conventions data points.
//! Owns those counts; decides nothing.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use phpeek_actors::telemetry::{Answer, Batch, ExportFuture, SpanExporter};
use prost::Message as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How many there are of each kind.
#[derive(Debug, Default)]
pub(super) struct Counts {
    inflight: AtomicU64,
    taken: AtomicU64,
    rejected: AtomicU64,
}

/// The same at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) inflight: u64,
    pub(super) taken: u64,
    /// Refused by the receiver, all of a request or some of it.
    pub(super) rejected: u64,
}

impl Counts {
    pub(super) fn now(&self) -> Counted {
        let [inflight, taken, rejected] =
            [&self.inflight, &self.taken, &self.rejected].map(|count| count.load(Relaxed));
        Counted { inflight, taken, rejected }
    }
}

/// An exporter whose data points are counted.
pub(super) struct Counting {
    pub(super) exporter: Box<dyn SpanExporter>,
    pub(super) counts: Arc<Counts>,
}

impl SpanExporter for Counting {
    fn export(&mut self, batch: Batch) -> ExportFuture {
        let attempt = Attempt::begin(&self.counts, points(&batch.request));
        let answer = self.exporter.export(batch);
        Box::pin(async move {
            let answer = answer.await;
            attempt.answered(&answer);
            answer
        })
    }

    fn target(&self) -> String {
        self.exporter.target()
    }

    fn is_alive(&self) -> bool {
        self.exporter.is_alive()
    }
}

/// One attempt. It may be given up at any time.
struct Attempt {
    counts: Arc<Counts>,
    points: u64,
}

impl Attempt {
    fn begin(counts: &Arc<Counts>, points: u64) -> Self {
        counts.inflight.fetch_add(points, Relaxed);
        Self { counts: counts.clone(), points }
    }

    /// What is to be sent again has not ended yet.
    fn answered(&self, answer: &Answer) {
        let rejected = match answer {
            Answer::Accepted { rejected, .. } => (*rejected).min(self.points),
            Answer::Refused { .. } => self.points,
            Answer::Retry { .. } | Answer::Limited { .. } | Answer::TooLarge { .. } => return,
        };
        self.counts.taken.fetch_add(self.points - rejected, Relaxed);
        self.counts.rejected.fetch_add(rejected, Relaxed);
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.counts.inflight.fetch_sub(self.points, Relaxed);
    }
}

/// How many are in a request; none in one that cannot be read, which nobody here makes.
fn points(request: &[u8]) -> u64 {
    let request = ExportMetricsServiceRequest::decode(request).unwrap_or_default();
    let scopes = request.resource_metrics.iter().flat_map(|resource| &resource.scope_metrics);
    let data = scopes.flat_map(|scope| &scope.metrics).filter_map(|metric| metric.data.as_ref());
    let count = data.map(|data| match data {
        Data::Gauge(gauge) => gauge.data_points.len(),
        Data::Sum(sum) => sum.data_points.len(),
        Data::Histogram(histogram) => histogram.data_points.len(),
        Data::ExponentialHistogram(histogram) => histogram.data_points.len(),
        Data::Summary(summary) => summary.data_points.len(),
    });
    count.sum::<usize>() as u64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use opentelemetry_proto::tonic::metrics::v1::{
        Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum,
    };

    fn request() -> Vec<u8> {
        let number = NumberDataPoint { time_unix_nano: 300, ..Default::default() };
        let histogram = HistogramDataPoint { count: 3, bucket_counts: vec![1, 2], ..Default::default() };
        let data = [
            Data::Gauge(Gauge { data_points: vec![number.clone(); 2] }),
            Data::Sum(Sum { data_points: vec![number; 3], ..Default::default() }),
            Data::Histogram(Histogram { data_points: vec![histogram; 4], ..Default::default() }),
        ];
        let metric = |data| Metric { name: "m".repeat(200), data: Some(data), ..Default::default() };
        let scope = ScopeMetrics { metrics: data.map(metric).into(), ..Default::default() };
        let resource = ResourceMetrics { scope_metrics: vec![scope; 2], ..Default::default() };
        ExportMetricsServiceRequest { resource_metrics: vec![resource; 2] }.encode_to_vec()
    }

    #[test]
    fn the_points_of_all_kinds_resources_and_scopes_are_counted() {
        assert_eq!(points(&request()), 9 * 4);
        assert_eq!(points(&request()[..200]), 0, "torn");
    }

    struct Says(Answer);

    impl SpanExporter for Says {
        fn export(&mut self, _: Batch) -> ExportFuture {
            let answer = self.0.clone();
            Box::pin(async { answer })
        }
        fn target(&self) -> String {
            String::new()
        }
    }

    #[tokio::test]
    async fn each_point_is_counted_once_its_fate_is_known() {
        let counts = Arc::<Counts>::default();
        let cause = String::new;
        for (answer, taken, rejected) in [
            (Answer::Retry { after: None, cause: cause() }, 0, 0),
            (Answer::TAKEN, 36, 0),
            (Answer::Accepted { rejected: 5, said: cause() }, 67, 5),
            (Answer::Accepted { rejected: 500, said: cause() }, 67, 41),
            (Answer::Refused { cause: cause() }, 67, 77),
        ] {
            let mut exporter = Counting { exporter: Box::new(Says(answer.clone())), counts: counts.clone() };
            let attempt = exporter.export(Batch { request: request().into(), spans: 1 });
            assert_eq!(counts.now().inflight, 36, "{answer:?}");
            drop(attempt.await);
            assert_eq!(counts.now(), Counted { inflight: 0, taken, rejected }, "{answer:?}");
        }
        let mut exporter = Counting { exporter: Box::new(Says(Answer::TAKEN)), counts: counts.clone() };
        drop(exporter.export(Batch { request: request().into(), spans: 1 }));
        assert_eq!((counts.now().inflight, counts.now().taken), (0, 67), "given up");
    }
}
