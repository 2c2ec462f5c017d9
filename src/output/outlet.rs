//! What is on its way to one of the supervisor's streams: the chunk that is being filled. Owns what may stand together in it;
//! never reads a pipe. Used by the framer.

use super::pieces::Room;
use super::sink::{CHUNK, Sink};
use phpeek_core::name::ProcessName;
use std::sync::Arc;

/// What becomes of lines while the queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// There was room for the whole read before it was made.
    All,
    /// What has no room is dropped.
    WhatFits,
}

/// See the top of the file.
pub(super) struct Outlet {
    pub(super) sink: Arc<Sink>,
    /// What is filled, all of one kind.
    pub(super) bytes: Vec<u8>,
    pub(super) lines: u64,
    raw: bool,
    pub(super) takes: Takes,
    /// How many chunks the sink was given.
    handed: u64,
}

/// How far a chunk was filled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    handed: u64,
    bytes: usize,
    lines: u64,
}

impl Outlet {
    pub(super) fn new(sink: Arc<Sink>) -> Self {
        Self { sink, bytes: Vec::new(), lines: 0, raw: false, takes: Takes::All, handed: 0 }
    }

    /// How far it is filled now.
    pub(super) fn mark(&self) -> Mark {
        Mark { handed: self.handed, bytes: self.bytes.len(), lines: self.lines }
    }

    /// Forgets what came since, but for what the sink was given.
    pub(super) fn back_to(&mut self, mark: Mark) {
        let (bytes, lines) = if self.handed == mark.handed { (mark.bytes, mark.lines) } else { (0, 0) };
        self.bytes.truncate(bytes);
        self.lines = lines;
    }

    /// Whether all that is taken now fills the queue.
    pub(super) fn is_full(&self) -> bool {
        self.takes == Takes::All && self.sink.is_full_with(self.bytes.len())
    }

    /// Whether there is room for what comes.
    pub(super) fn room(&self) -> Room {
        match self.takes {
            Takes::All => Room::Free,
            Takes::WhatFits => self.sink.room(),
        }
    }

    /// Records follow.
    pub(super) fn records(&mut self) {
        self.begin(false);
    }

    fn begin(&mut self, raw: bool) {
        if self.raw != raw {
            self.hand_over();
            self.raw = raw;
        }
        if self.bytes.capacity() == 0 {
            self.bytes = self.sink.buffer();
        }
    }

    /// Takes bytes that are no records, and what was held of their line. A line counts for each part of it.
    pub(super) fn raw(&mut self, process: &ProcessName, held: &[u8], bytes: &[u8]) {
        let Some(last) = bytes.last().or(held.last()) else { return };
        let lines = newlines(held) + newlines(bytes) + u64::from(*last != b'\n');
        if self.room() == Room::Full {
            return self.sink.lost(process, lines);
        }
        self.begin(true);
        self.bytes.extend_from_slice(held);
        self.bytes.extend_from_slice(bytes);
        self.lines += lines;
        self.hand_over_large();
    }

    /// Gives the chunk to the sink once it is large.
    pub(super) fn hand_over_large(&mut self) {
        if self.bytes.len() >= CHUNK {
            self.hand_over();
        }
    }

    /// Gives the chunk to the sink.
    pub(super) fn hand_over(&mut self) {
        if !self.bytes.is_empty() {
            let lines = std::mem::take(&mut self.lines);
            self.handed += 1;
            self.sink.push_lines(std::mem::take(&mut self.bytes), lines, self.raw);
        }
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}
