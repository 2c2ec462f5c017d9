//! A file that holds our pid and is locked (flock(2)) for as long as this process lives, however it ends: so no pid that
//! was given again can be taken for us, and two that start in one moment cannot both have it. Owns the lock. Waits for
//! the disk, so it is taken before anything is started or off the supervision thread. Called for pid files and spools.

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a newcomer waits for the lock: a reader that looks holds it for a moment.
const PATIENCE: Duration = Duration::from_millis(200);
const STEP: Duration = Duration::from_millis(5);

/// Why the lock cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody has it.
    #[error("{} is locked by process {pid}", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
        /// Who.
        pid: u32,
    },
    /// The file cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A locked file.
#[derive(Debug)]
pub struct LockFile {
    path: PathBuf,
    _locked: File,
}

impl LockFile {
    /// Locks the file and writes our pid into it. Whoever may read it can lock it too and keep us out: `mode` is for
    /// one that is made. Follows no symbolic link: what it leads to would be overwritten.
    ///
    /// # Errors
    /// [`LockError`] when somebody else has it or it cannot be written.
    pub fn take(path: &Path, mode: u32) -> Result<Self, LockError> {
        let failed = |source| LockError::Write { path: path.to_owned(), source };
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(mode)
            .custom_flags(libc::O_NOFOLLOW)
            .open(path)
            .map_err(failed)?;
        let until = Instant::now() + PATIENCE;
        while let Err(error) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
            if error != Errno::WOULDBLOCK {
                return Err(failed(error.into()));
            }
            if Instant::now() >= until {
                return Err(LockError::InUse { path: path.to_owned(), pid: read_pid(path).unwrap_or(0) });
            }
            std::thread::park_timeout(STEP);
        }
        write_pid(&mut file).map_err(failed)?;
        Ok(Self { path: path.to_owned(), _locked: file })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn write_pid(file: &mut File) -> io::Result<()> {
    if file.metadata()?.len() > 0 {
        file.set_len(0)?;
    }
    file.write_all(format!("{}\n", std::process::id()).as_bytes())
}

/// The pid in such a file, if there is one.
#[must_use]
pub fn read_pid(path: &Path) -> Option<u32> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Whether somebody has the lock now.
#[must_use]
pub fn is_held(path: &Path) -> bool {
    File::open(path)
        .is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockShared) == Err(Errno::WOULDBLOCK))
}
