//! From bytes that were read to chunks of records. Owns what becomes of the lines of each kind of stream; never reads a
//! pipe.

use super::escape::Bytes;
use super::kept::{Keeper, Kept};
use super::lines::{self, Input, Piece};
use super::outlet::{Mark, Outlet, Takes};
use super::pieces::{Fate, Progress, Room};
use super::pipeline::{self, Entry, Pipeline, Text};
use super::raw::Raw;
use super::record::Frame;
use super::sink::{Gate, Sink};
use super::stats::Stats;
use phpeek_actors::lines::Shape;
use phpeek_actors::ports::Level;
use phpeek_core::name::ProcessName;
use phpeek_os::capture::{Capture, Stream};
use phpeek_settings::log::OnFull;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

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

/// When something was read: by the wall clock, for its record, and by the other, for what waits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    pub(super) wall: SystemTime,
    pub(super) steady: Instant,
}

/// How far what is on its way to standard output and standard error is filled.
pub(super) type Marks = (Mark, Option<Mark>);

/// A pipe, and where what comes from it is kept.
type Voice<'a> = (&'a Capture, &'a Kept);

/// See the top of the file.
pub(super) struct Framer {
    sink: Arc<Sink>,
    frame: Frame,
    keeper: Keeper,
    out: Outlet,
    /// To standard error, which only raw output goes to, and where that is another file than standard output.
    err: Option<Outlet>,
}

impl Framer {
    pub(super) fn new(sink: Arc<Sink>) -> Self {
        let frame = Frame::new(sink.settings.format);
        let err = sink.twin().map(|twin| Outlet::new(Arc::clone(twin)));
        let keeper = Keeper::new(Arc::clone(sink.kept()));
        Self { frame, keeper, out: Outlet::new(Arc::clone(&sink)), err, sink }
    }

    /// How far all that is on its way is filled now.
    pub(super) fn mark(&self) -> Marks {
        (self.out.mark(), self.err.as_ref().map(Outlet::mark))
    }

    /// What came since has panicked in the middle of lines of this process, so many at most: they are counted.
    pub(super) fn recover(&mut self, (out, err): Marks, process: &ProcessName, lines: u64) {
        self.out.back_to(out);
        if let (Some(outlet), Some(mark)) = (&mut self.err, err) {
            outlet.back_to(mark);
        }
        self.keeper = Keeper::new(Arc::clone(self.sink.kept()));
        self.sink.panicked(Some(process), lines);
    }

    /// Where what comes from this pipe is kept.
    pub(super) fn kept(&self, capture: &Capture) -> Kept {
        self.keeper.open(capture)
    }

    /// Asks whether there is room, and lets what follows be taken so. Of two streams the one that is stuck decides.
    pub(super) fn enter(&mut self) -> Gate {
        let mut decided = Gate::Open;
        for outlet in [Some(&mut self.out), self.err.as_mut()].into_iter().flatten() {
            let gate = outlet.sink.gate();
            let drops = gate == Gate::Drop || outlet.sink.settings.on_full == OnFull::Drop;
            outlet.takes = if drops { Takes::WhatFits } else { Takes::All };
            decided = match (decided, gate) {
                (Gate::Wait(a), Gate::Wait(b)) => Gate::Wait(a.min(b)),
                (Gate::Wait(until), _) | (_, Gate::Wait(until)) => Gate::Wait(until),
                (_, gate) => gate,
            };
        }
        decided
    }

    /// What has no room is dropped from here on.
    pub(super) fn take_what_fits(&mut self) {
        for outlet in [Some(&mut self.out), self.err.as_mut()].into_iter().flatten() {
            outlet.takes = Takes::WhatFits;
        }
    }

    /// Whether all that is taken now fills a queue.
    pub(super) fn is_full(&self) -> bool {
        self.out.is_full() || self.err.as_ref().is_some_and(Outlet::is_full)
    }

    /// Takes one read.
    pub(super) fn take(&mut self, line: &mut Line, (capture, kept): Voice<'_>, read: &[u8], now: Now) {
        if self.skips(&mut line.rest, Input::Read(read), kept, now) {
            return;
        }
        self.out.records();
        self.frame.set(now.wall, capture.into());
        for part in read.chunks(PART) {
            let clean = Bytes::of(part) == Bytes::Plain;
            let part = if clean && self.out.takes == Takes::All && line.is_at_start() {
                self.whole_lines(part, kept, now)
            } else {
                part
            };
            let bytes = if clean && !line.odd { Bytes::Plain } else { Bytes::Any };
            let ended = self.put((capture, kept), line, Input::Read(part), (bytes, now));
            line.odd = !line.rest.is_empty() && !(clean && (ended || !line.odd));
        }
    }

    /// Frames plain lines that begin and end in this part, which is most of what there is; gives what follows them.
    fn whole_lines<'a>(&mut self, part: &'a [u8], kept: &Kept, now: Now) -> &'a [u8] {
        let Some((lines, rest)) = memchr::memrchr(b'\n', part).and_then(|end| part.split_at_checked(end))
        else {
            return part;
        };
        self.out.records();
        let count = self.frame.lines(&mut self.out.bytes, lines);
        self.out.lines += count;
        self.keeper.lines(kept, now.wall, lines, count);
        self.out.hand_over_large();
        rest.get(1..).unwrap_or_default()
    }

    /// The last words of a stream.
    pub(super) fn finish(&mut self, line: &mut Line, (capture, kept): Voice<'_>, now: Now) {
        if self.skips(&mut line.rest, Input::End, kept, now) {
            return;
        }
        self.frame.set(now.wall, capture.into());
        self.put((capture, kept), line, Input::End, (Bytes::Any, now));
    }

    /// Counts lines that no record will be made of, and keeps them. True when there are none to be made.
    fn skips(&mut self, rest: &mut Vec<u8>, input: Input<'_>, kept: &Kept, now: Now) -> bool {
        let shown = self.sink.shows(Level::Info);
        if shown && !self.sink.is_gone() {
            return false;
        }
        let mut lines = 0;
        let keeper = &mut self.keeper;
        lines::cut(rest, input, &mut |line, piece| {
            lines += 1;
            keep(keeper, kept, now, line, piece);
        });
        keeper.flush(kept, now.wall);
        if lines > 0 {
            self.sink.count(|stats| if shown { stats.drop_closed(lines) } else { Stats::hide(stats, lines) });
        }
        true
    }

    /// Frames what has room and counts the rest. Says whether a line ended.
    fn put(
        &mut self,
        (capture, kept): Voice<'_>,
        line: &mut Line,
        input: Input<'_>,
        (bytes, now): (Bytes, Now),
    ) -> bool {
        let room = self.out.room();
        self.out.records();
        let (frame, chunk, keeper) = (&self.frame, &mut self.out.bytes, &mut self.keeper);
        let (mut framed, mut lost, mut ended) = (0, 0, false);
        let Line { rest, progress, .. } = line;
        lines::cut(rest, input, &mut |line, piece| {
            ended |= piece == Piece::Last;
            keep(keeper, kept, now, line, piece);
            match progress.step(piece, room) {
                Fate::Keep => frame.piece(chunk, line, piece, bytes),
                Fate::Truncate => frame.truncated(chunk),
                Fate::Drop => {
                    lost += 1;
                    return;
                }
            }
            framed += 1;
        });
        keeper.flush(kept, now.wall);
        self.out.lines += framed;
        if lost > 0 {
            self.sink.lost(&capture.process, lost);
        }
        self.out.hand_over_large();
        ended
    }

    /// Takes a part of a stream that has rules, or its end.
    pub(super) fn take_ruled(&mut self, of: &mut Pipeline, voice: Voice<'_>, input: Input<'_>, now: Now) {
        self.set_ruled(of, voice.0, now);
        let Input::Read(read) = input else {
            return self.put_ruled(of, voice, now, |of, emit| {
                of.feed(Input::End, now.steady, &mut |text| emit(text))
            });
        };
        for part in read.chunks(PART) {
            self.put_ruled(of, voice, now, |of, emit| {
                of.feed(Input::Read(part), now.steady, &mut |text| emit(text))
            });
        }
    }

    /// Lines of a stream that wait for others have waited long enough.
    pub(super) fn flush_ruled(&mut self, of: &mut Pipeline, voice: Voice<'_>, now: Now) {
        self.set_ruled(of, voice.0, now);
        self.put_ruled(of, voice, now, |of, emit| of.flush(&mut |text| emit(text)));
    }

    fn set_ruled(&mut self, of: &Pipeline, capture: &Capture, now: Now) {
        self.frame.set(now.wall, capture.into());
        self.frame.set_labels(&of.rules.labels);
    }

    fn put_ruled(
        &mut self,
        of: &mut Pipeline,
        (capture, kept): Voice<'_>,
        now: Now,
        feed: impl FnOnce(&mut Pipeline, &mut dyn FnMut(Text<'_>)),
    ) {
        let room = if self.sink.is_gone() { None } else { Some(self.out.room()) };
        self.out.records();
        let Self { sink, frame, out, keeper, .. } = self;
        let rules = Arc::clone(&of.rules);
        let (mut tally, mut lost) = (Stats::default(), 0);
        feed(of, &mut |text| {
            let clean = pipeline::redact(&rules.redactions, String::from_utf8_lossy(text.bytes));
            let entry = pipeline::judge(&rules, &clean);
            if let Some(entry) = &entry {
                keep_entry(keeper, kept, now, entry, text.piece);
            }
            match (entry, room) {
                (None, _) => tally.filter(text.lines),
                (Some(entry), _) if !sink.shows(entry.level) => tally.hide(text.lines),
                (Some(_), None) => tally.drop_closed(text.lines),
                (Some(_), Some(Room::Full)) => lost += text.lines,
                (Some(entry), Some(Room::Free)) => {
                    tally.join(text.lines.saturating_sub(1));
                    out.lines += frame.entry(&mut out.bytes, &entry, text.piece);
                }
            }
        });
        keeper.flush(kept, now.wall);
        if tally.captured > 0 {
            sink.count(|stats| stats.add(&tally));
        }
        if lost > 0 {
            sink.lost(&capture.process, lost);
        }
        out.hand_over_large();
    }

    /// Takes a read of a stream that passes untouched.
    pub(super) fn take_raw(
        &mut self,
        raw: &mut Raw,
        (capture, kept): (&Capture, &mut Kept),
        read: &[u8],
        now: Now,
    ) {
        self.keeper.raw(kept, now.wall, read);
        raw.take(read, &capture.process, now.steady, self.raw_outlet(capture.stream));
    }

    /// Such a stream has ended.
    pub(super) fn finish_raw(&mut self, raw: &mut Raw, (capture, kept): (&Capture, &mut Kept), now: Now) {
        self.keeper.raw_end(kept, now.wall);
        self.flush_raw(raw, capture);
    }

    /// Gives what waits of such a stream.
    pub(super) fn flush_raw(&mut self, raw: &mut Raw, capture: &Capture) {
        raw.flush(&capture.process, self.raw_outlet(capture.stream));
    }

    fn raw_outlet(&mut self, stream: Stream) -> &mut Outlet {
        match (stream, &mut self.err) {
            (Stream::Stderr, Some(err)) => err,
            _ => &mut self.out,
        }
    }

    /// Gives the chunks to the sinks.
    pub(super) fn hand_over(&mut self) {
        self.out.hand_over();
        if let Some(err) = &mut self.err {
            err.hand_over();
        }
    }
}

/// Keeps a piece of a line of level info.
fn keep(keeper: &mut Keeper, kept: &Kept, now: Now, line: &[u8], piece: Piece) {
    match piece {
        Piece::Last => keeper.line(kept, now.wall, Level::Info, line),
        Piece::Partial => {
            keeper.alone(kept, now.wall, (Level::Info, Shape::Partial), line, std::iter::empty());
        }
    }
}

/// Keeps what the rules of a stream have made of a text.
fn keep_entry(keeper: &mut Keeper, kept: &Kept, now: Now, entry: &Entry<'_>, piece: Piece) {
    let (message, at) = (entry.message.as_bytes(), now.wall);
    let shape = if piece == Piece::Partial { Shape::Partial } else { Shape::Entry };
    let alone =
        shape == Shape::Partial || !entry.fields.is_empty() || memchr::memchr(b'\n', message).is_some();
    if alone {
        let fields = entry.fields.iter().map(|(name, value)| (name.clone(), value.clone().into_owned()));
        keeper.alone(kept, at, (entry.level, shape), message, fields);
    } else {
        keeper.line(kept, at, entry.level, message);
    }
}
