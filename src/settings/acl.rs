//! Who may speak to a server, by address. Owns how the address of a client is found behind proxies, and the judgement
//! of it. Fails closed: an address that cannot be told is refused, an empty allow list allows nobody.

use ipnet::IpNet;
use std::fmt;
use std::net::IpAddr;

/// Proxies that are looked through at most.
const MOST_HOPS: usize = 32;

/// An address, or a network as `10.0.0.0/8`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Network(IpNet);

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Network {
    /// Reads one; `None` when it is neither.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if !text.contains('/') {
            return text.parse::<IpAddr>().ok().map(|address| Self(address.to_canonical().into()));
        }
        // What FromStr of a prefix takes beside digits is no prefix to anybody else.
        let digits = text.rsplit('/').next().is_some_and(|bits| bits.bytes().all(|b| b.is_ascii_digit()));
        digits.then(|| text.parse().ok()).flatten().map(Self)
    }

    /// Whether an address is in it. One that is IPv4 within IPv6 is the IPv4 address.
    #[must_use]
    pub fn holds(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

fn holds(networks: &[Network], address: IpAddr) -> bool {
    networks.iter().any(|network| network.holds(address))
}

/// Whose X-Forwarded-For counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proxies {
    /// Nobody's.
    None,
    /// That of a peer on loopback; the client is its first entry, as PHPeek PM has it.
    OnLoopback,
    /// That of these; the client is the last entry that is none of them.
    Listed(Vec<Network>),
}

/// Which addresses may come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acl {
    /// Only these; `None`: all.
    pub allow: Option<Vec<Network>>,
    /// None of these.
    pub deny: Vec<Network>,
    /// Whose word about the client's address counts.
    pub proxies: Proxies,
}

/// Why somebody may not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// This address may not.
    Address(IpAddr),
    /// A proxy that is trusted names no address.
    Unreadable,
}

impl Acl {
    /// Judges a client, by the address of its connection and the values of X-Forwarded-For in their order. Gives the
    /// client's address.
    ///
    /// # Errors
    /// [`Denied`].
    pub fn judge<'a>(
        &self,
        peer: IpAddr,
        forwarded: impl Iterator<Item = &'a str>,
    ) -> Result<IpAddr, Denied> {
        let client = self.client(peer.to_canonical(), forwarded)?;
        let allowed = self.allow.as_ref().is_none_or(|allow| holds(allow, client));
        if allowed && !holds(&self.deny, client) { Ok(client) } else { Err(Denied::Address(client)) }
    }

    fn client<'a>(&self, peer: IpAddr, forwarded: impl Iterator<Item = &'a str>) -> Result<IpAddr, Denied> {
        let hops = forwarded.flat_map(|value| value.split(',')).map(str::trim).filter(|hop| !hop.is_empty());
        match &self.proxies {
            Proxies::None => Ok(peer),
            Proxies::OnLoopback if !peer.is_loopback() => Ok(peer),
            Proxies::OnLoopback => {
                let mut hops = hops;
                hops.next().map_or(Ok(peer), |first| address(first).ok_or(Denied::Unreadable))
            }
            Proxies::Listed(trusted) if !holds(trusted, peer) => Ok(peer),
            Proxies::Listed(trusted) => {
                let hops: Vec<&str> = hops.collect();
                let mut client = peer;
                for hop in hops.iter().rev().take(MOST_HOPS) {
                    client = address(hop).ok_or(Denied::Unreadable)?;
                    if !holds(trusted, client) {
                        return Ok(client);
                    }
                }
                // All that were looked at are proxies: behind the bound there may be anybody.
                if hops.len() > MOST_HOPS { Err(Denied::Unreadable) } else { Ok(client) }
            }
        }
    }
}

/// An address as proxies write it: bare, in brackets, or with a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches('"');
    let bracketed = || text.strip_prefix('[')?.split_once(']').map(|(inside, _)| inside);
    let with_port = || text.split_once(':').filter(|(_, port)| !port.contains(':')).map(|(host, _)| host);
    let bare = bracketed().or_else(with_port).unwrap_or(text);
    bare.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;

    fn networks(all: &[&str]) -> Vec<Network> {
        all.iter().map(|text| Network::parse(text).expect("a network")).collect()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn acl(allow: Option<&[&str]>, deny: &[&str], proxies: Proxies) -> Acl {
        Acl { allow: allow.map(networks), deny: networks(deny), proxies }
    }

    fn comes(acl: &Acl, peer: &str, forwarded: &[&str]) -> bool {
        acl.judge(ip(peer), forwarded.iter().copied()).is_ok()
    }

    #[test]
    fn an_allow_list_allows_what_is_in_it_and_a_deny_list_takes_away() {
        let listed = acl(Some(&["10.0.0.0/8", "::1"]), &["10.9.0.0/16"], Proxies::None);
        for (peer, wanted) in [
            ("10.1.2.3", true),
            ("::ffff:10.1.2.3", true),
            ("10.9.2.3", false),
            ("11.0.0.1", false),
            ("::1", true),
            ("::2", false),
        ] {
            assert_eq!(comes(&listed, peer, &[]), wanted, "{peer}");
        }
        assert!(!comes(&acl(Some(&[]), &[], Proxies::None), "127.0.0.1", &[]), "an empty list allows nobody");
        assert!(comes(&acl(None, &["10.0.0.0/8"], Proxies::None), "11.0.0.1", &[]));
        assert!(comes(&acl(Some(&["::ffff:192.0.2.1"]), &[], Proxies::None), "192.0.2.1", &[]));
    }

    #[test]
    fn only_a_proxy_that_is_trusted_is_believed() {
        let inside: Option<&[&str]> = Some(&["10.0.0.0/8"]);
        let none = acl(inside, &[], Proxies::None);
        assert!(!comes(&none, "127.0.0.1", &["10.1.1.1"]) && comes(&none, "10.1.1.1", &["11.0.0.1"]));
        let loopback = acl(inside, &[], Proxies::OnLoopback);
        assert!(comes(&loopback, "127.0.0.1", &["10.1.1.1, 11.0.0.1"]), "the first entry");
        assert!(!comes(&loopback, "192.0.2.1", &["10.1.1.1"]), "a peer that is not on loopback");
        assert!(!comes(&loopback, "127.0.0.1", &["nonsense"]) && !comes(&loopback, "127.0.0.1", &[]));
        let listed = acl(inside, &[], Proxies::Listed(networks(&["192.0.2.0/24"])));
        assert!(comes(&listed, "192.0.2.1", &["11.0.0.1, 10.1.1.1, 192.0.2.9"]), "the last that is no proxy");
        assert!(comes(&listed, "192.0.2.1", &["11.0.0.1", "10.1.1.1:4711"]), "two headers, and a port");
        assert!(!comes(&listed, "192.0.2.1", &["10.1.1.1, 11.0.0.1"]), "what the client claims");
        assert!(
            !comes(&listed, "192.0.2.1", &["10.1.1.1, what"]) && !comes(&listed, "127.0.0.1", &["10.1.1.1"])
        );
    }

    #[test]
    fn a_chain_of_nothing_but_proxies_has_a_bound() {
        let all = acl(None, &[], Proxies::Listed(networks(&["192.0.2.0/24"])));
        let chain = |hops: usize| vec!["192.0.2.7"; hops].join(",");
        assert_eq!(all.judge(ip("192.0.2.1"), [chain(32).as_str()].into_iter()), Ok(ip("192.0.2.7")));
        assert_eq!(all.judge(ip("192.0.2.1"), [chain(33).as_str()].into_iter()), Err(Denied::Unreadable));
    }

    #[test]
    fn addresses_are_read_as_proxies_write_them() {
        for (text, wanted) in [
            ("10.0.0.1", Some("10.0.0.1")),
            ("10.0.0.1:80", Some("10.0.0.1")),
            ("[2001:db8::1]:80", Some("2001:db8::1")),
            ("\"[2001:db8::1]\"", Some("2001:db8::1")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("::ffff:10.0.0.1", Some("10.0.0.1")),
            ("unknown", None),
            ("_hidden", None),
            ("", None),
        ] {
            assert_eq!(address(text), wanted.map(ip), "{text}");
        }
        for text in ["", "localhost", "10.0.0.0/33", "10.0.0.0/+8", "10.0.0.0/", "10.0.0/8"] {
            assert!(Network::parse(text).is_none(), "{text}");
        }
    }
}
