//! The time of each trace that has open spans: its root follows the wall clock, all below keep what held at the root,
//! so that a trace is whole although the clock was set meanwhile. Owns one entry for each such trace, gone with its
//! last open span; never a span. Asked when a span opens and told when one ends.

use crate::clock::Clock;
use opentelemetry::trace::TraceId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
struct Time {
    clock: Clock,
    open: usize,
}

/// See the top of the file. Cheap to clone: all clones are one.
#[derive(Debug, Clone, Default)]
pub(super) struct Times(Arc<Mutex<HashMap<TraceId, Time>>>);

/// Keeps the time of a trace while a span of it is open.
#[derive(Debug)]
pub(super) struct Kept {
    times: Times,
    trace: TraceId,
}

impl Times {
    fn lock(&self) -> MutexGuard<'_, HashMap<TraceId, Time>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner) // whole between any two operations
    }

    /// The clock of a trace: its own while a span of it is open, else that of now.
    pub(super) fn of(&self, trace: TraceId, clock: &Clock) -> Clock {
        self.lock().get(&trace).map_or_else(|| clock.pinned(), |time| time.clock)
    }

    /// The traces with open spans, and how many those are.
    pub(super) fn open(&self) -> Vec<(TraceId, usize)> {
        self.lock().iter().map(|(trace, time)| (*trace, time.open)).collect()
    }

    /// A span of the trace has opened at the time of this clock.
    pub(super) fn keep(&self, trace: TraceId, clock: Clock) -> Kept {
        self.lock().entry(trace).or_insert(Time { clock, open: 0 }).open += 1;
        Kept { times: self.clone(), trace }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let mut times = self.times.lock();
        if let Some(time) = times.get_mut(&self.trace) {
            time.open -= 1;
            if time.open == 0 {
                times.remove(&self.trace);
            }
        }
    }
}
