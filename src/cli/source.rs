//! Where the configuration comes from, by the command line.

use phpeek_config::Source;
use std::path::PathBuf;

/// The file that was named, else the documented places.
#[must_use]
pub(crate) fn source(file: Option<PathBuf>) -> Source {
    file.map_or(Source::Discover, Source::File)
}
