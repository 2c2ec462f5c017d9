//! How many requests an address may send: 100 a second, 200 at once, for each of them. Counts by the address of the
//! connection, never by what a client says of itself, and keeps a bounded number of addresses in mind.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::Instant;

/// Requests in a second.
const RATE: f64 = 100.0;
/// Requests at once.
const BURST: f64 = 200.0;
/// Addresses that are kept in mind. When more come at the same time, those share one count.
const ADDRESSES: usize = 4096;

/// What is left to one address.
#[derive(Clone, Copy)]
struct Left {
    requests: f64,
    at: Instant,
}

impl Left {
    fn full(at: Instant) -> Self {
        Self { requests: BURST, at }
    }

    fn refilled(self, now: Instant) -> Self {
        let more = now.saturating_duration_since(self.at).as_secs_f64() * RATE;
        Self { requests: (self.requests + more).min(BURST), at: now }
    }

    fn take(&mut self, now: Instant) -> bool {
        *self = self.refilled(now);
        let some = self.requests >= 1.0;
        if some {
            self.requests -= 1.0;
        }
        some
    }
}

/// What is left to whom.
pub(super) struct Rate {
    left: HashMap<IpAddr, Left>,
    crowd: Left,
}

impl Rate {
    pub(super) fn new(now: Instant) -> Self {
        Self { left: HashMap::new(), crowd: Left::full(now) }
    }

    /// Whether one more request may come from this address.
    pub(super) fn allows(&mut self, peer: IpAddr, now: Instant) -> bool {
        let key = key(peer);
        if !self.left.contains_key(&key) && self.left.len() >= ADDRESSES {
            self.left.retain(|_, left| left.refilled(now).requests < BURST);
            if self.left.len() >= ADDRESSES {
                return self.crowd.take(now);
            }
        }
        self.left.entry(key).or_insert_with(|| Left::full(now)).take(now)
    }

    /// When one that was refused may come again.
    pub(super) const AGAIN: Duration = Duration::from_secs(1);
}

/// A whole network of IPv6 counts as one: everybody has 2^64 addresses.
fn key(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn allowed(rate: &mut Rate, peer: &str, now: Instant, times: usize) -> usize {
        (0..times).filter(|_| rate.allows(ip(peer), now)).count()
    }

    #[test]
    fn an_address_has_a_burst_and_then_its_rate_and_another_has_its_own() {
        let now = Instant::now();
        let mut rate = Rate::new(now);
        assert_eq!(allowed(&mut rate, "10.0.0.1", now, 600), 200);
        assert_eq!(allowed(&mut rate, "::ffff:10.0.0.1", now, 9), 0, "the same address");
        assert_eq!(allowed(&mut rate, "10.0.0.2", now, 600), 200);
        assert_eq!(allowed(&mut rate, "10.0.0.1", now + Duration::from_millis(500), 600), 50);
        assert_eq!(allowed(&mut rate, "10.0.0.1", now + Duration::from_hours(1), 600), 200);
    }

    #[test]
    fn addresses_of_one_network_of_ipv6_count_as_one() {
        let now = Instant::now();
        let mut rate = Rate::new(now);
        assert_eq!(allowed(&mut rate, "2001:db8::1", now, 300), 200);
        assert_eq!(allowed(&mut rate, "2001:db8::2", now, 300), 0);
        assert_eq!(allowed(&mut rate, "2001:db8:0:1::2", now, 300), 200);
    }

    #[test]
    fn a_crowd_takes_no_more_memory_and_no_more_requests() {
        let now = Instant::now();
        let mut rate = Rate::new(now);
        let all = (0..3 * ADDRESSES as u32).map(|n| IpAddr::from(n.to_be_bytes()));
        let allowed = all.filter(|peer| rate.allows(*peer, now)).count();
        assert_eq!((rate.left.len(), allowed), (ADDRESSES, ADDRESSES + 200));
        assert!(rate.allows(ip("192.0.2.1"), now + Duration::from_secs(1)), "those that rest are forgotten");
        assert_eq!(rate.left.len(), 1);
    }
}
