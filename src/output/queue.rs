//! What waits for the writer of standard output, and the ledger beside it. Owns the counts; decides nothing and writes
//! nothing. Kept by the sink under its lock.

use super::notice::Losses;
use super::stats::Stats;
use std::collections::VecDeque;
use std::time::{Duration, SystemTime};
use tokio::sync::oneshot;

/// A wall clock that shows this much less than the last record was set back. What is less waits for it.
const SET_BACK: Duration = Duration::from_millis(500);
/// Buffers that are kept for the next chunks: as many as wait in a full queue, until the burst is over. Fresh memory
/// costs a page fault for each 17 lines, and on a busy machine writer and reader run in turns of many chunks.
const SPARES: usize = 32;
/// A spare buffer up to this size stays when the burst is over.
const SMALL_BUFFER: usize = 64 << 10;
/// A buffer over this size is never kept.
const LARGE_BUFFER: usize = 1 << 20;

/// One write of lines, each with the only newline that it holds, or of one record or block of the supervisor's own.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) bytes: Vec<u8>,
    pub(super) lines: u64,
    pub(super) records: u64,
    /// It starts inside a record that stdout has the beginning of.
    pub(super) begun: bool,
}

/// See the top of the file.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) chunks: VecDeque<Chunk>,
    spares: Vec<Vec<u8>>,
    pub(super) stats: Stats,
    pub(super) losses: Losses,
    /// What was queued last are raw bytes that do not end their line.
    pub(super) open: bool,
    /// Bytes of the supervisor's own that wait: they have a place that lines cannot take.
    pub(super) own: usize,
    /// The latest time that a record has: none after it has an earlier one.
    latest: SystemTime,
    /// The writer has a chunk in hand, and looks at the queue again without being told.
    pub(super) busy: bool,
    /// Records of the supervisor's own in that chunk, and in the rest of a torn one.
    pub(super) in_hand: u64,
    /// The reader of the pipes waits for room.
    pub(super) pressed: bool,
    /// The last write failed: a notice would fail too.
    pub(super) refusing: bool,
    pub(super) closing: bool,
    pub(super) flushed: Vec<oneshot::Sender<()>>,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            chunks: VecDeque::new(),
            spares: Vec::new(),
            stats: Stats::default(),
            losses: Losses::default(),
            open: false,
            own: 0,
            latest: SystemTime::UNIX_EPOCH,
            busy: false,
            in_hand: 0,
            pressed: false,
            refusing: false,
            closing: false,
            flushed: Vec::new(),
        }
    }

    /// Looks at the wall clock: a record may have an earlier time than the one before when the clock was set back.
    pub(super) fn set_clock(&mut self, now: SystemTime) {
        if now.checked_add(SET_BACK).is_some_and(|limit| limit < self.latest) {
            self.latest = now;
        }
    }

    /// The time of the next record, which happened then: none earlier than that of the one before it.
    pub(super) fn stamp(&mut self, at: SystemTime) -> SystemTime {
        self.latest = self.latest.max(at);
        self.latest
    }

    /// The time of the last record.
    pub(super) fn latest(&self) -> SystemTime {
        self.latest
    }

    pub(super) fn buffer(&mut self) -> Vec<u8> {
        self.spares.pop().unwrap_or_default()
    }

    /// A buffer that may serve again.
    pub(super) fn keep_buffer(&mut self, mut bytes: Vec<u8>) {
        if self.spares.len() < SPARES && bytes.capacity() <= LARGE_BUFFER {
            bytes.clear();
            self.spares.push(bytes);
        }
    }

    /// Gives the large buffers of a burst back.
    pub(super) fn release_buffers(&mut self) {
        self.spares.retain(|spare| spare.capacity() <= SMALL_BUFFER);
    }

    pub(super) fn drop_buffers(&mut self) {
        self.spares = Vec::new();
    }
}
