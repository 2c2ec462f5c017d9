//! Sleeps until a socket may have gone, or until what keeps it from being made again may have changed (inotify(7)). Wakes
//! for nothing else: not for what others do in the same folder. Changes nothing.

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::io::Errno;
use std::ffi::OsString;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

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
pub(super) struct Watch {
    events: OwnedFd,
    /// Where a folder is watched: what in it matters.
    name: Option<OsString>,
}

impl Watch {
    /// Of a socket that is there, and of its folder.
    pub(super) fn of(socket: &Path) -> io::Result<Self> {
        let events = begin()?;
        inotify::add_watch(&events, socket, GOES | WatchFlags::DONT_FOLLOW)?;
        if let Some(folder) = socket.parent() {
            let gone = WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF | WatchFlags::ONLYDIR;
            inotify::add_watch(&events, folder, gone)?;
        }
        Ok(Self { events, name: None })
    }

    /// Of the way to a socket that is not there: of the nearest folder above it that is.
    pub(super) fn towards(socket: &Path) -> io::Result<Self> {
        let events = begin()?;
        let mut next = socket;
        for folder in socket.ancestors().skip(1) {
            match inotify::add_watch(&events, folder, COMES | WatchFlags::ONLYDIR) {
                Ok(_) => return Ok(Self { events, name: next.file_name().map(OsString::from) }),
                Err(Errno::NOENT | Errno::NOTDIR) => next = folder,
                Err(error) => return Err(error.into()),
            }
        }
        Err(Errno::NOENT.into())
    }

    /// Sleeps until something has happened.
    pub(super) async fn changed(self) -> io::Result<()> {
        let Self { events, name } = self;
        let events = register(events)?;
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

#[expect(
    deprecated,
    reason = "no descriptor that is owned can be closed meanwhile; unsafe code lives in src/os alone"
)]
fn register(events: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(events, Interest::READABLE)
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
