//! The thread that empties the queue into standard output. Owns the accounts of what stdout took, refused or tore, and
//! the end of a stdout that is gone. Waits for the reader with no timer; nobody waits for this thread.

use super::own;
use super::queue::{Chunk, Queue};
use super::sink::Sink;
use phpeek_actors::panics::caught;
use phpeek_actors::ports::{Level, LogRecord};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// The thread, once it was started.
pub(super) struct Writer {
    /// Seen by every record, without a lock.
    begun: AtomicBool,
    starting: Mutex<()>,
}

impl Writer {
    /// None yet.
    pub(super) const fn new() -> Self {
        Self { begun: AtomicBool::new(false), starting: Mutex::new(()) }
    }

    /// Starts the thread unless it runs; `first` runs first in it.
    pub(super) fn start(&self, sink: &Arc<Sink>, first: impl FnOnce() + Send + 'static) -> io::Result<()> {
        if self.begun.load(Relaxed) {
            return Ok(());
        }
        let _one_at_a_time = self.starting.lock().unwrap_or_else(PoisonError::into_inner); // it holds nothing
        if !self.begun.load(Relaxed) {
            let sink = Arc::clone(sink);
            std::thread::Builder::new().name("stdout".into()).spawn(move || {
                first();
                while caught(|| sink.write_all_chunks()).is_none() {
                    sink.writer_panicked();
                }
            })?;
            self.begun.store(true, Relaxed);
        }
        Ok(())
    }
}

impl Sink {
    /// Runs until [`Sink::close`] and an empty queue.
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
                queue.in_hand += chunk.records;
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
        let full = self.bytes.load(Relaxed) > self.settings.buffer / 2;
        if queue.losses.is_empty() || queue.refusing || full || self.is_gone() {
            return;
        }
        let notice = queue.losses.take();
        if self.shows(notice.level) {
            self.end_open_line(queue);
            let mut bytes = Vec::new();
            // Not the time of now: lines that are just being framed have an earlier one.
            own::record(self.settings.format, &mut bytes, queue.latest(), &notice);
            queue.own += bytes.len();
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
            queue.in_hand = queue.in_hand.saturating_sub(chunk.records);
            queue.refusing = false;
            self.take_back(&mut queue, chunk);
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
        let own = chunk.records > 0;
        self.forget(&mut queue, done, own);
        chunk.bytes.drain(..done.min(chunk.bytes.len()));
        if !torn {
            drop(queue);
            self.refuse(chunk);
            return None;
        }
        let end = if own { None } else { memchr::memchr(b'\n', &chunk.bytes) };
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
            self.asks();
            match self.door.write(left) {
                Ok(0) => return (done, Some(Errno::IO)),
                Ok(count) => {
                    self.progresses();
                    done += count;
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => self.door.wait(),
                Err(error) => {
                    self.progresses(); // it answers, so nobody need wait for it
                    return (done, Some(error));
                }
            }
        }
        (done, None)
    }

    /// Counts a chunk that stdout did not take, to be said when it takes some again.
    fn refuse(&self, chunk: Chunk) {
        let mut queue = self.lock();
        queue.stats.refuse(chunk.lines);
        queue.stats.records_dropped += chunk.records;
        queue.in_hand = queue.in_hand.saturating_sub(chunk.records);
        queue.losses.refused(chunk.lines);
        queue.losses.records(chunk.records);
        self.take_back(&mut queue, chunk);
    }

    /// The bytes have left the queue; their buffer may serve again.
    fn take_back(&self, queue: &mut Queue, chunk: Chunk) {
        self.forget(queue, chunk.bytes.len(), chunk.records > 0);
        self.tell_of_room(queue);
        queue.keep_buffer(chunk.bytes);
    }

    fn forget(&self, queue: &mut Queue, bytes: usize, own: bool) {
        if own {
            queue.own = queue.own.saturating_sub(bytes);
        } else {
            self.bytes.fetch_sub(bytes, Relaxed);
        }
    }

    /// Gives stdout up: counts what is queued as lost, and says so where somebody may see it.
    fn lose_stdout(&self, chunk: Chunk, done: usize, error: Errno) {
        let mut queue = self.lock();
        self.gone.store(true, Relaxed);
        queue.in_hand = 0;
        let written = newlines(chunk.bytes.get(..done).unwrap_or_default()).min(chunk.lines);
        queue.stats.write(written);
        let rest = Chunk { lines: chunk.lines - written, ..chunk };
        for left in std::iter::once(rest).chain(std::mem::take(&mut queue.chunks)) {
            queue.stats.refuse(left.lines);
            queue.stats.records_dropped += left.records;
            self.forget(&mut queue, left.bytes.len(), left.records > 0);
        }
        queue.drop_buffers();
        self.tell_of_room(&mut queue);
        drop(queue);
        let message = "standard output is gone: records and the output of processes are lost from here on";
        let fields = vec![("error", io::Error::from(error).to_string().into())];
        self.say_on_stderr(message, fields);
    }

    /// Says what stdout does not take where there is room for it. Shorter than PIPE_BUF, so that it does not block
    /// where poll(2) shows room (pipe(7)).
    pub(super) fn say_on_stderr(&self, message: &'static str, fields: Fields) {
        let Some(stderr) = &self.last_resort else { return };
        let mut bytes = Vec::new();
        let notice = LogRecord {
            at: Duration::ZERO,
            level: Level::Error,
            message: message.into(),
            process: None,
            instance: None,
            fields,
        };
        own::record(self.settings.format, &mut bytes, SystemTime::now(), &notice);
        let mut ready = [PollFd::new(stderr, PollFlags::OUT)];
        let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        if matches!(poll(&mut ready, Some(&now)), Ok(1)) {
            rustix::io::write(stderr, &bytes).ok(); // there is no other place to say it
        }
    }
}

/// Those of a record.
type Fields = Vec<(&'static str, phpeek_actors::ports::Value)>;

/// A reader that has gone does not come back; any other error may pass.
fn is_final(error: Errno) -> bool {
    matches!(error, Errno::PIPE | Errno::BADF | Errno::CONNRESET | Errno::NOTCONN)
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}
