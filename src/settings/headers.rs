//! Headers of requests to a receiver: which can be sent, and where the value of each comes from. Owns their values, which
//! are secrets: they are in no log, no trace, no report, no `Debug`.

use http::{HeaderName, HeaderValue};
use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Longest value of a header that is read from a file, in bytes.
const MAX_VALUE: u64 = 16 << 10;

/// What requests need for themselves.
const RESERVED: [&str; 9] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "grpc-encoding",
    "grpc-timeout",
    "host",
    "te",
    "transfer-encoding",
];

/// Where the value of a header comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum HeaderSource {
    /// Written down, or taken from a variable.
    Value(HeaderValue),
    /// In this file, without white space at its ends.
    File(PathBuf),
}

impl fmt::Debug for HeaderSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(_) => f.write_str("(hidden)"),
            Self::File(path) => write!(f, "(in {})", path.display()),
        }
    }
}

/// One configured header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Its name, in lower case.
    pub name: HeaderName,
    /// Its value.
    pub source: HeaderSource,
}

/// Why a header cannot be sent. Never holds its value.
#[derive(Debug, thiserror::Error)]
pub enum HeaderError {
    /// Characters that no name has, or binary metadata.
    #[error("{0:?} is no name of a header")]
    Name(String),
    /// One that the protocol sets itself.
    #[error("the header {0:?} belongs to the protocol, and cannot be set")]
    Reserved(String),
    /// Characters that no value has.
    #[error("the value of the header {0} cannot be sent: only visible ASCII characters and spaces can")]
    Value(HeaderName),
    /// A file that is not there or may not be read.
    #[error("the value of the header {name} cannot be read from {path}")]
    File {
        /// Of which header.
        name: HeaderName,
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl Header {
    /// A header with a value.
    ///
    /// # Errors
    /// [`HeaderError`] when it could not be sent as it is meant.
    pub fn new(name: &str, value: &str) -> Result<Self, HeaderError> {
        let name = check_name(name)?;
        let value = check_value(&name, value)?;
        Ok(Self { name, source: HeaderSource::Value(value) })
    }

    /// A header whose value is in a file. It is read, to judge it.
    ///
    /// # Errors
    /// As [`Self::new`], and when the file cannot be read.
    pub fn in_file(name: &str, path: &Path) -> Result<Self, HeaderError> {
        let name = check_name(name)?;
        read_value(&name, path)?;
        Ok(Self { name, source: HeaderSource::File(path.to_owned()) })
    }
}

fn check_name(name: &str) -> Result<HeaderName, HeaderError> {
    let found = HeaderName::try_from(name).map_err(|_| HeaderError::Name(name.to_owned()))?;
    if RESERVED.contains(&found.as_str()) {
        return Err(HeaderError::Reserved(found.to_string()));
    }
    // gRPC: a name that ends so has a value in base64, which nobody writes by hand.
    if found.as_str().ends_with("-bin") {
        return Err(HeaderError::Name(name.to_owned()));
    }
    Ok(found)
}

fn check_value(name: &HeaderName, value: &str) -> Result<HeaderValue, HeaderError> {
    let sound = !value.is_empty() && value.bytes().all(|b| (0x20..0x7f).contains(&b));
    let value = HeaderValue::from_str(value).ok().filter(|_| sound);
    let mut value = value.ok_or_else(|| HeaderError::Value(name.clone()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The value of a header in its file.
///
/// # Errors
/// [`HeaderError`] when the file cannot be read, or holds no value.
pub fn read_value(name: &HeaderName, path: &Path) -> Result<HeaderValue, HeaderError> {
    let failed = |source| HeaderError::File { name: name.clone(), path: path.to_owned(), source };
    // Asked before it is opened: the open of a FIFO would wait.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")));
    }
    let mut text = String::new();
    let file = fs::File::open(path).map_err(failed)?;
    file.take(MAX_VALUE + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > MAX_VALUE {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidData, "it is larger than 16 KiB")));
    }
    check_value(name, text.trim())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;

    #[test]
    fn a_value_is_never_shown() {
        let header = Header::new("X-Team", "s3cret").expect("sound");
        assert!(!format!("{header:?}").contains("s3cret"), "{header:?}");
        let error = Header::new("x-team", "s3cret\u{e9}").expect_err("not ASCII");
        assert!(!format!("{error:?} {error}").contains("s3cret"));
        assert!(Header::new("host", "x").is_err() && Header::new("a b", "x").is_err());
    }
}
