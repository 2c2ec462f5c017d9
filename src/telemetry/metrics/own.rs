//! What telemetry tells of itself, by the names of the semantic conventions (`otel.sdk.*`): from the accounts that are kept
//! anyway. Owns those names.

use super::points::{Counted, Counts};
use phpeek_actors::telemetry::Queue;
use phpeek_actors::telemetry::measured::{Family, Kind, Number, Point};
use std::sync::Arc;
use std::time::SystemTime;

/// Whose accounts are told.
pub(super) struct Watched {
    /// Since when they are kept.
    pub(super) began: SystemTime,
    pub(super) traces: Option<Arc<Queue>>,
    pub(super) logs: Option<Arc<Queue>>,
    pub(super) own: Arc<Queue>,
    pub(super) points: Arc<Counts>,
}

/// The names of one signal.
struct Names {
    unit: &'static str,
    created: &'static str,
    size: &'static str,
    capacity: &'static str,
    processed: &'static str,
    inflight: &'static str,
    exported: &'static str,
}

const SPANS: Names = Names {
    unit: "{span}",
    created: "otel.sdk.span.started",
    size: "otel.sdk.processor.span.queue.size",
    capacity: "otel.sdk.processor.span.queue.capacity",
    processed: "otel.sdk.processor.span.processed",
    inflight: "otel.sdk.exporter.span.inflight",
    exported: "otel.sdk.exporter.span.exported",
};

const LOGS: Names = Names {
    unit: "{log_record}",
    created: "otel.sdk.log.created",
    size: "otel.sdk.processor.log.queue.size",
    capacity: "otel.sdk.processor.log.queue.capacity",
    processed: "otel.sdk.processor.log.processed",
    inflight: "otel.sdk.exporter.log.inflight",
    exported: "otel.sdk.exporter.log.exported",
};

const POINT: &str = "{data_point}";
const POINTS_INFLIGHT: &str = "otel.sdk.exporter.metric_data_point.inflight";
const POINTS_EXPORTED: &str = "otel.sdk.exporter.metric_data_point.exported";

impl Watched {
    /// All of it, as it is now.
    pub(super) fn families(&self) -> Vec<Family> {
        let signals = [(&SPANS, &self.traces), (&LOGS, &self.logs)];
        let each = signals.into_iter().filter_map(|(names, queue)| Some((names, queue.as_ref()?)));
        let mut all: Vec<Family> = each.flat_map(|(names, queue)| self.of(names, queue)).collect();
        // The conventions count data points, and of their exporter alone.
        let Counted { inflight, taken, rejected } = self.points.now();
        let exported = [("", taken), ("rejected", rejected)];
        all.extend([
            self.family(POINTS_INFLIGHT, POINT, Kind::UpDown, &[("", inflight)]),
            self.family(POINTS_EXPORTED, POINT, Kind::Sum, &exported),
        ]);
        // The queue counts metrics: there is no convention for that.
        let stats = self.own.stats();
        let errors = [("", stats.exported), ("rejected", stats.failed), ("dropped", stats.dropped_all())];
        all.push(self.family("phpeek_pm.telemetry.metrics", "{metric}", Kind::Sum, &errors));
        all
    }

    fn of(&self, names: &Names, queue: &Queue) -> Vec<Family> {
        let stats = queue.stats();
        let size = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let one = |name, kind, value| self.family(name, names.unit, kind, &[("", value)]);
        // What has passed the queue, and what has not.
        let passed = stats.started - stats.dropped_queue_full;
        let processed = [("", passed), ("queue_full", stats.dropped_queue_full)];
        let lost = stats.lost_all() - stats.dropped_queue_full;
        let exported = [("", stats.exported), ("rejected", stats.failed), ("dropped", lost)];
        vec![
            one(names.created, Kind::Sum, stats.started),
            one(names.size, Kind::UpDown, size(queue.len())),
            one(names.capacity, Kind::UpDown, size(queue.capacity())),
            one(names.inflight, Kind::UpDown, stats.pending),
            self.family(names.processed, names.unit, Kind::Sum, &processed),
            self.family(names.exported, names.unit, Kind::Sum, &exported),
        ]
    }

    /// A value for each kind of error; the one without is what went well.
    fn family(&self, name: &'static str, unit: &'static str, kind: Kind, values: &[(&str, u64)]) -> Family {
        let point = |(error, value): &(&str, u64)| Point {
            labels: (!error.is_empty())
                .then(|| ("error.type".into(), (*error).to_owned()))
                .into_iter()
                .collect(),
            since: self.began,
            value: Number::Whole(*value),
            exemplar: None,
        };
        let points = values.iter().map(point).collect();
        Family { name: name.into(), help: "".into(), unit, kind, points }
    }
}
