//! Names of processes and of their instances. Owns what a valid name is; knows nothing of where it came from.

use std::fmt;
use std::sync::Arc;

/// Longest name in bytes: with an instance number it stays below the 255 bytes of a file name, which log files
/// and status lines may be named after.
pub const MAX_LEN: usize = 200;

/// Why a text cannot name a process.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The name has no character.
    #[error("a process name may not be empty")]
    Empty,
    /// The name is longer than [`MAX_LEN`] bytes.
    #[error("a process name may have at most {MAX_LEN} bytes")]
    TooLong,
    /// A character that would break a log line, a path or an instance id.
    #[error("a process name may not hold {0:?}")]
    Character(char),
}

/// The name of a configured process; cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessName(Arc<str>);

impl ProcessName {
    /// Checks and takes a name: not empty, at most [`MAX_LEN`] bytes, no white space, control character or `/`.
    ///
    /// # Errors
    /// [`NameError`] names the first fault.
    pub fn new(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.len() > MAX_LEN {
            return Err(NameError::TooLong);
        }
        match text.chars().find(|c| c.is_control() || c.is_whitespace() || *c == '/') {
            Some(c) => Err(NameError::Character(c)),
            None => Ok(Self(text.into())),
        }
    }

    /// The name as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id of the instance with this index: `name-0` and up, as documented.
    #[must_use]
    pub fn instance_id(&self, index: u32) -> String {
        format!("{}-{index}", self.0)
    }
}

impl fmt::Display for ProcessName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ProcessName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_and_numbered() {
        let name = ProcessName::new("php-fpm").expect("a plain name is valid");
        assert_eq!(name.as_str(), "php-fpm");
        assert_eq!(name.instance_id(0), "php-fpm-0");
    }

    #[test]
    fn what_would_break_a_line_or_a_path_is_refused() {
        assert_eq!(ProcessName::new(""), Err(NameError::Empty));
        assert_eq!(ProcessName::new("a b"), Err(NameError::Character(' ')));
        assert_eq!(ProcessName::new("../x"), Err(NameError::Character('/')));
        assert_eq!(ProcessName::new("a\n"), Err(NameError::Character('\n')));
        assert_eq!(ProcessName::new(&"x".repeat(MAX_LEN + 1)), Err(NameError::TooLong));
    }
}
