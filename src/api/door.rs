//! Where connections come in: a socket, and any that comes in its place. Owns the change from one to the other.

use futures_util::future::{Either, select};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener as Unwatched;
use std::pin::pin;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc::UnboundedReceiver;

/// A door, on the runtime of this thread.
pub(super) struct Door {
    socket: UnixListener,
    fresh: UnboundedReceiver<Unwatched>,
}

/// A door on its way to another thread.
pub(super) type Carried = (Unwatched, UnboundedReceiver<Unwatched>);

impl Door {
    pub(super) fn new((socket, fresh): Carried) -> io::Result<Self> {
        Ok(Self { socket: UnixListener::from_std(socket)?, fresh })
    }

    /// Takes it from its runtime; gives it back as it was when there is no descriptor for that.
    pub(super) fn carry(self) -> Result<Carried, (Self, io::Error)> {
        match self.socket.as_fd().try_clone_to_owned() {
            Ok(socket) => Ok((socket.into(), self.fresh)),
            Err(error) => Err((self, error)),
        }
    }

    /// Puts it on the runtime of this thread, and tries again, with the pause that `say` takes, until that works.
    pub(super) async fn open<F: Future<Output = ()>>(
        (socket, fresh): Carried,
        say: impl Fn(io::Error) -> F,
    ) -> Self {
        loop {
            match socket.try_clone().and_then(UnixListener::from_std) {
                Ok(socket) => return Self { socket, fresh },
                Err(error) => say(error).await,
            }
        }
    }

    /// The next connection.
    pub(super) async fn next(&mut self) -> io::Result<UnixStream> {
        loop {
            let fresh = match select(pin!(self.socket.accept()), pin!(self.fresh.recv())).await {
                Either::Left((accepted, _)) => return accepted.map(|(stream, _)| stream),
                Either::Right((fresh, _)) => fresh,
            };
            match fresh {
                Some(fresh) => self.socket = UnixListener::from_std(fresh)?,
                // No more will come.
                None => return self.socket.accept().await.map(|(stream, _)| stream),
            }
        }
    }
}
