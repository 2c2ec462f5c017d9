//! How bytes reach standard output: a piece at a time, and without a wait that nobody sees. A write of a whole chunk
//! to a slow pipe would not return before all of it is taken, and nobody could tell a slow reader from one that is
//! gone. Owns no queue.
//!
//! Stdout is never set non-blocking: its file description is shared with whoever started us (open(2)).

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::net::SendFlags;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
#[cfg(test)]
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// What a pipe that shows room takes without a wait (PIPE_BUF of Linux, pipe(7)).
const PIPE_PIECE: usize = 4096;
/// What a terminal that shows room takes (n_tty(4) wakes its writers at 256).
const TERMINAL_PIECE: usize = 256;

/// See the top of the file.
#[derive(Debug)]
pub(super) struct Door {
    stdout: OwnedFd,
    way: Way,
    #[cfg(test)]
    planted: AtomicU32,
}

#[derive(Debug)]
enum Way {
    /// A file or a device: it takes all, or fails.
    Whole,
    /// A socket can be asked not to wait for one call.
    Socket,
    /// A file description of our own of the same pipe, which does not block.
    Own(OwnedFd),
    /// Asked each time whether there is room for so much.
    Asked(usize),
}

impl Door {
    pub(super) fn new(stdout: OwnedFd) -> Self {
        let kind = rustix::fs::fstat(&stdout).map(|stat| FileType::from_raw_mode(stat.st_mode));
        let way = match kind {
            Ok(FileType::Socket) => Way::Socket,
            Ok(FileType::Fifo) => open_again(&stdout).map_or(Way::Asked(PIPE_PIECE), Way::Own),
            Ok(FileType::CharacterDevice) if rustix::termios::isatty(&stdout) => Way::Asked(TERMINAL_PIECE),
            _ => Way::Whole,
        };
        Self {
            stdout,
            way,
            #[cfg(test)]
            planted: AtomicU32::new(0),
        }
    }

    /// So many writes panic.
    #[cfg(test)]
    pub(super) fn plant(&self, panics: u32) {
        self.planted.store(panics, Relaxed);
    }

    #[cfg(test)]
    fn panic_if_planted(&self) {
        if self.planted.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok() {
            std::panic::resume_unwind(Box::new("planted"));
        }
    }

    /// Whether this is the same file.
    pub(super) fn is_same(&self, other: &OwnedFd) -> bool {
        let of = |fd: &OwnedFd| rustix::fs::fstat(fd).ok().map(|stat| (stat.st_dev, stat.st_ino));
        of(&self.stdout).is_some_and(|own| Some(own) == of(other))
    }

    /// Takes the beginning of the bytes. [`Errno::AGAIN`]: there is no room now.
    pub(super) fn write(&self, bytes: &[u8]) -> Result<usize, Errno> {
        #[cfg(test)]
        self.panic_if_planted();
        match &self.way {
            Way::Whole => rustix::io::write(&self.stdout, bytes),
            Way::Own(pipe) => rustix::io::write(pipe, bytes),
            Way::Socket => rustix::net::send(&self.stdout, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL),
            Way::Asked(piece) => {
                let now = Timespec { tv_sec: 0, tv_nsec: 0 };
                if poll(&mut [PollFd::new(&self.stdout, PollFlags::OUT)], Some(&now))? == 0 {
                    return Err(Errno::AGAIN);
                }
                rustix::io::write(&self.stdout, bytes.get(..*piece).unwrap_or(bytes))
            }
        }
    }

    /// Waits for room, or for an error, which then shows in the next write.
    pub(super) fn wait(&self) {
        poll(&mut [PollFd::from_borrowed_fd(self.as_fd(), PollFlags::OUT)], None).ok();
    }
}

impl AsFd for Door {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.way {
            Way::Own(pipe) => pipe.as_fd(),
            Way::Whole | Way::Socket | Way::Asked(_) => self.stdout.as_fd(),
        }
    }
}

/// The same pipe through /proc. None where that is not there or may not be opened: another user's pipe.
fn open_again(stdout: &OwnedFd) -> Option<OwnedFd> {
    let path = format!("/proc/self/fd/{}", stdout.as_raw_fd());
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = rustix::fs::open(path, flags, Mode::empty()).ok()?;
    let (old, new) = (rustix::fs::fstat(stdout).ok()?, rustix::fs::fstat(&opened).ok()?);
    ((old.st_dev, old.st_ino) == (new.st_dev, new.st_ino)).then_some(opened)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;

    fn pipe() -> (OwnedFd, OwnedFd) {
        rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).expect("a pipe")
    }

    /// Writes until there is no room.
    fn fill(door: &Door) -> usize {
        let mut sum = 0;
        loop {
            match door.write(&[b'x'; 100_000]) {
                Ok(count) => sum += count,
                Err(error) => {
                    assert_eq!(error, Errno::AGAIN);
                    return sum;
                }
            }
        }
    }

    #[test]
    fn a_full_pipe_and_a_full_socket_are_seen_and_their_description_is_left_blocking() {
        let (reader, stdout) = pipe();
        let asked = Door { way: Way::Asked(PIPE_PIECE), ..Door::new(stdout.try_clone().expect("a copy")) };
        let (peer, socket) = std::os::unix::net::UnixStream::pair().expect("a pair");
        let doors = [
            (Door::new(stdout), &reader),
            (asked, &reader),
            (Door::new(socket.into()), &OwnedFd::from(peer)),
        ];
        for (door, reader) in &doors {
            assert!(fill(door) >= 4096, "{door:?}");
            let flags = rustix::fs::fcntl_getfl(&door.stdout).expect("flags");
            assert!(!flags.contains(OFlags::NONBLOCK), "{door:?}");
            let mut taken = vec![0; 1 << 20];
            assert!(rustix::io::read(reader, &mut taken).expect("what was written") >= 4096);
            door.wait();
            assert!(fill(door) >= 4096, "there is room again: {door:?}");
            rustix::io::read(reader, &mut taken).expect("what was written");
        }
    }
}
