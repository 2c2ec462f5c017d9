//! The endpoint of an OTLP/gRPC receiver, as users write it. Owns the rule for the scheme: `host:port` is plain
//! text except on port 443, `http://` and `https://` say it outright. Never guesses: what cannot be an endpoint is
//! an error. Called by the configuration; used by the gRPC exporter.

use std::fmt;

/// The port of OTLP/gRPC (the OTLP specification, "OTLP/gRPC default port").
pub const DEFAULT_PORT: u16 = 4317;
const TLS_PORT: u16 = 443;

/// Where an OTLP/gRPC receiver listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    tls: bool,
    host: String,
    port: u16,
}

/// Why a text is no endpoint; says what would be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Nothing was written.
    #[error("the endpoint is empty: write host:port, for example localhost:4317")]
    Empty,
    /// Digits alone.
    #[error("{0:?} is a port without a host: write host:port, for example localhost:{0}")]
    BarePort(String),
    /// Something other than http and https before `://`.
    #[error("the scheme {0:?} is unknown: write host:port, http://host:port or https://host:port")]
    Scheme(String),
    /// A path, a query or a fragment; gRPC knows none.
    #[error("an OTLP/gRPC endpoint has no path, and {0:?} was found: write host:port alone")]
    Path(String),
    /// User and password.
    #[error("an endpoint holds no user or password: use OTEL_EXPORTER_OTLP_HEADERS for credentials")]
    Credentials,
    /// No host before the port, or characters that a host cannot have.
    #[error("{0:?} is no host name or address")]
    Host(String),
    /// A port that is no number from 1 to 65535.
    #[error("{0:?} is no port: a number from 1 to 65535 is wanted")]
    Port(String),
}

impl Endpoint {
    /// Reads `host:port`, `host`, `[::1]:port`, `http://host[:port]` or `https://host[:port]`.
    ///
    /// # Errors
    /// [`EndpointError`] for everything else.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(EndpointError::Empty);
        }
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
            None => (None, text),
        };
        let said_tls = match scheme.as_deref() {
            None => None,
            Some("http") => Some(false),
            Some("https") => Some(true),
            Some(other) => return Err(EndpointError::Scheme(other.to_owned())),
        };
        if said_tls.is_none() && rest.bytes().all(|b| b.is_ascii_digit()) {
            return Err(EndpointError::BarePort(rest.to_owned()));
        }
        let authority = match rest.find(['/', '?', '#']) {
            Some(at) if &rest[at..] != "/" || said_tls.is_none() => {
                return Err(EndpointError::Path(rest[at..].to_owned()));
            }
            Some(at) => &rest[..at],
            None => rest,
        };
        if authority.contains('@') {
            return Err(EndpointError::Credentials);
        }
        let (host, port) = split_port(authority)?;
        let default = if said_tls == Some(true) { TLS_PORT } else { DEFAULT_PORT };
        let port = port.unwrap_or(default);
        Ok(Self { tls: said_tls.unwrap_or(port == TLS_PORT), host: host.to_owned(), port })
    }

    /// Whether the connection is TLS.
    #[must_use]
    pub fn tls(&self) -> bool {
        self.tls
    }

    /// Host name or address, an IPv6 address in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// As a URI with its scheme said outright.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("{}://{}:{}", if self.tls { "https" } else { "http" }, self.host, self.port)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.uri())
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), EndpointError> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(_) => {
            let end = authority.find(']').ok_or_else(|| EndpointError::Host(authority.to_owned()))? + 1;
            let address = &authority[1..end - 1];
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return Err(EndpointError::Host(authority[..end].to_owned()));
            }
            match &authority[end..] {
                "" => (&authority[..end], None),
                rest => (
                    &authority[..end],
                    Some(rest.strip_prefix(':').ok_or_else(|| EndpointError::Port(rest.to_owned()))?),
                ),
            }
        }
        None => match authority.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if host.is_empty() || (!host.starts_with('[') && !host.chars().all(sound)) {
        return Err(EndpointError::Host(host.to_owned()));
    }
    match port {
        None => Ok((host, None)),
        Some(text) => match text.parse::<u16>() {
            Ok(port) if port > 0 && text.bytes().all(|b| b.is_ascii_digit()) => Ok((host, Some(port))),
            _ => Err(EndpointError::Port(text.to_owned())),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Result<String, EndpointError> {
        Endpoint::parse(text).map(|e| e.uri())
    }

    #[test]
    fn host_and_port_are_plain_text_except_on_443() {
        assert_eq!(uri("localhost:4317").as_deref(), Ok("http://localhost:4317"));
        assert_eq!(uri("api.honeycomb.io:443").as_deref(), Ok("https://api.honeycomb.io:443"));
        assert_eq!(uri("collector").as_deref(), Ok("http://collector:4317"));
        assert_eq!(uri("[::1]:4317").as_deref(), Ok("http://[::1]:4317"));
    }

    #[test]
    fn a_scheme_says_it_outright() {
        assert_eq!(uri("http://c:443").as_deref(), Ok("http://c:443"));
        assert_eq!(uri("https://c:4317/").as_deref(), Ok("https://c:4317"));
        assert_eq!(uri("https://c").as_deref(), Ok("https://c:443"));
        assert_eq!(uri("http://c").as_deref(), Ok("http://c:4317"));
    }

    #[test]
    fn what_cannot_be_an_endpoint_is_an_error_that_says_why() {
        assert!(matches!(uri("4317"), Err(EndpointError::BarePort(_))));
        assert!(matches!(uri(""), Err(EndpointError::Empty)));
        assert!(matches!(uri("ftp://c:1"), Err(EndpointError::Scheme(_))));
        assert!(matches!(uri("c:4317/v1/traces"), Err(EndpointError::Path(_))));
        assert!(matches!(uri("http://c:4317/x"), Err(EndpointError::Path(_))));
        assert!(matches!(uri("c:0"), Err(EndpointError::Port(_))));
        assert!(matches!(uri("c:99999"), Err(EndpointError::Port(_))));
        assert!(matches!(uri(":4317"), Err(EndpointError::Host(_))));
        assert!(matches!(uri("http://u:p@c:1"), Err(EndpointError::Credentials)));
        assert!(matches!(uri("::1:4317"), Err(EndpointError::Host(_))));
    }
}
