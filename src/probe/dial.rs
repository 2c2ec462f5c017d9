//! From `host:port` to a connection: each address of the host in turn, the first that takes it wins. An address that is
//! written as one, and `localhost`, are looked up nowhere. Most servers that are asked for their health are on this machine,
//! where a connection is there or refused at once: that costs no wait.

use phpeek_core::health::facts::{Answer, ProbeFault};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::net::TcpStream;

/// Whether somebody takes connections at `host:port`, where that shows at once: it is an address of this machine's own. `None`
/// where it has to be asked as ever.
pub(super) fn at_once(address: &str) -> Option<io::Result<()>> {
    let (host, port) = address.rsplit_once(':')?;
    let known = known(host, port.parse().ok()?).filter(|all| all.iter().all(|a| a.ip().is_loopback()))?;
    let mut last = None;
    for address in known {
        match try_at_once(address)? {
            Ok(()) => return Some(Ok(())),
            Err(error) => last = Some(error),
        }
    }
    last.map(Err)
}

fn try_at_once(address: SocketAddr) -> Option<io::Result<()>> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None).ok()?;
    match rustix::net::connect(&socket, &address) {
        Ok(()) => return Some(Ok(())),
        Err(Errno::INPROGRESS) => {}
        Err(Errno::CONNREFUSED) => return Some(Err(Errno::CONNREFUSED.into())),
        Err(_) => return None,
    }
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    let ready = poll(&mut [PollFd::new(&socket, PollFlags::OUT)], Some(&now)).ok()?;
    match (ready > 0).then(|| sockopt::socket_error(&socket).ok())?? {
        Ok(()) => Some(Ok(())),
        Err(Errno::CONNREFUSED) => Some(Err(Errno::CONNREFUSED.into())),
        Err(_) => None,
    }
}

/// Connects to `host:port`, an IPv6 address in brackets.
pub(super) async fn connect(address: &str) -> io::Result<TcpStream> {
    let wrong = || io::Error::new(io::ErrorKind::InvalidInput, "it is not host:port");
    let (host, port) = address.rsplit_once(':').ok_or_else(wrong)?;
    connect_to(host, port.parse().map_err(|_| wrong())?).await
}

/// Connects to a port of a host.
pub(super) async fn connect_to(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses(host, port).await? {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn addresses(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    match known(host, port) {
        Some(addresses) => Ok(addresses),
        None => Ok(tokio::net::lookup_host((bare(host), port)).await?.collect()),
    }
}

fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// Addresses that nobody has to be asked for.
fn known(host: &str, port: u16) -> Option<Vec<SocketAddr>> {
    let bare = bare(host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Some(vec![SocketAddr::new(address, port)]);
    }
    let both: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    bare.eq_ignore_ascii_case("localhost").then(|| both.map(|address| SocketAddr::new(address, port)).into())
}

/// What a connection that did not come about says of health.
pub(super) fn answer(address: &str, error: &io::Error) -> Answer {
    let fault = match error.kind() {
        io::ErrorKind::ConnectionRefused => ProbeFault::Refused,
        io::ErrorKind::TimedOut => ProbeFault::TimedOut,
        _ => ProbeFault::Unreachable,
    };
    Answer::bad(fault, format!("{address}: {error}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn what_is_here_answers_at_once_and_nobody_else_is_asked_so() {
        let open = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = open.local_addr().expect("an address").port();
        for host in ["127.0.0.1", "localhost"] {
            assert!(matches!(at_once(&format!("{host}:{port}")), Some(Ok(()))), "{host}");
        }
        drop(open);
        let refused = at_once(&format!("127.0.0.1:{port}")).expect("at once").expect_err("nobody listens");
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        for other in ["192.0.2.1:80", "[2001:db8::1]:80", "a.test:80", "127.0.0.1", "127.0.0.1:x"] {
            assert!(at_once(other).is_none(), "{other}");
        }
    }
}
