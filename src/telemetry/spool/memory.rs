//! Spans that wait in memory: where there is no spool, and while it cannot be written. Owns the same bounds as the
//! disk. Called by the store.

use super::intake::WRITE;
use super::{Limits, Records};
use crate::telemetry::encode::{self, Origin};
use phpeek_actors::telemetry::{Batch, Dropped};
use std::collections::VecDeque;
use std::io;
use std::time::SystemTime;

/// What a span takes beside its bytes.
const OVERHEAD: u64 = 48;
/// A request stays below this: receivers commonly refuse more than 4 MiB.
const REQUEST: usize = (2 << 20) - (64 << 10);

/// The spans that wait.
pub(super) struct Memory {
    limits: Limits,
    origin: Origin,
    spans: VecDeque<(SystemTime, Box<[u8]>)>,
    bytes: u64,
    taken: usize,
    pub(super) dropped: Dropped,
}

impl Memory {
    pub(super) fn new(limits: Limits, origin: Origin) -> Self {
        Self { limits, origin, spans: VecDeque::new(), bytes: 0, taken: 0, dropped: Dropped::default() }
    }

    pub(super) fn push(&mut self, span: Box<[u8]>, now: SystemTime) {
        self.bytes += size(&span);
        self.spans.push_back((now, span));
        while self.bytes > self.limits.bytes {
            if !self.drop_oldest() {
                break;
            }
            self.dropped.full += 1;
        }
    }

    /// The oldest that is not part of an unsettled batch.
    fn drop_oldest(&mut self) -> bool {
        let Some((_, span)) = self.spans.remove(self.taken) else { return false };
        self.bytes = self.bytes.saturating_sub(size(&span));
        true
    }

    pub(super) fn waiting(&self) -> u64 {
        self.spans.len() as u64
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn oldest(&self) -> Option<SystemTime> {
        self.spans.front().map(|(at, _)| *at)
    }

    pub(super) fn take(&mut self, most: usize, now: SystemTime) -> Option<Batch> {
        let old = |at: &SystemTime| now.duration_since(*at).unwrap_or_default() > self.limits.age;
        let expired = self.spans.iter().take_while(|(at, _)| old(at)).count();
        for _ in 0..expired {
            self.drop_oldest();
        }
        self.dropped.expired += expired as u64;
        let mut size = 0;
        let fits = |(_, span): &&(SystemTime, Box<[u8]>)| {
            size += span.len() + 6;
            size <= REQUEST
        };
        let count = self.spans.iter().take(most).take_while(fits).count().max(1).min(self.spans.len());
        self.taken = count;
        (count > 0).then(|| {
            let spans = self.spans.iter().take(count).map(|(_, span)| &**span);
            Batch { request: encode::request(&self.origin, spans).into(), spans: count as u64 }
        })
    }

    pub(super) fn settle(&mut self) {
        let taken = std::mem::take(&mut self.taken);
        self.forget(taken);
    }

    fn forget(&mut self, count: usize) {
        for (_, span) in self.spans.drain(..count.min(self.spans.len())) {
            self.bytes = self.bytes.saturating_sub(size(&span));
        }
        if self.spans.is_empty() {
            self.spans = VecDeque::new();
        }
    }

    /// Moves everything to a disk that works again, the oldest first. Nothing may be unsettled.
    pub(super) fn move_to(&mut self, mut write: impl FnMut(&Records) -> io::Result<()>) -> io::Result<()> {
        let mut records = Records::default();
        while !self.spans.is_empty() {
            let mut count = 0;
            for (_, span) in &self.spans {
                records.span(encode::span_id(span), span);
                count += 1;
                if records.bytes.len() >= WRITE {
                    break;
                }
            }
            write(&records)?;
            records.clear();
            self.forget(count);
        }
        Ok(())
    }

    /// Gives everything up, and says how many spans that were.
    pub(super) fn lose(&mut self) -> u64 {
        let lost = self.waiting();
        self.taken = 0;
        self.forget(usize::MAX);
        lost
    }

    pub(super) fn put_back(&mut self) {
        self.taken = 0;
    }
}

fn size(span: &[u8]) -> u64 {
    span.len() as u64 + OVERHEAD
}
