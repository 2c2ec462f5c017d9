//! The store of the `TelemetryActor`: encodes each span once, shows it to `phpeek-pm trace`, and keeps it on the disk,
//! or in memory where there is none or it fails. Owns the way from one to the other. Called on the telemetry arbiter.

mod tell;

use super::begin::Begin;
use super::disk::Disk;
use super::memory::Memory;
use super::report::SpoolReport;
use super::{Limits, Records, SpoolError, lock};
use crate::os::lock_file::LockFile;
use crate::telemetry::encode::{self, Origin};
use crate::telemetry::grpc::with_sources;
use crate::telemetry::recent::Recent;
use phpeek_actors::clock::{Clock, Moment};
use phpeek_actors::ports::{Level, LogSink};
use phpeek_actors::telemetry::{Batch, Dropped, News, SpanStore};
use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

/// How long a disk that failed is left alone.
const RETRY: Duration = Duration::from_secs(5);
/// Bytes of one write, about.
const WRITE: usize = 1 << 20;

/// Where spans wait.
pub enum Place {
    /// In memory.
    Memory,
    /// In this directory; the lock is there unless the directory could not be used at first.
    Directory(PathBuf, Option<LockFile>),
}

/// What a spool is made of.
pub struct SpoolParts {
    /// Where spans wait.
    pub place: Place,
    /// How much and how long.
    pub limits: Limits,
    /// Whose spans they are.
    pub origin: Origin,
    /// Where `phpeek-pm trace` finds them.
    pub recent: Arc<Recent>,
    /// Where status readers look.
    pub report: Arc<Mutex<SpoolReport>>,
    /// The clock of supervision.
    pub clock: Clock,
    /// Where trouble is said.
    pub log: Arc<dyn LogSink>,
}

enum Home {
    /// There is none: spans wait in memory.
    None,
    /// To be opened at this time.
    Closed { folder: PathBuf, lock: Option<LockFile>, at: Moment },
    /// Open. After a failure it is not written to before `not_before`.
    Open { disk: Box<Disk>, not_before: Moment },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Disk,
    Memory,
}

/// Keeps spans until they are delivered.
pub struct Spool {
    parts: SpoolParts,
    home: Home,
    memory: Memory,
    taken: Option<From>,
    /// Why the disk failed, if it did and has not worked since.
    trouble: Option<String>,
    last_error: Option<String>,
    encoded: Vec<u8>,
    spans: Vec<Range<usize>>,
    begun: HashMap<[u8; 8], Begin>,
    records: Records,
}

impl Spool {
    /// A spool that has looked at nothing yet: a disk may be slow.
    #[must_use]
    pub fn new(mut parts: SpoolParts) -> Self {
        let home = match std::mem::replace(&mut parts.place, Place::Memory) {
            Place::Memory => Home::None,
            Place::Directory(folder, lock) => Home::Closed { folder, lock, at: Moment::ZERO },
        };
        Self {
            memory: Memory::new(parts.limits, parts.origin.clone()),
            home,
            parts,
            taken: None,
            trouble: None,
            last_error: None,
            encoded: Vec::new(),
            spans: Vec::new(),
            begun: HashMap::new(),
            records: Records::default(),
        }
    }

    fn now(&self) -> (Moment, SystemTime) {
        let now = self.parts.clock.now();
        (now, self.parts.clock.wall(now))
    }

    fn open_if_due(&mut self) {
        let (now, wall) = self.now();
        let (folder, given) = match &mut self.home {
            Home::Closed { folder, lock, at } if now >= *at => (folder.clone(), lock.take()),
            _ => return,
        };
        let locked = given.map_or_else(|| lock(&folder), Ok);
        let opened = locked.and_then(|lock| {
            let unusable = |source| SpoolError::Unusable { path: folder.clone(), source };
            let (limits, origin) = (self.parts.limits, self.parts.origin.clone());
            Disk::open(folder.clone(), lock, limits, origin, wall).map_err(unusable)
        });
        match opened {
            Ok(mut disk) => {
                let notes = disk.take_notes();
                let found = disk.recovered;
                self.home = Home::Open { disk: Box::new(disk), not_before: Moment::ZERO };
                self.say_notes(notes);
                if found > 0 {
                    let message = format!("{found} spans of an earlier supervisor wait in the spool");
                    self.say(Level::Info, message);
                }
            }
            Err(error) => {
                self.home = Home::Closed { folder, lock: None, at: now.saturating_add(RETRY) };
                self.failed(with_sources(&error));
            }
        }
    }

    /// The disk, unless it failed a moment ago.
    fn disk(&mut self) -> Option<&mut Disk> {
        let now = self.parts.clock.now();
        match &mut self.home {
            Home::Open { disk, not_before } if now >= *not_before => Some(disk),
            _ => None,
        }
    }

    fn encode(&mut self, news: &mut Vec<News>) {
        let durable = !matches!(self.home, Home::None);
        for one in news.drain(..) {
            match one {
                News::Ended(span) => {
                    let begin = self.encoded.len();
                    encode::span_into(&mut self.encoded, &span);
                    self.spans.push(begin..self.encoded.len());
                    self.begun.remove(&span.span_context.span_id().to_bytes());
                }
                News::Begun(begun) if durable => {
                    self.begun.insert(begun.context.span_id().to_bytes(), Begin::new(&begun));
                }
                News::About(span, what) if durable => {
                    let id = span.to_bytes();
                    let known = self.begun.remove(&id).or_else(|| self.disk()?.begun(id));
                    if let Some(mut begin) = known {
                        what.as_str().clone_into(&mut begin.about);
                        self.begun.insert(id, begin);
                    }
                }
                News::Gone(span) if durable && self.begun.remove(&span.to_bytes()).is_none() => {
                    self.records.gone(span.to_bytes());
                }
                News::Begun(_) | News::About(..) | News::Gone(_) => {}
            }
        }
    }

    /// Writes what was encoded; what the disk does not take goes to memory.
    fn write(&mut self) {
        let (_, wall) = self.now();
        let spans = std::mem::take(&mut self.spans);
        let encoded = std::mem::take(&mut self.encoded);
        let mut records = std::mem::take(&mut self.records);
        let mut begun = std::mem::take(&mut self.begun);
        let mut first = 0;
        let mut fault = None;
        if let Some(disk) = self.disk() {
            let mut ranges = spans.iter().enumerate();
            let mut more = true;
            while more && fault.is_none() {
                let mut end = first;
                more = false;
                for (number, range) in ranges.by_ref() {
                    let span = encoded.get(range.clone()).unwrap_or_default();
                    records.span(encode::span_id(span), span);
                    end = number + 1;
                    if records.bytes.len() >= WRITE {
                        more = true;
                        break;
                    }
                }
                if !records.bytes.is_empty() {
                    match disk.write(&records, wall) {
                        Ok(()) => first = end,
                        Err(error) => fault = Some(error),
                    }
                }
                records.clear();
            }
            fault = fault.or_else(|| Self::write_begun(disk, &mut begun, &mut records, wall).err());
        }
        begun.clear();
        records.clear();
        for range in spans.get(first..).unwrap_or_default() {
            self.memory.push(encoded.get(range.clone()).unwrap_or_default(), wall);
        }
        self.begun = begun;
        self.tidy(spans, encoded, records);
        match fault {
            Some(error) => self.disk_failed(&error),
            None => self.recovered_from_trouble(),
        }
    }

    fn write_begun(
        disk: &mut Disk,
        begun: &mut HashMap<[u8; 8], Begin>,
        records: &mut Records,
        wall: SystemTime,
    ) -> io::Result<()> {
        for (_, begin) in begun.drain() {
            records.begin(begin);
        }
        if records.bytes.is_empty() { Ok(()) } else { disk.write(records, wall) }
    }

    /// Keeps the lists for the next time, unless a burst has made them large.
    fn tidy(&mut self, mut spans: Vec<Range<usize>>, mut encoded: Vec<u8>, mut records: Records) {
        spans.clear();
        encoded.clear();
        spans.shrink_to(512);
        encoded.shrink_to(64 << 10);
        records.bytes.shrink_to(64 << 10);
        records.ended.shrink_to(512);
        (self.spans, self.encoded, self.records) = (spans, encoded, records);
    }
}

impl SpanStore for Spool {
    fn keep(&mut self, news: &mut Vec<News>) {
        self.open_if_due();
        self.encode(news);
        if !self.spans.is_empty() {
            let encoded = &self.encoded;
            self.parts.recent.keep(self.spans.iter().filter_map(|range| encoded.get(range.clone())));
        }
        self.write();
        self.report();
    }

    fn waiting(&self) -> u64 {
        let on_disk = match &self.home {
            Home::Open { disk, .. } => disk.waiting(),
            Home::None | Home::Closed { .. } => 0,
        };
        on_disk + self.memory.waiting()
    }

    fn batch(&mut self, most: usize) -> Option<Batch> {
        let (_, wall) = self.now();
        let (batch, from) = match &mut self.home {
            Home::Open { disk, .. } if disk.waiting() > 0 => (disk.take(most, wall), From::Disk),
            _ => (None, From::Memory),
        };
        let (batch, from) = match batch {
            Some(batch) => (Some(batch), from),
            None => (self.memory.take(most, wall), From::Memory),
        };
        self.taken = batch.is_some().then_some(from);
        batch
    }

    fn settle(&mut self) {
        let (_, wall) = self.now();
        match (self.taken.take(), &mut self.home) {
            (Some(From::Disk), Home::Open { disk, .. }) => disk.settle(wall),
            (Some(From::Memory), _) => self.memory.settle(),
            _ => {}
        }
        self.report();
    }

    fn put_back(&mut self) {
        match (self.taken.take(), &mut self.home) {
            (Some(From::Disk), Home::Open { disk, .. }) => disk.put_back(),
            (Some(From::Memory), _) => self.memory.put_back(),
            _ => {}
        }
    }

    fn dropped(&self) -> Dropped {
        let memory = self.memory.dropped;
        let disk = match &self.home {
            Home::Open { disk, .. } => disk.dropped,
            Home::None | Home::Closed { .. } => Dropped::default(),
        };
        Dropped {
            full: memory.full + disk.full,
            expired: memory.expired + disk.expired,
            damaged: memory.damaged + disk.damaged,
        }
    }

    fn recovered(&self) -> u64 {
        match &self.home {
            Home::Open { disk, .. } => disk.recovered,
            Home::None | Home::Closed { .. } => 0,
        }
    }

    fn is_durable(&self) -> bool {
        matches!(self.home, Home::Open { .. }) && self.memory.waiting() == 0
    }
}
