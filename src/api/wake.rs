//! Sleeps until a socket may have gone, or until what keeps it from being made again may have changed. Changes nothing.
//!
//! A socket that is there is watched by its folder, which also wakes for what others put there or take away: inotify(7),
//! which is told of the one file alone, is not given up before the kernel has let a grace period pass, and the end of the
//! supervisor would wait for that. It is used where a folder cannot be watched, and for a way that leads nowhere yet.

use phpeek_os::folder_watch::FolderWatch;
use phpeek_os::watched::watched;
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::io::Errno;
use std::ffi::OsString;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A file or a folder that is removed or moved; the number of links of a file changes when it is.
const GOES: WatchFlags = WatchFlags::ATTRIB.union(WatchFlags::DELETE_SELF).union(WatchFlags::MOVE_SELF);
/// What is put into a folder, goes from it, or changes its mode.
const COMES: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MOVED_FROM)
    .union(GOES);

/// Something to sleep on, once.
#[derive(Debug)]
pub(super) struct Watch(Kind);

#[derive(Debug)]
enum Kind {
    Folder(FolderWatch),
    Events {
        events: OwnedFd,
        /// Where a folder is watched: what in it matters.
        name: Option<OsString>,
    },
}

impl Watch {
    /// Of a socket that is there, and of its folder.
    pub(super) fn of(socket: &Path) -> io::Result<Self> {
        match FolderWatch::of(socket.parent().unwrap_or_else(|| Path::new("/"))) {
            Ok(folder) => Ok(Self(Kind::Folder(folder))),
            Err(_) => Self::of_file(socket), // a kernel without it, as gVisor
        }
    }

    /// Of it alone, and of its folder when that goes.
    fn of_file(socket: &Path) -> io::Result<Self> {
        let events = begin()?;
        inotify::add_watch(&events, socket, GOES | WatchFlags::DONT_FOLLOW)?;
        if let Some(folder) = socket.parent() {
            let gone = WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF | WatchFlags::ONLYDIR;
            inotify::add_watch(&events, folder, gone)?;
        }
        Ok(Self(Kind::Events { events, name: None }))
    }

    /// Of the way to a socket that is not there: of the nearest folder above it that is.
    pub(super) fn towards(socket: &Path) -> io::Result<Self> {
        let events = begin()?;
        let mut next = socket;
        for folder in socket.ancestors().skip(1) {
            match inotify::add_watch(&events, folder, COMES | WatchFlags::ONLYDIR) {
                Ok(_) => {
                    let name = next.file_name().map(OsString::from);
                    return Ok(Self(Kind::Events { events, name }));
                }
                Err(Errno::NOENT | Errno::NOTDIR) => next = folder,
                Err(error) => return Err(error.into()),
            }
        }
        Err(Errno::NOENT.into())
    }

    /// Sleeps until something has happened.
    pub(super) async fn changed(self) -> io::Result<()> {
        let (events, name) = match self.0 {
            Kind::Folder(folder) => return folder.changed().await,
            Kind::Events { events, name } => (events, name),
        };
        let events = watched(events)?;
        loop {
            let mut ready = events.readable().await?;
            // An error here is that there is nothing yet: it sleeps again.
            if let Ok(matters) = ready.try_io(|events| any_matters(events.get_ref(), name.as_ref()))
                && matters?
            {
                return Ok(());
            }
        }
    }
}

fn begin() -> io::Result<OwnedFd> {
    Ok(inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?)
}

/// Takes the events that are there. Those of a watched thing itself have no name; nor have those that were lost.
fn any_matters(events: &OwnedFd, name: Option<&OsString>) -> io::Result<bool> {
    let mut space = [MaybeUninit::uninit(); 4096];
    let mut reader = inotify::Reader::new(events, &mut space);
    let mut matters = false;
    loop {
        let event = reader.next()?;
        let about = event.file_name().map(|about| about.to_bytes());
        matters |= about.is_none_or(|about| name.is_some_and(|name| name.as_bytes() == about));
        if reader.is_buffer_empty() {
            return Ok(matters);
        }
    }
}
