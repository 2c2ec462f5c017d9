//! Figures: the median of several, and what they are a second.

use std::time::Duration;

/// Runs of each part; the median is printed.
pub(crate) const RUNS: usize = 5;

/// The median of several figures.
pub(crate) fn median(mut figures: Vec<Duration>) -> Duration {
    figures.sort_unstable();
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

/// A figure as spans a second.
pub(crate) fn rate(spans: u64, time: Duration) -> u64 {
    (spans as f64 / time.as_secs_f64().max(1e-9)) as u64
}
