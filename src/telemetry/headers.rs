//! The headers of every request to a receiver: `tracing_headers`, over those of OTEL_EXPORTER_OTLP_HEADERS. Shows none
//! of their values. A value in a file is read again when the file changes. Lives on the telemetry arbiter.

use http::{HeaderMap, HeaderName};
use phpeek_settings::headers::{Header, HeaderError, HeaderSource, read_value};
use phpeek_settings::stamp::Stamp;
use std::fmt;
use std::path::PathBuf;

/// The headers of requests, as they are now.
#[derive(Clone)]
pub struct Headers {
    fixed: HeaderMap,
    files: Vec<(HeaderName, PathBuf, Stamp)>,
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.fixed.keys()).finish()
    }
}

impl Headers {
    /// `own` over `given`, name by name.
    #[must_use]
    pub fn new(given: HeaderMap, own: &[Header]) -> Self {
        let mut headers = Self { fixed: given, files: Vec::new() };
        for header in own {
            match &header.source {
                HeaderSource::Value(value) => drop(headers.fixed.insert(header.name.clone(), value.clone())),
                HeaderSource::File(path) => {
                    headers.fixed.remove(&header.name);
                    headers.files.push((header.name.clone(), path.clone(), Stamp::default()));
                }
            }
        }
        headers
    }

    /// What the next request shall carry. Looks at each file, and reads it when it has changed.
    ///
    /// # Errors
    /// [`HeaderError`]: the request must not be sent without a header that it needs.
    pub fn current(&mut self) -> Result<HeaderMap, HeaderError> {
        for (name, path, stamp) in &mut self.files {
            let failed = |source| HeaderError::File { name: name.clone(), path: path.clone(), source };
            let now = Stamp::of(path).map_err(failed)?;
            if *stamp != now {
                self.fixed.insert(name.clone(), read_value(name, path)?);
                *stamp = now;
            }
        }
        Ok(self.fixed.clone())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use http::HeaderValue;
    use std::fs;

    #[test]
    fn a_value_is_never_shown() {
        let header = Header::new("X-Team", "s3cret").expect("sound");
        let headers = Headers::new(HeaderMap::new(), &[header]);
        assert!(!format!("{headers:?}").contains("s3cret"), "{headers:?}");
    }

    #[test]
    fn a_file_is_read_again_when_it_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        fs::write(&path, "first\n").expect("written");
        let header = Header::in_file("x-team", &path).expect("readable");
        let mut headers = Headers::new(HeaderMap::new(), &[header]);
        let mut value = || headers.current().map(|h| h.get("x-team").cloned());
        assert_eq!(value().expect("read"), Some(HeaderValue::from_static("first")));
        fs::write(&path, "the second").expect("written");
        assert_eq!(value().expect("read"), Some(HeaderValue::from_static("the second")));
        fs::remove_file(&path).expect("removed");
        assert!(value().is_err(), "never without it");
    }
}
