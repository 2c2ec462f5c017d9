//! PEM files of a server: read, and judged as far as one can be by itself. Names the file that is at fault, never shows
//! what is in it.

use phpeek_settings::tls::{TlsPart, Unusable};
use rustls::RootCertStore;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Largest file that is read, in bytes: the bundle of all public authorities has a quarter of it.
const MAX_FILE: u64 = 1 << 20;

fn fault(part: TlsPart, path: &Path, why: &str) -> Unusable {
    Unusable { part, message: format!("{} {why}", path.display()) }
}

/// The certificates of a file, in their order; at least one.
pub(super) fn certificates(part: TlsPart, path: &Path) -> Result<Vec<CertificateDer<'static>>, Unusable> {
    let pem = read(part, path)?;
    let found: Result<Vec<_>, PemError> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        // The parser's own message may quote the file, and it may be the wrong file.
        _ => Err(fault(part, path, "holds no usable certificate in PEM form")),
    }
}

/// The key of a file.
pub(super) fn key(path: &Path) -> Result<PrivateKeyDer<'static>, Unusable> {
    let pem = read(TlsPart::Key, path)?;
    let found = PrivateKeyDer::from_pem_slice(&pem);
    found.map_err(|_| fault(TlsPart::Key, path, "holds no usable key in PEM form that is not encrypted"))
}

/// The authorities of a file.
pub(super) fn authorities(path: &Path) -> Result<RootCertStore, Unusable> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(TlsPart::Authorities, path)? {
        let why = "holds a certificate that cannot be trusted as an authority";
        roots.add(certificate).map_err(|_| fault(TlsPart::Authorities, path, why))?;
    }
    Ok(roots)
}

fn read(part: TlsPart, path: &Path) -> Result<Vec<u8>, Unusable> {
    let failed = |error: &io::Error| fault(part, path, &format!("cannot be read: {error}"));
    // Asked before it is opened: the open of a FIFO would wait.
    if !fs::metadata(path).map_err(|error| failed(&error))?.is_file() {
        return Err(fault(part, path, "is no regular file"));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| failed(&error))?;
    file.take(MAX_FILE).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    Ok(bytes)
}
