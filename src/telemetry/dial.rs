//! From addresses to a TCP connection: one address after the other with an overlap, the families in turn, the first
//! that answers wins (RFC 8305, sections 4 and 5). One address that is dead or filtered costs a quarter of a second.
//! Owns the bounds of it.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

/// How long an address has to itself before the next is tried beside it (RFC 8305, "Connection Attempt Delay").
const HEAD_START: Duration = Duration::from_millis(250);
/// How long one address may take: two SYNs that are lost and the third that is not.
const ADDRESS: Duration = Duration::from_secs(4);
/// Until the last address is begun; a name may have many.
const ALL: Duration = Duration::from_secs(10);
/// Causes that a message names.
const MOST_CAUSES: usize = 4;

/// Connects to the addresses of one name. An address that took a connection and over which no answer came is tried last
/// the next time: who takes connections and says nothing must not stand before one that works.
#[derive(Debug, Default)]
pub(super) struct Dialer {
    /// The one that was doubted first stands first. Some of what the name has or had: it does not grow beyond that.
    doubted: Mutex<Vec<SocketAddr>>,
}

impl Dialer {
    /// Connects to whichever of `addresses` answers first.
    pub(super) async fn dial(&self, addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
        let order = self.order(addresses);
        let stream = first_of(order, TcpStream::connect).await?;
        self.doubt(stream.peer_addr()?);
        stream.set_nodelay(true)?;
        keep_alive(&stream)?;
        Ok(stream)
    }

    fn doubted(&self) -> MutexGuard<'_, Vec<SocketAddr>> {
        self.doubted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn doubt(&self, address: SocketAddr) {
        let mut doubted = self.doubted();
        doubted.retain(|other| *other != address);
        doubted.push(address);
    }

    /// An answer has come from there.
    pub(super) fn trust(&self, address: SocketAddr) {
        self.doubted().retain(|other| *other != address);
    }

    fn order(&self, addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
        let mut doubted = self.doubted();
        doubted.retain(|address| addresses.contains(address));
        let mut order = in_turn(addresses);
        order.sort_by_key(|address| doubted.iter().position(|other| other == address));
        order
    }
}

/// The kernel finds out about a receiver that is gone while nothing is sent, and wakes nobody until then: a minute of
/// silence, three probes.
fn keep_alive(stream: &TcpStream) -> io::Result<()> {
    use rustix::net::sockopt;
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, Duration::from_secs(60))?;
    sockopt::set_tcp_keepintvl(stream, Duration::from_secs(10))?;
    Ok(sockopt::set_tcp_keepcnt(stream, 3)?)
}

/// The families take turns, beginning with that of the first; within a family the order stays.
fn in_turn(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let wanted = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|a| a.is_ipv6() == wanted);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut order = Vec::new();
    loop {
        let pair = [first.next(), second.next()];
        if pair == [None, None] {
            return order;
        }
        order.extend(pair.into_iter().flatten());
    }
}

async fn first_of<T, F>(addresses: Vec<SocketAddr>, connect: fn(SocketAddr) -> F) -> io::Result<T>
where
    T: Send + 'static,
    F: Future<Output = io::Result<T>> + Send + 'static,
{
    let end = Instant::now() + ALL;
    let mut left = addresses.into_iter();
    let mut failed: Vec<(SocketAddr, io::Error)> = Vec::new();
    let mut attempts = JoinSet::new();
    loop {
        if let Some(address) = left.next().filter(|_| Instant::now() < end) {
            let attempt = connect(address);
            attempts.spawn(async move {
                let late = || io::Error::new(io::ErrorKind::TimedOut, "no answer within 4 s");
                (address, timeout(ADDRESS, attempt).await.unwrap_or_else(|_| Err(late())))
            });
        } else if attempts.is_empty() {
            return Err(all_of(failed));
        }
        let until = Instant::now() + if left.len() > 0 { HEAD_START } else { ADDRESS + HEAD_START };
        match timeout_at(until, attempts.join_next()).await {
            Ok(Some(Ok((_, Ok(stream))))) => return Ok(stream),
            Ok(Some(Ok((address, Err(error))))) => failed.push((address, error)),
            // It panicked, which is no answer either.
            Ok(Some(Err(_)) | None) | Err(_) => {}
        }
    }
}

/// One error for all of them, each address with its own.
fn all_of(mut failed: Vec<(SocketAddr, io::Error)>) -> io::Error {
    let kind = failed.last().map_or(io::ErrorKind::NotFound, |(_, error)| error.kind());
    match failed.len() {
        0 => io::Error::new(kind, "there is no address to connect to"),
        1 => failed.remove(0).1,
        count => {
            let shown = failed.iter().take(MOST_CAUSES).map(|(address, error)| format!("{address}: {error}"));
            let mut text = shown.collect::<Vec<_>>().join("; ");
            if count > MOST_CAUSES {
                text.push_str(&format!("; and {} more", count - MOST_CAUSES));
            }
            io::Error::new(kind, text)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;

    /// Port 1 is silent for ever, 2 refuses at once, 3 answers after 100 ms, 4 after an hour of work.
    async fn connect(address: SocketAddr) -> io::Result<SocketAddr> {
        match address.port() {
            1 => std::future::pending().await,
            2 => return Err(io::ErrorKind::ConnectionRefused.into()),
            3 => tokio::time::sleep(Duration::from_millis(100)).await,
            _ => std::panic::resume_unwind(Box::new("planted")),
        }
        Ok(address)
    }

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|t| t.parse().expect("an address")).collect()
    }

    async fn timed(texts: &[&str]) -> (Result<u16, String>, u128) {
        let begin = Instant::now();
        let found = first_of(addresses(texts), connect).await;
        (found.map(|a| a.port()).map_err(|e| e.to_string()), begin.elapsed().as_millis())
    }

    #[tokio::test(start_paused = true)]
    async fn a_dead_address_costs_a_quarter_of_a_second_and_a_refusal_nothing() {
        assert_eq!(timed(&["[::1]:1", "1.1.1.1:3"]).await, (Ok(3), 350));
        assert_eq!(timed(&["[::1]:2", "1.1.1.1:3"]).await, (Ok(3), 100));
        assert_eq!(timed(&["[::1]:1", "[::2]:2", "1.1.1.1:1", "1.1.1.2:3"]).await, (Ok(3), 600));
        assert_eq!(timed(&["[::1]:4", "1.1.1.1:3"]).await.0, Ok(3), "a panic is one address that fails");
        assert_eq!(timed(&["1.1.1.1:3"]).await, (Ok(3), 100));
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_when_all_have_failed_and_names_each() {
        let (error, took) = timed(&["1.1.1.1:1", "1.1.1.2:2"]).await;
        let error = error.expect_err("neither answers");
        assert!(error.contains("1.1.1.2:2: ") && error.contains("1.1.1.1:1: no answer"), "{error}");
        assert_eq!(took, 4000);
        let many: Vec<String> = (1..=200).map(|n| format!("10.0.0.{n}:1")).collect();
        let (error, took) = timed(&many.iter().map(String::as_str).collect::<Vec<_>>()).await;
        assert!(error.is_err() && took <= (ALL + ADDRESS).as_millis(), "{took}");
        assert!(timed(&[]).await.0.is_err());
    }

    #[test]
    fn who_took_a_connection_in_vain_is_tried_last() {
        let given = addresses(&["[::1]:1", "1.1.1.1:1", "1.1.1.2:1"]);
        let dialer = Dialer::default();
        assert_eq!(dialer.order(given.clone()), given);
        dialer.doubt(given[0]);
        assert_eq!(dialer.order(given.clone()), addresses(&["1.1.1.1:1", "1.1.1.2:1", "[::1]:1"]));
        dialer.doubt(given[1]);
        assert_eq!(dialer.order(given.clone()), addresses(&["1.1.1.2:1", "[::1]:1", "1.1.1.1:1"]));
        dialer.doubt(given[2]);
        dialer.doubt(given[0]);
        assert_eq!(dialer.order(given.clone()), addresses(&["1.1.1.1:1", "1.1.1.2:1", "[::1]:1"]));
        dialer.trust(given[0]);
        assert_eq!(dialer.order(given.clone())[0], given[0], "it answers again");
        assert_eq!(dialer.order(given[..1].to_vec()), given[..1], "others are forgotten with the name");
        assert!(dialer.doubted().is_empty());
    }

    #[test]
    fn the_families_take_turns() {
        let given = addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1"]);
        assert_eq!(in_turn(given), addresses(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"]));
    }
}
