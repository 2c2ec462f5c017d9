//! What one series shows, and how the library writes it on a page.

use crate::histogram::Histogram;
use crate::tally::Tally;
use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::exemplar::{CounterWithExemplar, Exemplar};
use std::collections::HashMap;
use std::fmt;

/// What one series shows.
#[derive(Clone, Copy)]
pub(super) enum Shown<'v> {
    Gauge(f64),
    Count(u64),
    Amount(f64),
    Tally(&'v Tally),
    Histogram(&'v Histogram),
}

impl Shown<'_> {
    pub(super) fn write(self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        const NO_EXEMPLARS: Option<&HashMap<usize, Exemplar<NoLabelSet, f64>>> = None;
        match self {
            Self::Gauge(value) => encoder.encode_gauge(&value),
            Self::Count(count) => encoder.encode_counter::<NoLabelSet, _, u64>(&count, None),
            Self::Amount(amount) => encoder.encode_counter::<NoLabelSet, _, f64>(&amount, None),
            Self::Histogram(one) => {
                encoder.encode_histogram(one.sum(), one.count(), &one.buckets(), NO_EXEMPLARS)
            }
            Self::Tally(tally) => {
                let Some(mark) = &tally.mark else {
                    return encoder.encode_counter::<NoLabelSet, _, u64>(&tally.count, None);
                };
                // The library makes an exemplar only of what it has counted itself.
                let counted = CounterWithExemplar::<[(&'static str, String); 2]>::default();
                let labels = [("trace_id", mark.trace.to_string()), ("span_id", mark.span.to_string())];
                counted.inc_by(tally.count.saturating_sub(1), None, None);
                counted.inc_by(1, Some(labels), Some(mark.at));
                counted.encode(encoder)
            }
        }
    }
}
