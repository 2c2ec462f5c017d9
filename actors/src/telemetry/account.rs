//! What became of every span, or of every item of another signal. Values; the law that they keep is checked here, and kept by
//! the queue.

use super::store::Dropped;

/// What became of the spans, or of the items of another signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TelemetryStats {
    /// Recorded spans that ended.
    pub started: u64,
    /// Spans of an earlier supervisor that were found in the spool.
    pub recovered: u64,
    /// Taken by the receiver.
    pub exported: u64,
    /// Refused by the receiver, or given up at the end.
    pub failed: u64,
    /// Those of attempts that failed and follow again, as often as they did: of these none is lost.
    pub put_back: u64,
    /// Not queued, because the queue was full.
    pub dropped_queue_full: u64,
    /// Left out by the sampling of whole traces.
    pub dropped_sampled_out: u64,
    /// Not kept by the store.
    pub dropped: Dropped,
    /// Lost with a part of telemetry that panicked.
    pub dropped_panic: u64,
    /// Queued, undecided, stored or in flight.
    pub pending: u64,
}

impl TelemetryStats {
    /// What was dropped, by reason. What the sampling leaves out is no loss, and not among them.
    #[must_use]
    pub fn lost(&self) -> [(&'static str, u64); 5] {
        [
            ("queue_full", self.dropped_queue_full),
            ("spool_full", self.dropped.full),
            ("expired", self.dropped.expired),
            ("damaged", self.dropped.damaged),
            ("panic", self.dropped_panic),
        ]
    }

    /// What was dropped and is a loss.
    #[must_use]
    pub fn lost_all(&self) -> u64 {
        self.lost().iter().map(|(_, count)| count).sum()
    }

    /// Dropped for whatever reason.
    #[must_use]
    pub fn dropped_all(&self) -> u64 {
        self.dropped_sampled_out + self.lost_all()
    }

    /// Failures to deliver a span: of each attempt, and for good. What the sampling leaves out is none.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.put_back + self.failed + self.lost_all()
    }

    /// Whether every span is accounted for.
    #[must_use]
    pub fn balances(&self) -> bool {
        self.started + self.recovered == self.exported + self.failed + self.dropped_all() + self.pending
    }
}
