//! From `host:port` to a connection: each address of the host in turn, the first that takes it wins. An address that is
//! written as one, and `localhost`, are looked up nowhere.

use phpeek_core::health::facts::{Answer, ProbeFault};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::net::TcpStream;

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
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    if bare.eq_ignore_ascii_case("localhost") {
        let both: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        return Ok(both.map(|address| SocketAddr::new(address, port)).into());
    }
    Ok(tokio::net::lookup_host((bare, port)).await?.collect())
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
