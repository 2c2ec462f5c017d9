//! One metric as OTLP has it: cumulative, each point with its beginning. Owns where each kind of value stands in a `Metric`.

use crate::item::item;
use crate::origin::Origin;
use crate::wire::{any_double, bytes, fixed64, message, nanos, number, raw, tag, text, varint};
use phpeek_actors::telemetry::measured::{Exemplar, Family, Kind, Number, Point};
use std::time::SystemTime;

/// `AGGREGATION_TEMPORALITY_CUMULATIVE`.
const CUMULATIVE: u64 = 2;

/// These points of a metric (opentelemetry-proto 1.11, metrics.proto).
pub(super) fn item_of(origin: &Origin, family: &Family, points: &[Point], at: SystemTime) -> Box<[u8]> {
    item(origin, |out| {
        text(out, 1, &family.name);
        text(out, 2, &family.help);
        text(out, 3, family.unit);
        let field = match family.kind {
            Kind::Gauge => 5,
            Kind::Sum | Kind::UpDown => 7,
            Kind::Histogram => 9,
        };
        message(out, field, |out| {
            points.iter().for_each(|point| message(out, 1, |out| data_point(out, point, at)));
            if family.kind != Kind::Gauge {
                number(out, 2, CUMULATIVE);
            }
            if family.kind == Kind::Sum {
                number(out, 3, 1); // it only grows
            }
        });
    })
}

fn data_point(out: &mut Vec<u8>, point: &Point, at: SystemTime) {
    fixed64(out, 2, nanos(point.since.min(at)));
    fixed64(out, 3, nanos(at));
    match &point.value {
        Number::Whole(value) => {
            tag(out, 6, 1);
            out.extend_from_slice(&i64::try_from(*value).unwrap_or(i64::MAX).to_le_bytes());
        }
        Number::Float(value) => any_double(out, *value), // `as_double` has the field of `double_value`
        Number::Buckets(bounds, counts, sum) => {
            fixed64(out, 4, counts.iter().sum());
            tag(out, 5, 1);
            out.extend_from_slice(&sum.to_le_bytes());
            packed(out, 6, counts.iter().map(|count| count.to_le_bytes()));
            packed(out, 7, bounds.iter().map(|bound| bound.to_le_bytes()));
        }
    }
    let (attributes, exemplars) = match point.value {
        Number::Buckets(..) => (9, 8),
        Number::Whole(_) | Number::Float(_) => (7, 5),
    };
    for (name, value) in &point.labels {
        message(out, attributes, |out| {
            text(out, 1, name);
            message(out, 2, |out| raw(out, 1, value.as_bytes()));
        });
    }
    if let Some(exemplar) = &point.exemplar {
        message(out, exemplars, |out| write_exemplar(out, exemplar));
    }
}

fn write_exemplar(out: &mut Vec<u8>, exemplar: &Exemplar) {
    let id = |hex: &str| const_hex::decode(hex).unwrap_or_default();
    fixed64(out, 2, nanos(exemplar.at));
    bytes(out, 4, &id(&exemplar.span));
    bytes(out, 5, &id(&exemplar.trace));
    tag(out, 6, 1);
    out.extend_from_slice(&1_i64.to_le_bytes());
}

/// Numbers of eight bytes in a row.
fn packed(out: &mut Vec<u8>, field: u32, values: impl ExactSizeIterator<Item = [u8; 8]>) {
    tag(out, field, 2);
    varint(out, values.len() as u64 * 8);
    values.for_each(|value| out.extend_from_slice(&value));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use crate::encode::request;
    use opentelemetry::InstrumentationScope;
    use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
    use opentelemetry_proto::tonic::metrics::v1::{self as proto, metric::Data, number_data_point};
    use opentelemetry_sdk::Resource;
    use proptest::prelude::*;
    use prost::Message as _;
    use std::time::{Duration, UNIX_EPOCH};

    fn read(family: &Family, at: SystemTime) -> proto::Metric {
        let own =
            Origin::new(&Resource::builder_empty().build(), &InstrumentationScope::builder("s").build());
        let item = item_of(&own, family, &family.points, at);
        let bytes = request(&Origin::of_each(), [&*item].into_iter());
        let mut request = ExportMetricsServiceRequest::decode(bytes.as_slice()).expect("a request");
        request.resource_metrics.remove(0).scope_metrics.remove(0).metrics.remove(0)
    }

    fn kinds() -> impl Strategy<Value = (Kind, Number)> {
        prop_oneof![
            (-1e9..1e9f64).prop_map(|value| (Kind::Gauge, Number::Float(value))),
            any::<u32>().prop_map(|value| (Kind::Sum, Number::Whole(value.into()))),
            any::<u32>().prop_map(|value| (Kind::UpDown, Number::Whole(value.into()))),
            (0..1000u64, 0..1000u64, 0.0..1e6f64)
                .prop_map(|(a, b, sum)| (Kind::Histogram, Number::Buckets(vec![0.5], vec![a, b], sum))),
        ]
    }

    proptest! {
        #[test]
        fn the_generated_code_reads_what_was_measured((kind, value) in kinds(), names in prop::collection::vec("[a-z]{1,9}", 0..4), traced in any::<bool>()) {
            let (since, at) = (UNIX_EPOCH + Duration::from_secs(5), UNIX_EPOCH + Duration::from_secs(9));
            let labels = names.iter().map(|name| (name.clone().into(), format!("v {name}"))).collect();
            let exemplar = traced.then(|| Exemplar { trace: "0a".repeat(16), span: "0b".repeat(8), at });
            let point = Point { labels, since, value: value.clone(), exemplar };
            let family = Family { name: "n".into(), help: "h".into(), unit: "s", kind, points: vec![point; 3] };
            let metric = read(&family, at);
            prop_assert_eq!((metric.name.as_str(), metric.description.as_str(), metric.unit.as_str()), ("n", "h", "s"));
            let (numbers, buckets, sum) = match metric.data.expect("data") {
                Data::Gauge(gauge) => (gauge.data_points, Vec::new(), None),
                Data::Sum(sum) => (sum.data_points, Vec::new(), Some((sum.aggregation_temporality, sum.is_monotonic))),
                Data::Histogram(one) => (Vec::new(), one.data_points, Some((one.aggregation_temporality, false))),
                _ => (Vec::new(), Vec::new(), None),
            };
            let wanted = match kind {
                Kind::Gauge => None,
                Kind::Sum => Some((2, true)),
                Kind::UpDown | Kind::Histogram => Some((2, false)),
            };
            prop_assert_eq!((numbers.len() + buckets.len(), sum), (3, wanted));
            for point in numbers {
                prop_assert_eq!((point.start_time_unix_nano, point.time_unix_nano), (5_000_000_000, 9_000_000_000));
                prop_assert_eq!((point.attributes.len(), point.exemplars.len()), (names.len(), usize::from(traced)));
                let found = match point.value.expect("a value") {
                    number_data_point::Value::AsInt(whole) => Number::Whole(whole.unsigned_abs()),
                    number_data_point::Value::AsDouble(float) => Number::Float(float),
                };
                prop_assert_eq!(&found, &value);
            }
            for point in buckets {
                prop_assert_eq!(point.count, point.bucket_counts.iter().sum::<u64>());
                let found = Number::Buckets(point.explicit_bounds, point.bucket_counts, point.sum.expect("a sum"));
                prop_assert_eq!((&found, point.attributes.len()), (&value, names.len()));
            }
        }
    }
}
