//! The bounded queue before standard output. Owns its order, its bound, and what a full one means; never makes a
//! caller wait for the reader. Fed by the pipes (lines and records) and exporters (blocks); the thread that empties it
//! is in `writer`.
//!
//! Lines wait in memory up to the bound, then in their pipes: the reader of the pipes asks the [`Gate`] before it
//! reads. Records of the supervisor have a place of their own beside it.

use super::door::Door;
use super::held::Held;
use super::hurry::Hurry;
use super::kept::Store;
use super::own;
use super::pieces::Room;
use super::queue::{Chunk, Queue};
use super::stats::Stats;
use super::steps;
use super::terminal;
use phpeek_actors::clock::Clock;
use phpeek_actors::ports::{Level, LogRecord, NewsDesk};
use phpeek_core::name::ProcessName;
use phpeek_settings::lines::ProcessLines;
use phpeek_settings::log::{LogSettings, OnFull};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::{oneshot, watch};

/// A chunk of lines is handed over at this size.
pub(super) const CHUNK: usize = 256 << 10;
/// The least that records of the supervisor's own may take beside the lines.
const OWN_LIMIT: usize = 1 << 20;

/// Whether pipes may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    /// There is room.
    Open,
    /// There is none, and the reader of stdout makes progress, or has until then.
    Wait(Instant),
    /// What has no room is dropped.
    Drop,
}

/// See the top of the file.
#[derive(Debug)]
pub(super) struct Sink {
    pub(super) settings: LogSettings,
    pub(super) door: Door,
    /// Where the loss of stdout is said, once.
    pub(super) last_resort: Option<OwnedFd>,
    /// Who waits until the pipes are read.
    pub(super) hurry: Hurry,
    /// Records that wait for what was written before them.
    pub(super) held: Held,
    /// The newest lines, for who asks.
    kept: Arc<Store>,
    /// What the output of processes follows.
    lines: Mutex<Arc<ProcessLines>>,
    /// How often that was set.
    revision: AtomicU64,
    /// That of standard error, where raw output goes there and it is another file.
    twin: OnceLock<Arc<Sink>>,
    /// Who is told what was looked for in lines and found.
    pub(super) desk: OnceLock<Arc<dyn NewsDesk>>,
    pub(super) queue: Mutex<Queue>,
    /// Bytes of lines that wait, with those of the write that is under way.
    pub(super) bytes: AtomicUsize,
    pub(super) gone: AtomicBool,
    pub(super) work: Condvar,
    /// Told when there is room again.
    room: watch::Sender<()>,
    began: Instant,
    /// Since when stdout has not taken what it was given: milliseconds since `began`, plus one; 0 when it takes.
    stuck: AtomicU64,
}

impl Sink {
    pub(super) fn new(
        settings: LogSettings,
        stdout: OwnedFd,
        last_resort: Option<OwnedFd>,
        now: SystemTime,
    ) -> Self {
        let settings = LogSettings { format: terminal::format(settings.format, &stdout), ..settings };
        Self {
            settings,
            door: Door::new(stdout),
            last_resort,
            hurry: Hurry::default(),
            held: Held::default(),
            kept: Arc::new(Store::new(now)),
            lines: Mutex::default(),
            revision: AtomicU64::new(0),
            twin: OnceLock::new(),
            desk: OnceLock::new(),
            queue: Mutex::new(Queue::new()),
            bytes: AtomicUsize::new(0),
            gone: AtomicBool::new(false),
            work: Condvar::new(),
            room: watch::Sender::new(()),
            began: Instant::now(),
            stuck: AtomicU64::new(0),
        }
    }

    /// Sets what the output of processes follows from now on; with `stderr` where some of it goes there.
    pub(super) fn follow(&self, lines: ProcessLines, stderr: Option<OwnedFd>) {
        *self.lines.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(lines);
        self.revision.fetch_add(1, Ordering::Release);
        // One file behind both streams has one writer, or lines would stand in each other.
        if let Some(stderr) = stderr.filter(|stderr| !self.door.is_same(stderr)) {
            let twin = Self::new(self.settings, stderr, None, SystemTime::UNIX_EPOCH);
            self.twin.set(Arc::new(Self { room: self.room.clone(), ..twin })).ok();
        }
    }

    /// The newest lines.
    pub(super) fn kept(&self) -> &Arc<Store> {
        &self.kept
    }

    /// What the output of processes follows.
    pub(super) fn lines(&self) -> Arc<ProcessLines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How often that was set: cheap to ask before each look.
    pub(super) fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    /// See the field.
    pub(super) fn twin(&self) -> Option<&Arc<Sink>> {
        self.twin.get()
    }

    /// A panic elsewhere leaves whole chunks behind, so a poisoned queue is still sound.
    pub(super) fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn shows(&self, level: Level) -> bool {
        level >= self.settings.level
    }

    /// Whether stdout is gone for good, so that nothing need be framed any more.
    pub(super) fn is_gone(&self) -> bool {
        self.gone.load(Relaxed)
    }

    /// Whether lines have room.
    pub(super) fn room(&self) -> Room {
        if self.bytes.load(Relaxed) < self.settings.buffer { Room::Free } else { Room::Full }
    }

    /// Whether there is no room for more lines beside these.
    pub(super) fn is_full_with(&self, bytes: usize) -> bool {
        self.bytes.load(Relaxed) + bytes >= self.settings.buffer
    }

    /// Whether a full queue may still take what a process said before it died.
    pub(super) fn has_reserve(&self) -> bool {
        self.bytes.load(Relaxed) < self.settings.buffer + self.settings.buffer / 4
    }

    /// Whether to read pipes now. One that must wait is told by [`Self::told_of_room`].
    pub(super) fn gate(&self) -> Gate {
        if self.room() == Room::Free || self.is_gone() {
            return Gate::Open;
        }
        if self.settings.on_full == OnFull::Drop {
            return Gate::Drop;
        }
        let now = Instant::now();
        let patient_until = self.stuck_since().unwrap_or(now) + self.settings.patience;
        if now >= patient_until {
            return Gate::Drop;
        }
        let mut queue = self.lock();
        if self.room() == Room::Free || self.is_gone() {
            return Gate::Open;
        }
        queue.pressed = true;
        Gate::Wait(patient_until)
    }

    /// Changes whenever a gate that was closed may have opened.
    pub(super) fn told_of_room(&self) -> watch::Receiver<()> {
        self.room.subscribe()
    }

    /// Lines have left the queue, or will never be taken.
    pub(super) fn tell_of_room(&self, queue: &mut Queue) {
        let limit = self.settings.buffer;
        // Some room, so that reader and writer do not run in turns of single chunks; a little, so that no writer waits
        // for long when there is room.
        let low = limit - (limit / 8).min(CHUNK);
        if queue.pressed && (self.bytes.load(Relaxed) <= low || self.is_gone()) {
            queue.pressed = false;
            self.room.send_replace(());
        }
    }

    /// Since when stdout takes nothing of what it was given.
    pub(super) fn stuck_since(&self) -> Option<Instant> {
        let since = self.stuck.load(Relaxed).checked_sub(1)?;
        Some(self.began + Duration::from_millis(since))
    }

    /// The same of either stream, the longer.
    pub(super) fn either_stuck_since(&self) -> Option<Instant> {
        let twin = self.twin().and_then(|twin| twin.stuck_since());
        self.stuck_since().into_iter().chain(twin).min()
    }

    /// Stdout is given something.
    pub(super) fn asks(&self) {
        if self.stuck.load(Relaxed) == 0 {
            let since = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
            self.stuck.store(since + 1, Relaxed);
        }
    }

    /// Stdout has taken something.
    pub(super) fn progresses(&self) {
        self.stuck.store(0, Relaxed);
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
        self.lock().buffer()
    }

    /// Gives the large buffers of a burst back to the kernel.
    pub(super) fn release_buffers(&self) {
        self.lock().release_buffers();
    }

    /// The time of lines that are read now.
    pub(super) fn stamp(&self, now: SystemTime) -> SystemTime {
        let mut queue = self.lock();
        queue.set_clock(now);
        queue.stamp(now)
    }

    /// Takes a chunk of lines, each a record or `raw`; the caller has asked [`Self::gate`] or [`Self::room`].
    pub(super) fn push_lines(&self, bytes: Vec<u8>, lines: u64, raw: bool) {
        let mut queue = self.lock();
        if self.is_gone() {
            queue.stats.drop_closed(lines);
            return;
        }
        queue.stats.queue(lines);
        if raw {
            queue.open = bytes.last() != Some(&b'\n');
        } else {
            self.end_open_line(&mut queue);
        }
        self.bytes.fetch_add(bytes.len(), Relaxed);
        self.enqueue(queue, Chunk { bytes, lines, records: 0, begun: false });
    }

    /// A record begins a line, whatever raw output stands before it.
    pub(super) fn end_open_line(&self, queue: &mut Queue) {
        if std::mem::take(&mut queue.open) {
            self.bytes.fetch_add(1, Relaxed);
            queue.chunks.push_back(Chunk { bytes: vec![b'\n'], lines: 0, records: 0, begun: false });
        }
    }

    /// Says that the wall clock was set, before anything has its new time.
    pub(super) fn tell_step(&self, clock: &Clock) {
        if let Some(step) = steps::untold(clock) {
            let now = self.stamp(clock.wall(step.at));
            if self.shows(step.level) {
                self.push_record(&step, now);
            }
        }
    }

    /// Takes a record of the supervisor's own, which happened then.
    pub(super) fn push_record(&self, record: &LogRecord, at: SystemTime) {
        let mut bytes = Vec::with_capacity(256);
        let mut queue = self.lock();
        let at = queue.stamp(at);
        own::record(self.settings.format, &mut bytes, at, record);
        self.push_own_to(queue, bytes);
    }

    /// Records that waited for the reader of the pipes, which is gone, go out as they are.
    pub(super) fn push_held(&self, clock: &Clock) {
        for record in self.held.take() {
            self.push_record(&record, clock.wall(record.at));
        }
    }

    /// Counts a record that found no place.
    pub(super) fn lose_record(&self) {
        let mut queue = self.lock();
        queue.stats.records_dropped += 1;
        queue.losses.records(1);
    }

    /// Takes a block of the supervisor's own. False when it was dropped, and counted.
    pub(super) fn push_own(&self, bytes: Vec<u8>) -> bool {
        self.push_own_to(self.lock(), bytes)
    }

    fn push_own_to(&self, mut queue: MutexGuard<'_, Queue>, bytes: Vec<u8>) -> bool {
        if self.is_gone() || queue.own + bytes.len() > self.own_limit() {
            queue.stats.records_dropped += 1;
            queue.losses.records(1);
            return false;
        }
        self.end_open_line(&mut queue);
        queue.own += bytes.len();
        self.enqueue(queue, Chunk { bytes, lines: 0, records: 1, begun: false });
        true
    }

    /// How many bytes of the supervisor's own may wait.
    pub(super) fn own_limit(&self) -> usize {
        (self.settings.buffer / 8).max(OWN_LIMIT)
    }

    fn enqueue(&self, mut queue: MutexGuard<'_, Queue>, chunk: Chunk) {
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

    /// Whether nothing waits and nothing is being written, to either stream.
    pub(super) fn is_idle(&self) -> bool {
        let idle = |sink: &Self| {
            let queue = sink.lock();
            queue.chunks.is_empty() && !queue.busy
        };
        idle(self) && self.twin().is_none_or(|twin| idle(twin))
    }

    pub(super) fn close(&self) {
        self.lock().closing = true;
        self.work.notify_one();
    }

    pub(super) fn stats(&self) -> Stats {
        self.lock().stats
    }
}
