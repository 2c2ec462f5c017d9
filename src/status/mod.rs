//! What a script can know of a running supervisor without a socket: the pid file, and a snapshot beside it
//! (`FILE.status`) that `phpeek-pm status` reads. Never on the path of supervision: changes are gathered and written
//! by a thread of their own.

mod board;
mod command;
mod file;

pub use board::SharedBoard;
pub use command::command;
pub use file::{PidFile, PidFileError};

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The snapshot: what `FILE.status` holds, as one JSON object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The supervisor's pid.
    pub pid: u32,
    /// `starting`, `running`, `restarting`, `stopping` or `stopped`.
    pub state: String,
    /// Whether all is up: the boot is over and every instance that shall run does.
    pub ready: bool,
    /// The supervisor's exit code once it has ended.
    pub exit_code: Option<u8>,
    /// Each configured process, by name.
    pub processes: Vec<ProcessSnapshot>,
}

/// A process in the snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessSnapshot {
    /// Its name.
    pub name: String,
    /// The state of its instances if they share one, else `mixed`.
    pub state: String,
    /// Its instances.
    pub instances: Vec<InstanceSnapshot>,
}

/// An instance in the snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceSnapshot {
    /// `name-0` and up.
    pub id: String,
    /// `running`, `starting`, `stopping`, `draining`, `backoff`, `stopped`, `completed` or `failed`.
    pub state: String,
    /// The leader's pid while it runs.
    pub pid: Option<i32>,
    /// How often it was started again.
    pub restarts: u32,
}

/// Where the snapshot of this pid file lies.
#[must_use]
pub fn snapshot_path(pid_file: &Path) -> PathBuf {
    let mut name = pid_file.as_os_str().to_owned();
    name.push(".status");
    name.into()
}
