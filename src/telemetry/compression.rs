//! The body of a request, compressed. Owns the levels.

use phpeek_settings::compression::Compression;
use std::io::{self, Write};

/// Compresses the body of a request.
///
/// # Errors
/// When the compressor fails, which needs memory to be out.
pub fn compress(by: Compression, body: Vec<u8>) -> io::Result<Vec<u8>> {
    match by {
        Compression::None => Ok(body),
        Compression::Gzip => {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            out.write_all(&body)?;
            out.finish()
        }
        Compression::Zstd => zstd::encode_all(body.as_slice(), 1),
    }
}
