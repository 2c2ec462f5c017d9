//! Servers of ours that would listen at the same address. The second could not, and the start would end there.

use super::report::{Finding, Findings};
use super::tree::{Node, Place};
use std::net::SocketAddr;

/// Judges where each of them would listen, in the order in which they are opened. Each has the key of its port, below
/// `global`.
pub(crate) fn clashes(global: &Node, servers: &[(&[&str], Option<SocketAddr>)], findings: &mut Findings) {
    let all: Vec<_> = servers.iter().filter_map(|(key, at)| Some((*key, (*at)?))).collect();
    for (index, (key, at)) in all.iter().enumerate() {
        let Some((other, _)) = all.iter().take(index).find(|(_, other)| meet(*at, *other)) else { continue };
        let place = global.at(key).map_or(Place::Nowhere, |node| node.place.clone());
        let message =
            format!("port {} is that of global.{} too, at the same address", at.port(), other.join("."));
        let fault = Finding::error(format!("global.{}", key.join(".")), place, message);
        findings.push(fault.advice("give one of them another port"));
    }
}

/// Whether one of them takes what the other wants. All addresses of IPv6 are all of IPv4 as well.
fn meet(a: SocketAddr, b: SocketAddr) -> bool {
    let (one, other) = (a.ip().to_canonical(), b.ip().to_canonical());
    let takes_all =
        |all: std::net::IpAddr, of: std::net::IpAddr| all.is_unspecified() && (all.is_ipv6() || of.is_ipv4());
    let same_place = one == other || takes_all(one, other) || takes_all(other, one);
    a.port() == b.port() && a.port() != 0 && same_place
}
