//! The endpoint of a receiver, as users write it. Owns the rule for the scheme: `host:port` is plain text except on
//! port 443, `http://` and `https://` say it outright; and the rule for the path of each protocol. Never guesses:
//! what cannot be an endpoint is an error.

use std::fmt;
use std::path::PathBuf;

const TLS_PORT: u16 = 443;
/// The path of Zipkin's API, version 2.
const ZIPKIN_PATH: &str = "/api/v2/spans";

/// What is spoken at an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// OTLP over gRPC: port 4317, no path.
    Grpc,
    /// OTLP over HTTP: port 4318. A path that does not end in `/traces` is that of the receiver as a whole, and
    /// `/v1/traces` is added.
    OtlpHttp,
    /// As [`Self::OtlpHttp`], for logs: `/v1/logs`.
    OtlpHttpLogs,
    /// As [`Self::OtlpHttp`], for metrics: `/v1/metrics`.
    OtlpHttpMetrics,
    /// As [`Self::OtlpHttp`], with the path as it is written (OTEL_EXPORTER_OTLP_TRACES_ENDPOINT).
    OtlpHttpExact,
    /// Zipkin: port 9411, `/api/v2/spans` unless another path is written.
    Zipkin,
}

impl Protocol {
    /// The port of the protocol when none is written.
    #[must_use]
    pub fn port(self) -> u16 {
        match self {
            Self::Grpc => 4317,
            Self::OtlpHttp | Self::OtlpHttpLogs | Self::OtlpHttpMetrics | Self::OtlpHttpExact => 4318,
            Self::Zipkin => 9411,
        }
    }

    /// The path for what was written; a URL without one ends after its authority or with a slash.
    fn path(self, written: &str) -> String {
        let base = written.trim_end_matches('/');
        match self {
            Self::Grpc => String::new(),
            Self::OtlpHttpExact if written.is_empty() => "/".to_owned(),
            Self::OtlpHttpExact => written.to_owned(),
            Self::OtlpHttp => otlp_path(base, "traces"),
            Self::OtlpHttpLogs => otlp_path(base, "logs"),
            Self::OtlpHttpMetrics => otlp_path(base, "metrics"),
            Self::Zipkin if base.is_empty() => ZIPKIN_PATH.to_owned(),
            Self::Zipkin => written.to_owned(),
        }
    }
}

/// The path of OTLP/HTTP (the OTLP specification, "OTLP/HTTP request"), unless it is what was written.
fn otlp_path(base: &str, signal: &str) -> String {
    let ends = base.strip_suffix(signal).is_some_and(|before| before.ends_with('/'));
    if ends { base.to_owned() } else { format!("{base}/v1/{signal}") }
}

/// Whether the connection is TLS, when the endpoint does not say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// By the port: TLS on 443.
    ByPort,
    /// `tracing_use_tls: true`, or a certificate was given.
    Tls,
    /// `tracing_use_tls: false`.
    Plain,
}

/// Where a receiver listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// In the network.
    Tcp {
        /// Host name or address, an IPv6 address in brackets.
        host: String,
        /// Port.
        port: u16,
    },
    /// On this machine.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A receiver's address, whether it is reached by TLS, and the path of its API.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    tls: bool,
    address: Address,
    path: String,
}

/// Why a text is no endpoint; says what would be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Nothing was written.
    #[error("the endpoint is empty: write host:port, for example localhost:{0}")]
    Empty(u16),
    /// Digits alone.
    #[error("{0:?} is a port without a host: write host:port, for example localhost:{0}")]
    BarePort(String),
    /// Something other than http and https before `://`.
    #[error(
        "the scheme {0:?} is unknown: write host:port, http://host:port, https://host:port or unix:/path"
    )]
    Scheme(String),
    /// A path, a query or a fragment where none can be.
    #[error("an OTLP/gRPC endpoint has no path, and {0:?} was found: write host:port alone")]
    Path(String),
    /// A path that no request could have.
    #[error("{0:?} is no path of an endpoint: write it percent-encoded, and without a fragment")]
    BadPath(String),
    /// User and password.
    #[error("an endpoint holds no user or password: use tracing_headers for credentials")]
    Credentials,
    /// No host before the port, or characters that a host cannot have.
    #[error("{0:?} is no host name or address")]
    Host(String),
    /// A port that is no number from 1 to 65535.
    #[error("{0:?} is no port: a number from 1 to 65535 is wanted")]
    Port(String),
    /// TLS is asked for, and the endpoint says otherwise.
    #[error("TLS is asked for, and the endpoint is plain text: write https:// or leave the scheme out")]
    PlainDespiteTls,
    /// TLS is refused, and the endpoint asks for it.
    #[error("TLS is switched off, and the endpoint says https://: one of them must go")]
    TlsDespitePlain,
    /// A socket is named by its full path.
    #[error("{0:?} is no path of a unix socket: write unix:/run/collector.sock")]
    Socket(String),
}

impl Endpoint {
    /// An OTLP/gRPC endpoint: `host:port`, `host`, `[::1]:port`, `http://host[:port]`, `https://host[:port]` or
    /// `unix:/path`.
    ///
    /// # Errors
    /// [`EndpointError`] for everything else.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        Self::parse_as(text, Protocol::Grpc, Security::ByPort)
    }

    /// An endpoint of `protocol`. A scheme that contradicts `security` is an error.
    ///
    /// # Errors
    /// [`EndpointError`].
    pub fn parse_as(text: &str, protocol: Protocol, security: Security) -> Result<Self, EndpointError> {
        let text = text.trim();
        // Whatever else is wrong with it, a user and a password must not be repeated.
        let credentials = text.contains('@') && !text.starts_with("unix:");
        let read = Self::read(text, protocol, security);
        read.map_err(|error| if credentials { EndpointError::Credentials } else { error })
    }

    fn read(text: &str, protocol: Protocol, security: Security) -> Result<Self, EndpointError> {
        if text.is_empty() {
            return Err(EndpointError::Empty(protocol.port()));
        }
        if let Some(socket) = text.strip_prefix("unix:") {
            return Self::socket(socket, protocol, security);
        }
        let (said_tls, rest) = scheme(text)?;
        if said_tls.is_none() && rest.bytes().all(|b| b.is_ascii_digit()) {
            return Err(EndpointError::BarePort(rest.to_owned()));
        }
        let at = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(at);
        if protocol == Protocol::Grpc && !path.is_empty() && (path != "/" || said_tls.is_none()) {
            return Err(EndpointError::Path(without_query(path)));
        }
        let sound = |b: u8| b.is_ascii_graphic() && b != b'#';
        if !path.bytes().all(sound) {
            return Err(EndpointError::BadPath(without_query(path)));
        }
        let (path, query) = match path.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path, None),
        };
        if authority.contains('@') {
            return Err(EndpointError::Credentials);
        }
        let (host, port) = split_port(authority)?;
        let tls = match (said_tls, security) {
            (Some(false), Security::Tls) => return Err(EndpointError::PlainDespiteTls),
            (Some(true), Security::Plain) => return Err(EndpointError::TlsDespitePlain),
            (Some(said), _) => said,
            (None, Security::Tls) => true,
            (None, Security::Plain) => false,
            (None, Security::ByPort) => port == Some(TLS_PORT),
        };
        let default = match said_tls {
            Some(true) => TLS_PORT,
            // A URL of HTTP means what it means in a browser.
            Some(false) if protocol != Protocol::Grpc => 80,
            _ => protocol.port(),
        };
        let address = Address::Tcp { host: host.to_owned(), port: port.unwrap_or(default) };
        let mut path = protocol.path(path);
        if let Some(query) = query {
            path.push('?');
            path.push_str(query);
        }
        Ok(Self { tls, address, path })
    }

    fn socket(path: &str, protocol: Protocol, security: Security) -> Result<Self, EndpointError> {
        let path = path.strip_prefix("//").unwrap_or(path);
        if !path.starts_with('/') || path.contains('\0') {
            return Err(EndpointError::Socket(path.to_owned()));
        }
        if security == Security::Tls {
            return Err(EndpointError::PlainDespiteTls);
        }
        Ok(Self { tls: false, address: Address::Unix(PathBuf::from(path)), path: protocol.path("") })
    }

    /// Whether the connection is TLS.
    #[must_use]
    pub fn tls(&self) -> bool {
        self.tls
    }

    /// Where to connect to.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Host name or address, an IPv6 address in brackets; `localhost` for a unix socket.
    #[must_use]
    pub fn host(&self) -> &str {
        match &self.address {
            Address::Tcp { host, .. } => host,
            Address::Unix(_) => "localhost",
        }
    }

    /// As a URI with its scheme said outright, as it stands in requests.
    #[must_use]
    pub fn uri(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        match &self.address {
            Address::Tcp { host, port } => format!("{scheme}://{host}:{port}{}", self.path),
            Address::Unix(_) => format!("{scheme}://localhost{}", self.path),
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A query is where some receivers want their key: it is shown nowhere.
fn without_query(text: &str) -> String {
    match text.split_once('?') {
        Some((before, _)) => format!("{before}?…"),
        None => text.to_owned(),
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Address::Tcp { .. } => f.write_str(&without_query(&self.uri())),
            Address::Unix(_) => self.address.fmt(f),
        }
    }
}

/// Whether TLS is said, and what follows the scheme.
fn scheme(text: &str) -> Result<(Option<bool>, &str), EndpointError> {
    match text.split_once("://") {
        None => Ok((None, text)),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => Ok((Some(false), rest)),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => Ok((Some(true), rest)),
        Some((scheme, _)) => Err(EndpointError::Scheme(scheme.to_owned())),
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
mod tests;
