//! What NO_PROXY says of a host, in all of its usual forms. There is no standard: what curl, Go, Python and wget agree on,
//! and where they differ the wider meaning, since a list of exceptions that says less than was meant leads through a
//! stranger. Pure.

use std::net::IpAddr;

/// Whether `host`, a name or an address, is reached directly on `port`.
///
/// The entries of `list` stand between commas or spaces: `*` is everything; a name is itself and all below it, with a
/// leading dot, `*.` or without; an address is itself; `10.0.0.0/8` is a network; `:port` behind any of them is for that
/// port alone. Case and a dot at the end do not matter.
pub(crate) fn excepts(list: &str, host: &str, port: u16) -> bool {
    let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
    let address = host.parse::<IpAddr>().ok().map(|a| a.to_canonical());
    let entries = list.split([',', ' ', '\t', '\n', ';']).map(str::trim).filter(|entry| !entry.is_empty());
    entries.into_iter().any(|entry| matches(&entry.to_ascii_lowercase(), &host, address, port))
}

fn matches(entry: &str, host: &str, address: Option<IpAddr>, port: u16) -> bool {
    let (entry, only) = split_port(entry);
    if only.is_some_and(|only| only != port) {
        return false;
    }
    if entry == "*" {
        return true;
    }
    let bare = entry.trim_matches(['[', ']']);
    match address {
        Some(address) => match bare.split_once('/') {
            Some((network, bits)) => is_within(address, network, bits),
            None => bare.parse::<IpAddr>().is_ok_and(|named| named.to_canonical() == address),
        },
        None => {
            let name = entry.trim_start_matches("*.").trim_start_matches('.').trim_end_matches('.');
            let above = host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
            !name.is_empty() && above
        }
    }
}

/// `name:port`, `1.2.3.4:port`, `[::1]:port`. An IPv6 address without brackets has no port.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    let whole = (entry, None);
    let Some((before, port)) = entry.rsplit_once(':') else { return whole };
    let bare_v6 = before.contains(':') && !before.ends_with(']');
    match port.parse() {
        Ok(port) if !bare_v6 => (before, Some(port)),
        _ => whole,
    }
}

/// Whether the first `bits` of the two are the same.
fn is_within(address: IpAddr, network: &str, bits: &str) -> bool {
    let (Ok(network), Ok(bits)) = (network.parse::<IpAddr>(), bits.parse::<u32>()) else { return false };
    let same = |a: u128, b: u128, width: u32| {
        let rest = width.checked_sub(bits);
        rest.is_some_and(|rest| (a ^ b).checked_shr(rest).unwrap_or(0) == 0)
    };
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => same(a.to_bits().into(), b.to_bits().into(), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => same(a.to_bits(), b.to_bits(), 128),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_form_is_understood() {
        let yes = [
            ("*", "c", 1),
            ("a, *", "c", 1),
            ("example.com", "example.com", 1),
            ("example.com", "C.Example.com.", 1),
            (".example.com", "c.example.com", 1),
            (".example.com", "example.com", 1),
            ("*.example.com", "c.example.com", 1),
            ("x,  Example.COM.\ty", "example.com", 1),
            ("c:4317", "c", 4317),
            ("c.d:4317", "b.c.d", 4317),
            ("*:4317", "c", 4317),
            ("10.1.2.3", "10.1.2.3", 1),
            ("10.1.2.3:7", "10.1.2.3", 7),
            ("10.0.0.0/8", "10.255.1.2", 1),
            ("10.0.0.0/8:7", "10.255.1.2", 7),
            ("0.0.0.0/0", "10.1.2.3", 1),
            ("10.1.2.3/32", "10.1.2.3", 1),
            ("::1", "[::1]", 1),
            ("[::1]", "::1", 1),
            ("[::1]:7", "[::1]", 7),
            ("fd00::/8", "[fd12::1]", 1),
            ("10.0.0.0/8", "[::ffff:10.1.2.3]", 1),
            ("::/0", "[fd12::1]", 1),
        ];
        for (list, host, port) in yes {
            assert!(excepts(list, host, port), "{list} {host}:{port}");
        }
        let no = [
            ("", "c", 1),
            (" , ,", "c", 1),
            (".", "c", 1),
            ("example.com", "badexample.com", 1),
            ("example.com", "com", 1),
            ("c:4317", "c", 4318),
            ("10.0.0.0/8", "11.0.0.1", 1),
            ("10.0.0.0/33", "10.0.0.1", 1),
            ("10.0.0.0/", "10.0.0.1", 1),
            ("10.0.0.0/8", "10.example", 1),
            ("1", "10.0.0.1", 1),
            ("10.1.2.3:7", "10.1.2.3", 8),
            ("[::1]:7", "[::1]", 8),
            ("::/0", "10.1.2.3", 1),
        ];
        for (list, host, port) in no {
            assert!(!excepts(list, host, port), "{list} {host}:{port}");
        }
    }
}
