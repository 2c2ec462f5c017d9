//! Files in which a supervisor leaves word for others: written whole or not at all, by nobody else than us, and never
//! through a link that somebody else has put there. Waits for the disk. Called for snapshots and for the record of what
//! runs.

use super::ours;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// More than any of these files holds.
const MOST: u64 = 16 << 20;

/// Puts `content` into `path` with exactly this mode, whatever the umask: a new file beside it, then rename(2).
///
/// # Errors
/// When the file cannot be made or written.
pub fn replace(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let temporary = Path::new(&name);
    drop(fs::remove_file(temporary)); // what a process of our pid has left; a link goes, not what it leads to
    let written = (|| {
        let mut file = File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(temporary)?;
        file.write_all(content)?;
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        put(temporary, path)
    })();
    if written.is_err() {
        drop(fs::remove_file(temporary));
    }
    written
}

/// Gives the new file the name of the old one, if there is one, in one step. They change places and the old one goes:
/// a rename over it makes ext4 write the new one to the disk at once (auto_da_alloc, ext4(5)), and its removal wait.
fn put(new: &Path, path: &Path) -> io::Result<()> {
    match renameat_with(CWD, new, CWD, path, RenameFlags::EXCHANGE) {
        Ok(()) => fs::remove_file(new).inspect_err(|_| {
            // No file was there: it gets its place back, and the caller removes ours.
            renameat_with(CWD, new, CWD, path, RenameFlags::EXCHANGE).ok();
        }),
        Err(_) => fs::rename(new, path), // there is none, or the file system cannot do that
    }
}

/// What such a file holds. `None` when it is not there.
///
/// # Errors
/// When it cannot be read, is a link, or somebody else may have written it.
pub fn read(path: &Path) -> io::Result<Option<String>> {
    let Some(file) = open(path)? else { return Ok(None) };
    ours::file(&file.metadata()?).map_err(|why| io::Error::new(io::ErrorKind::PermissionDenied, why))?;
    text_of(file).map(Some)
}

/// The same for one that anybody may have written, from whom no more is taken than words. Follows no link either.
///
/// # Errors
/// When it cannot be read, or is no plain file.
pub fn look(path: &Path) -> io::Result<Option<String>> {
    open(path)?.map(text_of).transpose()
}

fn open(path: &Path) -> io::Result<Option<File>> {
    match ours::open(File::options().read(true), path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn text_of(file: File) -> io::Result<String> {
    let mut text = String::new();
    file.take(MOST).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use std::os::unix::fs::{MetadataExt as _, symlink};

    #[test]
    fn no_link_is_followed_and_nobody_else_may_write() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, other) = (folder.path().join("state"), folder.path().join("other"));
        fs::write(&other, "precious").expect("room");
        symlink(&other, &path).expect("a link");
        symlink(&other, folder.path().join(format!("state.{}.new", std::process::id()))).expect("a link");
        assert!(read(&path).is_err(), "a link is not what we have written");
        replace(&path, b"ours", 0o600).expect("room");
        assert_eq!(fs::read_to_string(&other).expect("it is there"), "precious");
        assert_eq!(read(&path).expect("it can be read").as_deref(), Some("ours"));
        let mode = |path: &Path| fs::symlink_metadata(path).expect("it is there").mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        replace(&path, b"again", 0o644).expect("room");
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "again");
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 2, "nothing else is left");
        assert_eq!(mode(&path), 0o644, "whatever the umask");
        let directory = folder.path().join("directory");
        fs::create_dir(&directory).expect("a directory");
        assert!(replace(&directory, b"ours", 0o600).is_err() && directory.is_dir());
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 3, "nothing else is left");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("ours");
        assert!(read(&path).is_err(), "anybody may have written it");
        assert_eq!(read(&folder.path().join("none")).expect("nothing is fine"), None);
    }
}
