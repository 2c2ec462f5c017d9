//! Which span has started which run of an instance: what its lines belong to. Owns a few runs of each instance, because
//! lines of a run are sent a moment after they came. Filled by the supervision thread, asked by the telemetry thread.

use opentelemetry::trace::SpanContext;
use phpeek_core::name::ProcessName;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Runs of an instance that are remembered.
const RUNS: usize = 4;

type Runs = HashMap<ProcessName, HashMap<u32, VecDeque<(u64, SpanContext)>>>;

/// See the top of the file.
#[derive(Debug, Default)]
pub struct RunSpans(Mutex<Runs>);

impl RunSpans {
    fn lock(&self) -> MutexGuard<'_, Runs> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner) // whole between any two operations
    }

    /// This span starts a run.
    pub fn note(&self, process: &ProcessName, number: u32, run: u64, context: SpanContext) {
        let mut all = self.lock();
        let runs = all.entry(process.clone()).or_default().entry(number).or_default();
        runs.push_back((run, context));
        if runs.len() > RUNS {
            runs.pop_front();
        }
    }

    /// An instance is no more.
    pub fn forget(&self, process: &ProcessName, number: u32) {
        let mut all = self.lock();
        if let Some(instances) = all.get_mut(process) {
            instances.remove(&number);
            if instances.is_empty() {
                all.remove(process);
            }
        }
    }

    /// The span that has started a run, or the newest one.
    pub(super) fn of(&self, process: &ProcessName, number: u32, run: Option<u64>) -> Option<SpanContext> {
        let all = self.lock();
        let runs = all.get(process)?.get(&number)?;
        let wanted = |(one, _): &&(u64, SpanContext)| run.is_none_or(|run| run == *one);
        runs.iter().rev().find(wanted).map(|(_, context)| context.clone()).filter(SpanContext::is_valid)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use opentelemetry::trace::{SpanId, TraceFlags, TraceId, TraceState};

    #[test]
    fn lines_of_a_run_before_find_their_own_span() {
        let (runs, name) = (RunSpans::default(), ProcessName::new("web").expect("a name"));
        let context = |n: u64| {
            let (trace, span) = (TraceId::from(u128::from(n)), SpanId::from(n));
            SpanContext::new(trace, span, TraceFlags::SAMPLED, false, TraceState::NONE)
        };
        (1..=6).for_each(|run| runs.note(&name, 0, run, context(run)));
        let of = |run| runs.of(&name, 0, run).map(|context| context.span_id());
        assert_eq!((of(Some(5)), of(None)), (Some(SpanId::from(5)), Some(SpanId::from(6))));
        assert_eq!((of(Some(1)), runs.of(&name, 1, None)), (None, None), "it is too long ago");
        runs.note(&name, 0, 7, SpanContext::NONE);
        assert_eq!(runs.of(&name, 0, Some(7)), None, "tracing is off");
        runs.forget(&name, 0);
        assert!(of(None).is_none() && runs.lock().is_empty());
    }
}
