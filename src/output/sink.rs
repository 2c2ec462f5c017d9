//! The bounded queue before standard output, and the thread that writes it. Owns the order and the accounting; never
//! makes a caller wait for the reader. Fed by the pipes (lines), the log port (records) and exporters (blocks).
//!
//! Stdout is never set non-blocking: its file description is shared with whoever started us (open(2)).

use super::notice::Losses;
use super::{OutputSettings, record};
use phpeek_actors::ports::Level;
use phpeek_core::name::ProcessName;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::sync::oneshot;

/// Bytes that may wait for the reader. One chunk may stand over it, and own records have an eighth more.
pub const QUEUE_LIMIT: usize = 8 << 20;
/// A chunk of lines is handed over at this size.
pub(super) const CHUNK: usize = 256 << 10;
/// A file is slow only for a burst, so lines wait this long for room before they are dropped.
const FILE_PATIENCE: Duration = Duration::from_secs(1);

/// Counts since the start. A line over the cap counts once for each of its records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Lines read from children: `written + hidden + dropped_full + dropped_closed + queued`.
    pub captured: u64,
    /// Lines of children that stdout has taken.
    pub written: u64,
    /// Lines below `log_level`.
    pub hidden: u64,
    /// Lines dropped because the queue was full.
    pub dropped_full: u64,
    /// Lines dropped because stdout is gone or refused them.
    pub dropped_closed: u64,
    /// Lines that wait in the queue.
    pub queued: u64,
    /// Own records and blocks that stdout has taken.
    pub records_written: u64,
    /// Own records and blocks that were dropped.
    pub records_dropped: u64,
}

/// One write. Lines and records end with the only newline that they hold, so a torn write can be counted.
#[derive(Debug)]
struct Chunk {
    bytes: Vec<u8>,
    lines: u64,
    records: u64,
}

#[derive(Debug, Default)]
struct Queue {
    chunks: VecDeque<Chunk>,
    spare: Option<Vec<u8>>,
    losses: Losses,
    busy: bool,
    gone: bool,
    closing: bool,
    flushed: Vec<oneshot::Sender<()>>,
}

#[derive(Debug, Default)]
struct Counters {
    captured: AtomicU64,
    written: AtomicU64,
    hidden: AtomicU64,
    full: AtomicU64,
    closed: AtomicU64,
    records: AtomicU64,
    records_lost: AtomicU64,
}

/// See the top of the file.
#[derive(Debug)]
pub(super) struct Sink {
    pub(super) settings: OutputSettings,
    stdout: OwnedFd,
    patience: Duration,
    queue: Mutex<Queue>,
    bytes: AtomicUsize,
    work: Condvar,
    room: Condvar,
    counters: Counters,
}

impl Sink {
    pub(super) fn new(settings: OutputSettings, stdout: OwnedFd) -> Self {
        let file = rustix::fs::fstat(&stdout)
            .is_ok_and(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file());
        Self {
            settings,
            stdout,
            patience: if file { FILE_PATIENCE } else { Duration::ZERO },
            queue: Mutex::default(),
            bytes: AtomicUsize::new(0),
            work: Condvar::new(),
            room: Condvar::new(),
            counters: Counters::default(),
        }
    }

    /// A panic elsewhere leaves whole chunks behind, so a poisoned queue is still sound.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn shows(&self, level: Level) -> bool {
        level >= self.settings.level
    }

    /// Whether lines have room. Waits for it only before a file, and only once until there was room again.
    pub(super) fn has_room(&self, patient: &mut bool) -> bool {
        if self.bytes.load(Relaxed) < QUEUE_LIMIT {
            *patient = true;
            return true;
        }
        if !std::mem::take(patient) || self.patience.is_zero() {
            return false;
        }
        let full = |_: &mut Queue| self.bytes.load(Relaxed) >= QUEUE_LIMIT;
        match self.room.wait_timeout_while(self.lock(), self.patience, full) {
            Ok((_, wait)) => !wait.timed_out(),
            Err(_) => false,
        }
    }

    pub(super) fn captured(&self, lines: u64) {
        self.counters.captured.fetch_add(lines, Relaxed);
    }

    pub(super) fn hidden(&self, lines: u64) {
        self.counters.hidden.fetch_add(lines, Relaxed);
    }

    pub(super) fn lost(&self, process: &ProcessName, lines: u64) {
        self.counters.full.fetch_add(lines, Relaxed);
        self.lock().losses.lines(process, lines);
    }

    /// An empty buffer for the next chunk.
    pub(super) fn buffer(&self) -> Vec<u8> {
        self.lock().spare.take().unwrap_or_default()
    }

    /// Takes a chunk of lines; the caller has asked [`Self::has_room`].
    pub(super) fn push_lines(&self, bytes: Vec<u8>, lines: u64) {
        let mut queue = self.lock();
        if queue.gone {
            self.counters.closed.fetch_add(lines, Relaxed);
            queue.spare = Some(cleared(bytes));
            return;
        }
        self.enqueue(queue, Chunk { bytes, lines, records: 0 });
    }

    /// Takes a record or block of the supervisor's own. False when it was dropped, and counted.
    pub(super) fn push_own(&self, bytes: Vec<u8>) -> bool {
        let mut queue = self.lock();
        if queue.gone || self.bytes.load(Relaxed) + bytes.len() > QUEUE_LIMIT + QUEUE_LIMIT / 8 {
            self.counters.records_lost.fetch_add(1, Relaxed);
            queue.losses.record();
            return false;
        }
        self.enqueue(queue, Chunk { bytes, lines: 0, records: 1 });
        true
    }

    fn enqueue(&self, mut queue: MutexGuard<'_, Queue>, chunk: Chunk) {
        self.bytes.fetch_add(chunk.bytes.len(), Relaxed);
        queue.chunks.push_back(chunk);
        drop(queue);
        self.work.notify_one();
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
        let (queue, counters) = (self.lock(), &self.counters);
        let (written, hidden) = (counters.written.load(Relaxed), counters.hidden.load(Relaxed));
        let (full, closed) = (counters.full.load(Relaxed), counters.closed.load(Relaxed));
        let captured = counters.captured.load(Relaxed);
        drop(queue);
        Stats {
            captured,
            written,
            hidden,
            dropped_full: full,
            dropped_closed: closed,
            queued: captured.saturating_sub(written + hidden + full + closed),
            records_written: counters.records.load(Relaxed),
            records_dropped: counters.records_lost.load(Relaxed),
        }
    }

    /// The writer thread: runs until [`Self::close`] and an empty queue.
    pub(super) fn write_all_chunks(&self) {
        let mut torn = false;
        while let Some(chunk) = self.next() {
            let (done, error) = if torn { (0, self.mend(&mut torn).err()) } else { (0, None) };
            let (done, error) = if error.is_some() { (done, error) } else { self.write(&chunk.bytes) };
            torn |= done > 0 && chunk.bytes.get(done - 1) != Some(&b'\n');
            self.settle(chunk, done, error);
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

    /// Says what was lost once half of the queue is free again, so that it is said once for a burst.
    fn announce(&self, queue: &mut Queue) {
        if queue.losses.is_empty() || queue.gone || self.bytes.load(Relaxed) > QUEUE_LIMIT / 2 {
            return;
        }
        let notice = queue.losses.take();
        if self.shows(notice.level) {
            let mut bytes = Vec::new();
            record::own(self.settings.format, &mut bytes, SystemTime::now(), &notice);
            self.bytes.fetch_add(bytes.len(), Relaxed);
            queue.chunks.push_back(Chunk { bytes, lines: 0, records: 1 });
        }
    }

    /// Ends the line that a failed write has torn, so that the next record is whole.
    fn mend(&self, torn: &mut bool) -> Result<(), Errno> {
        let (_, error) = self.write(b"\n");
        *torn = error.is_some();
        error.map_or(Ok(()), Err)
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

    fn settle(&self, chunk: Chunk, done: usize, error: Option<Errno>) {
        let mut queue = self.lock();
        self.bytes.fetch_sub(chunk.bytes.len(), Relaxed);
        self.room.notify_all();
        let Some(error) = error else {
            self.counters.written.fetch_add(chunk.lines, Relaxed);
            self.counters.records.fetch_add(chunk.records, Relaxed);
            if chunk.lines > 0 && chunk.bytes.capacity() <= 2 * CHUNK {
                queue.spare = Some(cleared(chunk.bytes));
            }
            return;
        };
        let whole = memchr::memchr_iter(b'\n', chunk.bytes.get(..done).unwrap_or_default()).count() as u64;
        let written = whole.min(chunk.lines);
        self.counters.written.fetch_add(written, Relaxed);
        self.counters.closed.fetch_add(chunk.lines - written, Relaxed);
        self.counters.records_lost.fetch_add(chunk.records, Relaxed);
        // A full disk may have room later; a reader that has gone does not come back.
        if matches!(error, Errno::PIPE | Errno::BADF | Errno::CONNRESET | Errno::NOTCONN) {
            queue.gone = true;
            for left in std::mem::take(&mut queue.chunks) {
                self.counters.closed.fetch_add(left.lines, Relaxed);
                self.counters.records_lost.fetch_add(left.records, Relaxed);
                self.bytes.fetch_sub(left.bytes.len(), Relaxed);
            }
        } else if chunk.records > 0 {
            queue.losses.record();
        }
    }
}

fn cleared(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.clear();
    bytes
}
