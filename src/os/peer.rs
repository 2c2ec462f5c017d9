//! Who is at the other end of a unix socket, as the kernel knows it, and whether somebody can answer at all. Looks, and
//! decides nothing.

use super::procfs;
use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// Who is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Its user.
    pub uid: u32,
    /// Its pid; not told when it has none in our pid namespace.
    pub pid: Option<i32>,
}

/// Who connected, or who listens: SO_PEERCRED (unix(7)). By hand, because rustix makes a pid of the 0 that stands for
/// a process of another pid namespace.
///
/// # Errors
/// When it is no unix socket, or not a connected one.
#[expect(unsafe_code, reason = "the kernel fills a structure of its own")]
pub fn peer(socket: impl AsFd) -> io::Result<Peer> {
    let mut credentials = libc::ucred { pid: 0, uid: u32::MAX, gid: u32::MAX };
    let mut size = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the descriptor is open for the call; the kernel writes at most `size` bytes into plain integers that
    // live here, and the new size into `size`.
    let result = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut credentials).cast(),
            &raw mut size,
        )
    };
    match result {
        0 => Ok(Peer { uid: credentials.uid, pid: (credentials.pid > 0).then_some(credentials.pid) }),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Whether a signal or a debugger has stopped this process, so that it does nothing until it goes on. One that cannot be
/// seen is not.
#[must_use]
pub fn is_stopped(pid: u32) -> bool {
    let stat = procfs::bytes(&format!("/proc/{pid}/stat"));
    // The state stands behind the name, which may hold anything (proc(5)).
    let state = stat.and_then(|stat| {
        let behind = stat.iter().rposition(|byte| *byte == b')')?;
        stat.get(behind + 2).copied()
    });
    matches!(state, Some(b'T' | b't'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn we_are_our_own_peer() {
        let (here, _there) = UnixStream::pair().expect("a pair of sockets");
        let own = i32::try_from(std::process::id()).expect("a pid fits");
        let uid = rustix::process::getuid().as_raw();
        assert_eq!(peer(&here).expect("credentials"), Peer { uid, pid: Some(own) });
        let file = std::fs::File::open("/dev/null").expect("it is there");
        assert!(peer(&file).is_err());
    }
}
