//! How often a value fell where: counts by bucket, and the sum. Owns the bounds that are documented.

/// Seconds of a health check.
pub(crate) const HEALTH: &[f64] = &[0.001, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];
/// Seconds of a hook.
pub(crate) const HOOK: &[f64] = &[0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 120.0];
/// Seconds of the whole shutdown.
pub(crate) const SHUTDOWN: &[f64] = &[1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 180.0, 300.0];
/// Seconds of a look at what all instances use.
pub(crate) const RESOURCES: &[f64] = &[0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05];
/// Seconds of a request.
pub(crate) const REQUEST: &[f64] = &[0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];
/// Seconds of a wait for another process.
pub(crate) const WAIT: &[f64] = &[0.01, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 120.0];

/// See the top of the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Histogram {
    bounds: &'static [f64],
    /// One more than there are bounds: the last is for what is above all of them.
    counts: Box<[u64]>,
    sum: f64,
}

impl Histogram {
    /// An empty one with these upper bounds, which rise.
    #[must_use]
    pub(crate) fn new(bounds: &'static [f64]) -> Self {
        Self { bounds, counts: vec![0; bounds.len() + 1].into(), sum: 0.0 }
    }

    /// One more value. A bound is part of its bucket.
    pub(crate) fn observe(&mut self, value: f64) {
        let place = self.bounds.iter().position(|bound| value <= *bound).unwrap_or(self.bounds.len());
        if let Some(count) = self.counts.get_mut(place) {
            *count += 1;
        }
        self.sum += value;
    }

    /// How many values.
    #[must_use]
    pub(crate) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Their sum.
    #[must_use]
    pub(crate) fn sum(&self) -> f64 {
        self.sum
    }

    /// Each bound with its own count; the last bound is infinite.
    pub(crate) fn buckets(&self) -> Vec<(f64, u64)> {
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        bounds.zip(self.counts.iter().copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_counted_where_it_belongs() {
        let mut histogram = Histogram::new(&[1.0, 2.0]);
        for value in [0.0, 1.0, 1.5, 2.5, 100.0] {
            histogram.observe(value);
        }
        assert_eq!(histogram.buckets(), [(1.0, 2), (2.0, 1), (f64::INFINITY, 2)]);
        assert!(histogram.count() == 5 && (histogram.sum() - 105.0).abs() < 1e-9);
    }
}
