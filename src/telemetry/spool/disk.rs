//! The spool directory: segments in order, what is open, what is delivered, the bounds. Owns every file in it.
//! Segments go oldest first, so the beginning of a span never outlives its end. Must never fail for what a segment
//! holds: one that cannot be read is set aside.

use super::begin::Begin;
use super::record::{self, Kind};
use super::recover::{self, Found};
use super::segment::{Segment, is_damage, name};
use super::{Note, Records};
use crate::encode::Origin;
use phpeek_actors::telemetry::{Batch, Dropped};
use phpeek_os::lock_file::LockFile;
use phpeek_settings::tracing::Limits;
use std::collections::{HashMap, VecDeque};
use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A segment is sealed when it has grown to this, or to an eighth of the bound.
const SEGMENT: u64 = 4 << 20;
/// Files of delivered segments that are kept: all are read when somebody asks.
const HISTORY_FILES: usize = 1024;
/// A segment is sealed at this share of the age up to which it is kept, so that what is old can go.
const PARTS_OF_AGE: u32 = 7;
/// Spans of which the beginning is kept at most; with small bounds so many as fit into a quarter of the bytes: they are
/// written anew when their segment goes, and must not push each other out.
pub(super) const MOST_OPEN: usize = 65_536;
/// Segments that are set aside; the oldest goes for the next.
const MOST_DAMAGED: usize = 4;

/// About what a beginning takes.
const BEGIN_BYTES: u64 = 160;

#[derive(Debug)]
struct Taken {
    sequence: u64,
    end: u64,
    spans: u64,
    /// Its segment has been removed meanwhile: the request is all that is left of the spans.
    orphaned: bool,
}

/// The spool directory, locked.
pub(super) struct Disk {
    folder: PathBuf,
    limits: Limits,
    /// Of what was delivered.
    history: Limits,
    origin: Origin,
    segments: VecDeque<Segment>,
    /// Whether the last segment is ours and not sealed, and since when it is.
    active: bool,
    active_since: SystemTime,
    next: u64,
    /// Beginnings without an end, and the segment that each lies in.
    open: HashMap<[u8; 8], (Begin, u64)>,
    taken: Option<Taken>,
    waiting: u64,
    pub(super) dropped: Dropped,
    pub(super) recovered: u64,
    /// Spans that were open when their supervisor was killed, and that are to be written as ended.
    lost: Vec<(Origin, Vec<Vec<u8>>)>,
    buffer: Vec<u8>,
    notes: Vec<Note>,
    /// Whether it was said that files cannot be removed.
    stuck: bool,
    _lock: LockFile,
}

impl Disk {
    /// Opens the directory: finds what an earlier supervisor has left, and tells of its spans that never ended.
    pub(super) fn open(
        folder: PathBuf,
        lock: LockFile,
        (limits, history): (Limits, Limits),
        origin: Origin,
        now: SystemTime,
    ) -> io::Result<Self> {
        let Found { segments, lost, next, notes } = recover::find(&folder)?;
        let mut disk = Self {
            folder,
            limits,
            history,
            origin,
            segments,
            active: false,
            active_since: now,
            next,
            open: HashMap::new(),
            taken: None,
            waiting: 0,
            dropped: Dropped::default(),
            recovered: 0,
            lost,
            buffer: Vec::new(),
            notes,
            stuck: false,
            _lock: lock,
        };
        disk.waiting = disk.segments.iter().map(Segment::waiting).sum();
        disk.recovered = disk.waiting;
        // On a full disk there is room when some of it was delivered: they are tried again then.
        drop(disk.write_lost(now));
        disk.bound(now);
        Ok(disk)
    }

    fn write_lost(&mut self, now: SystemTime) -> io::Result<()> {
        while let Some((origin, spans)) = self.lost.last() {
            let (mut bytes, count, origin) = (Vec::new(), spans.len() as u64, origin.clone());
            spans.iter().for_each(|span| record::append(&mut bytes, Kind::Span, span));
            let mut segment = self.create(&origin, now)?;
            if let Err(error) = segment.append(&bytes, count, now) {
                drop(fs::remove_file(&segment.path)); // nothing is in it
                return Err(error);
            }
            self.segments.push_back(segment);
            self.active = false;
            self.lost.pop();
            self.waiting += count;
            self.recovered += count;
        }
        Ok(())
    }

    fn create(&mut self, origin: &Origin, now: SystemTime) -> io::Result<Segment> {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let created = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
        let segment = Segment::create(&self.folder, self.next, origin, created, now)?;
        self.next += 1;
        Ok(segment)
    }

    /// Adds records, all of them or none. A full disk gives up what was delivered first.
    pub(super) fn write(&mut self, records: &Records, now: SystemTime) -> io::Result<()> {
        // First what could not be marked at its time: when this fails, nothing of the records is written.
        self.segments.iter_mut().try_for_each(Segment::mark)?;
        let mut all = self.write_lost(now).and_then(|()| self.put(records, now));
        if let Err(error) = &all
            && matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            && self.make_room(now)
        {
            all = self.write_lost(now).and_then(|()| self.put(records, now));
        }
        all?;
        self.bound(now);
        Ok(())
    }

    /// Removes all that was delivered; false when nothing was.
    fn make_room(&mut self, now: SystemTime) -> bool {
        let delivered = self.segments.iter().take_while(|s| s.waiting() == 0).count();
        for _ in 0..delivered {
            self.remove(0, now);
        }
        delivered > 0
    }

    fn put(&mut self, records: &Records, now: SystemTime) -> io::Result<()> {
        let grown = self.segments.back().map_or(0, |s| s.length) + records.bytes.len() as u64;
        let part = self.history.age / PARTS_OF_AGE;
        let old = !part.is_zero() && now.duration_since(self.active_since).unwrap_or_default() > part;
        if !self.active || old || grown > SEGMENT.min(self.limits.bytes / 8) {
            let origin = self.origin.clone();
            let segment = self.create(&origin, now)?;
            if let Some(full) = self.segments.back_mut() {
                full.seal();
            }
            self.segments.push_back(segment);
            (self.active, self.active_since) = (true, now);
        }
        let Some(active) = self.segments.back_mut() else { return Ok(()) };
        active.append(&records.bytes, records.spans, now)?;
        let sequence = active.sequence;
        self.waiting += records.spans;
        let most = self.most_open();
        for begin in &records.begun {
            if self.open.len() < most {
                self.open.insert(begin.span, (begin.clone(), sequence));
            }
        }
        if !self.open.is_empty() {
            records.ended.iter().for_each(|span| drop(self.open.remove(span)));
        }
        Ok(())
    }

    fn most_open(&self) -> usize {
        usize::try_from(self.limits.bytes / 4 / BEGIN_BYTES).unwrap_or(MOST_OPEN).min(MOST_OPEN)
    }

    /// The beginning of a span that is on the disk, if its end is not.
    pub(super) fn begun(&self, span: [u8; 8]) -> Option<Begin> {
        self.open.get(&span).map(|(begin, _)| begin.clone())
    }

    pub(super) fn waiting(&self) -> u64 {
        self.waiting
    }

    /// The oldest spans that wait.
    pub(super) fn take(&mut self, most: usize, now: SystemTime) -> Option<Batch> {
        self.bound(now);
        let mut index = 0;
        while let Some(segment) = self.segments.get_mut(index) {
            match segment.take(most, &mut self.buffer) {
                Ok(Some(taken)) => {
                    let sequence = segment.sequence;
                    self.taken =
                        Some(Taken { sequence, end: taken.end, spans: taken.spans, orphaned: false });
                    self.buffer.shrink_to(64 << 10);
                    return Some(Batch { request: taken.request.into(), spans: taken.spans });
                }
                Ok(None) => index += 1,
                // Not its content: it may be read another time.
                Err(error) if !is_damage(&error) => {
                    if !self.stuck {
                        let message = format!("{} cannot be read now: {error}", segment.path.display());
                        self.notes.push(Note { lost: 0, message });
                        self.stuck = true;
                    }
                    index += 1;
                }
                Err(error) => {
                    let message = format!("{} is set aside: {error}", segment.path.display());
                    self.notes.push(Note { lost: segment.waiting(), message });
                    segment.damaged = true;
                    self.dropped.damaged += self.remove(index, now);
                }
            }
        }
        None
    }

    /// The unsettled batch is delivered. An error means that this could not be written down.
    pub(super) fn settle(&mut self, now: SystemTime) -> io::Result<()> {
        let Some(taken) = self.taken.take() else { return Ok(()) };
        self.waiting = self.waiting.saturating_sub(taken.spans);
        let segment = self.segments.iter_mut().find(|s| s.sequence == taken.sequence);
        let marked = segment.map_or(Ok(()), |segment| segment.settle(taken.end, taken.spans));
        if !self.lost.is_empty() && self.make_room(now) {
            drop(self.write_lost(now)); // there is another time
        }
        self.bound(now);
        marked
    }

    pub(super) fn put_back(&mut self) {
        let Some(taken) = self.taken.take() else { return };
        if taken.orphaned {
            self.waiting = self.waiting.saturating_sub(taken.spans);
            self.dropped.full += taken.spans;
        } else if let Some(segment) = self.segments.iter_mut().find(|s| s.sequence == taken.sequence) {
            segment.put_back();
        }
    }

    /// Holds the bounds of bytes and age, for what waits and for what was delivered. What waits has room first: the oldest
    /// go, delivered or not, because a beginning must not outlive its end.
    fn bound(&mut self, now: SystemTime) {
        while self.bytes() > self.limits.bytes {
            self.dropped.full += self.remove(0, now);
        }
        let older = |s: &Segment, age| now.duration_since(s.touched).unwrap_or_default() > age;
        let expired = |s: &Segment| s.waiting() > 0 && older(s, self.limits.age);
        let aged = self.segments.iter().rposition(expired).map_or(0, |last| last + 1);
        for _ in 0..aged {
            self.dropped.expired += self.remove(0, now);
        }
        let sealed = self.segments.len() - usize::from(self.active && !self.segments.is_empty());
        let delivered = self.segments.iter().take(sealed).take_while(|s| s.waiting() == 0).count();
        let mut bytes: u64 = self.segments.iter().take(delivered).map(|s| s.length).sum();
        let mut files = delivered;
        let too_old = |disk: &Self| {
            let first = disk.segments.front();
            first.is_some_and(|s| now.duration_since(s.touched).unwrap_or_default() > disk.history.age)
        };
        while files > HISTORY_FILES || (files > 0 && (bytes > self.history.bytes || too_old(self))) {
            bytes = bytes.saturating_sub(self.segments.front().map_or(bytes, |s| s.length));
            files = files.saturating_sub(1);
            self.remove(0, now);
        }
    }

    /// Of what waits; a segment counts as long as something of it does.
    pub(super) fn bytes(&self) -> u64 {
        self.segments.iter().filter(|s| s.waiting() > 0).map(|s| s.length).sum()
    }

    /// Of what was delivered and is kept.
    pub(super) fn history_bytes(&self) -> u64 {
        self.segments.iter().filter(|s| s.waiting() == 0).map(|s| s.length).sum()
    }

    /// Removes a segment and gives how many spans are lost by that. Beginnings in it that have no end are written
    /// anew.
    fn remove(&mut self, index: usize, now: SystemTime) -> u64 {
        let last = index + 1 == self.segments.len();
        let Some(segment) = self.segments.remove(index) else { return 0 };
        self.active &= !last;
        let mut lost = segment.waiting();
        if let Some(taken) = self.taken.as_mut().filter(|t| t.sequence == segment.sequence) {
            taken.orphaned = true;
            lost = lost.saturating_sub(taken.spans);
        }
        self.waiting = self.waiting.saturating_sub(lost);
        let gone = if segment.damaged { self.set_aside(&segment) } else { fs::remove_file(&segment.path) };
        match gone {
            Err(error) if !self.stuck => {
                let message = format!("{} cannot be removed: {error}", segment.path.display());
                self.notes.push(Note { lost: 0, message });
                self.stuck = true;
            }
            Err(_) => {}
            Ok(()) => self.stuck = false,
        }
        let sequence = segment.sequence;
        drop(segment); // its room is free when nobody has it open
        self.rescue(sequence, now);
        lost
    }

    fn rescue(&mut self, sequence: u64, now: SystemTime) {
        let mut records = Records::default();
        for (begin, lies_in) in self.open.values() {
            if *lies_in == sequence {
                records.begin(begin.clone());
            }
        }
        if !records.begun.is_empty()
            && let Err(error) = self.put(&records, now)
        {
            let count = records.begun.len();
            let message = match count {
                1 => format!("the beginning of a span cannot be kept: {error}"),
                _ => format!("the beginnings of {count} spans cannot be kept: {error}"),
            };
            self.notes.push(Note { lost: 0, message });
        }
    }

    /// Renames a segment that cannot be read: somebody may want to look at it.
    fn set_aside(&self, segment: &Segment) -> io::Result<()> {
        recover::set_aside(&self.folder, &name(segment.sequence), MOST_DAMAGED)
    }

    /// What has to be said.
    pub(super) fn take_notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.notes)
    }

    pub(super) fn segments(&self) -> usize {
        self.segments.len()
    }

    /// How long the oldest span that waits has waited, about.
    pub(super) fn oldest(&self, now: SystemTime) -> Option<Duration> {
        let waiting = self.segments.iter().find(|s| s.waiting() > 0)?;
        Some(now.duration_since(waiting.touched).unwrap_or_default())
    }

    pub(super) fn folder(&self) -> &PathBuf {
        &self.folder
    }
}
