//! The socket in the file system: made so that nobody else can ever connect, one owner at a time, removed at the end.
//! Never takes a living supervisor's socket away, and removes nothing that is no socket. Everything that makes or
//! removes one holds the lock of its folder. Called before anything is started, so it may wait a moment for the disk.

use super::error::SocketError;
use super::folder::Place;
use super::wake::Watch;
use phpeek_os::lock_file::{patiently, try_lock};
use phpeek_os::peer::peer;
use rustix::fs::{Mode, OFlags, fchmod};
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with};
use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Connections that the kernel keeps for us until we take them.
const BACKLOG: i32 = 128;
/// The owner may read and write, which is what connecting takes.
const MODE: Mode = Mode::RUSR.union(Mode::WUSR);

/// How long the lock of the folder is waited for: others hold it for a look and a bind.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// A folder that nobody else makes or removes sockets in, for as long as this lives.
#[derive(Debug)]
pub(super) struct LockedFolder {
    path: PathBuf,
    _lock: File,
}

impl LockedFolder {
    pub(super) fn lock(path: &Path) -> Result<Self, SocketError> {
        let failed = |source| SocketError::Within { path: path.to_owned(), source };
        let flags = i32::try_from(OFlags::DIRECTORY.bits()).unwrap_or_default();
        let lock = File::options().read(true).custom_flags(flags).open(path).map_err(failed)?;
        let held = patiently(LOCK_PATIENCE, || Ok(try_lock(&lock)?.then_some(()))).map_err(failed)?;
        held.ok_or_else(|| SocketError::Locked(path.to_owned()))?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the socket `path` of this folder, in place of one that nobody listens at any more.
    /// `place` is how the folder is made again.
    pub(super) fn make(&self, path: &Path, place: Place) -> Result<Listener, SocketError> {
        let failed = |source| SocketError::Make { path: path.to_owned(), source };
        match state(path).map_err(failed)? {
            State::Free => {}
            State::Stale => fs::remove_file(path).map_err(failed)?,
            State::Living { pid } => return Err(SocketError::InUse { path: path.to_owned(), pid }),
            State::Occupied => return Err(SocketError::Occupied(path.to_owned())),
        }
        let socket = bound(path).map_err(|error| failed(error.into()))?;
        // Begun before the file is looked at: who removes it later is seen.
        let watch = Some(Watch::of(path));
        let number = fs::symlink_metadata(path).map(number).map_err(failed)?;
        Ok(Listener {
            path: path.to_owned(),
            place,
            number: Some(number),
            socket: Some(socket.into()),
            watch,
        })
    }
}

/// A listening socket whose file has the mode 0600 from its first moment: the file gets the mode of the socket
/// (unix(7), fchmod before bind), and before it listens nobody can connect.
fn bound(path: &Path) -> Result<OwnedFd, Errno> {
    let address = SocketAddrUnix::new(path)?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    fchmod(&socket, MODE)?;
    bind(&socket, &address)?;
    listen(&socket, BACKLOG)?;
    Ok(socket)
}

/// What lies at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing.
    Free,
    /// A socket that nobody listens at.
    Stale,
    /// A socket that somebody listens at.
    Living {
        /// Who, where the kernel tells: it is silent about other pid namespaces.
        pid: Option<i32>,
    },
    /// No socket.
    Occupied,
}

/// Looks what lies at a path. Who listens there sees a connection that says nothing.
pub(super) fn state(path: &Path) -> io::Result<State> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(State::Free),
        Err(error) => return Err(error),
        Ok(file) if !file.file_type().is_socket() => return Ok(State::Occupied),
        Ok(_) => {}
    }
    match connect(path, None) {
        Ok(stream) => Ok(State::Living { pid: peer(&stream).ok().and_then(|p| p.pid) }),
        // The backlog is full: somebody is there, and busy.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(State::Living { pid: None }),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(State::Stale),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(State::Free),
        Err(error) => Err(error),
    }
}

/// Connects, within `patience` when whoever listens is busy; without one, at once or not at all.
pub(super) fn connect(path: &Path, patience: Option<Duration>) -> io::Result<UnixStream> {
    let address = SocketAddrUnix::new(path)?;
    let flags =
        SocketFlags::CLOEXEC | if patience.is_none() { SocketFlags::NONBLOCK } else { SocketFlags::empty() };
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    if patience.is_some() {
        // A connect(2) that waits for room in the backlog keeps to this.
        set_socket_timeout(&socket, Timeout::Send, patience)?;
    }
    rustix::net::connect(&socket, &address)?;
    set_socket_timeout(&socket, Timeout::Send, None)?;
    Ok(socket.into())
}

/// Device and inode: what lies at a path later may be another's.
type Number = (u64, u64);

fn number(found: fs::Metadata) -> Number {
    (found.dev(), found.ino())
}

fn is_at(path: &Path, own: Number) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| number(found) == own)
}

/// A socket that is ours. Dropping it removes the file.
#[derive(Debug)]
pub struct Listener {
    path: PathBuf,
    place: Place,
    /// None once the file is nobody's.
    number: Option<Number>,
    socket: Option<UnixListener>,
    watch: Option<io::Result<Watch>>,
}

impl Listener {
    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder, and how it is made again.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// The socket, once; the file stays ours.
    pub(super) fn take(&mut self) -> Option<UnixListener> {
        self.socket.take()
    }

    /// What to sleep on until the file goes, once.
    pub(super) fn watch(&mut self) -> io::Result<Watch> {
        self.watch.take().unwrap_or_else(|| Err(io::Error::other("it is watched already")))
    }

    /// Tells whether the file is still at its path, or nothing else is known; for another thread.
    pub(super) fn presence(&self) -> impl Fn() -> bool + use<> {
        let (path, own) = (self.path.clone(), self.number);
        let is_gone = |error: &io::Error| {
            matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        };
        move || match fs::symlink_metadata(&path) {
            Ok(found) => own == Some(number(found)),
            Err(error) => !is_gone(&error),
        }
    }

    /// The file is gone, and another one has its place.
    pub(super) fn abandon(mut self) {
        self.number = None;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // While we listened nobody has replaced it; somebody may have removed it, and then another made one.
        if self.number.is_some_and(|own| is_at(&self.path, own)) {
            drop(fs::remove_file(&self.path));
        }
    }
}
