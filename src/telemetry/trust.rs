//! Who is trusted: whoever an authority has signed, and whoever is an authority itself. What `openssl req -x509`
//! makes is both the receiver's certificate and its own authority; webpki refuses that, and every other client takes
//! it. Owns that one exception and nothing else.

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::{ParsedCertificate, VerifierBuilderError};
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::sync::Arc;

/// webpki's word for an authority that stands for itself. It says so after it has found the certificate valid in time.
const ITSELF: &str = "CaUsedAsEndEntity";

/// Verifies the certificates of receivers.
#[derive(Debug)]
pub(super) struct Verifier {
    roots: Arc<RootCertStore>,
    webpki: Arc<WebPkiServerVerifier>,
}

impl Verifier {
    pub(super) fn new(roots: RootCertStore, by: Arc<CryptoProvider>) -> Result<Self, VerifierBuilderError> {
        let roots = Arc::new(roots);
        let webpki = WebPkiServerVerifier::builder_with_provider(roots.clone(), by).build()?;
        Ok(Self { roots, webpki })
    }

    /// Whether the certificate is one of the authorities: its name and its key, which the handshake proves.
    fn is_authority(&self, certificate: &CertificateDer<'_>) -> bool {
        let mut alone = RootCertStore::empty();
        alone.add(certificate.clone().into_owned()).is_ok()
            && alone.roots.first().is_some_and(|one| self.roots.roots.contains(one))
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.webpki.verify_server_cert(certificate, between, name, ocsp, now) {
            Err(error) if stands_for_itself(&error) && self.is_authority(certificate) => {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            judged => judged,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

fn stands_for_itself(error: &Error) -> bool {
    matches!(error, Error::InvalidCertificate(CertificateError::Other(why)) if format!("{why:?}").contains(ITSELF))
}

/// What to do about a handshake that failed, where the library's name for it says nothing to a user.
pub(super) fn advice(error: Option<&Error>) -> &'static str {
    let Some(Error::InvalidCertificate(why)) = error else { return "" };
    match why {
        CertificateError::UnknownIssuer => {
            " (no authority that is trusted has signed its certificate: name that authority in tracing_ca_file)"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            " (its certificate has another name: if that is meant, write it in tracing_server_name)"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            " (its certificate has expired)"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            " (its certificate is not valid yet: is the clock of this machine right?)"
        }
        CertificateError::Other(other) if format!("{other:?}").contains(ITSELF) => {
            " (its certificate is that of an authority which is not trusted: name it in tracing_ca_file)"
        }
        _ => "",
    }
}
