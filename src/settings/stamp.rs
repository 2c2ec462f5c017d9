//! Whether a file is still the one that was read. Looks at it, and never opens it.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What tells that a file was replaced: device, inode, size, and when it was changed. The default is that of no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stamp(Option<(u64, u64, u64, i64, i64)>);

impl Stamp {
    /// The file as it is now.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub fn of(path: &Path) -> io::Result<Self> {
        let found = fs::metadata(path)?;
        Ok(Self(Some((found.dev(), found.ino(), found.size(), found.mtime(), found.mtime_nsec()))))
    }
}
