//! Tells that something was put into a folder, or has gone from it (F_NOTIFY, fcntl(2)). Given up, it costs nothing: the
//! end of an inotify(7) waits for the kernel, up to 20 ms, and so would the end of the supervisor. Looks at nothing: who
//! is told looks himself what it was. Used for the control socket.

use super::bell::Bell;
use super::signals;
use rustix::fs::{Mode, OFlags, open};
use signal_hook::SigId;
use std::ffi::c_int;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::path::Path;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// From `fcntl.h`. DN_DELETE also tells of what is moved away, DN_CREATE of what is moved there.
const DN_CREATE: c_int = 0x4;
const DN_DELETE: c_int = 0x8;
const DN_RENAME: c_int = 0x10;

/// One folder. Tells once.
#[derive(Debug)]
pub struct FolderWatch {
    bell: Bell,
    signal: SigId,
    /// Closed, it tells no more.
    folder: OwnedFd,
}

impl FolderWatch {
    /// Begins now; a folder that is moved itself is not told of.
    ///
    /// # Errors
    /// When the folder cannot be opened, or the kernel cannot watch it.
    pub fn of(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = open(path, flags, Mode::empty())?;
        let bell = Bell::new()?;
        signals::mark_changed(libc::SIGIO); // before there is a handler: a child must set it back
        let signal = bell.rung_by(libc::SIGIO)?;
        let watch = Self { bell, signal, folder };
        watch.begin()?;
        Ok(watch)
    }

    #[expect(unsafe_code, reason = "F_NOTIFY and F_SETOWN have no safe door")]
    fn begin(&self) -> io::Result<()> {
        let folder = self.folder.as_raw_fd();
        let own = std::process::id().cast_signed();
        // SAFETY: plain numbers for a descriptor that is open. The signal is for the whole process, although the thread
        // that asks may end before it comes; the handler is there already.
        let begun = unsafe {
            libc::fcntl(folder, libc::F_SETOWN, own) != -1
                && libc::fcntl(folder, libc::F_NOTIFY, DN_CREATE | DN_DELETE | DN_RENAME) != -1
        };
        if begun { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Sleeps until something has happened.
    ///
    /// # Errors
    /// When the runtime cannot watch it.
    #[expect(unsafe_code, reason = "registers a descriptor that AsRawFd, not AsFd, shows")]
    pub async fn changed(self) -> io::Result<()> {
        // SAFETY: the descriptor is that of the bell, which `self` owns and never replaces.
        let watched = unsafe { AsyncFd::register_with_interest(self, Interest::READABLE) };
        let watched = watched.map_err(io::Error::from)?;
        loop {
            let mut ready = watched.readable().await?;
            ready.clear_ready(); // before it is silenced: a ring that comes later wakes us again
            if watched.get_ref().bell.quiet() {
                return Ok(());
            }
        }
    }
}

impl AsRawFd for FolderWatch {
    fn as_raw_fd(&self) -> RawFd {
        self.bell.as_raw_fd()
    }
}

impl Drop for FolderWatch {
    fn drop(&mut self) {
        // The handler stays, with nothing to do: a signal that is under way must not find the default.
        signal_hook::low_level::unregister(self.signal);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use std::fs;
    use std::time::Duration;

    async fn tells(path: &Path, change: impl FnOnce()) {
        let watch = FolderWatch::of(path).expect("Linux can watch it");
        change();
        let told = tokio::time::timeout(Duration::from_secs(30), watch.changed()).await;
        told.expect("it tells").expect("a runtime");
    }

    #[tokio::test]
    async fn it_tells_what_comes_and_goes_whoever_has_asked() {
        let parent = tempfile::tempdir().expect("a folder");
        let (folder, file) = (parent.path().join("folder"), parent.path().join("folder/file"));
        let aside = parent.path().join("aside");
        fs::create_dir(&folder).expect("room");
        tells(&folder, || fs::write(&file, "").expect("room")).await;
        tells(&folder, || fs::rename(&file, &aside).expect("ours")).await;
        tells(&folder, || fs::rename(&aside, &file).expect("ours")).await;
        tells(&folder, || fs::remove_file(&file).expect("ours")).await;
        fs::write(&file, "").expect("room");
        tells(&folder, || fs::remove_dir_all(&folder).expect("ours")).await;
        assert!(FolderWatch::of(&folder).is_err(), "there is none");
        // A thread that has ended is told as well.
        let path = parent.path().to_owned();
        let watch = std::thread::spawn(move || FolderWatch::of(&path).expect("Linux can watch it"));
        let watch = watch.join().expect("it ends");
        fs::write(&aside, "").expect("room");
        let told = tokio::time::timeout(Duration::from_secs(30), watch.changed()).await;
        told.expect("it tells").expect("a runtime");
    }
}
