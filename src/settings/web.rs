//! What a server that others reach listens at, and whom it lets in. Owns which of that is enough beyond loopback; no
//! token is in any text.

use super::acl::Acl;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// The management API.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApiSettings {
    /// On TCP, when it is.
    pub tcp: Option<Listen>,
    /// Its socket, when there is one.
    pub socket: Option<PathBuf>,
    /// Who has none of them may ask for nothing but the health; when there is none, everybody may ask for everything.
    pub tokens: Vec<Grant>,
    /// Largest body of a request, in bytes.
    pub max_body: usize,
    /// Whether who may ask may also say what is run.
    pub allow_exec: bool,
}

/// The page of metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricsSettings {
    /// Where.
    pub tcp: Listen,
    /// Its path.
    pub path: String,
    /// What the names of series begin with, without the line below it.
    pub prefix: &'static str,
    /// Who has none of them may not read it; when there is none, everybody may.
    pub tokens: Vec<Grant>,
    /// Other exporters whose series stand on it.
    pub federated: Vec<Federated>,
}

/// Another exporter of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Federated {
    /// What it is called.
    pub name: String,
    /// Where its page lies.
    pub url: String,
    /// How long it may take.
    pub timeout: Duration,
    /// For how long an answer serves.
    pub cache_ttl: Duration,
}

/// Whether a url is http or https of `localhost` or of a loopback address, so that nothing has to be looked up.
#[must_use]
pub fn on_loopback(url: &str) -> bool {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let authority = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    let (host, port) = match authority.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']').unwrap_or_default(),
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let port = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    let address = host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
    let printable = url.bytes().all(|byte| byte.is_ascii_graphic());
    port && printable && (address || host.eq_ignore_ascii_case("localhost"))
}

/// What instances use is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResourceSettings {
    /// How often.
    pub interval: Duration,
    /// Samples that are kept of each instance.
    pub samples: usize,
}

impl MetricsSettings {
    /// What may be written as the prefix, and what it means.
    pub const PREFIXES: [(&'static str, &'static str); 2] =
        [("phpeek_pm", "phpeek_pm"), ("cbox_init", "cbox_init")];
}

/// Where a server listens on TCP, and who may connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// The address.
    pub at: SocketAddr,
    /// Encrypted, when it is.
    pub tls: Option<ServerTls>,
    /// Which addresses may come; all when there is none.
    pub acl: Option<Acl>,
}

impl Listen {
    /// Whether others than this machine reach it.
    #[must_use]
    pub fn reaches_out(&self) -> bool {
        !self.at.ip().to_canonical().is_loopback()
    }

    /// Whether only addresses that were named may come.
    #[must_use]
    pub fn knows_addresses(&self) -> bool {
        let named = self.acl.as_ref().and_then(|acl| acl.allow.as_ref());
        named.is_some_and(|networks| !networks.is_empty())
    }

    /// Whether who connects has to show a certificate.
    #[must_use]
    pub fn knows_clients(&self) -> bool {
        let clients = self.tls.as_ref().and_then(|tls| tls.clients.as_ref());
        clients.is_some_and(|clients| clients.required)
    }
}

/// The address of a host as it is configured: an address, or this machine by its name. No name is looked up: what it
/// means may change with every look.
#[must_use]
pub fn host(text: &str) -> Option<IpAddr> {
    let bare = text.trim();
    let bare = bare.strip_prefix('[').and_then(|b| b.strip_suffix(']')).unwrap_or(bare);
    match bare {
        "localhost" => Some(IpAddr::from([127, 0, 0, 1])),
        _ => bare.parse().ok(),
    }
}

/// A secret that a client shows. Not in its `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// `None` for one that is empty, or that no header can hold.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let sendable = text.bytes().all(|byte| byte.is_ascii_graphic());
        (!text.is_empty() && sendable).then(|| Self(text.to_owned()))
    }

    /// What a client must show.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// What somebody may do; each may do all that those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Read metrics.
    Metrics,
    /// Look at everything.
    Read,
    /// Have processes started, stopped, scaled and signalled.
    Control,
    /// Change the configuration.
    Admin,
}

impl Role {
    /// As they are written.
    pub const WORDS: [(&'static str, Self); 4] = [
        ("metrics", Self::Metrics),
        ("read", Self::Read),
        ("control", Self::Control),
        ("admin", Self::Admin),
    ];

    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Read => "read",
            Self::Control => "control",
            Self::Admin => "admin",
        }
    }
}

/// A token, and what who shows it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What is shown.
    pub token: Token,
    /// What may be done then.
    pub role: Role,
}

/// How a server speaks TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerTls {
    /// PEM: the server's certificate first, then those between it and the authority.
    pub certificate: PathBuf,
    /// PEM: its key.
    pub key: PathBuf,
    /// What clients must show.
    pub clients: Option<ClientCertificates>,
    /// Whether TLS 1.2 is refused.
    pub only_tls13: bool,
    /// The suites of TLS 1.2 that may be used; empty: all that are safe.
    pub suites: Vec<&'static str>,
    /// How often the files are looked at, when they are read again.
    pub reload: Option<Duration>,
}

/// What certificates of clients are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificates {
    /// PEM: who may have signed them.
    pub authorities: PathBuf,
    /// Whether a client without one is refused. One that cannot be trusted is refused in any case.
    pub required: bool,
}

/// Suites of TLS 1.2 that can be used, by their IANA names.
pub const SUITES: [&str; 6] = [
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
];

/// Suites that PHPeek PM takes and that are not used here: those of TLS 1.3 need no list, the others are not safe.
pub const OTHER_SUITES: [&str; 13] = [
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_that_can_be_sent_and_is_never_shown() {
        assert!(Token::new("").is_none() && Token::new("a b").is_none() && Token::new("ä").is_none());
        let token = Token::new("tok-1");
        assert_eq!(token.as_ref().map(Token::as_bytes), Some(&b"tok-1"[..]));
        assert_eq!(format!("{token:?}"), "Some((hidden))");
    }

    #[test]
    fn a_host_is_an_address() {
        assert_eq!(host("localhost"), host("127.0.0.1"));
        assert_eq!(host("[::1]"), host(" ::1 "));
        assert!(host("0.0.0.0").is_some() && host("example.com").is_none() && host("").is_none());
    }

    #[test]
    fn only_loopback_does_not_reach_out() {
        let listen = |ip: &str| host(ip).map(|ip| Listen { at: (ip, 1).into(), tls: None, acl: None });
        for (ip, out) in [
            ("127.0.0.9", false),
            ("::1", false),
            ("::ffff:127.0.0.1", false),
            ("0.0.0.0", true),
            ("::", true),
        ] {
            assert_eq!(listen(ip).map(|l| l.reaches_out()), Some(out), "{ip}");
        }
    }
}
