//! The pid file and the snapshot file. Owns both: written whole or not at all (a temporary file, then rename(2)),
//! the pid file removed at the end, the snapshot left with the exit code. The thread here may wait for a disk;
//! nobody waits for the thread, but for a bounded moment at the very end.

use super::{Snapshot, snapshot_path};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How long the end of the program waits for the last snapshot.
const LAST_WRITE: Duration = Duration::from_millis(300);

/// Why there can be no pid file.
#[derive(Debug, thiserror::Error)]
pub enum PidFileError {
    /// Another supervisor has it.
    #[error("{path} belongs to a supervisor that runs (pid {pid}): stop it first, or use another --pid-file")]
    InUse {
        /// The file.
        path: PathBuf,
        /// Who has it.
        pid: u32,
    },
    /// It cannot be written.
    #[error("cannot write the pid file {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A pid file that is ours.
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
}

impl PidFile {
    /// Writes the pid of this process. Before anything is started, so it may wait for the disk.
    ///
    /// # Errors
    /// [`PidFileError`] when another supervisor has the file or it cannot be written.
    pub fn create(path: &Path) -> Result<Self, PidFileError> {
        let own = std::process::id();
        if let Some(other) = read_snapshot(path).filter(|s| s.pid != own && runs(s)) {
            return Err(PidFileError::InUse { path: path.to_owned(), pid: other.pid });
        }
        replace(path, format!("{own}\n").as_bytes())
            .map_err(|source| PidFileError::Write { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned() })
    }

    /// Starts the thread that writes the snapshot beside the pid file. `first` runs in it before anything else.
    ///
    /// # Errors
    /// [`PidFileError::Write`] when the system gives no thread.
    pub fn writer(&self, first: impl FnOnce() + Send + 'static) -> Result<Writer, PidFileError> {
        let shared = Arc::new(Shared::default());
        let (path, theirs) = (snapshot_path(&self.path), shared.clone());
        std::thread::Builder::new()
            .name("status".to_owned())
            .spawn(move || {
                first();
                theirs.serve(&path);
            })
            .map_err(|source| PidFileError::Write { path: self.path.clone(), source })?;
        Ok(Writer(shared))
    }

    /// Removes the pid file; the snapshot stays and tells the exit code.
    pub fn remove(self) {
        // Somebody may have removed it already; there is nobody left to tell.
        drop(fs::remove_file(&self.path));
    }
}

/// The snapshot beside a pid file, if there is one that can be read.
pub(super) fn read_snapshot(pid_file: &Path) -> Option<Snapshot> {
    serde_json::from_str(&fs::read_to_string(snapshot_path(pid_file)).ok()?).ok()
}

/// Whether the supervisor that wrote this still runs: the same pid, and not somebody who got its number later.
pub(super) fn runs(snapshot: &Snapshot) -> bool {
    snapshot.state != "stopped" && began(snapshot.pid) == Some(snapshot.began)
}

/// When a process began, in clock ticks since the machine did; `None` when there is no such process.
pub(super) fn began(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold anything and ends with the last parenthesis; field 22 is the 20th after it.
    stat.rsplit(')').next()?.split_whitespace().nth(19)?.parse().ok()
}

fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    fs::write(&temporary, content)?;
    fs::rename(&temporary, path)
}

#[derive(Default)]
struct Shared {
    state: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    /// The newest text that is not written; an older one is of no use to anybody.
    next: Option<String>,
    writing: bool,
}

impl Shared {
    fn serve(&self, path: &Path) {
        loop {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let text = loop {
                match state.next.take() {
                    Some(text) => break text,
                    None => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                }
            };
            state.writing = true;
            drop(state);
            // A snapshot that cannot be written is old to its readers; the next one tries again.
            drop(replace(path, format!("{text}\n").as_bytes()));
            self.state.lock().unwrap_or_else(PoisonError::into_inner).writing = false;
            self.changed.notify_all();
        }
    }
}

/// Hands snapshots to the file thread.
pub struct Writer(Arc<Shared>);

impl Writer {
    pub(super) fn write(&self, text: String) {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).next = Some(text);
        self.0.changed.notify_all();
    }

    /// Waits until everything is written, but not long: a disk may hang.
    pub(super) fn finish(&self) {
        let state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let busy = |s: &mut Waiting| s.next.is_some() || s.writing;
        drop(self.0.changed.wait_timeout_while(state, LAST_WRITE, busy));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;

    fn snapshot(pid: u32, began: u64) -> Snapshot {
        Snapshot {
            pid,
            began,
            state: "running".to_owned(),
            ready: true,
            exit_code: None,
            processes: Vec::new(),
        }
    }

    #[test]
    fn a_pid_that_belongs_to_somebody_else_by_now_is_no_supervisor() {
        let own = std::process::id();
        let since = began(own).expect("this very process runs");
        assert!(runs(&snapshot(own, since)));
        assert!(!runs(&snapshot(own, since + 1)));
        assert!(!runs(&snapshot(u32::MAX, since)));
    }

    #[test]
    fn a_pid_file_of_a_running_supervisor_is_not_taken_over() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join("x.pid");
        let init = snapshot(1, began(1).expect("there is always a first process"));
        fs::write(snapshot_path(&path), serde_json::to_string(&init).expect("it is plain"))
            .expect("it can be written");
        assert!(matches!(PidFile::create(&path), Err(PidFileError::InUse { pid: 1, .. })));
        fs::remove_file(snapshot_path(&path)).expect("it is there");
        let file = PidFile::create(&path).expect("nobody has it");
        assert_eq!(fs::read_to_string(&path).expect("it is there"), format!("{}\n", std::process::id()));
        file.remove();
        assert!(!path.exists());
    }
}
