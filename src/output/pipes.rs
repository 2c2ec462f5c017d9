//! The read ends of children's streams, behind one epoll descriptor of their own: a task for each pipe would cost ten
//! times the memory. Owns reading; never waits for a child, and for stdout only as the sink allows. The spawners add
//! pipes, the output arbiter reads them.

use super::framer::{Framer, Line};
use super::intake::{Intake, Token};
use super::last_words::LastWords;
use super::sink::Sink;
use phpeek_actors::clock::Clock;
use phpeek_core::ids::TaskId;
use phpeek_os::capture::{Capture, Stream};
use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::io::Errno;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// Bytes of one read. Shared by all pipes.
const READ: usize = 128 << 10;
/// Reads up to this size since the pipes were last empty leave the buffers as they are.
const SMALL_READ: usize = 16 << 10;
/// What a pipe holds at first (pipe(7)).
const SMALL_PIPE: usize = 64 << 10;
/// What a chatty child's pipe holds. Without CAP_SYS_RESOURCE a user has 64 of these (pipe(7)).
const LARGE_PIPE: usize = 1 << 20;
/// Passes for each wake-up of the arbiter.
const PASSES: usize = 16;
/// Lets lines gather after a small pass: lines for each read decide the cost. At 200 MB/s a large pipe is a fifth full
/// after it.
const PAUSE: Duration = Duration::from_millis(1);
/// A busy pipe that was empty so many passes in a row goes back to be watched.
const QUIET: u8 = 8;

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing to read.
    Idle,
    /// There may be more.
    More,
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

#[derive(Debug)]
struct Pipe {
    capture: Capture,
    line: Line,
    /// What the pipe holds.
    size: u32,
    watch: Watch,
}

/// Who says that a pipe has something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Watch {
    /// The epoll descriptor.
    Epoll,
    /// Nobody: it is read in each pass, and this many passes found it empty. Each write to a watched pipe walks
    /// through both epoll descriptors, at the writer's cost; the writer of a busy one is spared that.
    Busy(u8),
}

/// Every pipe that the reader knows.
pub(super) struct Pipes {
    intake: Arc<Intake>,
    sink: Arc<Sink>,
    /// By token.
    pipes: Vec<Option<Pipe>>,
    busy: Vec<Token>,
    events: Vec<epoll::Event>,
    buffer: Vec<u8>,
    /// The largest read since the pipes were last empty: so much of the buffer is in memory.
    most: usize,
    framer: Framer,
    words: LastWords,
    clock: Clock,
}

impl Pipes {
    pub(super) fn new(intake: Arc<Intake>, sink: Arc<Sink>, clock: Clock) -> Self {
        let framer = Framer::new(Arc::clone(&sink));
        let (pipes, busy, events) = (Vec::new(), Vec::new(), Vec::with_capacity(64));
        let words = LastWords::default();
        Self { intake, sink, pipes, busy, events, buffer: Vec::new(), most: 0, framer, words, clock }
    }

    /// Reads for one wake-up of the arbiter.
    pub(super) fn turn(&mut self) -> Turn {
        for _ in 0..PASSES {
            match self.pass() {
                Pass::Idle => {
                    if std::mem::take(&mut self.most) > SMALL_READ {
                        self.buffer = Vec::new();
                        self.sink.release_buffers();
                    }
                    return Turn::Idle;
                }
                Pass::Small => pause(),
                Pass::Large => {}
            }
        }
        Turn::More
    }

    /// Reads until no pipe has anything left, or until the deadline: a process that outlives the stop may write on.
    pub(super) fn drain(&mut self, deadline: Instant) {
        self.framer.hurry(); // the caller's deadline rules, not the file's patience
        while Instant::now() < deadline && self.pass() != Pass::Idle {}
    }

    /// The last lines of the standard error of a run, secrets and all. What is still in its pipe is read first:
    /// as long as the pipes show more than one look takes, but no longer than a turn, and without a pause.
    pub(super) fn last_words(&mut self, task: TaskId) -> Vec<String> {
        for _ in 0..PASSES {
            let pass = self.pass();
            if pass == Pass::Idle || (pass == Pass::Small && self.events.len() < self.events.capacity()) {
                break;
            }
        }
        self.words.take(task)
    }

    /// One read of each pipe that has something or is busy.
    fn pass(&mut self) -> Pass {
        let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        self.events.clear();
        // EINTR and the like leave no events; level-triggered readiness shows again.
        epoll::wait(&*self.intake, spare_capacity(&mut self.events), Some(&now)).ok();
        if self.events.is_empty() && self.busy.is_empty() {
            return Pass::Idle;
        }
        let at = self.clock.wall(self.clock.now());
        let mut pass = Pass::Small;
        let busy = std::mem::take(&mut self.busy);
        for token in &busy {
            pass = pass.max(self.read(*token, at));
        }
        let events = std::mem::take(&mut self.events);
        for event in &events {
            pass = pass.max(self.read(event.data.u64(), at));
        }
        self.events = events;
        self.framer.hand_over();
        pass
    }

    /// One read of a pipe, and what follows for how it is watched.
    fn read(&mut self, token: Token, at: SystemTime) -> Pass {
        let Some(mut pipe) = self.take(token) else { return Pass::Small };
        self.buffer.clear();
        self.buffer.reserve(READ);
        let read = rustix::io::read(&pipe.capture.read_end, spare_capacity(&mut self.buffer));
        let count = match read {
            Ok(0) => return self.end(token, pipe, at),
            Ok(count) => {
                if pipe.capture.stream == Stream::Stderr {
                    self.words.feed(pipe.capture.task, &self.buffer);
                }
                self.framer.take(&mut pipe.line, &pipe.capture, &self.buffer, at);
                count
            }
            Err(Errno::AGAIN | Errno::INTR) => 0,
            Err(_) => return self.end(token, pipe, at),
        };
        let large = count >= READ.min(pipe.size as usize / 2); // of what it held until now
        self.most = self.most.max(count);
        self.rewatch(token, &mut pipe, count);
        if let Some(place) = usize::try_from(token).ok().and_then(|token| self.pipes.get_mut(token)) {
            *place = Some(pipe);
        }
        if large { Pass::Large } else { Pass::Small }
    }

    fn take(&mut self, token: Token) -> Option<Pipe> {
        let index = usize::try_from(token).ok()?;
        if let Some(pipe) = self.pipes.get_mut(index).and_then(Option::take) {
            return Some(pipe);
        }
        let capture = self.intake.take(token)?;
        if self.pipes.len() <= index {
            self.pipes.resize_with(index + 1, || None);
        }
        Some(Pipe { capture, line: Line::default(), size: SMALL_PIPE as u32, watch: Watch::Epoll })
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
    fn end(&mut self, token: Token, mut pipe: Pipe, at: SystemTime) -> Pass {
        self.framer.finish(&mut pipe.line, &pipe.capture, at);
        if pipe.watch == Watch::Epoll {
            self.intake.unwatch(&pipe.capture).ok(); // nothing else can take it out
        }
        drop(pipe);
        self.intake.free(token);
        Pass::Small
    }
}

/// Blocks this thread on purpose, the one place where that is right: nothing else runs here, and a timer of the
/// runtime would round to 1 ms and be woken by the epoll descriptor all the while.
#[expect(clippy::disallowed_methods, reason = "this thread serves nothing but the pipes")]
fn pause() {
    std::thread::sleep(PAUSE);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use phpeek_actors::ports::Level;
    use phpeek_core::ids::{InstanceId, ProcessId};
    use phpeek_core::name::ProcessName;
    use phpeek_settings::log::{LogFormat, LogSettings};
    use std::fs::File;
    use std::io::Write;

    fn pipes() -> (Arc<Intake>, Arc<Sink>, Pipes) {
        let settings = LogSettings { format: LogFormat::Json, level: Level::Info };
        let null = File::options().write(true).open("/dev/null").expect("/dev/null").into();
        let (intake, sink) =
            (Arc::new(Intake::new().expect("epoll")), Arc::new(Sink::new(settings, null, None)));
        (
            Arc::clone(&intake),
            Arc::clone(&sink),
            Pipes::new(intake, sink, Clock::starting_at(SystemTime::now())),
        )
    }

    fn child(intake: &Intake) -> (File, std::os::fd::OwnedFd) {
        child_with(intake, 1, Stream::Stdout)
    }

    fn id(run: u64) -> TaskId {
        TaskId::Run(InstanceId { process: ProcessId(0), serial: 0 }.run(run))
    }

    fn child_with(intake: &Intake, run: u64, stream: Stream) -> (File, std::os::fd::OwnedFd) {
        let task = id(run);
        let (read_end, write) = rustix::pipe::pipe().expect("a pipe");
        let copy = read_end.try_clone().expect("a copy");
        let process = ProcessName::new("web").expect("a name");
        intake.add(Capture { process, task, number: 0, stream, read_end }).expect("a watch");
        (write.into(), copy)
    }

    #[test]
    fn a_copy_of_an_ended_pipe_wakes_nobody() {
        let (intake, sink, mut pipes) = pipes();
        let (mut writer, _copy) = child(&intake);
        writer.write_all(b"last words").expect("room");
        drop(writer);
        assert_eq!(pipes.turn(), Turn::Idle);
        assert_eq!(sink.stats().captured, 1);
        assert_eq!(pipes.pass(), Pass::Idle);
    }

    #[test]
    fn a_busy_pipe_that_falls_quiet_is_watched_again_and_its_token_is_used_again() {
        let (intake, sink, mut pipes) = pipes();
        let (mut writer, _copy) = child(&intake);
        writer.write_all(&b"0123456\n".repeat(8000)).expect("room");
        assert_eq!(pipes.pass(), Pass::Large);
        assert_eq!(pipes.busy, [0]);
        assert_eq!(pipes.turn(), Turn::Idle);
        assert!(pipes.busy.is_empty());
        writer.write_all(b"later\n").expect("room");
        drop(writer);
        assert_eq!(pipes.turn(), Turn::Idle);
        assert_eq!(sink.stats().captured, 8001);
        let (mut next, _copy) = child(&intake);
        next.write_all(b"new\n").expect("room");
        assert_eq!(pipes.turn(), Turn::Idle);
        assert_eq!((sink.stats().captured, pipes.pipes.len()), (8002, 1));
    }

    #[test]
    fn last_words_are_read_from_the_pipe_when_they_are_asked_for() {
        let (intake, sink, mut pipes) = pipes();
        let (mut stdout, _copy) = child(&intake);
        let (mut stderr, _copy) = child_with(&intake, 1, Stream::Stderr);
        stdout.write_all(b"not this\n").expect("room");
        stderr.write_all(b"first\nlast without newline").expect("room");
        assert_eq!(pipes.last_words(id(1)), ["first", "last without newline"]);
        assert_eq!(sink.stats().captured, 2, "and they are in the log as ever");
        assert!(pipes.last_words(id(1)).is_empty() && pipes.last_words(id(2)).is_empty());
    }

    #[test]
    fn last_words_of_many_that_died_at_once_are_all_heard() {
        let (intake, _sink, mut pipes) = pipes();
        let mut writers = Vec::new();
        for instance in 0..300 {
            let (read_end, write) = rustix::pipe::pipe().expect("a pipe");
            let process = ProcessName::new("web").expect("a name");
            let task = TaskId::Run(InstanceId { process: ProcessId(0), serial: instance }.run(1));
            intake
                .add(Capture { process, task, number: 0, stream: Stream::Stderr, read_end })
                .expect("a watch");
            let mut write = File::from(write);
            write.write_all(format!("I am {instance}\n").as_bytes()).expect("room");
            writers.push((task, write));
        }
        for (task, writer) in writers.into_iter().rev() {
            drop(writer);
            assert_eq!(pipes.last_words(task), [format!("I am {}", task.instance().serial)]);
        }
    }
}
