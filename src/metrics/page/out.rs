//! Families of series, each with its name and help once. One that has no series is left out. Owns what they become: the text
//! of a page, or values that somebody else sends.

use super::shown::Shown;
use super::values::Values;
use crate::histogram::Histogram;
use crate::tally::Tally;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::MetricType;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Labels with their values.
pub(super) type Labels<'a, const N: usize> = [(&'static str, &'a str); N];

/// No label.
pub(super) const NONE: Labels<'static, 0> = [];

/// Labels that can be written, and read.
pub(super) trait Pairs: EncodeLabelSet {
    /// Each with its value.
    fn pairs(&self) -> Vec<(&'static str, String)>;
}

impl<V: AsRef<str> + EncodeLabelValue, const N: usize> Pairs for [(&'static str, V); N] {
    fn pairs(&self) -> Vec<(&'static str, String)> {
        self.iter().map(|(name, value)| (*name, value.as_ref().to_owned())).collect()
    }
}

/// See the top of the file.
pub(super) enum Out<'a> {
    /// The text of a page.
    Page(DescriptorEncoder<'a>),
    /// Values.
    Values(&'a mut Values),
}

impl Out<'_> {
    /// One value for each.
    pub(super) fn gauge<L: Pairs>(
        &mut self,
        name: &'static str,
        help: &'static str,
        rows: impl IntoIterator<Item = (L, f64)>,
    ) -> fmt::Result {
        let rows = rows.into_iter().map(|(labels, value)| (labels, Shown::Gauge(value)));
        self.family((name, help, MetricType::Gauge), rows)
    }

    /// One count for each; the name is without its `_total`.
    pub(super) fn counter<L: Pairs>(
        &mut self,
        name: &'static str,
        help: &'static str,
        rows: impl IntoIterator<Item = (L, u64)>,
    ) -> fmt::Result {
        let rows = rows.into_iter().map(|(labels, count)| (labels, Shown::Count(count)));
        self.family((name, help, MetricType::Counter), rows)
    }

    /// One amount for each; the name is without its `_total`.
    pub(super) fn amount<L: Pairs>(
        &mut self,
        name: &'static str,
        help: &'static str,
        rows: impl IntoIterator<Item = (L, f64)>,
    ) -> fmt::Result {
        let rows = rows.into_iter().map(|(labels, amount)| (labels, Shown::Amount(amount)));
        self.family((name, help, MetricType::Counter), rows)
    }

    /// One count for each, with the trace that has raised it last.
    pub(super) fn tally<'t, L: Pairs>(
        &mut self,
        name: &'static str,
        help: &'static str,
        rows: impl IntoIterator<Item = (L, &'t Tally)>,
    ) -> fmt::Result {
        let rows = rows.into_iter().map(|(labels, tally)| (labels, Shown::Tally(tally)));
        self.family((name, help, MetricType::Counter), rows)
    }

    /// One histogram for each.
    pub(super) fn histogram<'h, L: Pairs>(
        &mut self,
        name: &'static str,
        help: &'static str,
        rows: impl IntoIterator<Item = (L, &'h Histogram)>,
    ) -> fmt::Result {
        let rows = rows.into_iter().map(|(labels, one)| (labels, Shown::Histogram(one)));
        self.family((name, help, MetricType::Histogram), rows)
    }

    fn family<'v, L: Pairs>(
        &mut self,
        (name, help, kind): (&'static str, &'static str, MetricType),
        rows: impl Iterator<Item = (L, Shown<'v>)>,
    ) -> fmt::Result {
        let mut rows = rows.peekable();
        if rows.peek().is_none() {
            return Ok(());
        }
        match self {
            Self::Page(encoder) => {
                let mut encoder = encoder.encode_descriptor(name, help, None, kind)?;
                for (labels, shown) in rows {
                    shown.write(encoder.encode_family(&labels)?)?;
                }
            }
            Self::Values(values) => {
                values.add(name, help, rows.map(|(labels, shown)| (labels.pairs(), shown)));
            }
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
