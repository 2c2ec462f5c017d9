//! The state of everything at one moment, as plain words, and the snapshot that is made of it. Taken on the supervision
//! thread by a copy and nothing else; turned into texts elsewhere.

use super::snapshot::{InstanceSnapshot, ProcessSnapshot, Snapshot};
use phpeek_actors::board::SystemState;
use phpeek_actors::clock::Moment;
use phpeek_actors::history::ScheduleShown;
use phpeek_actors::phrases;
use phpeek_core::lifecycle::{Failure, InstanceState};
use phpeek_core::limit::Breach;
use phpeek_core::name::ProcessName;
use phpeek_core::outcome::Exit;
use phpeek_core::outlook::Outlook;
use phpeek_core::spec::ProcessSpec;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

/// One instance on the board.
#[derive(Debug, Clone)]
pub struct Slot {
    /// `NAME-number`.
    pub number: u32,
    /// Where it stands.
    pub state: InstanceState,
    /// The leader's pid while it runs.
    pub pid: Option<i32>,
    /// How often it was started again.
    pub restarts: u32,
    /// How many of its runs have failed by themselves, whether or not it was started again.
    pub crashes: u32,
    /// How it has failed for good, after so many restarts.
    pub failure: Option<(Failure, u32)>,
    /// When the run that is shown was up.
    pub since: Option<Moment>,
    /// How the run before ended.
    pub last_exit: Option<Exit>,
    /// The bound of memory that the run that is shown has passed.
    pub over_limit: Option<Breach>,
    /// The one that the run before had passed.
    pub last_over_limit: Option<Breach>,
    /// What its program says of itself.
    pub says: Option<Arc<str>>,
}

impl Slot {
    /// One that was never started.
    #[must_use]
    pub fn new(number: u32) -> Self {
        let state = InstanceState::Stopped;
        Self {
            number,
            state,
            pid: None,
            restarts: 0,
            crashes: 0,
            failure: None,
            since: None,
            last_exit: None,
            over_limit: None,
            last_over_limit: None,
            says: None,
        }
    }
}

impl Slot {
    /// Why it has failed for good.
    fn reason(&self) -> Option<String> {
        let (failure, restarts) = self.failure.filter(|_| self.state == InstanceState::Failed)?;
        Some(match failure {
            Failure::Exit(exit) => phrases::ended(exit),
            _ => phrases::gave_up(failure, restarts).unwrap_or_else(|| phrases::failure_text(failure)),
        })
    }

    /// The bound of memory that its run has passed, or the run before.
    #[must_use]
    pub fn memory_limit(&self) -> Option<Breach> {
        self.over_limit.or(self.last_over_limit)
    }
}

/// Counts the changes of what a [`View`] shows. Any thread may look: while it stands still, an older view is the newest.
#[derive(Debug, Clone, Default)]
pub struct Changes(Arc<AtomicU64>);

impl Changes {
    /// One more; told after it is made.
    pub fn one_more(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }

    /// How many so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// Whether a reader sees the snapshot at once, or who knows when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Times since something are right.
    Asks,
    /// They would be old.
    ComesLater,
}

/// The state of everything at one moment.
#[derive(Debug, Clone)]
pub struct View {
    /// The file that the configuration was read from.
    pub config: Option<Arc<Path>>,
    /// By process what is configured and its specification does not tell.
    pub written: Arc<BTreeMap<String, serde_json::Value>>,
    /// How many changes it shows.
    pub changes: u64,
    /// When it was taken.
    pub at: Moment,
    /// The same by the wall clock.
    pub wall: SystemTime,
    /// The state of the supervisor.
    pub state: SystemState,
    /// Whether all is up, or will be.
    pub outlook: Outlook,
    /// The exit code once it has ended.
    pub exit_code: Option<u8>,
    /// How often each part of the supervisor has panicked that has, and gone on.
    pub panics: BTreeMap<&'static str, u64>,
    /// The processes that there are, each with how many instances it has.
    pub processes: Vec<(Arc<ProcessSpec>, usize)>,
    /// The schedules that there are, by the process that goes by each.
    pub schedules: BTreeMap<ProcessName, ScheduleShown>,
    /// Their instances, those of one process after those of the other.
    pub slots: Vec<Slot>,
}

impl View {
    /// One process that is on its way, for tests.
    #[cfg(test)]
    pub(super) fn of_one(clock: phpeek_actors::clock::Clock) -> Self {
        Self {
            config: None,
            written: Arc::default(),
            changes: 0,
            at: clock.now(),
            wall: SystemTime::UNIX_EPOCH,
            state: SystemState::Starting,
            outlook: Outlook::Coming,
            exit_code: None,
            panics: BTreeMap::new(),
            schedules: BTreeMap::new(),
            processes: vec![(Arc::new(phpeek_actors::testkit::SpecBuilder::new("w").spec()), 1)],
            slots: vec![Slot::new(0)],
        }
    }

    /// Each process with its instances.
    pub fn of_each(&self) -> impl Iterator<Item = (&ProcessSpec, &[Slot])> {
        let mut rest = self.slots.as_slice();
        self.processes.iter().map(move |(spec, count)| {
            let (own, others) = rest.split_at(rest.len().min(*count));
            rest = others;
            (&**spec, own)
        })
    }

    /// The snapshot for who asks.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot_for(Reader::Asks)
    }

    /// The snapshot for this reader.
    #[must_use]
    pub fn snapshot_for(&self, reader: Reader) -> Snapshot {
        let seconds = |since: Moment| {
            (reader == Reader::Asks).then(|| millis(self.at.saturating_sub(since).as_secs_f64()))
        };
        let processes = self.of_each().map(|(spec, slots)| {
            let name = &spec.name;
            let instances: Vec<_> = slots
                .iter()
                .map(|slot| InstanceSnapshot {
                    id: name.instance_id(slot.number),
                    state: slot.state.as_str().to_owned(),
                    pid: slot.pid,
                    uptime_s: slot.since.and_then(seconds),
                    restarts: slot.restarts,
                    crashes: slot.crashes,
                    reason: slot.reason(),
                    last_exit: slot.last_exit.map(Into::into),
                    memory_limit: slot.memory_limit().map(Into::into),
                    status: slot.says.as_deref().map(str::to_owned),
                })
                .collect();
            let first = instances.first().map_or(InstanceState::Stopped.as_str(), |i| i.state.as_str());
            let same = instances.iter().all(|i| i.state == first);
            let state = if same { first } else { "mixed" }.to_owned();
            let clock = self.schedules.get(name);
            let by_the_wall = |since_1970| SystemTime::UNIX_EPOCH.checked_add(since_1970).map(stamp);
            ProcessSnapshot {
                name: name.to_string(),
                state,
                next_run: clock.and_then(|clock| clock.next).and_then(by_the_wall),
                last_run: clock.and_then(|clock| clock.totals.last).and_then(by_the_wall),
                instances,
            }
        });
        let mut processes: Vec<_> = processes.collect();
        processes.sort_by(|a, b| a.name.cmp(&b.name));
        Snapshot {
            pid: std::process::id(),
            state: word(self.state, self.exit_code).to_owned(),
            ready: self.outlook == Outlook::Ready,
            hopeless: self.outlook == Outlook::Never,
            exit_code: self.exit_code,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            config: self.config.as_deref().map(Path::to_owned),
            uptime_s: seconds(Moment::ZERO),
            started_at: self.wall.checked_sub(self.at.saturating_sub(Moment::ZERO)).map(stamp),
            ended_at: self.exit_code.map(|_| stamp(self.wall)),
            panics: self.panics.iter().map(|(part, count)| ((*part).to_owned(), *count)).collect(),
            processes,
        }
    }
}

/// A time as RFC 3339, to the millisecond.
fn stamp(at: SystemTime) -> String {
    jiff::Timestamp::try_from(at).map_or_else(|_| String::new(), |at| format!("{at:.3}"))
}

/// Whole milliseconds: more would pretend to know it better.
fn millis(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

fn word(state: SystemState, exit_code: Option<u8>) -> &'static str {
    match (state, exit_code) {
        (_, Some(_)) => "stopped",
        (SystemState::Starting, None) => "starting",
        (SystemState::Running, None) => "running",
        (SystemState::Restarting, None) => "restarting",
        (SystemState::Stopping, None) => "stopping",
    }
}
