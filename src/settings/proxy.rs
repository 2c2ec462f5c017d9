//! HTTP proxies on the way to a receiver: which one, for which endpoint. Every connection is a tunnel (CONNECT, RFC
//! 9110 section 9.3.6), so that the proxy sees no header and no span of a TLS connection. Owns the proxy's password
//! and must never show it.

use super::endpoint::{Address, Endpoint};
use super::no_proxy::excepts;
use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::Matcher;
use std::fmt;

/// What is never reached through a proxy that only the environment names.
pub const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

/// The proxies as they are configured.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ProxySettings {
    /// For endpoints in plain text.
    pub plain: Option<String>,
    /// For endpoints with TLS.
    pub tls: Option<String>,
    /// Hosts that are reached directly, as in NO_PROXY.
    pub except: String,
}

impl fmt::Debug for ProxySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |url: &Option<String>| url.as_ref().map(|_| "(hidden)");
        let (plain, tls) = (shown(&self.plain), shown(&self.tls));
        f.debug_struct("ProxySettings").field("plain", &plain).field("tls", &tls).finish_non_exhaustive()
    }
}

/// Not a proxy that can be used. The text is not part of the message: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the proxy is not of the form http://[user:password@]host:port")]
pub struct ProxyError;

/// A proxy to go through.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Where it listens.
    pub uri: Uri,
    /// What it wants to see.
    pub authorization: Option<HeaderValue>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.uri.host().unwrap_or_default(), self.port())
    }
}

impl Proxy {
    /// Where it listens, by default on the port of its scheme.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.uri.port_u16().unwrap_or(80)
    }
}

impl ProxySettings {
    /// The proxy for `endpoint`, if it is to be reached through one.
    ///
    /// # Errors
    /// [`ProxyError`] when one is named that cannot be used: it is never gone around.
    pub fn for_endpoint(&self, endpoint: &Endpoint) -> Result<Option<Proxy>, ProxyError> {
        let url = if endpoint.tls() { &self.tls } else { &self.plain };
        let (Some(url), Address::Tcp { host, port }) = (url, endpoint.address()) else { return Ok(None) };
        // First of all: a proxy that cannot be used does not matter to an exception.
        if excepts(&self.except, host, *port) {
            return Ok(None);
        }
        let destination = endpoint.uri().parse::<Uri>().map_err(|_| ProxyError)?;
        let found = Matcher::builder().all(url.as_str()).build().intercept(&destination).ok_or(ProxyError)?;
        let uri = found.uri().clone();
        if uri.scheme_str() != Some("http") || uri.host().is_none_or(str::is_empty) {
            return Err(ProxyError);
        }
        Ok(Some(Proxy { uri, authorization: found.basic_auth().cloned() }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;

    fn route(url: &str, except: &str, endpoint: &str) -> Result<Option<Proxy>, ProxyError> {
        let url = Some(url.to_owned());
        let settings = ProxySettings { plain: url.clone(), tls: url, except: except.to_owned() };
        settings.for_endpoint(&Endpoint::parse(endpoint).expect("an endpoint"))
    }

    #[test]
    fn a_proxy_is_used_unless_the_host_is_an_exception() {
        let shown = |url, except, to| route(url, except, to).map(|p| p.map(|p| p.to_string()));
        let proxy = "http://proxy:3128";
        assert_eq!(shown(proxy, "", "https://c:1"), Ok(Some("proxy:3128".to_owned())));
        assert_eq!(shown(proxy, "example.com", "c.example.com:4317"), Ok(None));
        assert_eq!(shown(proxy, LOOPBACK, "127.0.0.1:4317"), Ok(None));
        assert_eq!(shown(proxy, LOOPBACK, "localhost:4317"), Ok(None));
        assert_eq!(shown(proxy, "", "unix:/run/c.sock"), Ok(None));
        for bad in ["socks5://proxy:1", "https://proxy:1", "http://", "::"] {
            assert_eq!(shown(bad, "", "c:1"), Err(ProxyError), "{bad}");
            for except in ["c", "*", "x,c"] {
                assert_eq!(shown(bad, except, "c:1"), Ok(None), "{bad}: it does not matter to an exception");
            }
        }
    }

    #[test]
    fn its_password_is_sent_and_never_shown() {
        let proxy = route("http://user:s3cret@proxy:3128", "", "c:1").expect("sound").expect("one");
        let sent = proxy.authorization.as_ref().expect("credentials").to_str().expect("text");
        assert_eq!(sent, "Basic dXNlcjpzM2NyZXQ=");
        assert!(!format!("{proxy:?} {proxy}").contains("s3cret"));
    }
}
