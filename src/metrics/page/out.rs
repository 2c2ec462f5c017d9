//! Families of series, each with its name and help once. One that has no series is left out.

use crate::histogram::Histogram;
use crate::tally::Tally;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, EncodeMetric, MetricEncoder, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::{CounterWithExemplar, Exemplar};
use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Labels with their values.
pub(super) type Labels<'a, const N: usize> = [(&'static str, &'a str); N];

/// No label.
pub(super) const NONE: Labels<'static, 0> = [];

/// See the top of the file.
pub(super) struct Out<'a>(DescriptorEncoder<'a>);

impl<'a> Out<'a> {
    pub(super) fn new(encoder: DescriptorEncoder<'a>) -> Self {
        Self(encoder)
    }

    /// One value for each.
    pub(super) fn gauge<L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (L, f64)>,
    ) -> fmt::Result {
        self.family((name, help, MetricType::Gauge), rows, |mut encoder, value| encoder.encode_gauge(&value))
    }

    /// One count for each; the name is without its `_total`.
    pub(super) fn counter<L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (L, u64)>,
    ) -> fmt::Result {
        self.family((name, help, MetricType::Counter), rows, |mut encoder, count| {
            encoder.encode_counter::<NoLabelSet, _, u64>(&count, None)
        })
    }

    /// One amount for each; the name is without its `_total`.
    pub(super) fn amount<L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (L, f64)>,
    ) -> fmt::Result {
        self.family((name, help, MetricType::Counter), rows, |mut encoder, amount| {
            encoder.encode_counter::<NoLabelSet, _, f64>(&amount, None)
        })
    }

    /// One count for each, with the trace that has raised it last.
    pub(super) fn tally<'t, L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (L, &'t Tally)>,
    ) -> fmt::Result {
        self.family((name, help, MetricType::Counter), rows, |mut encoder, tally| {
            let Some(mark) = &tally.mark else {
                return encoder.encode_counter::<NoLabelSet, _, u64>(&tally.count, None);
            };
            // The library makes an exemplar only of what it has counted itself.
            let counted = CounterWithExemplar::<[(&'static str, String); 2]>::default();
            let labels = [("trace_id", mark.trace.to_string()), ("span_id", mark.span.to_string())];
            counted.inc_by(tally.count.saturating_sub(1), None, None);
            counted.inc_by(1, Some(labels), Some(mark.at));
            counted.encode(encoder)
        })
    }

    /// One histogram for each.
    pub(super) fn histogram<'h, L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (L, &'h Histogram)>,
    ) -> fmt::Result {
        const NO_EXEMPLARS: Option<&HashMap<usize, Exemplar<NoLabelSet, f64>>> = None;
        self.family((name, help, MetricType::Histogram), rows, |mut encoder, one| {
            encoder.encode_histogram(one.sum(), one.count(), &one.buckets(), NO_EXEMPLARS)
        })
    }

    fn family<L: EncodeLabelSet, V>(
        &mut self,
        (name, help, kind): (&str, &str, MetricType),
        rows: impl IntoIterator<Item = (L, V)>,
        write: impl Fn(MetricEncoder<'_>, V) -> fmt::Result,
    ) -> fmt::Result {
        let mut rows = rows.into_iter().peekable();
        if rows.peek().is_none() {
            return Ok(());
        }
        let mut encoder = self.0.encode_descriptor(name, help, None, kind)?;
        for (labels, value) in rows {
            write(encoder.encode_family(&labels)?, value)?;
        }
        Ok(())
    }
}

/// 1 for what is so.
pub(super) fn truth(so: bool) -> f64 {
    if so { 1.0 } else { 0.0 }
}

/// A whole number; those beyond 2^53 lose their last digits.
#[expect(clippy::cast_precision_loss, reason = "the format knows floating point alone")]
pub(super) fn number(number: u64) -> f64 {
    number as f64
}

/// A number of things in memory.
pub(super) fn count(count: usize) -> f64 {
    number(count as u64)
}

/// Seconds since 1970, to the millisecond.
pub(super) fn timestamp(at: SystemTime) -> f64 {
    seconds(at.duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// Seconds, to the millisecond.
pub(super) fn seconds(time: Duration) -> f64 {
    number(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)) / 1000.0
}
