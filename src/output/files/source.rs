//! One file that is read, whatever its name is by now. Owns how far it was read, and which file may be opened at all;
//! never writes to it, and blocks only as its disk does.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use super::watch::Id;
use rustix::fs::OFlags;
use rustix::io::Errno;

/// Which file it is, by device and inode.
pub(super) type Identity = (u64, u64);

/// See the top of the file.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) file: File,
    pub(super) identity: Identity,
    /// Bytes that were read.
    pub(super) at: u64,
    pub(super) watch: Option<Id>,
}

/// How a read ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// All that there is was handed on.
    End,
    /// There may be more.
    More,
    /// Who takes it has no room.
    Full,
}

/// On the way to whoever makes lines of it.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) out: OwnedFd,
    /// The source of a line that has not ended yet.
    open: Option<Identity>,
}

impl Way {
    pub(super) fn new(out: OwnedFd) -> Self {
        Self { out, open: None }
    }

    /// Hands on so much as there is room for.
    fn put(&mut self, from: Identity, bytes: &[u8]) -> io::Result<Option<usize>> {
        match rustix::io::write(&self.out, bytes) {
            Ok(count) => {
                let ends = bytes.get(..count).is_some_and(|put| put.ends_with(b"\n"));
                self.open = (!ends).then_some(from);
                Ok(Some(count))
            }
            Err(Errno::AGAIN) => Ok(None),
            Err(Errno::INTR) => Ok(Some(0)),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends a line that another has begun; whether there was room.
    fn turn_to(&mut self, from: Identity) -> io::Result<bool> {
        match self.open {
            Some(other) if other != from => Ok(self.put(other, b"\n")?.is_some()),
            _ => Ok(true),
        }
    }
}

impl Source {
    /// What an opened file is, read from here on.
    pub(super) fn new(file: File, found: &Metadata, at: u64) -> Self {
        Self { file, identity: identity(found), at, watch: None }
    }

    /// Hands the next part on. A file that was cut short is read from its beginning.
    pub(super) fn pump(&mut self, way: &mut Way, buffer: &mut [u8]) -> io::Result<Flow> {
        if self.file.metadata()?.len() < self.at {
            if way.open == Some(self.identity) && way.put(self.identity, b"\n")?.is_none() {
                return Ok(Flow::Full);
            }
            self.at = 0;
        }
        let count = match self.file.read_at(buffer, self.at) {
            Ok(0) => return Ok(Flow::End),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(Flow::More),
            Err(error) => return Err(error),
        };
        if !way.turn_to(self.identity)? {
            return Ok(Flow::Full);
        }
        match way.put(self.identity, buffer.get(..count).unwrap_or_default())? {
            None => Ok(Flow::Full),
            Some(put) => {
                self.at += put as u64;
                Ok(if put < count { Flow::Full } else { Flow::More })
            }
        }
    }
}

pub(super) fn identity(found: &Metadata) -> Identity {
    (found.dev(), found.ino())
}

/// Opens what has this name now, if it is a plain file. A link is followed where it may be: where it is ours or root's, or
/// leads to a file of its own owner. Whoever may write to the folder could show us the files of others by it else.
pub(super) fn open(path: &Path) -> io::Result<(File, Metadata)> {
    let refused = |why| io::Error::new(io::ErrorKind::PermissionDenied, why);
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(refused("it is no plain file"));
    }
    let named = fs::symlink_metadata(path)?;
    let ours = [0, rustix::process::geteuid().as_raw(), found.uid()];
    if named.is_symlink() && !ours.contains(&named.uid()) {
        return Err(refused("it is a link of somebody else than the owner of the file it leads to"));
    }
    if !named.is_symlink() && identity(&named) != identity(&found) {
        return Err(io::ErrorKind::NotFound.into()); // it has just been replaced, which is told of
    }
    Ok((file, found))
}
