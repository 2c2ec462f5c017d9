//! The store of the `TelemetryActor`: encodes each span once, shows it to `phpeek-pm trace`, and keeps it on the disk,
//! or in memory where there is none or it fails. Owns the way from one to the other. Called on the telemetry arbiter.

use super::disk::Disk;
use super::intake::Intake;
use super::memory::Memory;
use super::voice::Voice;
use super::{Pending, SpoolError, lock};
use crate::encode::Origin;
use crate::recent::Recent;
use phpeek_actors::clock::{Clock, Moment};
use phpeek_actors::ports::{Level, LogSink};
use phpeek_actors::telemetry::{Batch, Dropped, News, SpanStore, SpoolReport, SpoolState};
use phpeek_core::causes::chain;
use phpeek_core::otel::OtelSignal;
use phpeek_os::lock_file::LockFile;
use phpeek_settings::tracing::Limits;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::TryRecvError;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// How long a disk that failed is left alone.
const RETRY: Duration = Duration::from_secs(5);

/// Where spans wait.
pub enum Place {
    /// In memory.
    Memory,
    /// In this directory; the lock is there unless the directory could not be used at first.
    Directory(PathBuf, Option<LockFile>),
    /// In this directory, which has not answered so far.
    Late(PathBuf, Pending),
}

/// What a spool is made of.
pub struct SpoolParts {
    /// What is kept.
    pub signal: OtelSignal,
    /// Where spans wait.
    pub place: Place,
    /// How much and how long.
    pub limits: Limits,
    /// How much and how long of what was delivered.
    pub history: Limits,
    /// Whose spans they are.
    pub origin: Origin,
    /// Where `phpeek-pm trace` finds them; for spans.
    pub recent: Option<Arc<Recent>>,
    /// Where status readers look.
    pub report: Arc<Mutex<SpoolReport>>,
    /// The clock of supervision.
    pub clock: Clock,
    /// Where trouble is said.
    pub log: Arc<dyn LogSink>,
}

impl SpoolParts {
    /// The parts of the first spool, and of each that takes the place of one that is gone: its lock is gone with it.
    #[must_use]
    pub fn for_one_more(&mut self) -> Self {
        let next = match &self.place {
            Place::Memory => Place::Memory,
            Place::Directory(folder, _) | Place::Late(folder, _) => Place::Directory(folder.clone(), None),
        };
        Self {
            signal: self.signal,
            place: std::mem::replace(&mut self.place, next),
            limits: self.limits,
            history: self.history,
            origin: self.origin.clone(),
            recent: self.recent.clone(),
            report: self.report.clone(),
            clock: self.clock,
            log: self.log.clone(),
        }
    }
}

/// What may wait in memory: of spans as much as on a disk, of the others a part, so that all together stay in bounds.
fn in_memory(signal: OtelSignal, limits: Limits) -> Limits {
    let most = match signal {
        OtelSignal::Traces => u64::MAX,
        OtelSignal::Logs => 16 << 20,
        OtelSignal::Metrics => 4 << 20,
    };
    Limits { bytes: limits.bytes.min(most), ..limits }
}

enum Lock {
    Wanted,
    Given(LockFile),
    Pending(Pending),
}

enum Home {
    /// There is none: spans wait in memory.
    None,
    /// To be opened at this time.
    Closed { folder: PathBuf, lock: Lock, at: Moment },
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
    intake: Intake,
    voice: Voice,
}

impl Spool {
    /// A spool that has looked at nothing yet: a disk may be slow.
    #[must_use]
    pub fn new(mut parts: SpoolParts) -> Self {
        let home = match std::mem::replace(&mut parts.place, Place::Memory) {
            Place::Memory => Home::None,
            Place::Directory(folder, lock) => {
                Home::Closed { folder, lock: lock.map_or(Lock::Wanted, Lock::Given), at: Moment::ZERO }
            }
            Place::Late(folder, lock) => Home::Closed { folder, lock: Lock::Pending(lock), at: Moment::ZERO },
        };
        Self {
            memory: Memory::new(in_memory(parts.signal, parts.limits), parts.origin.clone()),
            voice: Voice::new(parts.clock, parts.log.clone(), parts.signal),
            home,
            parts,
            taken: None,
            intake: Intake::default(),
        }
    }

    fn now(&self) -> (Moment, SystemTime) {
        let now = self.parts.clock.now();
        (now, self.parts.clock.wall(now))
    }

    fn open_if_due(&mut self) {
        let (now, wall) = self.now();
        let (folder, given) = match &mut self.home {
            Home::Closed { folder, lock, at } if now >= *at => {
                (folder.clone(), std::mem::replace(lock, Lock::Wanted))
            }
            _ => return,
        };
        let locked = match given {
            Lock::Given(lock) => Ok(lock),
            Lock::Pending(answer) => match answer.try_recv() {
                Ok(locked) => locked,
                Err(TryRecvError::Empty) => {
                    // Spans go out from memory meanwhile.
                    self.voice.failed(format!("the spool directory {} does not answer", folder.display()));
                    let at = now.saturating_add(RETRY);
                    self.home = Home::Closed { folder, lock: Lock::Pending(answer), at };
                    return;
                }
                Err(TryRecvError::Disconnected) => lock(&folder),
            },
            Lock::Wanted => lock(&folder),
        };
        let opened = locked.and_then(|lock| {
            let unusable = |source| SpoolError::Unusable { path: folder.clone(), source };
            let (bounds, origin) = ((self.parts.limits, self.parts.history), self.parts.origin.clone());
            Disk::open(folder.clone(), lock, bounds, origin, wall).map_err(unusable)
        });
        match opened {
            Ok(mut disk) => {
                let notes = disk.take_notes();
                let found = disk.recovered;
                self.home = Home::Open { disk: Box::new(disk), not_before: Moment::ZERO };
                self.voice.notes(notes);
                self.voice.works();
                if found > 0 {
                    let items = self.parts.signal.items();
                    let message = format!("{found} {items} of an earlier supervisor wait in the spool");
                    self.voice.say(Level::Info, message);
                }
            }
            Err(error) => {
                self.home = Home::Closed { folder, lock: Lock::Wanted, at: now.saturating_add(RETRY) };
                self.voice.failed(chain(&error));
            }
        }
    }

    /// Writes what has come, and what memory holds of an earlier time; what the disk does not take goes to memory.
    fn write(&mut self, disk_rests: bool) {
        let (now, wall) = self.now();
        let Self { home, intake, memory, taken, voice, .. } = self;
        let Home::Open { disk, not_before } = home else { return intake.hand_over(memory, None, wall) };
        if now >= *not_before || !disk_rests {
            let in_memory = memory.waiting() > 0 && *taken != Some(From::Memory);
            let any = in_memory || !intake.is_empty();
            let moved = if in_memory { memory.move_to(|records| disk.write(records, wall)) } else { Ok(()) };
            match moved.and_then(|()| intake.write(disk, wall)) {
                Ok(()) if any => voice.works(),
                Ok(()) => {}
                Err(error) => Self::disk_failed(disk, not_before, voice, now, &error),
            }
        }
        intake.hand_over(memory, Some(disk), wall);
    }

    fn disk_failed(disk: &Disk, not_before: &mut Moment, voice: &mut Voice, now: Moment, error: &io::Error) {
        *not_before = now.saturating_add(RETRY);
        voice.failed(format!("the spool directory {} cannot be written: {error}", disk.folder().display()));
    }

    /// Says what the disk has met, and shows how things are.
    fn report(&mut self) {
        let (_, wall) = self.now();
        let since = |at: SystemTime| wall.duration_since(at).unwrap_or_default();
        let waiting = self.waiting();
        let mut notes = Vec::new();
        let mut report = SpoolReport {
            bytes: self.memory.bytes(),
            spans: waiting,
            oldest_age_s: self.memory.oldest().map(|at| since(at).as_secs()),
            last_error: self.voice.last_error.clone(),
            ..SpoolReport::default()
        };
        match &mut self.home {
            Home::None => {}
            Home::Closed { folder, .. } => {
                report.state = SpoolState::Degraded;
                report.directory = Some(folder.display().to_string());
            }
            Home::Open { disk, .. } => {
                notes = disk.take_notes();
                report.state = if self.voice.in_trouble() { SpoolState::Degraded } else { SpoolState::Disk };
                report.directory = Some(disk.folder().display().to_string());
                report.segments = disk.segments();
                report.bytes += disk.bytes();
                report.history_bytes = disk.history_bytes();
                report.oldest_age_s = disk.oldest(wall).map(|d| d.as_secs()).or(report.oldest_age_s);
            }
        }
        *self.parts.report.lock().unwrap_or_else(PoisonError::into_inner) = report;
        self.voice.notes(notes);
    }
}

impl SpanStore for Spool {
    fn keep(&mut self, news: &mut Vec<News>) {
        self.open_if_due();
        let disk = match &self.home {
            Home::Open { disk, .. } => Some(&**disk),
            Home::None | Home::Closed { .. } => None,
        };
        self.intake.take(news, !matches!(self.home, Home::None), disk);
        if let Some(recent) = &self.parts.recent
            && self.intake.spans().next().is_some()
        {
            recent.keep(self.intake.spans());
        }
        self.write(true);
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
        let (now, wall) = self.now();
        match (self.taken.take(), &mut self.home) {
            (Some(From::Disk), Home::Open { disk, not_before }) => {
                if let Err(error) = disk.settle(wall) {
                    Self::disk_failed(disk, not_before, &mut self.voice, now, &error);
                }
            }
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

    fn lose_what_does_not_last(&mut self) -> u64 {
        self.put_back();
        self.write(false);
        self.memory.lose()
    }
}
