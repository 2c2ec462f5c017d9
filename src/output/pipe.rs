//! One pipe that the reader knows: whose it is, how its bytes go to the log, who watches it. Owns what waits of its stream;
//! never reads.

use super::finder::Finder;
use super::framer::{Framer, Line, Now};
use super::kept::Kept;
use super::lines::Input;
use super::pipeline::Pipeline;
use super::raw::Raw;
use phpeek_actors::panics::caught;
use phpeek_core::ids::TaskId;
use phpeek_os::capture::Capture;
use phpeek_settings::lines::{LineFormat, LineRules, ProcessLines};
use std::sync::Arc;
use std::time::Instant;

/// What a pipe holds at first (pipe(7)).
pub(super) const SMALL_PIPE: usize = 64 << 10;

/// See the top of the file.
#[derive(Debug)]
pub(super) struct Pipe {
    pub(super) capture: Capture,
    /// Where what comes from it is kept, once something has.
    kept: Option<Kept>,
    way: Way,
    /// What the pipe holds.
    pub(super) size: u32,
    pub(super) watch: Watch,
    /// Whether somebody is to look at it when something has waited long enough.
    pub(super) timed: bool,
    /// What is looked for in it.
    finder: Option<Box<Finder>>,
}

/// How its bytes go to the log.
#[derive(Debug)]
enum Way {
    /// A record for each line.
    Plain(Line),
    /// By the rules of its process.
    Ruled(Box<Pipeline>),
    /// As they are.
    Raw(Raw),
    /// To no log: of probes, which write the same every few seconds. Their last words are kept like others.
    Nowhere,
}

/// Who says that a pipe has something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Watch {
    /// The epoll descriptor.
    Epoll,
    /// Nobody: it is read in each pass, and this many passes found it empty. Each write to a watched pipe walks
    /// through both epoll descriptors, at the writer's cost; the writer of a busy one is spared that.
    Busy(u8),
}

impl Pipe {
    pub(super) fn new(capture: Capture, lines: &ProcessLines, finder: Option<Box<Finder>>) -> Self {
        let way = way(&capture, lines);
        Self { capture, kept: None, way, size: SMALL_PIPE as u32, watch: Watch::Epoll, timed: false, finder }
    }

    /// Goes another way from now on. Nothing of it waits.
    pub(super) fn follow(&mut self, lines: &ProcessLines) {
        self.way = match (&self.way, of_file(&self.capture, lines)) {
            // Followed no more: what is on its way still goes by the rules that it had.
            (Way::Ruled(old), None) if self.capture.file.is_some() => {
                Way::Ruled(Box::new(Pipeline::new(Arc::clone(&old.rules))))
            }
            _ => way(&self.capture, lines),
        };
    }

    /// Lets something be framed that was read of it, or had waited. A panic costs that, and what waited with it: children go
    /// on writing into a pipe that is as good as new.
    pub(super) fn guarded(
        &mut self,
        framer: &mut Framer,
        (lines, read): (&ProcessLines, &[u8]),
        work: impl FnOnce(&mut Self, &mut Framer),
    ) {
        let mark = framer.mark();
        if caught(|| work(self, framer)).is_none() {
            let lost = memchr::memchr_iter(b'\n', read).count() as u64 + 1;
            framer.recover(mark, &self.capture.process, lost);
            self.follow(lines);
        }
    }

    /// Takes one read.
    pub(super) fn take(&mut self, framer: &mut Framer, read: &[u8], now: Now) {
        self.find(Input::Read(read));
        let Self { capture, way, .. } = self;
        if matches!(way, Way::Nowhere) {
            return;
        }
        let kept = self.kept.get_or_insert_with(|| framer.kept(capture));
        match way {
            Way::Nowhere => {}
            Way::Plain(line) => framer.take(line, (capture, kept), read, now),
            Way::Ruled(pipeline) => framer.take_ruled(pipeline, (capture, kept), Input::Read(read), now),
            Way::Raw(raw) => framer.take_raw(raw, (capture, kept), read, now),
        }
    }

    fn find(&mut self, input: Input<'_>) {
        self.finder.take_if(|finder| finder.take(input)); // nothing is left to look for
    }

    /// Its stream has ended.
    pub(super) fn finish(&mut self, framer: &mut Framer, now: Now) {
        self.find(Input::End);
        let (capture, Some(kept)) = (&self.capture, &mut self.kept) else { return }; // nothing has come
        match &mut self.way {
            Way::Plain(line) => framer.finish(line, (capture, kept), now),
            Way::Ruled(pipeline) => framer.take_ruled(pipeline, (capture, kept), Input::End, now),
            Way::Raw(raw) => framer.finish_raw(raw, (capture, kept), now),
            Way::Nowhere => {}
        }
    }

    /// When something that waits here has waited long enough.
    pub(super) fn due(&self) -> Option<Instant> {
        match &self.way {
            Way::Plain(_) | Way::Nowhere => None,
            Way::Ruled(pipeline) => pipeline.due(),
            Way::Raw(raw) => raw.due(),
        }
    }

    /// Gives what waits.
    pub(super) fn flush(&mut self, framer: &mut Framer, now: Now) {
        let (capture, Some(kept)) = (&self.capture, &self.kept) else { return };
        match &mut self.way {
            Way::Ruled(pipeline) if pipeline.due().is_some() => {
                framer.flush_ruled(pipeline, (capture, kept), now);
            }
            Way::Raw(raw) if raw.due().is_some() => framer.flush_raw(raw, capture),
            Way::Plain(_) | Way::Ruled(_) | Way::Raw(_) | Way::Nowhere => {}
        }
    }

    /// Gives the lines that wait for others. The beginning of a raw line waits on.
    pub(super) fn flush_lines(&mut self, framer: &mut Framer, now: Now) {
        if matches!(self.way, Way::Ruled(_)) {
            self.flush(framer, now);
        }
    }
}

/// Rules hold for an instance and its hooks; a hook's output is never raw, so that its name stands with it.
fn way(capture: &Capture, lines: &ProcessLines) -> Way {
    if matches!(capture.task, TaskId::Probe(_)) {
        return Way::Nowhere;
    }
    if let Some(rules) = of_file(capture, lines) {
        return Way::Ruled(Box::new(Pipeline::new(Arc::clone(rules))));
    }
    let of_process = capture.number.is_some();
    match lines.get(&capture.process).filter(|_| of_process) {
        Some(rules) if rules.is_plain() => Way::Plain(Line::default()),
        Some(rules) if rules.format == LineFormat::Record => {
            Way::Ruled(Box::new(Pipeline::new(Arc::clone(rules))))
        }
        Some(_) if capture.hook.is_none() => Way::Raw(Raw::default()),
        Some(_) | None => Way::Plain(Line::default()),
    }
}

/// The rules of the file that it is read from.
fn of_file<'a>(capture: &Capture, lines: &'a ProcessLines) -> Option<&'a Arc<LineRules>> {
    let (name, process) = (capture.file.as_ref()?, lines.get(&capture.process)?);
    process.files.iter().find(|file| file.name == *name).map(|file| &file.rules)
}
