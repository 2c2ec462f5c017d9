//! The read ends of children's streams, behind one epoll descriptor of their own: a task for each pipe would cost ten
//! times the memory. Owns reading and framing; never waits for a child, and for stdout only as the sink allows. The
//! spawners add pipes, the output arbiter reads them.

use super::lines::{self, Piece};
use super::record::Frame;
use super::sink::{CHUNK, Sink};
use crate::os::capture::Capture;
use phpeek_actors::ports::Level;
use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::io::Errno;
use std::collections::HashMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// Bytes of one read. Shared by all pipes.
const READ: usize = 128 << 10;
/// A read of this size shows a chatty child, which then gets a larger pipe.
const CHATTY: usize = 32 << 10;
/// What a chatty child's pipe holds. Without CAP_SYS_RESOURCE a user has 64 of these (pipe(7)).
const LARGE_PIPE: usize = 1 << 20;
/// Passes for each wake-up of the arbiter.
const PASSES: usize = 16;
/// Lets lines gather after a small pass: lines for each read decide the cost.
const PAUSE: Duration = Duration::from_micros(500);

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing to read.
    Idle,
    /// There may be more.
    More,
}

/// Pipes that the reader has not seen yet, and the epoll descriptor that all are in. A spawner adds to both without
/// waking the reader: the first output does.
#[derive(Debug)]
pub(super) struct Intake {
    epoll: OwnedFd,
    fresh: Mutex<(u64, Vec<(u64, Capture)>)>,
}

impl Intake {
    pub(super) fn new() -> Result<Self, Errno> {
        Ok(Self { epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?, fresh: Mutex::default() })
    }

    /// Adds a pipe. Its writer may have ended already.
    pub(super) fn add(&self, capture: Capture) -> Result<(), Errno> {
        let flags = rustix::fs::fcntl_getfl(&capture.read_end)?;
        rustix::fs::fcntl_setfl(&capture.read_end, flags | rustix::fs::OFlags::NONBLOCK)?;
        let mut fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        fresh.0 += 1;
        let token = fresh.0;
        epoll::add(&self.epoll, &capture.read_end, epoll::EventData::new_u64(token), epoll::EventFlags::IN)?;
        fresh.1.push((token, capture));
        Ok(())
    }

    fn take(&self) -> Vec<(u64, Capture)> {
        std::mem::take(&mut self.fresh.lock().unwrap_or_else(PoisonError::into_inner).1)
    }
}

impl AsFd for Intake {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}

#[derive(Debug)]
struct Pipe {
    capture: Capture,
    rest: Vec<u8>,
    grown: bool,
}

/// Every pipe that the reader knows.
pub(super) struct Pipes {
    intake: Arc<Intake>,
    sink: Arc<Sink>,
    pipes: HashMap<u64, Pipe>,
    events: Vec<epoll::Event>,
    buffer: Vec<u8>,
    frame: Frame,
    chunk: Vec<u8>,
    chunk_lines: u64,
    patient: bool,
}

impl Pipes {
    pub(super) fn new(intake: Arc<Intake>, sink: Arc<Sink>) -> Self {
        let frame = Frame::new(sink.settings.format);
        Self {
            intake,
            sink,
            pipes: HashMap::new(),
            events: Vec::with_capacity(64),
            buffer: Vec::with_capacity(READ),
            frame,
            chunk: Vec::new(),
            chunk_lines: 0,
            patient: true,
        }
    }

    /// Reads for one wake-up of the arbiter.
    pub(super) fn turn(&mut self) -> Turn {
        for _ in 0..PASSES {
            match self.pass() {
                None => return Turn::Idle,
                Some(read) if read < READ => pause(),
                Some(_) => {}
            }
        }
        Turn::More
    }

    /// Reads until no pipe has anything left, or until the deadline: a process that outlives the stop may write on.
    pub(super) fn drain(&mut self, deadline: Instant) {
        self.patient = false; // the caller's deadline rules, not the file's patience
        while Instant::now() < deadline && self.pass().is_some() {}
    }

    /// One read of each pipe that has something. Bytes read, or none when no pipe was ready.
    fn pass(&mut self) -> Option<usize> {
        let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        self.events.clear();
        // EINTR and the like leave no events; level-triggered readiness shows again.
        epoll::wait(&self.intake.epoll, spare_capacity(&mut self.events), Some(&now)).ok();
        if self.events.is_empty() {
            return None;
        }
        let at = SystemTime::now();
        let mut total = 0;
        let events = std::mem::take(&mut self.events);
        for event in &events {
            total += self.read(event.data.u64(), at);
        }
        self.events = events;
        self.hand_over();
        Some(total)
    }

    fn read(&mut self, token: u64, at: SystemTime) -> usize {
        if !self.pipes.contains_key(&token) {
            let fresh = self.intake.take().into_iter();
            self.pipes.extend(
                fresh.map(|(token, capture)| (token, Pipe { capture, rest: Vec::new(), grown: false })),
            );
        }
        let Some(mut pipe) = self.pipes.remove(&token) else { return 0 };
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        let read = rustix::io::read(&pipe.capture.read_end, spare_capacity(&mut buffer));
        let open = match read {
            Ok(0) => false,
            Ok(count) => {
                self.take_lines(&mut pipe, &buffer, at);
                if count >= CHATTY && !std::mem::replace(&mut pipe.grown, true) {
                    // Refused without privilege over the user's limit: the small pipe works too.
                    rustix::pipe::fcntl_setpipe_size(&pipe.capture.read_end, LARGE_PIPE).ok();
                }
                true
            }
            Err(error) => matches!(error, Errno::AGAIN | Errno::INTR),
        };
        if open {
            self.pipes.insert(token, pipe);
        } else {
            // Closing the descriptor takes it out of the epoll set (epoll(7)): no other copy of it exists.
            self.take_lines(&mut pipe, &[], at);
        }
        self.buffer = buffer;
        read.unwrap_or(0)
    }

    /// Frames what was read. Nothing read means the end: the last words go out without their newline.
    fn take_lines(&mut self, pipe: &mut Pipe, data: &[u8], at: SystemTime) {
        let Pipe { capture, rest, .. } = pipe;
        let shown = self.sink.shows(Level::Info);
        let keep = shown && self.sink.has_room(&mut self.patient);
        if keep {
            self.frame.set(at, &capture.process, capture.instance, capture.stream);
            if self.chunk.capacity() == 0 {
                self.chunk = self.sink.buffer();
            }
        }
        let (frame, chunk, mut lines) = (&self.frame, &mut self.chunk, 0);
        let mut emit = |line: &[u8], piece: Piece| {
            lines += 1;
            if keep {
                frame.piece(chunk, line, piece);
            }
        };
        if data.is_empty() {
            lines::finish(rest, &mut emit);
        } else {
            lines::feed(rest, data, &mut emit);
        }
        if lines == 0 {
            return;
        }
        self.sink.captured(lines);
        match (shown, keep) {
            (false, _) => self.sink.hidden(lines),
            (true, false) => self.sink.lost(&capture.process, lines),
            (true, true) => self.chunk_lines += lines,
        }
        if self.chunk.len() >= CHUNK {
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        if !self.chunk.is_empty() {
            let lines = std::mem::take(&mut self.chunk_lines);
            self.sink.push_lines(std::mem::take(&mut self.chunk), lines);
        }
    }
}

/// Blocks this thread on purpose, the one place where that is right: nothing else runs here, and a timer of the
/// runtime would round to 1 ms and be woken by the epoll descriptor all the while.
fn pause() {
    #[expect(clippy::disallowed_methods, reason = "the one thread that may: nobody waits for it")]
    std::thread::sleep(PAUSE);
}
