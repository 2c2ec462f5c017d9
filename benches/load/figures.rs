//! The figures of a run: what each is called, its unit, which way is better, and whether a comparison is judged by
//! it; medians and ratios of them. Pure.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which way a figure gets better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Better {
    /// Times, sizes, losses.
    Lower,
    /// Rates.
    Higher,
}

/// Whether a comparison is judged by a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// Beyond the threshold it fails the comparison.
    Main,
    /// Shown only.
    Shown,
}

/// A kind of figure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figure {
    /// Its key in the JSON.
    pub(crate) key: &'static str,
    /// Its name in tables, with the unit.
    pub(crate) title: &'static str,
    /// Which way is better.
    pub(crate) better: Better,
    /// Whether a comparison is judged by it.
    pub(crate) weight: Weight,
    /// Differences up to this much are noise, whatever the ratio: half a millisecond, a page or two.
    pub(crate) noise: f64,
}

const fn figure(key: &'static str, title: &'static str, weight: Weight, noise: f64) -> Figure {
    Figure { key, title, better: Better::Lower, weight, noise }
}

/// All figures, in the order of the tables.
pub(crate) const FIGURES: &[Figure] = &[
    figure("first_up_ms", "first up, ms", Weight::Shown, 0.5),
    figure("all_up_ms", "all up, ms", Weight::Main, 0.5),
    figure("start_cpu_ms", "CPU of the start, ms", Weight::Main, 2.0),
    figure("restart_p50_us", "restart p50, µs", Weight::Main, 100.0),
    figure("restart_p90_us", "restart p90, µs", Weight::Shown, 100.0),
    figure("restart_p99_us", "restart p99, µs", Weight::Main, 500.0),
    figure("restart_p999_us", "restart p99.9, µs", Weight::Shown, 500.0),
    figure("restart_max_us", "restart max, µs", Weight::Shown, 500.0),
    figure("restarts", "restarts measured", Weight::Shown, f64::INFINITY),
    figure("rolling_ms", "rolling restart, ms", Weight::Main, 5.0),
    figure("rollings", "rolling restarts", Weight::Shown, f64::INFINITY),
    figure("crash_starts", "crash loop starts", Weight::Shown, f64::INFINITY),
    figure("churn_cpu_percent", "CPU in churn, %", Weight::Main, 1.0),
    Figure {
        key: "lines_per_s",
        title: "captured lines/s",
        better: Better::Higher,
        weight: Weight::Main,
        noise: 10.0,
    },
    figure("lines_lost", "lines lost", Weight::Shown, 0.0),
    figure("lines_torn", "lines torn", Weight::Shown, 0.0),
    figure("idle_cpu_us_per_s", "idle CPU, µs/s", Weight::Main, 20.0),
    figure("idle_switches_per_s", "idle wake-ups/s", Weight::Main, 0.5),
    figure("pss_kib", "PSS, KiB", Weight::Main, 256.0),
    figure("pss_after_churn_kib", "PSS after churn, KiB", Weight::Shown, 256.0),
    figure("threads", "threads", Weight::Shown, 0.0),
    figure("descriptors", "descriptors", Weight::Shown, 0.0),
    figure("stop_ms", "stop, ms", Weight::Main, 1.0),
    figure("all_gone_ms", "all workers gone, ms", Weight::Shown, 1.0),
    figure("left_behind", "workers left behind", Weight::Main, 0.0),
    figure("exit_code", "exit code", Weight::Main, 0.0),
    figure("spans_expected", "spans expected (least)", Weight::Shown, f64::INFINITY),
    figure("spans_received", "spans received", Weight::Shown, f64::INFINITY),
    figure("spans_off", "spans off by", Weight::Main, 0.0),
    figure("span_duplicates", "spans received twice", Weight::Shown, 0.0),
    figure("spans_without_parent", "spans without parent", Weight::Shown, 0.0),
    figure("export_calls", "export calls", Weight::Shown, f64::INFINITY),
];

/// The figures of one run, by key. What was not measured is not there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Figures(pub(crate) BTreeMap<String, f64>);

impl Figures {
    /// Notes a figure.
    pub(crate) fn set(&mut self, key: &'static str, value: f64) {
        debug_assert!(FIGURES.iter().any(|figure| figure.key == key), "{key} is not in the list of figures");
        self.0.insert(key.to_owned(), value);
    }

    /// A figure, if it was measured.
    pub(crate) fn get(&self, key: &str) -> Option<f64> {
        self.0.get(key).copied()
    }

    /// Notes the percentiles of restart latencies in nanoseconds.
    pub(crate) fn set_restarts(&mut self, latencies: &Histogram<u64>) {
        self.set("restarts", latencies.len() as f64);
        if latencies.is_empty() {
            return;
        }
        for (key, quantile) in [
            ("restart_p50_us", 0.5),
            ("restart_p90_us", 0.9),
            ("restart_p99_us", 0.99),
            ("restart_p999_us", 0.999),
            ("restart_max_us", 1.0),
        ] {
            self.set(key, latencies.value_at_quantile(quantile) as f64 / 1000.0);
        }
    }
}

/// The median of each figure over runs; of an even number, the mean of the two in the middle.
pub(crate) fn medians(runs: &[&Figures]) -> Figures {
    let mut result = Figures::default();
    for figure in FIGURES {
        let mut values: Vec<f64> = runs.iter().filter_map(|run| run.get(figure.key)).collect();
        if let Some(median) = median(&mut values) {
            result.set(figure.key, median);
        }
    }
    result
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = values.get(values.len() / 2)?;
    let lower = values.get(values.len().checked_sub(1)? / 2)?;
    Some(f64::midpoint(*lower, *upper))
}

/// How much worse `new` is than `old`, as a ratio: 1 is the same, 2 is twice as bad. Within the noise it is 1.
pub(crate) fn worsening(figure: &Figure, old: f64, new: f64) -> f64 {
    if (new - old).abs() <= figure.noise {
        return 1.0;
    }
    let (bad, good) = match figure.better {
        Better::Lower => (new, old),
        Better::Higher => (old, new),
    };
    if good == 0.0 { f64::INFINITY } else { bad / good }
}
