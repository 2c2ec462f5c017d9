//! TLS towards receivers: whom to trust, who we are. Owns the reading and judging of certificate files. Trusts what
//! the system trusts unless it is told otherwise, never nobody and never everybody; a file that cannot be used is an
//! error. Must never show a key.

use super::trust::Verifier;
use phpeek_core::causes::chain;
use phpeek_settings::stamp::Stamp;
use phpeek_settings::tls::{Alpn, TlsPart, TlsSettings, Unusable};
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Largest file that is read, in bytes: the bundle of all public authorities has a quarter of it.
const MAX_FILE: u64 = 1 << 20;

/// Why TLS cannot be set up. The message names the file, never its content.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file that is not there, may not be read, or is no file.
    #[error("the {what} {path} cannot be read")]
    Read {
        /// What it should hold.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A file without what it should hold, or with damage in it.
    #[error("{path} holds no usable {what} in PEM form")]
    Pem {
        /// What it should hold.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: PemError,
    },
    /// A certificate of an authority that cannot be read as one.
    #[error("{path} holds a certificate that cannot be trusted as an authority")]
    Authority {
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: Box<rustls::Error>,
    },
    /// A client certificate that its key does not fit, or of a kind that is not known.
    #[error("the client certificate {certificate} and the key {key} cannot be used together")]
    Client {
        /// The certificate.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
        /// Why not.
        #[source]
        source: Box<rustls::Error>,
    },
    /// Nobody to trust.
    #[error("the system has no certificates to trust: install ca-certificates, or set tracing_ca_file")]
    NoSystemRoots,
    /// No name that a certificate could have.
    #[error("{0:?} is no name that a certificate could have")]
    ServerName(String),
    /// The cryptographic provider refuses its own defaults: a fault of the program.
    #[error("TLS cannot be set up")]
    Setup(#[source] Box<rustls::Error>),
}

/// Makes TLS configurations, anew when a file has changed: certificates are renewed while we run.
#[derive(Debug)]
pub struct TlsClient {
    settings: TlsSettings,
    alpn: Alpn,
    name: ServerName<'static>,
    loaded: Mutex<(Vec<Stamp>, Arc<ClientConfig>)>,
}

impl TlsClient {
    /// Reads and judges the files. `host` is the endpoint's, an IPv6 address in brackets.
    ///
    /// # Errors
    /// [`TlsError`] for whatever cannot be used.
    pub fn load(settings: &TlsSettings, host: &str, alpn: Alpn) -> Result<Self, TlsError> {
        let name = settings.server_name.as_deref().unwrap_or(host);
        let name = server_name(name)?;
        let stamps = stamps(settings);
        let config = Arc::new(configure(settings, alpn)?);
        Ok(Self { settings: settings.clone(), alpn, name, loaded: Mutex::new((stamps, config)) })
    }

    /// The name that the receiver's certificate must have.
    #[must_use]
    pub fn server_name(&self) -> ServerName<'static> {
        self.name.clone()
    }

    /// The configuration, as the files say now.
    ///
    /// # Errors
    /// As [`Self::load`], when a file was replaced by one that cannot be used.
    pub fn config(&self) -> Result<Arc<ClientConfig>, TlsError> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let now = stamps(&self.settings);
        if now != loaded.0 {
            *loaded = (now, Arc::new(configure(&self.settings, self.alpn)?));
        }
        Ok(loaded.1.clone())
    }
}

/// Judges the name of a certificate: a DNS name or an address.
///
/// # Errors
/// [`TlsError::ServerName`].
pub fn server_name(name: &str) -> Result<ServerName<'static>, TlsError> {
    let bare = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')).unwrap_or(name);
    ServerName::try_from(bare.to_owned()).map_err(|_| TlsError::ServerName(name.to_owned()))
}

/// Judges files for the configuration, by loading them as a connection would.
///
/// # Errors
/// [`Unusable`] for the first of the settings that cannot be used.
pub fn judge(settings: &TlsSettings, host: &str, alpn: Alpn) -> Result<(), Unusable> {
    TlsClient::load(settings, host, alpn).map(drop).map_err(|error| unusable(&error, settings))
}

/// Whether a certificate could have this name.
///
/// # Errors
/// [`Unusable`] when not.
pub fn judge_name(name: &str) -> Result<(), Unusable> {
    server_name(name).map(drop).map_err(|error| unusable(&error, &TlsSettings::default()))
}

fn unusable(error: &TlsError, settings: &TlsSettings) -> Unusable {
    let part = match error {
        TlsError::Authority { .. } | TlsError::NoSystemRoots => TlsPart::Authorities,
        TlsError::Read { path, .. } | TlsError::Pem { path, .. } => match &settings.client {
            Some(client) if client.key == *path => TlsPart::Key,
            Some(client) if client.certificate == *path => TlsPart::Certificate,
            _ => TlsPart::Authorities,
        },
        TlsError::Client { .. } => TlsPart::Certificate,
        TlsError::ServerName(_) => TlsPart::ServerName,
        TlsError::Setup(_) => TlsPart::Itself,
    };
    Unusable { part, message: chain(error) }
}

fn stamps(settings: &TlsSettings) -> Vec<Stamp> {
    let client = settings.client.iter().flat_map(|c| [&c.certificate, &c.key]);
    let stamp = |path: &PathBuf| Stamp::of(path).unwrap_or_default();
    settings.ca_file.iter().chain(client).map(stamp).collect()
}

fn configure(settings: &TlsSettings, alpn: Alpn) -> Result<ClientConfig, TlsError> {
    let roots = match &settings.ca_file {
        Some(path) => authorities(path)?,
        None => system_roots()?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let setup = |e: rustls::Error| TlsError::Setup(Box::new(e));
    let verifier =
        Verifier::new(roots, provider.clone()).map_err(|e| setup(rustls::OtherError(Arc::new(e)).into()))?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(setup)?
        .dangerous() // the name of the method, not of what is done: the verifier is webpki's, see there
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match &settings.client {
        None => builder.with_no_client_auth(),
        Some(files) => {
            let chain = certificates("client certificate", &files.certificate)?;
            let key = key(&files.key)?;
            builder.with_client_auth_cert(chain, key).map_err(|e| TlsError::Client {
                certificate: files.certificate.clone(),
                key: files.key.clone(),
                source: Box::new(e),
            })?
        }
    };
    config.alpn_protocols = vec![match alpn {
        Alpn::Http2 => b"h2".to_vec(),
        Alpn::Http1 => b"http/1.1".to_vec(),
    }];
    Ok(config)
}

fn authorities(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("CA certificate", path)? {
        let failed = |e| TlsError::Authority { path: path.to_owned(), source: Box::new(e) };
        roots.add(certificate).map_err(failed)?;
    }
    Ok(roots)
}

fn system_roots() -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    // The system's set may hold a few that are too old to be read; what counts is that there are some.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { Err(TlsError::NoSystemRoots) } else { Ok(roots) }
}

fn certificates(what: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = read(what, path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let found = found.map_err(|error| damaged(what, path, error))?;
    if found.is_empty() { Err(damaged(what, path, PemError::NoItemsFound)) } else { Ok(found) }
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    const WHAT: &str = "client key";
    let pem = read(WHAT, path)?;
    PrivateKeyDer::from_pem_slice(&pem).map_err(|error| damaged(WHAT, path, error))
}

/// The parser's own message may quote the file, and it may be the wrong file.
fn damaged(what: &'static str, path: &Path, error: PemError) -> TlsError {
    let source = match error {
        PemError::NoItemsFound => PemError::NoItemsFound,
        _ => PemError::Base64Decode("the text between BEGIN and END is damaged".to_owned()),
    };
    TlsError::Pem { what, path: path.to_owned(), source }
}

fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    let failed = |source| TlsError::Read { what, path: path.to_owned(), source };
    let mut bytes = Vec::new();
    // Asked before it is opened: the open of a FIFO would wait.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")));
    }
    let file = fs::File::open(path).map_err(failed)?;
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidData, "it is larger than 1 MiB")));
    }
    Ok(bytes)
}
