//! Ways in that are open before anything runs: what cannot be opened is told of before it could be missed.

use super::super::error::SocketError;
use super::super::place;
use super::super::socket::Listener;
use super::super::wake::Watch;
use super::guard::Way;
use super::tls::Tls;
use phpeek_settings::tls::Unusable;
use phpeek_settings::web::Listen;
use rustix::net::sockopt::{set_ipv6_v6only, set_socket_reuseaddr};
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, listen, socket_with};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::Path;

/// Connections that the kernel keeps for us until we take them.
const BACKLOG: i32 = 1024;

/// Why a way in cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The address is taken, or none of ours, or the port may not be used.
    #[error("cannot listen at {at}: is another program there? choose another port")]
    Tcp {
        /// Where.
        at: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Files of TLS.
    #[error("cannot speak TLS")]
    Tls(#[from] Unusable),
    /// The socket.
    #[error(transparent)]
    Socket(#[from] SocketError),
}

/// A way in.
pub struct Bound(Kind);

enum Kind {
    Tcp(Box<Tcp>),
    Unix(Box<Listener>),
}

/// A way in by TCP.
pub(super) struct Tcp {
    pub(super) socket: TcpListener,
    pub(super) tls: Option<Tls>,
    pub(super) way: Way,
}

/// A way in by a socket.
pub(super) struct Unix {
    pub(super) socket: UnixListener,
    pub(super) removed: io::Result<Watch>,
    pub(super) listener: Listener,
}

/// What a server makes of it.
pub(super) enum Taken {
    Tcp(Box<Tcp>),
    Unix(Box<Unix>),
}

impl Bound {
    /// Listens on TCP.
    ///
    /// # Errors
    /// [`BindError`].
    pub fn tcp(settings: &Listen) -> Result<Self, BindError> {
        let tls = settings.tls.clone().map(Tls::load).transpose()?;
        let socket = tcp(settings.at).map_err(|source| BindError::Tcp { at: settings.at, source })?;
        let way = Way { acl: settings.acl.clone(), tls: tls.is_some() };
        Ok(Self(Kind::Tcp(Box::new(Tcp { socket, tls, way }))))
    }

    /// Listens at a socket, in place of one that nobody listens at any more. Only root and our own user can connect.
    ///
    /// # Errors
    /// [`BindError`].
    pub fn unix(path: &Path) -> Result<Self, BindError> {
        Ok(Self(Kind::Unix(Box::new(place::make_at(path)?))))
    }

    /// The address, of one on TCP: with the port that was found where 0 was asked for.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        match &self.0 {
            Kind::Tcp(tcp) => tcp.socket.local_addr().ok(),
            Kind::Unix(_) => None,
        }
    }

    pub(super) fn take(self) -> io::Result<Taken> {
        match self.0 {
            Kind::Tcp(tcp) => Ok(Taken::Tcp(tcp)),
            Kind::Unix(mut listener) => {
                let socket =
                    listener.take().ok_or_else(|| io::Error::other("the socket was taken before"))?;
                let removed = listener.watch();
                Ok(Taken::Unix(Box::new(Unix { socket, removed, listener: *listener })))
            }
        }
    }
}

/// By hand: std's has a backlog of 128, and takes IPv4 beside IPv6 as the machine is set.
fn tcp(at: SocketAddr) -> io::Result<TcpListener> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let family = if at.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = socket_with(family, SocketType::STREAM, flags, None)?;
    // A port that an earlier supervisor has left is free at once.
    set_socket_reuseaddr(&socket, true)?;
    if at.is_ipv6() {
        // `::` is everybody, as it is for the programs that this file was written for.
        set_ipv6_v6only(&socket, false)?;
    }
    bind(&socket, &at)?;
    listen(&socket, BACKLOG)?;
    Ok(socket.into())
}
