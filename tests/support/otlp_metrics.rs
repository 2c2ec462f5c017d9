//! Metrics as they arrive at the receiver of the tests: one value of each point.

use super::otlp_values::texts;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::{
    Metric, NumberDataPoint, metric::Data, number_data_point::Value,
};
use std::collections::BTreeMap;

/// One point.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The metric.
    pub name: String,
    /// What it is counted in.
    pub unit: String,
    /// Attributes as text.
    pub labels: BTreeMap<String, String>,
    /// The value; of a histogram how many values.
    pub value: f64,
    /// Since when it is counted, in ns since the epoch.
    pub since: u64,
    /// When, in ns since the epoch.
    pub at: u64,
    /// Whether it is cumulative and only grows.
    pub grows: bool,
    /// The trace of its exemplar, in hex.
    pub trace: String,
    /// Attributes of the resource.
    pub resource: BTreeMap<String, String>,
}

impl Sample {
    /// An attribute, empty when it is not there.
    pub fn get(&self, key: &str) -> &str {
        self.labels.get(key).map_or("", String::as_str)
    }
}

/// The points of a request.
pub fn samples(request: ExportMetricsServiceRequest) -> Vec<Sample> {
    let mut all = Vec::new();
    for group in request.resource_metrics {
        let resource = texts(group.resource.map(|r| r.attributes).unwrap_or_default());
        for metric in group.scope_metrics.into_iter().flat_map(|scope| scope.metrics) {
            all.extend(
                read(metric).into_iter().map(|sample| Sample { resource: resource.clone(), ..sample }),
            );
        }
    }
    all
}

fn read(metric: Metric) -> Vec<Sample> {
    let Metric { name, unit, data, .. } = metric;
    let number = |point: NumberDataPoint, grows: bool| Sample {
        name: name.clone(),
        unit: unit.clone(),
        value: match point.value {
            Some(Value::AsInt(whole)) => whole as f64,
            Some(Value::AsDouble(float)) => float,
            None => f64::NAN,
        },
        since: point.start_time_unix_nano,
        at: point.time_unix_nano,
        grows,
        trace: point.exemplars.first().map(|e| super::otlp_values::hex(&e.trace_id)).unwrap_or_default(),
        labels: texts(point.attributes),
        resource: BTreeMap::new(),
    };
    match data {
        Some(Data::Gauge(gauge)) => gauge.data_points.into_iter().map(|p| number(p, false)).collect(),
        Some(Data::Sum(sum)) => {
            let grows = sum.is_monotonic && sum.aggregation_temporality == 2;
            sum.data_points.into_iter().map(|p| number(p, grows)).collect()
        }
        Some(Data::Histogram(one)) => {
            let points = one.data_points.into_iter();
            points
                .map(|point| Sample {
                    value: point.count as f64,
                    ..number(
                        NumberDataPoint {
                            attributes: point.attributes,
                            start_time_unix_nano: point.start_time_unix_nano,
                            time_unix_nano: point.time_unix_nano,
                            ..NumberDataPoint::default()
                        },
                        one.aggregation_temporality == 2,
                    )
                })
                .collect()
        }
        _ => Vec::new(),
    }
}
