//! The lock of a spool directory: one supervisor writes there. Owns the lock file, for as long as the program lives and
//! however it ends (flock(2)). Called before anything is started, and again when the directory could not be used.

use phpeek_os::lock_file::{LockError, LockFile};
use phpeek_os::ours;
use phpeek_os::signals::block_all_in_this_thread;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// A trace names programs, hosts and failures: nobody else reads it.
const MODE: u32 = 0o700;
/// Who may read the lock may take it, and keep a supervisor out.
const LOCK_MODE: u32 = 0o600;
/// The name of the lock in the directory.
pub const LOCK: &str = "lock";

/// Why a directory cannot be used as a spool.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// Another supervisor writes there.
    #[error(
        "the spool directory {} is in use by another supervisor (pid {pid}): give each its own tracing_spool_dir",
        path.display()
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// Who has it.
        pid: u32,
    },
    /// It cannot be made or written.
    #[error("the spool directory {} cannot be used", path.display())]
    Unusable {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Makes the directory if it is not there, and locks it.
///
/// # Errors
/// [`SpoolError`].
pub fn lock(folder: &Path) -> Result<LockFile, SpoolError> {
    let unusable = |source| SpoolError::Unusable { path: folder.to_owned(), source };
    DirBuilder::new().recursive(true).mode(MODE).create(folder).map_err(unusable)?;
    ours::folder_at(folder).map_err(|error| unusable(advised(error)))?;
    LockFile::take(&folder.join(LOCK), LOCK_MODE).map_err(|error| match error {
        LockError::InUse { pid, .. } => SpoolError::InUse { path: folder.to_owned(), pid },
        LockError::Write { source, .. } => unusable(source),
        LockError::Refused { .. } => unusable(io::Error::new(io::ErrorKind::PermissionDenied, error)),
    })
}

/// A directory in which others may put files is no place for ours; what to do is said with it.
fn advised(error: io::Error) -> io::Error {
    if error.raw_os_error().is_some() {
        return error; // the system's own refusal
    }
    let advice = "it has to be ours or root's with a mode like 0700; chmod or chown it, or name another tracing_spool_dir";
    io::Error::new(error.kind(), format!("{error}: {advice}"))
}

/// An answer that has not come yet.
pub type Pending = Receiver<Result<LockFile, SpoolError>>;

/// As [`lock`], for who may not wait for a disk: gives the answer, or whoever gets it later.
///
/// # Errors
/// [`Pending`] when there was no answer within `limit`.
pub fn lock_within(folder: &Path, limit: Duration) -> Result<Result<LockFile, SpoolError>, Pending> {
    let (tell, answer) = channel();
    let of_thread = folder.to_owned();
    let begun = std::thread::Builder::new().name("spool-lock".to_owned()).spawn(move || {
        // A handler must not run here: a child may share our memory by then.
        let locked = match block_all_in_this_thread() {
            Ok(()) => lock(&of_thread),
            Err(source) => Err(SpoolError::Unusable { path: of_thread, source }),
        };
        drop(tell.send(locked)); // nobody listens when tracing has ended meanwhile
    });
    if let Err(source) = begun {
        return Ok(Err(SpoolError::Unusable { path: folder.to_owned(), source }));
    }
    match answer.recv_timeout(limit) {
        Ok(answer) => Ok(answer),
        Err(RecvTimeoutError::Timeout) => Err(answer),
        Err(RecvTimeoutError::Disconnected) => Ok(lock(folder)),
    }
}
