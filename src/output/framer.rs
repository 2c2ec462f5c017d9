//! From bytes that were read to chunks of records. Owns the chunk that is being filled; never reads a pipe.

use super::escape::Bytes;
use super::lines::{self, Input, Piece};
use super::pieces::{Fate, Progress, Room};
use super::record::Frame;
use super::sink::{CHUNK, Sink};
use super::stats::Stats;
use phpeek_actors::ports::Level;
use phpeek_os::capture::Capture;
use std::sync::Arc;
use std::time::SystemTime;

/// Bytes that are framed between two looks at the room and the size of the chunk. Lines of one byte make records of a
/// hundred and more, so this bounds a chunk to 2 MiB.
const PART: usize = 16 << 10;

/// Where a stream is in its line.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// What has no newline yet.
    rest: Vec<u8>,
    /// The rest holds something to escape.
    odd: bool,
    progress: Progress,
}

impl Line {
    /// Whether what comes next begins a line.
    fn is_at_start(&self) -> bool {
        self.rest.is_empty() && self.progress == Progress::Start
    }
}

/// See the top of the file.
pub(super) struct Framer {
    sink: Arc<Sink>,
    frame: Frame,
    chunk: Vec<u8>,
    chunk_lines: u64,
    takes: Takes,
}

/// What becomes of lines while the queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// There was room for the whole read before it was made.
    All,
    /// What has no room is dropped.
    WhatFits,
}

impl Framer {
    pub(super) fn new(sink: Arc<Sink>) -> Self {
        let frame = Frame::new(sink.settings.format);
        Self { sink, frame, chunk: Vec::new(), chunk_lines: 0, takes: Takes::All }
    }

    /// What becomes of the lines that follow.
    pub(super) fn taking(&mut self, takes: Takes) {
        self.takes = takes;
    }

    /// Whether all that is taken now fills the queue.
    pub(super) fn is_full(&self) -> bool {
        self.takes == Takes::All && self.sink.is_full_with(self.chunk.len())
    }

    /// Takes one read.
    pub(super) fn take(&mut self, line: &mut Line, capture: &Capture, read: &[u8], at: SystemTime) {
        if self.skips(&mut line.rest, Input::Read(read)) {
            return;
        }
        self.frame.set(at, capture.into());
        for part in read.chunks(PART) {
            let clean = Bytes::of(part) == Bytes::Plain;
            let part = if clean && self.takes == Takes::All && line.is_at_start() {
                self.whole_lines(part)
            } else {
                part
            };
            let bytes = if clean && !line.odd { Bytes::Plain } else { Bytes::Any };
            let ended = self.put(capture, line, Input::Read(part), bytes);
            line.odd = !line.rest.is_empty() && !(clean && (ended || !line.odd));
        }
    }

    /// Frames plain lines that begin and end in this part, which is most of what there is; gives what follows them.
    fn whole_lines<'a>(&mut self, part: &'a [u8]) -> &'a [u8] {
        let Some((lines, rest)) = memchr::memrchr(b'\n', part).and_then(|end| part.split_at_checked(end))
        else {
            return part;
        };
        if self.chunk.capacity() == 0 {
            self.chunk = self.sink.buffer();
        }
        self.chunk_lines += self.frame.lines(&mut self.chunk, lines);
        if self.chunk.len() >= CHUNK {
            self.hand_over();
        }
        rest.get(1..).unwrap_or_default()
    }

    /// The last words of a stream.
    pub(super) fn finish(&mut self, line: &mut Line, capture: &Capture, at: SystemTime) {
        if self.skips(&mut line.rest, Input::End) {
            return;
        }
        self.frame.set(at, capture.into());
        self.put(capture, line, Input::End, Bytes::Any);
    }

    /// Counts lines that no record will be made of. True when there are none to be made.
    fn skips(&self, rest: &mut Vec<u8>, input: Input<'_>) -> bool {
        let shown = self.sink.shows(Level::Info);
        if shown && !self.sink.is_gone() {
            return false;
        }
        let mut lines = 0;
        lines::cut(rest, input, &mut |_, _| lines += 1);
        if lines > 0 {
            self.sink.count(|stats| if shown { stats.drop_closed(lines) } else { Stats::hide(stats, lines) });
        }
        true
    }

    /// Frames what has room and counts the rest. Says whether a line ended.
    fn put(&mut self, capture: &Capture, line: &mut Line, input: Input<'_>, bytes: Bytes) -> bool {
        let room = match self.takes {
            Takes::All => Room::Free,
            Takes::WhatFits => self.sink.room(),
        };
        if self.chunk.capacity() == 0 {
            self.chunk = self.sink.buffer();
        }
        let (frame, chunk) = (&self.frame, &mut self.chunk);
        let (mut kept, mut lost, mut ended) = (0, 0, false);
        let Line { rest, progress, .. } = line;
        lines::cut(rest, input, &mut |line, piece| {
            ended |= piece == Piece::Last;
            match progress.step(piece, room) {
                Fate::Keep => frame.piece(chunk, line, piece, bytes),
                Fate::Truncate => frame.truncated(chunk),
                Fate::Drop => {
                    lost += 1;
                    return;
                }
            }
            kept += 1;
        });
        self.chunk_lines += kept;
        if lost > 0 {
            self.sink.lost(&capture.process, lost);
        }
        if self.chunk.len() >= CHUNK {
            self.hand_over();
        }
        ended
    }

    /// Gives the chunk to the sink.
    pub(super) fn hand_over(&mut self) {
        if !self.chunk.is_empty() {
            let lines = std::mem::take(&mut self.chunk_lines);
            self.sink.push_lines(std::mem::take(&mut self.chunk), lines);
        }
    }
}
