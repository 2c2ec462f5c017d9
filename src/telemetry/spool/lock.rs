//! The lock of a spool directory: one supervisor writes there. Owns the lock file, for as long as the program lives and
//! however it ends (flock(2)). Called before anything is started, and again when the directory could not be used.

use crate::os::lock_file::{LockError, LockFile};
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// A trace names programs, hosts and failures: nobody else reads it.
const MODE: u32 = 0o700;
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
    LockFile::take(&folder.join(LOCK)).map_err(|error| match error {
        LockError::InUse { pid, .. } => SpoolError::InUse { path: folder.to_owned(), pid },
        LockError::Write { source, .. } => unusable(source),
    })
}
