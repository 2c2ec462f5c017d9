//! Files of a TLS connection, and who judges them. Names of files only: reading one is for whoever speaks TLS.

use super::web::ServerTls;
use std::path::PathBuf;

/// Files of a TLS connection, as they are configured.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsSettings {
    /// The authorities to trust, in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// Who we are towards a receiver that wants to know.
    pub client: Option<ClientFiles>,
    /// The name that the receiver's certificate must have, when it is not the endpoint's host.
    pub server_name: Option<String>,
}

/// A client certificate, its chain, and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientFiles {
    /// PEM: the certificate first, then those between it and the authority.
    pub certificate: PathBuf,
    /// PEM: PKCS #8, PKCS #1 or SEC 1, not encrypted.
    pub key: PathBuf,
}

/// What a connection may carry, as TLS names it (ALPN, RFC 7301).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alpn {
    /// gRPC.
    Http2,
    /// OTLP/HTTP and Zipkin.
    Http1,
}

/// Which of the settings cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsPart {
    /// The authorities to trust.
    Authorities,
    /// The client's certificate.
    Certificate,
    /// The client's key.
    Key,
    /// The name of the receiver.
    ServerName,
    /// None of them: TLS itself.
    Itself,
}

/// What cannot be used, and why. The message names the file, never its content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unusable {
    /// Which setting.
    pub part: TlsPart,
    /// Why, with its cause.
    pub message: String,
}

/// Judges files of TLS by reading them, so that a wrong one is found before a connection needs it.
pub trait TlsJudge {
    /// Whether a connection to `host` can be set up so.
    ///
    /// # Errors
    /// [`Unusable`] for the first of the settings that cannot be used.
    fn judge(&self, settings: &TlsSettings, host: &str, alpn: Alpn) -> Result<(), Unusable>;

    /// Whether a certificate could have this name.
    ///
    /// # Errors
    /// [`Unusable`] when not.
    fn judge_name(&self, name: &str) -> Result<(), Unusable>;

    /// Whether a server can speak TLS so.
    ///
    /// # Errors
    /// [`Unusable`] for the first of the settings that cannot be used.
    fn judge_server(&self, settings: &ServerTls) -> Result<(), Unusable>;
}
