//! The read ends of children's streams, behind one epoll descriptor of their own: a task for each pipe would cost ten
//! times the memory. Owns reading; never waits for a child, and for stdout only as the sink allows. The spawners add
//! pipes, the output arbiter reads them.

use super::finder::Finders;
use super::framer::{Framer, Now};
use super::intake::{self, First, Intake, Token};
use super::last_words::LastWords;
use super::pipe::{Pipe, SMALL_PIPE, Watch};
use super::sink::{Gate, Sink};
use super::timers::Timers;
use phpeek_actors::clock::Clock;
use phpeek_actors::panics::caught;
use phpeek_os::capture::Stream;
use phpeek_settings::lines::ProcessLines;
use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::io::Errno;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Bytes of one read. Shared by all pipes.
const READ: usize = 128 << 10;
/// Reads up to this size since the pipes were last empty leave the buffers as they are.
const SMALL_READ: usize = 16 << 10;
/// What a chatty child's pipe holds. Without CAP_SYS_RESOURCE a user has 64 of these (pipe(7)).
const LARGE_PIPE: usize = 1 << 20;
/// Passes for each wake-up of the arbiter.
const PASSES: usize = 16;
/// Lets lines gather after a small pass: lines for each read decide the cost. At 200 MB/s a large pipe is a fifth full
/// after it.
const PAUSE: Duration = Duration::from_millis(1);
/// Between a turn that has panicked and the next.
const AFTER_PANIC: Duration = Duration::from_secs(1);
/// A run of whose start nobody was told by then is read all the same: it must not wait for room for good.
const UNTOLD: Duration = Duration::from_secs(1);
/// A busy pipe that was empty so many passes in a row goes back to be watched.
const QUIET: u8 = 8;

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing to read.
    Idle,
    /// There may be more.
    More,
    /// There is no room for what there may be: look again when there is, or then.
    Full(Instant),
}

/// Whether lines may gather in the pipes between two looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// They may: lines for each read decide the cost.
    Gather,
    /// Somebody waits.
    Hurry,
}

/// What one look at the pipes found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Pass {
    /// No pipe has anything, and none is busy.
    Idle,
    /// Little: more may gather.
    Small,
    /// A pipe was half full or more.
    Large,
}

/// Every pipe that the reader knows.
pub(super) struct Pipes {
    intake: Arc<Intake>,
    sink: Arc<Sink>,
    /// By token.
    pipes: Vec<Option<Pipe>>,
    busy: Vec<Token>,
    /// Those whose pipe is closed, until what came from it is handed over.
    ended: Vec<Token>,
    events: Vec<epoll::Event>,
    /// Bytes that were read.
    taken: u64,
    /// How many pipes were read, so that a queue that is full again and again does not prefer the first of them.
    reads: usize,
    buffer: Vec<u8>,
    /// Bytes of one read: no more than a small part of the queue.
    read: usize,
    /// The largest read since the pipes were last empty: so much of the buffer is in memory.
    most: usize,
    framer: Framer,
    timers: Timers,
    finders: Finders,
    lines: Arc<ProcessLines>,
    /// Which setting of them it is.
    revision: u64,
    /// Of standard output and standard error.
    words: [LastWords; 2],
    clock: Clock,
}

impl Pipes {
    pub(super) fn new(intake: Arc<Intake>, sink: Arc<Sink>, clock: Clock) -> Self {
        let framer = Framer::new(Arc::clone(&sink));
        let (revision, lines) = (sink.revision(), sink.lines());
        let read = (sink.settings.buffer / 8).clamp(SMALL_READ, READ);
        Self {
            intake,
            sink,
            pipes: Vec::new(),
            busy: Vec::new(),
            ended: Vec::new(),
            events: Vec::with_capacity(64),
            taken: 0,
            reads: 0,
            buffer: Vec::new(),
            read,
            most: 0,
            framer,
            timers: Timers::default(),
            finders: Finders::default(),
            lines,
            revision,
            words: Default::default(),
            clock,
        }
    }

    /// Reads for one wake-up of the arbiter. With a pace of none it does not let lines gather.
    pub(super) fn turn(&mut self, pace: Pace) -> Turn {
        for _ in 0..PASSES {
            if let Gate::Wait(until) = self.framer.enter() {
                return Turn::Full(until);
            }
            self.follow_anew();
            self.flush_due();
            match self.pass() {
                Pass::Idle => {
                    if std::mem::take(&mut self.most) > SMALL_READ {
                        self.buffer = Vec::new();
                        self.sink.release_buffers();
                    }
                    return Turn::Idle;
                }
                Pass::Small if pace == Pace::Gather => {
                    if self.sink.hurry.pause(PAUSE) {
                        return Turn::More;
                    }
                }
                Pass::Small | Pass::Large => {}
            }
        }
        Turn::More
    }

    /// A turn, or what follows one that has panicked where no pipe was framed: the next comes a moment later.
    pub(super) fn guarded_turn(&mut self, pace: Pace) -> Turn {
        caught(|| self.turn(pace)).unwrap_or_else(|| {
            self.sink.panicked(None, 0);
            Turn::Full(Instant::now() + AFTER_PANIC)
        })
    }

    /// Reads and drops what there is, but for a turn at most: its time is over.
    pub(super) fn give_up(&mut self) {
        self.framer.take_what_fits();
        for _ in 0..PASSES {
            if self.pass() == Pass::Idle {
                break;
            }
        }
        self.release();
    }

    fn known(&self, token: Token) -> Option<&Pipe> {
        usize::try_from(token).ok().and_then(|index| self.pipes.get(index))?.as_ref()
    }

    /// Bytes that wait in the pipes now.
    pub(super) fn waiting(&self) -> u64 {
        let known = self.pipes.iter().flatten().map(|pipe| intake::waiting(&pipe.capture));
        known.sum::<u64>() + self.intake.waiting()
    }

    /// Bytes that were read since the start.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// See [`Sink::told_of_room`].
    pub(super) fn told_of_room(&self) -> watch::Receiver<()> {
        self.sink.told_of_room()
    }

    fn at(&self) -> Now {
        Now { wall: self.sink.stamp(self.clock.wall(self.clock.now())), steady: Instant::now() }
    }

    /// Asks the kernel which pipes have something.
    fn look(&mut self) -> bool {
        let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        self.events.clear();
        // A look that was cut short has seen nothing, and whoever waits for more would take that for the end of it.
        while epoll::wait(&*self.intake, spare_capacity(&mut self.events), Some(&now)) == Err(Errno::INTR) {}
        !self.events.is_empty()
    }

    /// One read of each pipe that has something or is busy, while there is room.
    fn pass(&mut self) -> Pass {
        if !self.look() && self.busy.is_empty() {
            return Pass::Idle;
        }
        self.sink.tell_step(&self.clock);
        let at = self.at();
        let events = std::mem::take(&mut self.events);
        let mut ready: Vec<Token> = events.iter().map(|event| event.data.u64()).collect();
        self.events = events;
        ready.append(&mut self.busy);
        let first = self.reads % ready.len().max(1);
        ready.rotate_left(first);
        let mut pass = Pass::Small;
        let mut ready = ready.into_iter();
        for token in ready.by_ref() {
            pass = pass.max(self.read(token, at));
            self.reads = self.reads.wrapping_add(1);
            if self.framer.is_full() {
                pass = Pass::Large;
                break;
            }
        }
        let unread: Vec<Token> = ready.filter(|token| self.is_busy(*token)).collect();
        self.busy.extend(unread);
        self.hand_over();
        pass
    }

    fn is_busy(&self, token: Token) -> bool {
        self.known(token).is_some_and(|pipe| matches!(pipe.watch, Watch::Busy(_)))
    }

    fn hand_over(&mut self) {
        self.framer.hand_over();
        self.intake.free(&mut self.ended);
    }

    /// One read of a pipe, and what follows for how it is watched.
    fn read(&mut self, token: Token, at: Now) -> Pass {
        let Some(mut pipe) = self.take(token) else { return Pass::Small };
        self.buffer.clear();
        self.buffer.reserve(self.read);
        let room = spare_capacity(&mut self.buffer);
        let read = rustix::io::read(&pipe.capture.read_end, room);
        let count = match read {
            Ok(0) => return self.end(token, pipe, at),
            Ok(count) => {
                let ([stdout, stderr], read) = (&mut self.words, &*self.buffer);
                pipe.guarded(&mut self.framer, (&self.lines, read), |pipe, framer| {
                    match pipe.capture.stream {
                        Stream::Stdout => stdout.feed(pipe.capture.task, read),
                        Stream::Stderr => stderr.feed(pipe.capture.task, read),
                        Stream::File => {} // nobody's last words
                    }
                    pipe.take(framer, read, at);
                });
                count
            }
            Err(Errno::AGAIN | Errno::INTR) => 0,
            Err(_) => return self.end(token, pipe, at),
        };
        let large = count >= self.read.min(pipe.size as usize / 2); // of what it held until now
        self.most = self.most.max(count);
        self.taken += count as u64;
        self.rewatch(token, &mut pipe, count);
        self.place(token, pipe);
        if large { Pass::Large } else { Pass::Small }
    }

    fn take(&mut self, token: Token) -> Option<Pipe> {
        let index = usize::try_from(token).ok()?;
        if let Some(pipe) = self.pipes.get_mut(index).and_then(Option::take) {
            return Some(pipe);
        }
        match self.intake.take(token, &self.sink.held)? {
            First::Read(capture) => Some(self.fresh(capture)),
            First::Again => None,
            First::Early => {
                self.timers.add(Instant::now() + UNTOLD, token);
                None
            }
        }
    }

    fn known_mut(&mut self, token: Token) -> Option<&mut Option<Pipe>> {
        usize::try_from(token).ok().and_then(|index| self.pipes.get_mut(index))
    }

    fn place(&mut self, token: Token, mut pipe: Pipe) {
        if let Some(due) = pipe.due().filter(|_| !pipe.timed) {
            pipe.timed = true;
            self.timers.add(due, token);
        }
        let Ok(index) = usize::try_from(token) else { return };
        if self.pipes.len() <= index {
            self.pipes.resize_with(index + 1, || None);
        }
        if let Some(place) = self.pipes.get_mut(index) {
            *place = Some(pipe);
        }
    }

    /// Takes a busy pipe out of the epoll set, and puts it back once it is quiet.
    fn rewatch(&mut self, token: Token, pipe: &mut Pipe, count: usize) {
        match pipe.watch {
            Watch::Epoll if count >= SMALL_PIPE / 2 => {
                if let Ok(size) = rustix::pipe::fcntl_setpipe_size(&pipe.capture.read_end, LARGE_PIPE) {
                    pipe.size = u32::try_from(size).unwrap_or(u32::MAX);
                } // refused without privilege over the user's limit: the small pipe works too
                if self.intake.unwatch(&pipe.capture).is_ok() {
                    pipe.watch = Watch::Busy(0);
                    self.busy.push(token);
                }
            }
            Watch::Epoll => {}
            Watch::Busy(quiet)
                if count == 0 && quiet >= QUIET && self.intake.watch(token, &pipe.capture).is_ok() =>
            {
                pipe.watch = Watch::Epoll;
            }
            Watch::Busy(quiet) => {
                pipe.watch = Watch::Busy(if count == 0 { quiet.saturating_add(1) } else { 0 });
                self.busy.push(token);
            }
        }
    }

    /// The last words go out without their newline. The descriptor leaves the epoll set before it is closed: a child
    /// between vfork and exec may hold a copy, which would keep it in there, ready for ever (epoll(7)).
    fn end(&mut self, token: Token, mut pipe: Pipe, at: Now) -> Pass {
        pipe.guarded(&mut self.framer, (&self.lines, &[]), |pipe, framer| pipe.finish(framer, at));
        if pipe.watch == Watch::Epoll {
            self.intake.unwatch(&pipe.capture).ok(); // nothing else can take it out
        }
        drop(pipe);
        self.ended.push(token);
        Pass::Small
    }
}

mod asked;
mod following;
mod waiting;

#[cfg(test)]
mod tests;
