//! The ends at which a program says how it is: a datagram socket that its environment names (sd_notify(3)), a pipe on a
//! descriptor of its own (s6). Owns how they are made, read, and who may speak there; what is said is understood
//! elsewhere. A spawner makes them before the program, so that nothing it says is lost.

use super::mark::{self, MARK};
use super::own_pid::OwnPid;
use super::procfs::{self, Stat};
use super::sys;
use phpeek_core::ids::{RunId, TaskId};
use phpeek_core::program::Speaking;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, sockopt};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// So far a parent is looked for.
const DEPTH: usize = 64;

/// Takes the ends of programs that have begun. Called on spawner threads, before `Spawned` is reported, and on the
/// supervision thread when a run is over; never waits.
pub trait EarSink: Send + Sync {
    /// Listens from now on.
    fn listen(&self, ear: Ear);

    /// Nobody is left of this run.
    fn over(&self, run: RunId);
}

/// One end, and whose it is.
#[derive(Debug)]
pub struct Ear {
    /// Which run speaks there.
    pub run: RunId,
    /// By which way.
    pub door: Door,
}

/// The way that a program speaks by.
#[derive(Debug)]
pub enum Door {
    /// Datagrams to a socket.
    Socket(NotifySocket),
    /// A newline into a pipe: its read end, non-blocking and close-on-exec.
    Pipe(OwnedFd),
}

/// The socket of one run, and who belongs to it.
#[derive(Debug)]
pub struct NotifySocket {
    socket: OwnedFd,
    leader: i32,
    mark: String,
}

/// Who has sent a datagram, as the kernel knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sender {
    /// Its pid; 0 when it has none in our namespace.
    pub pid: i32,
    /// Its user.
    pub uid: u32,
}

/// A datagram that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram {
    /// How many bytes are in the buffer.
    pub len: usize,
    /// Whether it was longer.
    pub cut: bool,
    /// Who has sent it; none when the kernel did not say.
    pub sender: Option<Sender>,
}

/// The address of the socket of a run with this mark, as NOTIFY_SOCKET has it. It has no place in a directory: that could
/// be read-only, or be removed.
pub(super) fn address(mark: &str) -> String {
    format!("@phpeek-pm/notify/{mark}")
}

/// The ends for a program that has not begun.
#[derive(Default)]
pub(super) struct Ends {
    socket: Option<(OwnedFd, String)>,
    /// Its read end and its write end, and the descriptor that the program has it as.
    pipe: Option<(OwnedFd, OwnedFd, i32)>,
    own_pid: Option<OwnPid>,
}

impl Ends {
    /// Makes what a program wants that runs as this user.
    pub(super) fn of(
        speaks: Speaking,
        user: Option<u32>,
        supervisor: &str,
        task: TaskId,
    ) -> io::Result<Self> {
        let socket = speaks.socket.then(|| socket(mark::of(supervisor, task))).transpose()?;
        let pipe = |descriptor: u16| {
            let (read, write) = sys::pipe(user)?;
            rustix::io::ioctl_fionbio(&read, true)?;
            Ok::<_, io::Error>((read, write, i32::from(descriptor)))
        };
        let pipe = speaks.descriptor.map(pipe).transpose()?;
        Ok(Self { socket, pipe, own_pid: speaks.watchdog.map(|_| OwnPid::new()) })
    }

    /// The descriptor that the program gets, and as which.
    pub(super) fn descriptor(&self) -> Option<(i32, i32)> {
        self.pipe.as_ref().map(|(_, write, to)| (write.as_raw_fd(), *to))
    }

    /// Where the child writes its pid.
    pub(super) fn own_pid(&self) -> Option<&OwnPid> {
        self.own_pid.as_ref()
    }

    /// The program has begun, with this leader.
    pub(super) fn begun(self, run: RunId, leader: i32) -> impl Iterator<Item = Ear> {
        let socket = self.socket.map(|(socket, mark)| Door::Socket(NotifySocket { socket, leader, mark }));
        let pipe = self.pipe.map(|(read, ..)| Door::Pipe(read));
        socket.into_iter().chain(pipe).map(move |door| Ear { run, door })
    }
}

fn socket(mark: String) -> io::Result<(OwnedFd, String)> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::DGRAM, flags, None)?;
    sockopt::set_socket_passcred(&socket, true)?;
    let name = address(&mark);
    let name = name.as_bytes().get(1..).unwrap_or_default();
    rustix::net::bind(&socket, &SocketAddrUnix::new_abstract_name(name)?)?;
    Ok((socket, mark))
}

impl NotifySocket {
    /// Reads a datagram. Descriptors that came with it are closed: there is no room for them.
    ///
    /// # Errors
    /// `WouldBlock` when there is none.
    #[expect(unsafe_code, reason = "rustix makes a pid of the 0 of another pid namespace")]
    pub fn receive(&self, buffer: &mut [u8]) -> io::Result<Datagram> {
        let mut part = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
        let mut control = Control { room: MaybeUninit::zeroed() };
        // SAFETY: zero is valid for the structure. It then points to the buffer and to room that is aligned for a
        // header, with their sizes; all live until the call is over.
        let (result, header) = unsafe {
            let mut header: libc::msghdr = std::mem::zeroed();
            header.msg_iov = &raw mut part;
            header.msg_iovlen = 1;
            header.msg_control = (&raw mut control).cast();
            header.msg_controllen = size_of::<Control>() as _;
            (libc::recvmsg(self.socket.as_raw_fd(), &raw mut header, libc::MSG_CMSG_CLOEXEC), header)
        };
        let len = usize::try_from(result).map_err(|_| io::Error::last_os_error())?;
        let cut = header.msg_flags & libc::MSG_TRUNC != 0;
        Ok(Datagram { len, cut, sender: sender(&header) })
    }

    /// Whether somebody belongs to the run: its leader, whoever is in its group or session or descends from it, and who
    /// carries its mark as the same user. One that is gone does not.
    #[must_use]
    pub fn knows(&self, sender: Sender) -> bool {
        if sender.pid == self.leader {
            return true;
        }
        let Some(stat) = Stat::of(sender.pid) else { return false };
        stat.group == self.leader
            || stat.session == self.leader
            || descends(stat, self.leader)
            || self.carries_mark(sender)
    }

    fn carries_mark(&self, sender: Sender) -> bool {
        let owner = |pid: i32| {
            let stat = rustix::fs::stat(format!("/proc/{pid}"));
            stat.ok().map(|stat| stat.st_uid)
        };
        let carried = procfs::variable(sender.pid, MARK.as_bytes());
        carried.is_some_and(|own| own == self.mark.as_bytes()) && owner(self.leader) == Some(sender.uid)
    }
}

/// Room for credentials, and for nothing else: what has no room is closed by the kernel (unix(7)).
#[repr(C)]
union Control {
    room: MaybeUninit<[u8; 32]>,
    _aligned: libc::cmsghdr,
}

#[expect(unsafe_code, reason = "the kernel has written a list of structures")]
fn sender(header: &libc::msghdr) -> Option<Sender> {
    // SAFETY: the header is as recvmsg has left it, and its room is still there. The first structure is looked at when
    // there is one, and its data only when it is of credentials and as long as they are.
    unsafe {
        let first = libc::CMSG_FIRSTHDR(header);
        let first = first.as_ref()?;
        let whole = libc::CMSG_LEN(size_of::<libc::ucred>() as u32) as usize;
        let of_credentials = first.cmsg_level == libc::SOL_SOCKET && first.cmsg_type == libc::SCM_CREDENTIALS;
        if !of_credentials || (first.cmsg_len as usize) < whole {
            return None;
        }
        let libc::ucred { pid, uid, .. } = libc::CMSG_DATA(first).cast::<libc::ucred>().read_unaligned();
        Some(Sender { pid, uid })
    }
}

fn descends(mut stat: Stat, leader: i32) -> bool {
    for _ in 0..DEPTH {
        match stat.parent {
            parent if parent == leader => return true,
            0 | 1 => return false,
            parent => match Stat::of(parent) {
                Some(next) => stat = next,
                None => return false,
            },
        }
    }
    false
}

impl AsFd for Door {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Socket(socket) => socket.socket.as_fd(),
            Self::Pipe(read) => read.as_fd(),
        }
    }
}
