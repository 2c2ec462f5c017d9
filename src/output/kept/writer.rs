//! How lines come into the store: gathered to blocks, numbered in the order in which they come. Owns the numbers, so there is
//! one of it for a store; a line costs a copy of its bytes, and nothing else while nobody asks.

use super::ring::Ring;
use super::store::Store;
use crate::lines::LINE_CAP;
use phpeek_actors::lines::{Block, Origin, Shape};
use phpeek_core::ids::TaskId;
use phpeek_core::level::Level;
use phpeek_os::capture::{Capture, Stream};
use std::sync::Arc;
use std::time::SystemTime;

/// Of a large read of raw output so much is kept while nobody follows: it is no more than a look at its end.
const RAW: usize = 16 << 10;

/// Where the lines of one pipe are kept.
#[derive(Debug)]
pub(in super::super) struct Kept {
    origin: Arc<Origin>,
    ring: Arc<Ring>,
    /// What raw output has after its last newline.
    rest: Vec<u8>,
}

/// See the top of the file.
#[derive(Debug)]
pub(in super::super) struct Keeper {
    store: Arc<Store>,
    /// Lines with newlines between them, all of one level.
    text: Vec<u8>,
    count: u32,
    level: Level,
    /// What the last block that had to go was in: the next is as large where lines come fast, and memory that the
    /// kernel has to clear first costs more than the copy.
    spare: Vec<u8>,
}

impl Keeper {
    pub(in super::super) fn new(store: Arc<Store>) -> Self {
        Self { store, text: Vec::new(), count: 0, level: Level::Info, spare: Vec::new() }
    }

    /// Where what comes from this pipe is kept.
    pub(in super::super) fn open(&self, capture: &Capture) -> Kept {
        let origin = Arc::new(Origin {
            process: capture.is_of_process().then(|| capture.process.clone()),
            number: capture.number,
            hook: capture.hook.clone(),
            file: capture.file.clone(),
            run: match capture.task {
                TaskId::Run(run) => Some(run.run),
                TaskId::Hook(_) | TaskId::Probe(_) => None,
            },
            stream: match capture.stream {
                Stream::Stdout => "stdout",
                Stream::Stderr => "stderr",
                Stream::File => "file",
            },
        });
        let ring = self.store.ring(capture.task.instance(), &origin);
        Kept { origin, ring, rest: Vec::new() }
    }

    /// Keeps lines of level info, which stand between newlines.
    pub(in super::super) fn lines(&mut self, of: &Kept, at: SystemTime, lines: &[u8], count: u64) {
        let count = u32::try_from(count).unwrap_or(u32::MAX); // of one read: far below
        let text = self.copy(lines);
        self.add(of, Block { count, text, ..self.block(of, at) });
    }

    /// Keeps a line, once [`Self::flush`] says that no more of its read follow.
    pub(in super::super) fn line(&mut self, of: &Kept, at: SystemTime, level: Level, line: &[u8]) {
        if self.level != level {
            self.flush(of, at);
            self.level = level;
        }
        if self.count > 0 {
            self.text.push(b'\n');
        }
        self.text.extend_from_slice(line);
        self.count += 1;
    }

    /// Keeps the lines that were gathered.
    pub(in super::super) fn flush(&mut self, of: &Kept, at: SystemTime) {
        if self.count > 0 {
            let (count, level) = (self.count, self.level);
            let gathered = std::mem::take(&mut self.text);
            let text = self.copy(&gathered);
            self.text = gathered;
            self.add(of, Block { count, level, text, ..self.block(of, at) });
            self.text.clear();
            self.count = 0;
        }
        self.level = Level::Info;
    }

    /// Keeps a text that stands alone: it is of several lines, goes on, or has fields.
    pub(in super::super) fn alone(
        &mut self,
        of: &Kept,
        at: SystemTime,
        (level, shape): (Level, Shape),
        text: &[u8],
        fields: impl Iterator<Item = (String, String)>,
    ) {
        self.flush(of, at);
        let text = text.get(..LINE_CAP).unwrap_or(text).to_vec();
        self.add(of, Block { level, shape, text, fields: fields.collect(), ..self.block(of, at) });
    }

    /// Keeps what was read of raw output.
    pub(in super::super) fn raw(&mut self, of: &mut Kept, at: SystemTime, read: &[u8]) {
        let from = if self.store.is_followed() { 0 } else { read.len().saturating_sub(RAW) };
        let mut read = read.get(from..).unwrap_or_default();
        if from > 0 {
            of.rest.clear();
            let begin = memchr::memchr(b'\n', read).map_or(read.len(), |end| end + 1);
            read = read.get(begin..).unwrap_or_default();
        }
        let Some((lines, rest)) = memchr::memrchr(b'\n', read).and_then(|end| read.split_at_checked(end))
        else {
            of.rest.extend_from_slice(read);
            if of.rest.len() > LINE_CAP {
                let part = std::mem::take(&mut of.rest);
                self.alone(of, at, (Level::Info, Shape::Partial), &part, std::iter::empty());
            }
            return;
        };
        let mut text = std::mem::take(&mut of.rest);
        text.extend_from_slice(lines);
        let count = memchr::memchr_iter(b'\n', &text).count() as u64 + 1;
        self.lines(of, at, &text, count);
        of.rest.extend_from_slice(rest.get(1..).unwrap_or_default());
    }

    /// Raw output has ended.
    pub(in super::super) fn raw_end(&mut self, of: &mut Kept, at: SystemTime) {
        let rest = std::mem::take(&mut of.rest);
        if !rest.is_empty() {
            self.lines(of, at, &rest, 1);
        }
    }

    /// An empty line of level info, with the next number.
    fn block(&self, of: &Kept, at: SystemTime) -> Block {
        Block {
            origin: Arc::clone(&of.origin),
            first: self.store.next(),
            count: 1,
            at,
            level: Level::Info,
            shape: Shape::Lines,
            text: Vec::new(),
            fields: Box::default(),
        }
    }

    /// A copy in what is spare, where it fits without much room left: a ring has its bound for what is kept.
    fn copy(&mut self, text: &[u8]) -> Vec<u8> {
        let room = self.spare.capacity();
        if room < text.len() || room / 2 > text.len() {
            return text.to_vec();
        }
        let mut copy = std::mem::take(&mut self.spare);
        copy.clear();
        copy.extend_from_slice(text);
        copy
    }

    fn add(&mut self, of: &Kept, block: Block) {
        let block = Arc::new(block);
        let gone = of.ring.lock().push(Arc::clone(&block), self.store.share());
        self.store.publish(&block);
        if let Some(gone) = gone.and_then(Arc::into_inner) {
            self.spare = gone.text; // who reads it has it, if anybody does
        }
    }
}
