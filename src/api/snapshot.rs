//! The snapshot of a supervisor: what the control socket answers and the file beside a pid file holds, as one JSON object.
//! Values and where that file lies; reads and writes nothing.

use phpeek_core::limit::Breach;
use phpeek_core::outcome::Exit;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// The snapshot: what the control socket answers and `FILE.status` holds, as one JSON object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The supervisor's pid.
    pub pid: u32,
    /// `starting`, `running`, `restarting`, `stopping` or `stopped`.
    pub state: String,
    /// Whether all is up: the boot is over and every instance that shall run does.
    pub ready: bool,
    /// Whether waiting for that brings nothing: the supervisor stops, or an instance that shall run has failed for good.
    #[serde(default)]
    pub hopeless: bool,
    /// The supervisor's exit code once it has ended.
    pub exit_code: Option<u8>,
    /// The supervisor's version.
    #[serde(default)]
    pub version: String,
    /// The file that it read its configuration from.
    #[serde(default)]
    pub config: Option<PathBuf>,
    /// Seconds since it began. Not in a file, where it would be old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uptime_s: Option<f64>,
    /// When it began (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// How often each part of the supervisor has panicked that has, and gone on (`manager_panics_total`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub panics: BTreeMap<String, u64>,
    /// Each configured process, by name.
    pub processes: Vec<ProcessSnapshot>,
}

/// A process in the snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProcessSnapshot {
    /// Its name.
    pub name: String,
    /// The state of its instances if they share one, else `mixed`.
    pub state: String,
    /// When it runs next, if it goes by the clock (RFC 3339); none while its schedule is paused or stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_run: Option<String>,
    /// When it ran last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run: Option<String>,
    /// Its instances.
    pub instances: Vec<InstanceSnapshot>,
}

/// An instance in the snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InstanceSnapshot {
    /// `name-0` and up.
    pub id: String,
    /// `running`, `starting`, `stopping`, `draining`, `backoff`, `stopped`, `completed` or `failed`.
    pub state: String,
    /// The leader's pid while it runs.
    pub pid: Option<i32>,
    /// Seconds since this run was up. Not in a file, where it would be old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uptime_s: Option<f64>,
    /// How often it was started again.
    pub restarts: u32,
    /// How many of its runs have failed by themselves: restarts that were asked for are none.
    #[serde(default)]
    pub crashes: u32,
    /// Why it has failed for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How the run before ended.
    #[serde(default)]
    pub last_exit: Option<LastExit>,
    /// The bound of memory that its run has passed, or the run before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<MemoryLimit>,
    /// What its program says of itself (`STATUS=` of a check of type notify).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// A bound of memory that was passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryLimit {
    /// `soft`: it was replaced; `hard`: it was killed.
    pub limit: String,
    /// What may be taken.
    pub limit_bytes: u64,
    /// What all that belongs to the instance took.
    pub used_bytes: u64,
}

impl From<Breach> for MemoryLimit {
    fn from(Breach { limit, bound, used }: Breach) -> Self {
        Self { limit: limit.as_str().to_owned(), limit_bytes: bound, used_bytes: used }
    }
}

/// How a run ended: `code`, or `signal`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastExit {
    /// The exit code.
    pub code: Option<u8>,
    /// The signal's name.
    pub signal: Option<String>,
    /// Whether a core was dumped.
    pub core_dumped: bool,
}

impl From<Exit> for LastExit {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Code(code) => Self { code: Some(code), signal: None, core_dumped: false },
            Exit::Signal { signal, core } => {
                Self { code: None, signal: Some(signal.to_string()), core_dumped: core }
            }
        }
    }
}

impl fmt::Display for LastExit {
    /// In the words of the log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.signal, self.code) {
            (Some(signal), _) => f.write_str(signal)?,
            (None, Some(code)) => write!(f, "exit code {code}")?,
            (None, None) => f.write_str("unknown")?,
        }
        if self.core_dumped { f.write_str(", core dumped") } else { Ok(()) }
    }
}

/// Where the snapshot of this pid file lies.
#[must_use]
pub fn snapshot_path(pid_file: &Path) -> PathBuf {
    let mut name = pid_file.as_os_str().to_owned();
    name.push(".status");
    name.into()
}
