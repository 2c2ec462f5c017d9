//! What has come and is not written yet: ended spans, encoded once, and what is to be said of spans that have begun.
//! Owns its order on the disk: beginnings stand in front, so whoever reads a prefix finds no span whose parent is
//! missing. What a disk could not take of the latter is kept for it, bounded by the number of open spans.

use super::Records;
use super::begin::Begin;
use super::disk::{Disk, MOST_OPEN};
use super::memory::Memory;
use crate::encode;
use phpeek_actors::telemetry::News;
use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::time::SystemTime;

/// Bytes of one write, about.
pub(super) const WRITE: usize = 1 << 20;

#[derive(Default)]
pub(super) struct Intake {
    encoded: Vec<u8>,
    spans: Vec<Range<usize>>,
    /// How many of the spans the disk has.
    written: usize,
    /// Spans that have begun, and of which the disk knows nothing.
    begun: HashMap<[u8; 8], Begin>,
    /// Spans that the disk takes for open, and that are not.
    gone: Vec<[u8; 8]>,
    records: Records,
}

impl Intake {
    /// Takes what is new; `disk` is none when spans have no place there at all.
    pub(super) fn take(&mut self, news: &mut Vec<News>, durable: bool, disk: Option<&Disk>) {
        let on_disk = |span: [u8; 8]| disk.and_then(|disk| disk.begun(span));
        for one in news.drain(..) {
            match one {
                News::Ended(span) => {
                    let begin = self.encoded.len();
                    encode::span_into(&mut self.encoded, &span);
                    self.spans.push(begin..self.encoded.len());
                    self.begun.remove(&span.span_context.span_id().to_bytes());
                }
                News::Item(item) => {
                    let begin = self.encoded.len();
                    self.encoded.extend_from_slice(&item);
                    self.spans.push(begin..self.encoded.len());
                }
                News::Begun(begun) if durable && self.begun.len() < MOST_OPEN => {
                    self.begun.insert(begun.context.span_id().to_bytes(), Begin::new(&begun));
                }
                News::About(span, what) if durable => {
                    let id = span.to_bytes();
                    if let Some(mut begin) = self.begun.remove(&id).or_else(|| on_disk(id)) {
                        what.as_str().clone_into(&mut begin.about);
                        self.begun.insert(id, begin);
                    }
                }
                News::Gone(span) => {
                    let id = span.to_bytes();
                    self.begun.remove(&id);
                    self.gone.extend(on_disk(id).map(|_| id));
                }
                News::Begun(_) | News::About(..) => {}
            }
        }
    }

    /// The spans that have ended since the last time.
    pub(super) fn spans(&self) -> impl Iterator<Item = &[u8]> {
        self.spans.iter().filter_map(|range| self.encoded.get(range.clone()))
    }

    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.spans.is_empty() && self.begun.is_empty() && self.gone.is_empty()
    }

    /// Writes all of it, or as much as the disk takes.
    pub(super) fn write(&mut self, disk: &mut Disk, now: SystemTime) -> io::Result<()> {
        self.begun.values().for_each(|begin| self.records.begin(begin.clone()));
        self.gone.iter().for_each(|span| self.records.gone(*span));
        loop {
            let mut end = self.written;
            for range in self.spans.get(end..).unwrap_or_default() {
                let span = self.encoded.get(range.clone()).unwrap_or_default();
                self.records.span(encode::span_id(span), span);
                end += 1;
                if self.records.bytes.len() >= WRITE {
                    break;
                }
            }
            if self.records.bytes.is_empty() {
                return Ok(());
            }
            let written = disk.write(&self.records, now);
            self.records.clear();
            written?;
            self.begun.clear();
            self.gone.clear();
            self.written = end;
        }
    }

    /// Forgets the spans that the disk has, and leaves the others to memory.
    pub(super) fn hand_over(&mut self, memory: &mut Memory, disk: Option<&Disk>, now: SystemTime) {
        for range in self.spans.drain(..).skip(self.written) {
            let span = self.encoded.get(range).unwrap_or_default();
            let id = encode::span_id(span);
            // A successor must not tell of it as cut.
            self.gone.extend(disk.and_then(|disk| disk.begun(id)).map(|_| id));
            memory.push(span, now);
        }
        self.written = 0;
        self.encoded.clear();
        // The lists are kept for the next time, unless a burst has made them large.
        self.spans.shrink_to(512);
        self.encoded.shrink_to(64 << 10);
        self.records.bytes.shrink_to(64 << 10);
        self.records.ended.shrink_to(512);
    }
}
