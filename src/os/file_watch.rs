//! Tells that a file in one of some folders was written, put there or taken away (inotify(7)). Costs nothing while nothing
//! happens: what is still being written is not told of before it is closed. Looks at no file. Used to follow the
//! configuration.

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;
use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Room for many events at once; the name of a file has 255 bytes at most.
const ROOM: usize = 4096;

/// The folders that are watched.
#[derive(Debug)]
pub struct FileWatch {
    queue: AsyncFd<OwnedFd>,
    folders: RefCell<HashMap<i32, PathBuf>>,
}

impl FileWatch {
    /// Of no folder yet.
    ///
    /// # Errors
    /// When the kernel has no watches left, or there is no runtime.
    #[expect(unsafe_code, reason = "its safe door is deprecated")]
    pub fn new() -> io::Result<Self> {
        let queue = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        // SAFETY: the descriptor is owned by what registers it, and lives as long.
        let queue = unsafe { AsyncFd::register_with_interest(queue, Interest::READABLE) };
        Ok(Self { queue: queue.map_err(io::Error::from)?, folders: RefCell::default() })
    }

    /// Watches this folder too; one that is watched already is watched once.
    ///
    /// # Errors
    /// When it cannot be read, or the kernel has no watches left.
    pub fn add(&self, folder: &Path) -> io::Result<()> {
        let what = WatchFlags::CLOSE_WRITE
            | WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVED_FROM
            | WatchFlags::MOVED_TO
            | WatchFlags::ONLYDIR;
        let id = inotify::add_watch(self.queue.get_ref(), folder, what)?;
        self.folders.borrow_mut().insert(id, folder.to_owned());
        Ok(())
    }

    /// Sleeps until something has happened, and tells to which files. None of them, and so maybe to any, when too much has
    /// happened at once.
    ///
    /// # Errors
    /// When the runtime cannot watch it.
    pub async fn changed(&self) -> io::Result<Vec<PathBuf>> {
        loop {
            let mut ready = self.queue.readable().await?;
            let (mut files, mut any, mut gone) = (Vec::new(), false, Vec::new());
            let mut room = [const { MaybeUninit::uninit() }; ROOM];
            let mut reader = inotify::Reader::new(ready.get_inner(), &mut room);
            loop {
                match reader.next() {
                    Ok(event) => {
                        any = true;
                        if event.events().contains(ReadFlags::IGNORED) {
                            gone.push(event.wd());
                        }
                        let name = event.file_name().map(|name| std::ffi::OsStr::from_bytes(name.to_bytes()));
                        let folders = self.folders.borrow();
                        files.extend(name.and_then(|name| Some(folders.get(&event.wd())?.join(name))));
                    }
                    Err(Errno::INTR) => {}
                    Err(_) => break,
                }
            }
            ready.clear_ready();
            gone.iter().for_each(|id| drop(self.folders.borrow_mut().remove(id)));
            if any {
                return Ok(files);
            }
        }
    }
}

/// What the kernel means by an error, and what to do about it (inotify(7)).
#[must_use]
pub fn why(error: &io::Error) -> String {
    match Errno::from_io_error(error) {
        Some(Errno::NOSPC) => {
            "the kernel has no watches left for this user: raise fs.inotify.max_user_watches, or watch less"
                .to_owned()
        }
        Some(Errno::MFILE) => {
            "no inotify instance or descriptor is left: raise fs.inotify.max_user_instances".to_owned()
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use std::fs;
    use std::time::Duration;

    async fn told(watch: &FileWatch, file: &Path) {
        let told = async {
            while !watch.changed().await.expect("a runtime").iter().any(|changed| changed == file) {}
        };
        tokio::time::timeout(Duration::from_secs(30), told).await.expect("it tells");
    }

    #[tokio::test]
    async fn it_tells_which_file_was_written_or_put_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, aside) = (folder.path().join("file"), folder.path().join("aside"));
        fs::write(&file, "1").expect("room");
        let watch = FileWatch::new().expect("a watch is left");
        watch.add(folder.path()).expect("it is there");
        watch.add(folder.path()).expect("once more");
        fs::write(&file, "2").expect("room");
        told(&watch, &file).await;
        fs::write(&aside, "3").expect("room");
        told(&watch, &aside).await;
        fs::rename(&aside, &file).expect("ours");
        told(&watch, &file).await;
        assert!(watch.add(&file).is_err(), "it is no folder");
    }
}
