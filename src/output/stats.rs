//! The ledger of lines and records. Owns the counts; each changes in one step with what it counts, so every snapshot
//! keeps the law of accounting. Never computes one count from the others. Kept by the sink under its lock.

/// Counts since the start. A line over the cap counts once for each of its records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Lines read from children: `written + hidden + filtered + joined + dropped_full + dropped_closed + dropped_panic + queued`.
    pub captured: u64,
    /// Lines of children that stdout has taken.
    pub written: u64,
    /// Lines below `log_level`.
    pub hidden: u64,
    /// Lines that the rules of their process drop.
    pub filtered: u64,
    /// Lines that are in the record of the line before.
    pub joined: u64,
    /// Lines dropped because the queue was full.
    pub dropped_full: u64,
    /// Lines dropped because stdout is gone or refused them.
    pub dropped_closed: u64,
    /// Lines dropped because a part of the output has panicked over them, at most.
    pub dropped_panic: u64,
    /// Lines that wait in the queue, or in the write that is under way.
    pub queued: u64,
    /// Own records and blocks that stdout has taken.
    pub records_written: u64,
    /// Own records and blocks that were dropped.
    pub records_dropped: u64,
}

impl Stats {
    pub(super) fn hide(&mut self, lines: u64) {
        self.captured += lines;
        self.hidden += lines;
    }

    pub(super) fn filter(&mut self, lines: u64) {
        self.captured += lines;
        self.filtered += lines;
    }

    pub(super) fn join(&mut self, lines: u64) {
        self.captured += lines;
        self.joined += lines;
    }

    pub(super) fn drop_full(&mut self, lines: u64) {
        self.captured += lines;
        self.dropped_full += lines;
    }

    /// Lines that came after stdout had gone.
    pub(super) fn drop_closed(&mut self, lines: u64) {
        self.captured += lines;
        self.dropped_closed += lines;
    }

    /// Lines that were being framed.
    pub(super) fn drop_panic(&mut self, lines: u64) {
        self.captured += lines;
        self.dropped_panic += lines;
    }

    /// All queued lines but these are nowhere any more. Gives how many that are.
    pub(super) fn lose_in_hand(&mut self, left: u64) -> u64 {
        let lost = self.queued.saturating_sub(left);
        self.queued -= lost;
        self.dropped_panic += lost;
        lost
    }

    pub(super) fn queue(&mut self, lines: u64) {
        self.captured += lines;
        self.queued += lines;
    }

    /// Queued lines were taken.
    pub(super) fn write(&mut self, lines: u64) {
        self.queued = self.queued.saturating_sub(lines);
        self.written += lines;
    }

    /// Queued lines were refused.
    pub(super) fn refuse(&mut self, lines: u64) {
        self.queued = self.queued.saturating_sub(lines);
        self.dropped_closed += lines;
    }

    /// Adds what was counted elsewhere.
    pub(super) fn add(&mut self, other: &Self) {
        let Self { captured, written, hidden, filtered, joined, .. } = other;
        self.captured += captured;
        self.written += written;
        self.hidden += hidden;
        self.filtered += filtered;
        self.joined += joined;
        self.dropped_full += other.dropped_full;
        self.dropped_closed += other.dropped_closed;
        self.dropped_panic += other.dropped_panic;
        self.queued += other.queued;
        self.records_written += other.records_written;
        self.records_dropped += other.records_dropped;
    }
}
