//! Where connections come in: a socket, and any that comes in its place. Owns the change from one to the other.

use futures_util::future::{Either, select};
use std::io;
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

    pub(super) fn carry(self) -> io::Result<Carried> {
        Ok((self.socket.into_std()?, self.fresh))
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
