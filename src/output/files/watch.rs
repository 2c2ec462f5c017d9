//! What the kernel tells of files and folders (inotify(7)), for a thread that waits in poll(2). Owns the watches, each as
//! often as it is used: two names of one file have one. Looks at no file.

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Room for many events at once; the name of a file has 255 bytes at most.
const ROOM: usize = 4096;

/// What a watch is known by.
pub(super) type Id = i32;

/// What has happened.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A file has changed, or a name in a folder.
    At(Id, Option<OsString>),
    /// The kernel has taken the watch away: what it was on is no more.
    Gone(Id),
    /// Nobody knows what: too much at once.
    Lost,
}

/// See the top of the file.
#[derive(Debug)]
pub(super) struct Watch {
    queue: OwnedFd,
    uses: HashMap<Id, u32>,
}

impl Watch {
    pub(super) fn new() -> io::Result<Self> {
        let queue = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        Ok(Self { queue, uses: HashMap::new() })
    }

    /// Tells when something is written to this very file, whatever has its name by then.
    pub(super) fn file(&mut self, file: &File, path: &Path) -> io::Result<Id> {
        let own = format!("/proc/self/fd/{}", file.as_raw_fd());
        let what = WatchFlags::MODIFY | WatchFlags::MOVE_SELF | WatchFlags::DELETE_SELF;
        match inotify::add_watch(&self.queue, own, what) {
            Err(Errno::NOENT) => self.used(inotify::add_watch(&self.queue, path, what)), // there is no /proc
            added => self.used(added),
        }
    }

    /// Tells when names come and go in a folder.
    pub(super) fn folder(&mut self, folder: &Path) -> io::Result<Id> {
        let names = WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::MOVED_FROM | WatchFlags::DELETE;
        let itself = WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF | WatchFlags::ONLYDIR;
        let added = inotify::add_watch(&self.queue, folder, names | itself);
        self.used(added)
    }

    fn used(&mut self, added: Result<Id, Errno>) -> io::Result<Id> {
        let id = added?;
        *self.uses.entry(id).or_default() += 1;
        Ok(id)
    }

    /// Somebody needs it no more.
    pub(super) fn drop_one(&mut self, id: Id) {
        let Some(uses) = self.uses.get_mut(&id) else { return };
        *uses -= 1;
        if *uses == 0 {
            self.uses.remove(&id);
            inotify::remove_watch(&self.queue, id).ok(); // it went with its file
        }
    }

    /// What has happened since it was asked last.
    pub(super) fn events(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        let mut room = [const { MaybeUninit::uninit() }; ROOM];
        let mut reader = inotify::Reader::new(&self.queue, &mut room);
        loop {
            match reader.next() {
                Ok(event) if event.events().contains(ReadFlags::QUEUE_OVERFLOW) => events.push(Event::Lost),
                Ok(event) if event.events().contains(ReadFlags::IGNORED) => {
                    // One that we gave up is told of too, by an id that is never given again.
                    if self.uses.remove(&event.wd()).is_some() {
                        events.push(Event::Gone(event.wd()));
                    }
                }
                Ok(event) => {
                    let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()).to_owned());
                    events.push(Event::At(event.wd(), name));
                }
                Err(Errno::INTR) => {}
                Err(_) => return events,
            }
        }
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.queue.as_fd()
    }
}
