//! The pid file and the snapshot file. Owns both: written whole or not at all (a temporary file, then rename(2)),
//! the pid file removed at the end, the snapshot left with the exit code. The thread here may wait for a disk;
//! nobody waits for the thread, but for a bounded moment at the very end.

use super::snapshot_path;
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
        if let Some(pid) = read_pid(path)
            && pid != own
            && is_supervisor(pid)
        {
            return Err(PidFileError::InUse { path: path.to_owned(), pid });
        }
        replace(path, format!("{own}\n").as_bytes())
            .map_err(|source| PidFileError::Write { path: path.to_owned(), source })?;
        // Of several that found it free in the same moment, the last to write has it.
        match read_pid(path) {
            Some(pid) if pid != own => Err(PidFileError::InUse { path: path.to_owned(), pid }),
            _ => Ok(Self { path: path.to_owned() }),
        }
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

/// The pid in a pid file, if there is one.
pub(super) fn read_pid(path: &Path) -> Option<u32> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Whether this pid is a supervisor of this kind, and not somebody who got its number later: by the name, which a link
/// or a copy to `/init` changes, or else by the program, which only its owner may look at (proc(5), /proc/PID/exe).
pub(super) fn is_supervisor(pid: u32) -> bool {
    let of = |who: &str| fs::read_link(format!("/proc/{who}/exe")).ok();
    let named = fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == "phpeek-pm");
    named || of(&pid.to_string()).is_some_and(|program| Some(program) == of("self"))
}

fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.new", std::process::id()));
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
