//! Rotates a file whose writer keeps it open: what is in it is copied, then it is cut to nothing. Owns the names `FILE.1` and
//! so on. Follows no link: whoever may write to the folder must not lead us to another file.

use super::source::{Identity, identity};
use rustix::fs::{AtFlags, Mode, OFlags, fchmod, fchown, openat, renameat, unlinkat};
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Bytes of one step of the copy.
const STEP: usize = 128 << 10;

/// A file as its folder has it.
struct Place<'a> {
    folder: OwnedFd,
    name: &'a OsStr,
}

impl<'a> Place<'a> {
    fn of(path: &'a Path) -> io::Result<Self> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Ok(Self { folder: rustix::fs::open(parent, flags, Mode::empty())?, name })
    }

    fn with(&self, ending: &str) -> OsString {
        let mut name = self.name.to_owned();
        name.push(ending);
        name
    }

    fn open(&self, name: &OsStr, flags: OFlags) -> io::Result<File> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(openat(&self.folder, name, flags, Mode::RUSR | Mode::WUSR)?.into())
    }

    fn remove(&self, name: &OsStr) -> io::Result<()> {
        unlinkat(&self.folder, name, AtFlags::empty()).or_else(there)
    }

    /// The rotated ones move up, and the last goes.
    fn shift(&self, most: u32) -> io::Result<()> {
        self.remove(&self.with(&format!(".{most}")))?;
        for number in (1..most).rev() {
            let (from, to) = (self.with(&format!(".{number}")), self.with(&format!(".{}", number + 1)));
            renameat(&self.folder, &from, &self.folder, &to).or_else(there)?;
        }
        Ok(())
    }
}

fn there(error: Errno) -> io::Result<()> {
    if error == Errno::NOENT { Ok(()) } else { Err(error.into()) }
}

/// Rotates it, and gives what it held: it may not have been read to its end.
pub(super) fn rotate(path: &Path, expected: Identity, most: u32) -> io::Result<File> {
    let refused = |why| io::Error::new(io::ErrorKind::PermissionDenied, why);
    let place = Place::of(path)?;
    let file = place.open(place.name, OFlags::RDWR).map_err(|error| match error.raw_os_error() {
        Some(code) if code == Errno::LOOP.raw_os_error() => refused("it is a link"),
        _ => error,
    })?;
    let found = file.metadata()?;
    if identity(&found) != expected {
        return Err(io::ErrorKind::NotFound.into()); // it has just been replaced, which is told of
    }
    if found.nlink() > 1 {
        return Err(refused("it is another file too, by a hard link"));
    }
    let temporary = place.with(".rotating");
    place.remove(&temporary)?;
    let copy = place.open(&temporary, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL)?;
    let done = fill(&file, &copy, &found).and_then(|copied| {
        match most {
            0 => place.remove(&temporary)?,
            _ => {
                place.shift(most)?;
                renameat(&place.folder, &temporary, &place.folder, place.with(".1"))?;
            }
        }
        // What came meanwhile; what is written between the last look and the cut is lost to the file.
        copy_from(&file, &copy, copied)?;
        file.set_len(0)
    });
    match done {
        Ok(()) => Ok(copy),
        Err(error) => {
            place.remove(&temporary).ok();
            Err(error)
        }
    }
}

/// Copies all that there is, for whoever may read the file itself.
fn fill(file: &File, copy: &File, found: &Metadata) -> io::Result<u64> {
    let copied = copy_from(file, copy, 0)?;
    let (user, group) = (found.uid(), found.gid());
    let (user, group) = (rustix::fs::Uid::from_raw(user), rustix::fs::Gid::from_raw(group));
    match fchown(copy, Some(user), Some(group)) {
        Ok(()) => fchmod(copy, Mode::from_raw_mode(found.mode() & 0o777))?,
        Err(_) => fchmod(copy, Mode::RUSR | Mode::WUSR)?, // it stays ours, and nobody else reads it
    }
    Ok(copied)
}

fn copy_from(file: &File, copy: &File, mut at: u64) -> io::Result<u64> {
    let mut buffer = vec![0; STEP];
    loop {
        let count = file.read_at(&mut buffer, at)?;
        if count == 0 {
            return Ok(at);
        }
        copy.write_all_at(buffer.get(..count).unwrap_or_default(), at)?;
        at += count as u64;
    }
}

/// When a file that holds something has the age to be rotated: counted from the rotation before, as its copy says, so that
/// a start of the supervisor changes nothing; without one from when it was made.
pub(super) fn due(path: &Path, found: &Metadata, age: Duration) -> SystemTime {
    let mut copy = path.as_os_str().to_owned();
    copy.push(".1");
    let before = fs::symlink_metadata(copy).and_then(|copy| copy.modified());
    let made = || found.created().or_else(|_| found.modified()).unwrap_or_else(|_| SystemTime::now());
    before.unwrap_or_else(|_| made()) + age
}
