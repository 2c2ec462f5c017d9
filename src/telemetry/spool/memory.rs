//! Spans that wait in memory: where there is no spool, and while it cannot be written. Owns the same bounds as the
//! disk. Spans lie in chunks, as they lie in segments there: one allocation for each would take half as much again.

use super::Records;
use super::record::REQUEST;
use crate::encode::{self, Origin};
use phpeek_actors::telemetry::{Batch, Dropped};
use phpeek_settings::tracing::Limits;
use std::collections::VecDeque;
use std::io;
use std::time::SystemTime;

/// Bytes of a chunk: what is dropped together.
const CHUNK: usize = 64 << 10;

/// Some spans, each behind its length (u32, little endian).
struct Chunk {
    /// When the last of them came.
    touched: SystemTime,
    bytes: Vec<u8>,
    /// What stands before it has been settled.
    from: usize,
    spans: u64,
}

impl Chunk {
    fn spans_from(&self, from: usize) -> impl Iterator<Item = (&[u8], usize)> {
        let mut place = from;
        std::iter::from_fn(move || {
            let (length, rest) = self.bytes.get(place..)?.split_first_chunk::<4>()?;
            let length = u32::from_le_bytes(*length) as usize;
            place += 4 + length;
            Some((rest.get(..length)?, place))
        })
    }
}

/// What was handed out.
#[derive(Default)]
struct Taken {
    spans: u64,
    /// Chunks that are handed out to their end, before the last one that is handed out.
    whole: usize,
    /// Where the hand-out ends in that last one, and how many spans of it that is. It may grow meanwhile.
    part: Option<(usize, u64)>,
}

/// The spans that wait.
pub(super) struct Memory {
    limits: Limits,
    origin: Origin,
    chunks: VecDeque<Chunk>,
    bytes: u64,
    waiting: u64,
    taken: Taken,
    pub(super) dropped: Dropped,
}

impl Memory {
    pub(super) fn new(limits: Limits, origin: Origin) -> Self {
        Self {
            limits,
            origin,
            chunks: VecDeque::new(),
            bytes: 0,
            waiting: 0,
            taken: Taken::default(),
            dropped: Dropped::default(),
        }
    }

    pub(super) fn push(&mut self, span: &[u8], now: SystemTime) {
        // A span is far smaller than that: its texts are cut.
        let Ok(length) = u32::try_from(span.len()) else { return };
        let room = self.chunks.back().is_some_and(|c| c.bytes.len() + 4 + span.len() <= CHUNK);
        if !room {
            // A chunk that follows another will be filled: growing it step by step would leave holes in the heap.
            let bytes = if self.chunks.is_empty() { Vec::new() } else { Vec::with_capacity(CHUNK) };
            self.chunks.push_back(Chunk { touched: now, bytes, from: 0, spans: 0 });
        }
        let Some(chunk) = self.chunks.back_mut() else { return };
        chunk.bytes.extend_from_slice(&length.to_le_bytes());
        chunk.bytes.extend_from_slice(span);
        chunk.touched = now;
        chunk.spans += 1;
        self.bytes += 4 + u64::from(length);
        self.waiting += 1;
        while self.bytes > self.limits.bytes {
            match self.drop_oldest() {
                Some(lost) => self.dropped.full += lost,
                None => break,
            }
        }
    }

    /// Drops the oldest chunk of which nothing is handed out, and tells how many spans that were.
    fn drop_oldest(&mut self) -> Option<u64> {
        let busy = self.taken.whole + usize::from(self.taken.part.is_some());
        let chunk = self.chunks.remove(busy)?;
        self.bytes = self.bytes.saturating_sub((chunk.bytes.len() - chunk.from) as u64);
        self.waiting = self.waiting.saturating_sub(chunk.spans);
        Some(chunk.spans)
    }

    pub(super) fn waiting(&self) -> u64 {
        self.waiting
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn oldest(&self) -> Option<SystemTime> {
        self.chunks.front().map(|chunk| chunk.touched)
    }

    pub(super) fn take(&mut self, most: usize, now: SystemTime) -> Option<Batch> {
        let age = self.limits.age;
        let old = |c: &Chunk| now.duration_since(c.touched).unwrap_or_default() > age;
        while self.chunks.front().is_some_and(old) {
            self.dropped.expired += self.drop_oldest().unwrap_or(0);
        }
        let mut taken = Taken::default();
        let (mut spans, mut size) = (Vec::new(), 0);
        for (index, chunk) in self.chunks.iter().enumerate() {
            let (mut end, mut count) = (chunk.from, 0);
            for (span, after) in chunk.spans_from(chunk.from) {
                size += span.len() + 6;
                if spans.len() >= most || (size > REQUEST && !spans.is_empty()) {
                    break;
                }
                spans.push(span);
                (end, count) = (after, count + 1);
            }
            if count > 0 {
                (taken.whole, taken.part) = (index, Some((end, count)));
            }
            if end < chunk.bytes.len() {
                break;
            }
        }
        taken.spans = spans.len() as u64;
        let batch = (!spans.is_empty()).then(|| Batch {
            request: encode::request(&self.origin, spans.iter().copied()).into(),
            spans: taken.spans,
        });
        self.taken = taken;
        batch
    }

    pub(super) fn settle(&mut self) {
        let Taken { spans, whole, part } = std::mem::take(&mut self.taken);
        for chunk in self.chunks.drain(..whole) {
            self.bytes = self.bytes.saturating_sub((chunk.bytes.len() - chunk.from) as u64);
        }
        if let (Some((end, count)), Some(chunk)) = (part, self.chunks.front_mut()) {
            self.bytes = self.bytes.saturating_sub((end - chunk.from) as u64);
            chunk.from = end;
            chunk.spans = chunk.spans.saturating_sub(count);
            if chunk.from >= chunk.bytes.len() {
                self.chunks.pop_front();
            }
        }
        self.waiting = self.waiting.saturating_sub(spans);
        if self.chunks.is_empty() {
            self.chunks = VecDeque::new();
        }
    }

    /// Moves everything to a disk that works again, the oldest first. Nothing may be unsettled.
    pub(super) fn move_to(&mut self, mut write: impl FnMut(&Records) -> io::Result<()>) -> io::Result<()> {
        let mut records = Records::default();
        while let Some(chunk) = self.chunks.front() {
            for (span, _) in chunk.spans_from(chunk.from) {
                records.span(encode::span_id(span), span);
            }
            write(&records)?;
            records.clear();
            self.drop_oldest();
        }
        Ok(())
    }

    /// Gives everything up, and says how many spans that were.
    pub(super) fn lose(&mut self) -> u64 {
        self.put_back();
        (self.chunks, self.bytes) = (VecDeque::new(), 0);
        std::mem::take(&mut self.waiting)
    }

    pub(super) fn put_back(&mut self) {
        self.taken = Taken::default();
    }
}
