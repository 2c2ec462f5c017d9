//! A file that holds our pid and is locked (flock(2)) for as long as this process lives, however it ends: so no pid that
//! was given again can be taken for us, and two that start in one moment cannot both have it. Owns the lock. Waits for
//! the disk, so it is taken before anything is started or off the supervision thread. For pid files, records of what runs, and spools.

use super::{ours, state_file};
use std::fs::{self, File, Metadata, Permissions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
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
    /// Somebody else may have put it there, or could change it.
    #[error("{} is not written to: {why}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
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
    /// Locks the file and writes our pid into it. Whoever may read it can lock it too and keep us out: `mode` is what it
    /// has from then on, whatever the umask. Follows no symbolic link, and writes into nothing that another user could
    /// have put there.
    ///
    /// # Errors
    /// [`LockError`] when somebody else has it, it is not ours to write, or it cannot be written.
    pub fn take(path: &Path, mode: u32) -> Result<Self, LockError> {
        let failed = |source| LockError::Write { path: path.to_owned(), source };
        let held = patiently(PATIENCE, || {
            let mut file = open(path, mode)?;
            // Who had it may have removed it in between: then another one can make it anew, and have that.
            if !try_lock(&file).map_err(failed)? || !is_at(&file, path).map_err(failed)? {
                return Ok(None);
            }
            write_pid(&mut file).map_err(failed)?;
            Ok(Some(Self { path: path.to_owned(), _locked: file }))
        })?;
        held.ok_or_else(|| LockError::InUse { path: path.to_owned(), pid: read_pid(path).unwrap_or(0) })
    }

    /// Locks a file that is there and that nobody has, without waiting, and leaves it as it is: for who removes it.
    #[must_use]
    pub fn take_left(path: &Path) -> Option<Self> {
        let file = ours::open(File::options().read(true).write(true), path).ok()?;
        ours::file(&file.metadata().ok()?).ok()?;
        let held = try_lock(&file).ok()? && is_at(&file, path).ok()?;
        held.then(|| Self { path: path.to_owned(), _locked: file })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Locks a file or a folder that is open, if nobody has it; held until it is closed.
///
/// # Errors
/// When it can be locked by nobody.
pub fn try_lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Tries again until there is something or `patience` is over, and once at least. Blocks its thread.
///
/// # Errors
/// The first error of a try.
pub fn patiently<T, E>(
    patience: Duration,
    mut attempt: impl FnMut() -> Result<Option<T>, E>,
) -> Result<Option<T>, E> {
    let until = Instant::now() + patience;
    loop {
        let got = attempt()?;
        if got.is_some() || Instant::now() >= until {
            return Ok(got);
        }
        std::thread::park_timeout(STEP);
    }
}

/// The file at this path, judged before a byte of it is changed.
fn open(path: &Path, mode: u32) -> Result<File, LockError> {
    let failed = |source| LockError::Write { path: path.to_owned(), source };
    let refused =
        |why: &dyn std::fmt::Display| LockError::Refused { path: path.to_owned(), why: why.to_string() };
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false).mode(mode);
    let file = ours::open(&mut options, path).map_err(|error| match error.raw_os_error() {
        None => refused(&error),
        Some(_) => failed(error),
    })?;
    let found = file.metadata().map_err(failed)?;
    ours::file(&found).map_err(|why| refused(&why))?;
    if found.mode() & 0o7777 != mode {
        file.set_permissions(Permissions::from_mode(mode)).map_err(failed)?;
    }
    Ok(file)
}

fn write_pid(file: &mut File) -> io::Result<()> {
    if file.metadata()?.len() > 0 {
        file.set_len(0)?;
    }
    file.write_all(format!("{}\n", std::process::id()).as_bytes())
}

fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let number = |found: Metadata| (found.dev(), found.ino());
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(number(found) == number(file.metadata()?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// The pid in such a file, if there is one. Follows no link.
#[must_use]
pub fn read_pid(path: &Path) -> Option<u32> {
    state_file::look(path).ok()??.trim().parse().ok()
}

/// Whether somebody has the lock now. Follows no link.
#[must_use]
pub fn is_held(path: &Path) -> bool {
    ours::open(File::options().read(true), path)
        .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    use std::os::unix::fs::{chown, symlink};

    fn why_not(path: &Path) -> String {
        match LockFile::take(path, 0o644) {
            Err(LockError::Refused { why, .. }) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_another_may_have_put_there_is_never_written_to() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let precious = at("precious");
        let untouched = || assert_eq!(fs::read_to_string(&precious).expect("it is there"), "4711\n");
        fs::write(&precious, "4711\n").expect("room");
        symlink(&precious, at("link")).expect("a link");
        symlink(at("none"), at("dangling")).expect("a link");
        assert_eq!(why_not(&at("link")), "it is a symbolic link");
        assert_eq!(why_not(&at("dangling")), "it is a symbolic link");
        assert!(!at("none").exists() && read_pid(&at("link")).is_none() && !is_held(&at("link")));
        untouched();
        fs::hard_link(&precious, at("hard")).expect("a link");
        assert!(why_not(&at("hard")).contains("hard link"));
        fs::remove_file(at("hard")).expect("ours");
        untouched();
        mknodat(CWD, at("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
        assert_eq!(why_not(&at("pipe")), "it is no plain file");
        assert!(
            read_pid(&at("pipe")).is_none() && !is_held(&at("pipe")),
            "and nobody waits for its other end"
        );
        fs::set_permissions(&precious, Permissions::from_mode(0o664)).expect("ours");
        assert_eq!(why_not(&precious), "others may write to it");
        untouched();
        if rustix::process::geteuid().is_root() {
            fs::set_permissions(&precious, Permissions::from_mode(0o644)).expect("ours");
            chown(&precious, Some(4711), None).expect("root may");
            assert_eq!(why_not(&precious), "it belongs to another user");
            untouched();
        }
    }

    #[test]
    fn it_has_its_mode_and_what_was_removed_is_no_lock() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x");
        fs::write(&path, "1\n").expect("room");
        fs::set_permissions(&path, Permissions::from_mode(0o400)).expect("ours");
        let first = LockFile::take(&path, 0o600);
        if rustix::process::geteuid().is_root() {
            let first = first.expect("nobody has it");
            assert_eq!(fs::metadata(&path).expect("there").mode() & 0o777, 0o600);
            assert!(is_held(&path) && read_pid(&path) == Some(std::process::id()));
            drop(first);
        }
        fs::remove_file(&path).expect("ours");
        // Of the file that was removed: whoever waits for it must not get it beside a new one.
        let old = LockFile::take(&path, 0o600).expect("nobody has it");
        let waiter = std::thread::spawn({
            let path = path.clone();
            move || LockFile::take(&path, 0o600)
        });
        fs::remove_file(&path).expect("ours");
        drop(old);
        let held = waiter.join().expect("no panic").expect("it is free");
        assert!(is_held(&path), "the file at the path is the one that is locked");
        drop(held);
    }
}
