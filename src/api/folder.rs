//! A folder for control sockets: how it is made, and whether only we can put something into it. The record of what runs
//! lies there too.

use super::error::SocketError;
use phpeek_os::ours;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// A folder in which control sockets may lie, and how it is made when it is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    folder: PathBuf,
    mode: u32,
    /// Of the folder above, where we may make that too: an image may have neither /run nor /tmp.
    above: Option<u32>,
    /// Whether nobody else may write to it. One that somebody has configured is his affair.
    own: bool,
}

impl Place {
    pub(super) fn of_rule(folder: PathBuf, above: Option<u32>) -> Self {
        Self { folder, mode: 0o700, above, own: true }
    }

    /// The folder of a path that somebody has configured. Made again, it has the mode that it has now, but that others
    /// may not write to it.
    pub(super) fn configured(folder: &Path) -> Self {
        let mode = fs::metadata(folder).map_or(0o700, |found| found.mode() & 0o755);
        Self { folder: folder.to_owned(), mode, above: None, own: false }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes the folder, or sees that nobody else can put anything into it.
    ///
    /// # Errors
    /// [`SocketError`] says what is wrong with it.
    pub fn prepare(&self) -> Result<(), SocketError> {
        let folder = &self.folder;
        let failed = |source| SocketError::Within { path: folder.clone(), source };
        match (make(folder, self.mode), self.above, folder.parent()) {
            (Err(error), Some(mode), Some(above)) if error.kind() == io::ErrorKind::NotFound => {
                // What it is refused for is told with the folder that was wanted.
                make(above, mode).and_then(|()| make(folder, self.mode)).map_err(failed)?;
            }
            (made, _, _) => made.map_err(failed)?,
        }
        if !self.own {
            return Ok(());
        }
        let found = fs::symlink_metadata(folder).map_err(failed)?;
        let refused = |why| SocketError::Folder { path: folder.clone(), why };
        ours::folder(&found).map_err(refused)?;
        // One of root's is not ours to use, although it can be trusted.
        let ours = found.uid() == rustix::process::geteuid().as_raw();
        if ours { Ok(()) } else { Err(refused("it belongs to another user")) }
    }

    /// Whether only we or root can have put a socket into this folder.
    pub(super) fn is_trusted(&self) -> bool {
        fs::symlink_metadata(&self.folder).is_ok_and(|found| ours::folder(&found).is_ok())
    }
}

/// Makes what is missing of a folder that somebody has named, for us alone. What is there already is his affair, but for a
/// link of another user at its end: he would say where something is made.
pub(super) fn make_missing(folder: &Path) -> Result<(), SocketError> {
    let failed = |source| SocketError::Within { path: folder.to_owned(), source };
    let refused = |path: &Path, why| SocketError::Folder { path: path.to_owned(), why };
    let own = rustix::process::geteuid().as_raw();
    let mut missing = Vec::new();
    for part in folder.ancestors().filter(|part| !part.as_os_str().is_empty()) {
        match fs::symlink_metadata(part) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(part),
            Ok(found) if found.is_symlink() && !missing.is_empty() && ![0, own].contains(&found.uid()) => {
                return Err(refused(part, "it is a symbolic link of another user"));
            }
            _ => break, // whatever is wrong with it is told when the first is made in it
        }
    }
    for part in missing.into_iter().rev() {
        make(part, 0o700).map_err(failed)?;
        let found = fs::symlink_metadata(part).map_err(failed)?;
        ours::folder(&found).map_err(|why| refused(part, why))?;
    }
    Ok(())
}

/// Makes a folder with exactly this mode, whatever the umask, unless it is there.
fn make(folder: &Path, mode: u32) -> io::Result<()> {
    match DirBuilder::new().mode(mode).create(folder) {
        Ok(()) => fs::set_permissions(folder, fs::Permissions::from_mode(mode)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}
