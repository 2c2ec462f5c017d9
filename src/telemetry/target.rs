//! Why a receiver cannot be talked to, found before anything is sent. A value.

use super::tls::TlsError;
use phpeek_settings::proxy::ProxyError;

/// Why a receiver cannot be talked to.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The TLS files.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The proxy.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// The address is no URI: the endpoint's own check has a gap.
    #[error("the address cannot be used")]
    Address(#[source] Box<dyn std::error::Error + Send + Sync>),
}
