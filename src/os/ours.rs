//! Whether a file or a folder is what we take it for: nobody but us and root can have put something else there, or
//! change it. The one rule for pid files, locks, records, spools and the folders of sockets. Judges what stat(2) has
//! found, and opens nothing but plain files, without following a link or waiting for a pipe or a device.

use rustix::process::geteuid;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// What a link at the end of a path is told as.
const LINK: &str = "it is a symbolic link";
/// Reads no link at the end of a path, and waits for nobody at the other end of a pipe.
const PLAINLY: i32 = libc::O_NOFOLLOW | libc::O_NONBLOCK;

/// Why this is no file of ours.
///
/// # Errors
/// What is wrong with it.
pub fn file(found: &Metadata) -> Result<(), &'static str> {
    if !found.is_file() {
        return Err("it is no plain file");
    }
    if found.nlink() > 1 {
        return Err("it is another file too, by a hard link");
    }
    nobody_elses(found)
}

/// Why this is no folder of ours.
///
/// # Errors
/// What is wrong with it.
pub fn folder(found: &Metadata) -> Result<(), &'static str> {
    if !found.is_dir() {
        return Err("it is no directory");
    }
    nobody_elses(found)
}

/// As [`folder`], for one that was named by somebody who may have meant a link: one of ours or of root's is followed.
///
/// # Errors
/// What is wrong with it.
pub fn folder_at(path: &Path) -> io::Result<()> {
    let refused = |why| io::Error::new(io::ErrorKind::PermissionDenied, why);
    let link = fs::symlink_metadata(path)?;
    if link.is_symlink() && !is_owner_trusted(&link) {
        return Err(refused("it is a symbolic link that belongs to another user"));
    }
    folder(&fs::metadata(path)?).map_err(refused)
}

fn nobody_elses(found: &Metadata) -> Result<(), &'static str> {
    if !is_owner_trusted(found) {
        Err("it belongs to another user")
    } else if found.mode() & 0o022 != 0 {
        Err("others may write to it")
    } else {
        Ok(())
    }
}

fn is_owner_trusted(found: &Metadata) -> bool {
    found.uid() == geteuid().as_raw() || found.uid() == 0
}

/// Opens a file, and nothing else than one, by these options. Whose it is stays to be judged.
///
/// # Errors
/// What open(2) says, and what is no plain file.
pub(super) fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let refused = |why| io::Error::new(io::ErrorKind::PermissionDenied, why);
    let file = match options.custom_flags(PLAINLY).open(path) {
        Err(error) if error.raw_os_error() == Some(libc::ELOOP) => return Err(refused(LINK)),
        opened => opened?,
    };
    if file.metadata()?.is_file() { Ok(file) } else { Err(refused("it is no plain file")) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use std::os::unix::fs::{PermissionsExt, chown, lchown, symlink};

    #[test]
    fn nobody_else_owns_it_or_may_write_to_it() {
        let parent = tempfile::tempdir().expect("a folder");
        let path = parent.path().join("spool");
        fs::create_dir(&path).expect("room");
        for (mode, fine) in [(0o700, true), (0o755, true), (0o770, false), (0o1777, false), (0o702, false)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("ours");
            assert_eq!(folder_at(&path).is_ok(), fine, "{mode:o}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("ours");
        let link = parent.path().join("link");
        symlink(&path, &link).expect("a link");
        assert!(folder_at(&link).is_ok(), "an operator may have moved it elsewhere");
        assert!(folder_at(&parent.path().join("none")).is_err());
        let text = parent.path().join("text");
        fs::write(&text, "").expect("room");
        assert!(folder_at(&text).is_err() && file(&fs::metadata(&text).expect("there")).is_ok());
        fs::hard_link(&text, parent.path().join("again")).expect("a link");
        assert!(file(&fs::metadata(&text).expect("there")).is_err());
        if geteuid().is_root() {
            lchown(&link, Some(4711), None).expect("root may");
            assert!(folder_at(&link).is_err(), "somebody else leads us");
            chown(&path, Some(4711), None).expect("root may");
            assert!(folder_at(&path).is_err(), "somebody else can swap what lies in it");
        }
    }
}
