//! The pid file and the snapshot file. Owns both: written whole or not at all (a temporary file, then rename(2)),
//! the pid file removed at the end, the snapshot left with the exit code. The thread here may wait for a disk;
//! nobody waits for the thread, but for a bounded moment at the very end.

use phpeek_api::snapshot::{Snapshot, snapshot_path};
use phpeek_api::view::{Reader, View};
use phpeek_os::lock_file::{LockError, LockFile};
use phpeek_os::state_file;
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
    /// Somebody else may have put it there, or could change it.
    #[error("the pid file {path} is not written to: {why}; remove it, or use another --pid-file")]
    Refused {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
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

/// Everybody may read who runs, and whether it still does.
const MODE: u32 = 0o644;

/// A pid file that is ours for as long as this process lives.
#[derive(Debug)]
pub struct PidFile(LockFile);

impl PidFile {
    /// Locks the file and writes the pid of this process. Before anything is started, so it may wait for the disk.
    ///
    /// # Errors
    /// [`PidFileError`] when another supervisor has the file or it cannot be written.
    pub fn create(path: &Path) -> Result<Self, PidFileError> {
        let lock = LockFile::take(path, MODE).map_err(|error| match error {
            LockError::InUse { path, pid } => PidFileError::InUse { path, pid },
            LockError::Refused { path, why } => PidFileError::Refused { path, why },
            LockError::Write { path, source } => PidFileError::Write { path, source },
        })?;
        // What the last one has left would answer for this one.
        drop(fs::remove_file(snapshot_path(path)));
        Ok(Self(lock))
    }

    /// Starts the thread that writes the snapshot beside the pid file. `first` runs in it before anything else.
    ///
    /// # Errors
    /// [`PidFileError::Write`] when the system gives no thread.
    pub fn writer(&self, first: impl FnOnce() + Send + 'static) -> Result<Writer, PidFileError> {
        let shared = Arc::new(Shared::default());
        let (path, theirs) = (snapshot_path(self.0.path()), shared.clone());
        std::thread::Builder::new()
            .name("status".to_owned())
            .spawn(move || {
                first();
                theirs.serve(&path);
            })
            .map_err(|source| PidFileError::Write { path: self.0.path().to_owned(), source })?;
        Ok(Writer(shared))
    }
}

impl Drop for PidFile {
    /// Removes the pid file, also of a supervisor that could not begin; the snapshot stays and tells the exit code.
    fn drop(&mut self) {
        // Somebody may have removed it already; there is nobody left to tell.
        drop(fs::remove_file(self.0.path()));
    }
}

/// The snapshot beside a pid file, if there is one that can be read.
#[must_use]
pub fn read_snapshot(pid_file: &Path) -> Option<Snapshot> {
    serde_json::from_str(&state_file::look(&snapshot_path(pid_file)).ok()??).ok()
}

fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    state_file::replace(path, content, MODE)
}

#[derive(Default)]
struct Shared {
    state: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    /// The newest state that is not written; an older one is of no use to anybody.
    next: Option<View>,
    writing: bool,
}

impl Shared {
    fn serve(&self, path: &Path) {
        loop {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let view = loop {
                match state.next.take() {
                    Some(view) => break view,
                    None => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                }
            };
            state.writing = true;
            drop(state);
            // A snapshot is text and numbers: it can always be written as JSON. One that cannot be written to the
            // disk is old to its readers; the next one tries again.
            if let Ok(text) = serde_json::to_string(&view.snapshot_for(Reader::ComesLater)) {
                drop(replace(path, format!("{text}\n").as_bytes()));
            }
            self.state.lock().unwrap_or_else(PoisonError::into_inner).writing = false;
            self.changed.notify_all();
        }
    }
}

/// Hands states to the file thread.
pub struct Writer(Arc<Shared>);

impl Writer {
    pub(super) fn write(&self, view: View) {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).next = Some(view);
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
    use phpeek_os::lock_file::{is_held, read_pid};

    #[test]
    fn a_pid_file_has_one_owner_and_is_free_when_that_is_gone() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join("x.pid");
        fs::write(&path, "1\n").expect("it can be written");
        assert!(!is_held(&path), "a pid that somebody left is no supervisor");
        let file = PidFile::create(&path).expect("nobody has it");
        assert_eq!(read_pid(&path), Some(std::process::id()));
        assert!(is_held(&path));
        let own = std::process::id();
        assert!(matches!(PidFile::create(&path), Err(PidFileError::InUse { pid, .. }) if pid == own));
        drop(file);
        assert!(!path.exists() && !is_held(&path));
    }
}
