//! The state of everything at one moment, as plain words, and the snapshot that is made of it. Taken on the supervision
//! thread by a copy and nothing else; turned into texts elsewhere.

use super::snapshot::{InstanceSnapshot, ProcessSnapshot, Snapshot};
use phpeek_actors::board::SystemState;
use phpeek_actors::clock::Moment;
use phpeek_core::outcome::Exit;
use phpeek_core::spec::SystemSpec;
use std::path::PathBuf;
use std::sync::Arc;

/// What those who wait for "all up" wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Not all is up.
    Coming,
    /// All is up.
    Ready,
    /// It will not be, as far as the supervisor goes by itself: waiting longer brings nothing.
    Never,
}

/// Who the supervisor is: what does not change while it runs.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Its processes.
    pub spec: Arc<SystemSpec>,
    /// The file that its configuration was read from.
    pub config: Option<PathBuf>,
}

/// One instance on the board.
#[derive(Debug, Clone, Copy)]
pub struct Slot {
    /// The word for its state.
    pub state: &'static str,
    /// The leader's pid while it runs.
    pub pid: Option<i32>,
    /// How often it was started again.
    pub restarts: u32,
    /// When the run that is shown was up.
    pub since: Option<Moment>,
    /// How the run before ended.
    pub last_exit: Option<Exit>,
}

impl Slot {
    /// One that was never started.
    pub const STOPPED: Self = Self { state: "stopped", pid: None, restarts: 0, since: None, last_exit: None };

    /// Whether it is as it shall be.
    #[must_use]
    pub fn is_up(&self) -> bool {
        matches!(self.state, "running" | "completed")
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
    /// Whose state it is.
    pub identity: Arc<Identity>,
    /// When it was taken.
    pub at: Moment,
    /// The state of the supervisor.
    pub state: SystemState,
    /// Whether all is up.
    pub ready: bool,
    /// Whether nothing that the supervisor does by itself will bring all up.
    pub hopeless: bool,
    /// The exit code once it has ended.
    pub exit_code: Option<u8>,
    /// The instances of each process, one process after the other.
    pub slots: Vec<Slot>,
}

impl View {
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
        let mut slots = self.slots.iter();
        let processes = self.identity.spec.processes.iter().map(|process| {
            let numbered = (0..process.scale.get()).zip(slots.by_ref());
            let instances: Vec<_> = numbered
                .map(|(i, slot)| InstanceSnapshot {
                    id: process.name.instance_id(i),
                    state: slot.state.to_owned(),
                    pid: slot.pid,
                    uptime_s: slot.since.and_then(seconds),
                    restarts: slot.restarts,
                    last_exit: slot.last_exit.map(Into::into),
                })
                .collect();
            let first = instances.first().map_or("stopped", |i| i.state.as_str());
            let same = instances.iter().all(|i| i.state == first);
            let state = if same { first } else { "mixed" }.to_owned();
            ProcessSnapshot { name: process.name.to_string(), state, instances }
        });
        let processes = processes.collect();
        Snapshot {
            pid: std::process::id(),
            state: word(self.state, self.exit_code).to_owned(),
            ready: self.ready,
            hopeless: self.hopeless,
            exit_code: self.exit_code,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            config: self.identity.config.clone(),
            uptime_s: seconds(Moment::ZERO),
            processes,
        }
    }
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
