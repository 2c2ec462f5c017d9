//! The bounded queue before standard output, and the thread that writes it. Owns the order and the accounting; never
//! makes a caller wait for the reader. Fed by the pipes (lines), the log port (records) and exporters (blocks).
//!
//! Stdout is never set non-blocking: its file description is shared with whoever started us (open(2)).

use super::notice::Losses;
use super::pieces::Room;
use super::record;
use super::stats::Stats;
use phpeek_actors::ports::{Level, LogRecord};
use phpeek_core::name::ProcessName;
use phpeek_settings::log::{LogFormat, LogSettings};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::sync::oneshot;

/// Bytes that may wait for the reader. One chunk may stand over it, and own records have an eighth more.
pub const QUEUE_LIMIT: usize = 8 << 20;
/// A chunk of lines is handed over at this size.
pub(super) const CHUNK: usize = 256 << 10;
/// Buffers that are kept for the next chunks: as many as wait in a full queue, until the burst is over. Fresh memory
/// costs a page fault for each 17 lines, and on a busy machine writer and reader run in turns of many chunks.
const SPARES: usize = QUEUE_LIMIT / CHUNK;
/// A spare buffer up to this size stays when the burst is over.
const SMALL_BUFFER: usize = 64 << 10;
/// A file is slow only for a burst, so lines wait this long for room before they are dropped.
const FILE_PATIENCE: Duration = Duration::from_secs(1);

/// One write of lines, each with the only newline that it holds, or of one record or block of the supervisor's own.
#[derive(Debug)]
struct Chunk {
    bytes: Vec<u8>,
    lines: u64,
    records: u64,
    /// It starts inside a record that stdout has the beginning of.
    begun: bool,
}

#[derive(Debug, Default)]
struct Queue {
    chunks: VecDeque<Chunk>,
    spares: Vec<Vec<u8>>,
    stats: Stats,
    losses: Losses,
    /// The writer has a chunk in hand, and looks at the queue again without being told.
    busy: bool,
    /// The reader of the pipes waits for room.
    pressed: bool,
    /// The last write failed: a notice would fail too.
    refusing: bool,
    closing: bool,
    flushed: Vec<oneshot::Sender<()>>,
}

/// See the top of the file.
#[derive(Debug)]
pub(super) struct Sink {
    pub(super) settings: LogSettings,
    stdout: OwnedFd,
    /// Where the loss of stdout is said, once.
    last_resort: Option<OwnedFd>,
    patience: Duration,
    queue: Mutex<Queue>,
    bytes: AtomicUsize,
    gone: AtomicBool,
    work: Condvar,
    room: Condvar,
}

impl Sink {
    pub(super) fn new(settings: LogSettings, stdout: OwnedFd, last_resort: Option<OwnedFd>) -> Self {
        let file = rustix::fs::fstat(&stdout)
            .is_ok_and(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file());
        Self {
            settings,
            stdout,
            last_resort,
            patience: if file { FILE_PATIENCE } else { Duration::ZERO },
            queue: Mutex::default(),
            bytes: AtomicUsize::new(0),
            gone: AtomicBool::new(false),
            work: Condvar::new(),
            room: Condvar::new(),
        }
    }

    /// A panic elsewhere leaves whole chunks behind, so a poisoned queue is still sound.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn shows(&self, level: Level) -> bool {
        level >= self.settings.level
    }

    /// Whether stdout is gone for good, so that nothing need be framed any more.
    pub(super) fn is_gone(&self) -> bool {
        self.gone.load(Relaxed)
    }

    /// Whether lines have room. Waits for it only before a file, and only once until there was room again.
    pub(super) fn room(&self, patient: &mut bool) -> Room {
        if self.bytes.load(Relaxed) < QUEUE_LIMIT {
            *patient = true;
            return Room::Free;
        }
        if !std::mem::take(patient) || self.patience.is_zero() {
            return Room::Full;
        }
        let full = |queue: &mut Queue| {
            queue.pressed = self.bytes.load(Relaxed) >= QUEUE_LIMIT;
            queue.pressed
        };
        match self.room.wait_timeout_while(self.lock(), self.patience, full) {
            Ok((_, wait)) if !wait.timed_out() => Room::Free,
            Ok(_) | Err(_) => Room::Full,
        }
    }

    /// Counts lines in the ledger that go no further.
    pub(super) fn count(&self, count: impl FnOnce(&mut Stats)) {
        count(&mut self.lock().stats);
    }

    pub(super) fn lost(&self, process: &ProcessName, lines: u64) {
        let mut queue = self.lock();
        queue.stats.drop_full(lines);
        queue.losses.lines(process, lines);
    }

    /// An empty buffer for the next chunk.
    pub(super) fn buffer(&self) -> Vec<u8> {
        self.lock().spares.pop().unwrap_or_default()
    }

    /// Gives the large buffers of a burst back to the kernel.
    pub(super) fn release_buffers(&self) {
        self.lock().spares.retain(|spare| spare.capacity() <= SMALL_BUFFER);
    }

    /// Takes a chunk of lines; the caller has asked [`Self::room`].
    pub(super) fn push_lines(&self, bytes: Vec<u8>, lines: u64) {
        let mut queue = self.lock();
        if self.is_gone() {
            queue.stats.drop_closed(lines);
            return;
        }
        queue.stats.queue(lines);
        self.enqueue(queue, Chunk { bytes, lines, records: 0, begun: false });
    }

    /// Takes a record or block of the supervisor's own. False when it was dropped, and counted.
    pub(super) fn push_own(&self, bytes: Vec<u8>) -> bool {
        let mut queue = self.lock();
        if self.is_gone() || self.bytes.load(Relaxed) + bytes.len() > QUEUE_LIMIT + QUEUE_LIMIT / 8 {
            queue.stats.records_dropped += 1;
            queue.losses.records(1);
            return false;
        }
        self.enqueue(queue, Chunk { bytes, lines: 0, records: 1, begun: false });
        true
    }

    fn enqueue(&self, mut queue: MutexGuard<'_, Queue>, chunk: Chunk) {
        self.bytes.fetch_add(chunk.bytes.len(), Relaxed);
        queue.chunks.push_back(chunk);
        let busy = queue.busy;
        drop(queue);
        if !busy {
            self.work.notify_one();
        }
    }

    /// Told when everything queued so far has been written or dropped.
    pub(super) fn flushed(&self) -> oneshot::Receiver<()> {
        let (tell, told) = oneshot::channel();
        let mut queue = self.lock();
        if queue.chunks.is_empty() && !queue.busy {
            tell.send(()).ok(); // the receiver is in this function
        } else {
            queue.flushed.push(tell);
        }
        told
    }

    pub(super) fn close(&self) {
        self.lock().closing = true;
        self.work.notify_one();
    }

    pub(super) fn stats(&self) -> Stats {
        self.lock().stats
    }

    /// The writer thread: runs until [`Self::close`] and an empty queue.
    pub(super) fn write_all_chunks(&self) {
        let mut torn = None;
        while let Some(chunk) = self.next() {
            if let Some(rest) = torn.take() {
                torn = self.put(rest);
            }
            if torn.is_none() {
                torn = self.put(chunk);
            } else {
                self.refuse(chunk);
            }
        }
        if let Some(rest) = torn {
            self.refuse(rest);
        }
    }

    /// Waits for a chunk with no timer: nothing wakes when nothing is to be written.
    fn next(&self) -> Option<Chunk> {
        let mut queue = self.lock();
        queue.busy = false;
        loop {
            self.announce(&mut queue);
            if let Some(chunk) = queue.chunks.pop_front() {
                queue.busy = true;
                return Some(chunk);
            }
            for waiter in queue.flushed.drain(..) {
                waiter.send(()).ok(); // a flush past its deadline is not there any more
            }
            if queue.closing {
                return None;
            }
            queue = self.work.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Says what was lost once half of the queue is free again, so that it is said once for a burst; and never after a
    /// failed write, or each failure would make the next notice.
    fn announce(&self, queue: &mut Queue) {
        let full = self.bytes.load(Relaxed) > QUEUE_LIMIT / 2;
        if queue.losses.is_empty() || queue.refusing || full || self.is_gone() {
            return;
        }
        let notice = queue.losses.take();
        if self.shows(notice.level) {
            let mut bytes = Vec::new();
            record::own(self.settings.format, &mut bytes, SystemTime::now(), &notice);
            self.bytes.fetch_add(bytes.len(), Relaxed);
            queue.chunks.push_back(Chunk { bytes, lines: 0, records: 1, begun: false });
        }
    }

    /// Writes a chunk and settles the accounts. Gives back the rest of a record that an error has torn: a full disk
    /// may have room later, and then the record becomes whole.
    fn put(&self, mut chunk: Chunk) -> Option<Chunk> {
        let (done, error) = self.write(&chunk.bytes);
        let mut queue = self.lock();
        let Some(error) = error else {
            queue.stats.write(chunk.lines);
            queue.stats.records_written += chunk.records;
            queue.refusing = false;
            self.take_back(&mut queue, chunk.bytes);
            return None;
        };
        if is_final(error) {
            drop(queue);
            self.lose_stdout(chunk, done, error);
            return None;
        }
        queue.refusing = true;
        let taken = chunk.bytes.get(..done).unwrap_or_default();
        let torn = match taken.last() {
            None => chunk.begun,
            Some(last) => *last != b'\n' || chunk.records > 0,
        };
        let lines = newlines(taken).min(chunk.lines);
        queue.stats.write(lines);
        chunk.lines -= lines;
        self.bytes.fetch_sub(done, Relaxed);
        chunk.bytes.drain(..done.min(chunk.bytes.len()));
        if !torn {
            drop(queue);
            self.refuse(chunk);
            return None;
        }
        let end = if chunk.records > 0 { None } else { memchr::memchr(b'\n', &chunk.bytes) };
        let after = chunk.bytes.split_off(end.map_or(chunk.bytes.len(), |end| end + 1));
        let lines = chunk.lines.min(1);
        drop(queue);
        self.refuse(Chunk { bytes: after, lines: chunk.lines - lines, records: 0, begun: false });
        Some(Chunk { lines, begun: true, ..chunk })
    }

    /// Bytes written, and what ended it early.
    fn write(&self, bytes: &[u8]) -> (usize, Option<Errno>) {
        let mut done = 0;
        while let Some(left) = bytes.get(done..).filter(|left| !left.is_empty()) {
            match rustix::io::write(&self.stdout, left) {
                Ok(0) => return (done, Some(Errno::IO)),
                Ok(count) => done += count,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    // Somebody else made it non-blocking. An error here shows again in the next write.
                    poll(&mut [PollFd::new(&self.stdout, PollFlags::OUT)], None).ok();
                }
                Err(error) => return (done, Some(error)),
            }
        }
        (done, None)
    }

    /// Counts a chunk that stdout did not take, to be said when it takes some again.
    fn refuse(&self, chunk: Chunk) {
        let mut queue = self.lock();
        queue.stats.refuse(chunk.lines);
        queue.stats.records_dropped += chunk.records;
        queue.losses.refused(chunk.lines);
        queue.losses.records(chunk.records);
        self.take_back(&mut queue, chunk.bytes);
    }

    /// The bytes have left the queue; their buffer may serve again.
    fn take_back(&self, queue: &mut Queue, mut bytes: Vec<u8>) {
        self.bytes.fetch_sub(bytes.len(), Relaxed);
        if std::mem::take(&mut queue.pressed) {
            self.room.notify_all();
        }
        if queue.spares.len() < SPARES && bytes.capacity() <= 4 * CHUNK {
            bytes.clear();
            queue.spares.push(bytes);
        }
    }

    /// Gives stdout up: counts what is queued as lost, and says so where somebody may see it.
    fn lose_stdout(&self, chunk: Chunk, done: usize, error: Errno) {
        let mut queue = self.lock();
        self.gone.store(true, Relaxed);
        let written = newlines(chunk.bytes.get(..done).unwrap_or_default()).min(chunk.lines);
        queue.stats.write(written);
        queue.stats.refuse(chunk.lines - written);
        queue.stats.records_dropped += chunk.records;
        self.bytes.fetch_sub(chunk.bytes.len(), Relaxed);
        for left in std::mem::take(&mut queue.chunks) {
            queue.stats.refuse(left.lines);
            queue.stats.records_dropped += left.records;
            self.bytes.fetch_sub(left.bytes.len(), Relaxed);
        }
        queue.spares = Vec::new();
        self.room.notify_all();
        drop(queue);
        if let Some(stderr) = &self.last_resort {
            say_gone(stderr, self.settings.format, error);
        }
    }
}

/// A reader that has gone does not come back; any other error may pass.
fn is_final(error: Errno) -> bool {
    matches!(error, Errno::PIPE | Errno::BADF | Errno::CONNRESET | Errno::NOTCONN)
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// Shorter than PIPE_BUF, so that it does not block where poll(2) shows room (pipe(7)).
fn say_gone(stderr: &OwnedFd, format: LogFormat, error: Errno) {
    let mut bytes = Vec::new();
    let notice = LogRecord {
        at: Duration::ZERO,
        level: Level::Error,
        message: "standard output is gone: records and the output of processes are lost from here on".into(),
        process: None,
        instance: None,
        fields: vec![("error", io::Error::from(error).to_string().into())],
    };
    record::own(format, &mut bytes, SystemTime::now(), &notice);
    let mut ready = [PollFd::new(stderr, PollFlags::OUT)];
    let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
    if matches!(poll(&mut ready, Some(&now)), Ok(1)) {
        rustix::io::write(stderr, &bytes).ok(); // there is no other place to say it
    }
}
