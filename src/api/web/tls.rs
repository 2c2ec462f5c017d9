//! TLS of a server: its configuration, made anew when a file has changed and that is wanted. A file that cannot be used
//! any more changes nothing and is told of; nothing ever falls back to plain text or to clients that nobody vouches for.

use super::pem;
use phpeek_settings::stamp::Stamp;
use phpeek_settings::tls::{TlsPart, Unusable};
use phpeek_settings::web::ServerTls;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

/// Judges the settings of a server by loading them.
///
/// # Errors
/// [`Unusable`] for the first that cannot be used.
pub fn judge(settings: &ServerTls) -> Result<(), Unusable> {
    configure(settings).map(drop)
}

/// What connections are accepted with.
pub(super) struct Tls {
    settings: ServerTls,
    loaded: Mutex<Loaded>,
}

struct Loaded {
    stamps: Vec<Stamp>,
    looked: Instant,
    config: Arc<ServerConfig>,
}

impl Tls {
    pub(super) fn load(settings: ServerTls) -> Result<Self, Unusable> {
        let stamps = stamps(&settings);
        let config = configure(&settings)?;
        let loaded = Loaded { stamps, looked: Instant::now(), config };
        Ok(Self { settings, loaded: Mutex::new(loaded) })
    }

    /// For the next connection, and what is wrong with files that were to be read again. Looks at them no more often
    /// than was configured, and only when somebody connects.
    pub(super) fn acceptor(&self) -> (TlsAcceptor, Result<(), Unusable>) {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let mut result = Ok(());
        let now = Instant::now();
        let due = self.settings.reload.is_some_and(|pause| now.duration_since(loaded.looked) >= pause);
        if due {
            loaded.looked = now;
            let stamps = stamps(&self.settings);
            if stamps != loaded.stamps {
                loaded.stamps = stamps;
                match configure(&self.settings) {
                    Ok(config) => loaded.config = config,
                    Err(unusable) => result = Err(unusable),
                }
            }
        }
        (loaded.config.clone().into(), result)
    }
}

fn stamps(settings: &ServerTls) -> Vec<Stamp> {
    let authorities = settings.clients.iter().map(|clients| &clients.authorities);
    let all = [&settings.certificate, &settings.key].into_iter().chain(authorities);
    all.map(|path: &PathBuf| Stamp::of(path).unwrap_or_default()).collect()
}

/// What the library understands, with the suites that were chosen.
fn provider(settings: &ServerTls) -> CryptoProvider {
    let mut provider = ring::default_provider();
    if !settings.suites.is_empty() {
        provider.cipher_suites.retain(|suite| {
            let name = suite.suite().as_str().unwrap_or_default();
            name.starts_with("TLS13_") || settings.suites.contains(&name)
        });
    }
    provider
}

fn configure(settings: &ServerTls) -> Result<Arc<ServerConfig>, Unusable> {
    let itself =
        |error: &dyn std::fmt::Display| Unusable { part: TlsPart::Itself, message: error.to_string() };
    let provider = Arc::new(provider(settings));
    let versions = if settings.only_tls13 { &[&TLS13][..] } else { &[&TLS13, &TLS12][..] };
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(versions)
        .map_err(|error| itself(&error))?;
    let builder = match &settings.clients {
        None => builder.with_no_client_auth(),
        Some(clients) => {
            let roots = Arc::new(pem::authorities(&clients.authorities)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
            let verifier = if clients.required { verifier } else { verifier.allow_unauthenticated() };
            builder.with_client_cert_verifier(verifier.build().map_err(|error| itself(&error))?)
        }
    };
    let chain = pem::certificates(TlsPart::Certificate, &settings.certificate)?;
    let key = pem::key(&settings.key)?;
    let mut config = builder.with_single_cert(chain, key).map_err(|error| Unusable {
        part: TlsPart::Certificate,
        message: format!(
            "the certificate {} and the key {} cannot be used together: {error}",
            settings.certificate.display(),
            settings.key.display()
        ),
    })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
