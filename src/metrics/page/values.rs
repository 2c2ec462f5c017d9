//! Series as values, for who sends them: the names are those of the page. Owns since when each is counted:
//! the supervisor's beginning, that of its process, or that of the run.

use super::shown::Shown;
use phpeek_actors::telemetry::measured::{Exemplar, Family, Kind, Number, Point};
use std::borrow::Cow;
use std::collections::HashMap;
use std::time::SystemTime;

/// Series as values.
pub(super) struct Values {
    pub(super) prefix: Option<&'static str>,
    /// When the supervisor began.
    pub(super) began: SystemTime,
    /// When each process was added, and each run of an instance began.
    pub(super) processes: HashMap<String, SystemTime>,
    pub(super) runs: HashMap<String, SystemTime>,
    pub(super) families: Vec<Family>,
}

impl Values {
    /// More series of one name.
    pub(super) fn add<'v>(
        &mut self,
        name: &'static str,
        help: &'static str,
        rows: impl Iterator<Item = (Vec<(&'static str, String)>, Shown<'v>)>,
    ) {
        let of_hook = name.starts_with("hook_");
        let mut kind = Kind::Gauge;
        let points: Vec<Point> = rows
            .map(|(labels, shown)| {
                let since = if of_hook { self.began } else { self.since(&labels) };
                let (own, value, exemplar) = value(shown);
                kind = own;
                let labels = labels.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect();
                Point { labels, since, value, exemplar }
            })
            .collect();
        let total = if kind == Kind::Sum { "_total" } else { "" };
        let name = match self.prefix {
            Some(prefix) => format!("{prefix}_{name}{total}"),
            None => format!("{name}{total}"),
        };
        self.families.push(Family { name: name.into(), help: help.into(), unit: "", kind, points });
    }

    /// What instances use is counted from the beginning of their run; all else of a process since it is known.
    fn since(&self, labels: &[(&'static str, String)]) -> SystemTime {
        let of = |key: &str| labels.iter().find(|(name, _)| *name == key).map(|(_, value)| value);
        let run = of("process").and(of("instance")).and_then(|instance| self.runs.get(instance));
        let process = of("name").or(of("process")).and_then(|name| self.processes.get(name));
        *run.or(process).unwrap_or(&self.began)
    }
}

fn value(shown: Shown<'_>) -> (Kind, Number, Option<Exemplar>) {
    match shown {
        Shown::Gauge(value) => (Kind::Gauge, Number::Float(value), None),
        Shown::Count(count) => (Kind::Sum, Number::Whole(count), None),
        Shown::Amount(amount) => (Kind::Sum, Number::Float(amount), None),
        Shown::Tally(tally) => {
            let exemplar = tally.mark.as_ref().map(|mark| {
                let (trace, span) = (mark.trace.to_string(), mark.span.to_string());
                Exemplar { trace, span, at: mark.at }
            });
            (Kind::Sum, Number::Whole(tally.count), exemplar)
        }
        Shown::Histogram(one) => {
            let (mut bounds, counts): (Vec<f64>, Vec<u64>) = one.buckets().into_iter().unzip();
            bounds.pop(); // the last is infinite, and not said
            (Kind::Histogram, Number::Buckets(bounds, counts, one.sum()), None)
        }
    }
}
