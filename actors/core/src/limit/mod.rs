//! How much memory an instance may take, all that belongs to it together. Values only; what is measured when, and what
//! follows, is decided in [`gauge`].

pub mod gauge;

/// The bounds of each instance of a process, in bytes; at least one of them is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemorySpec {
    /// Above it the instance is asked to go, and another run takes its place.
    pub soft: Option<u64>,
    /// Above it the instance is killed.
    pub hard: Option<u64>,
}

impl MemorySpec {
    /// The lowest bound: below it nothing follows.
    #[must_use]
    pub fn lowest(&self) -> u64 {
        self.soft.into_iter().chain(self.hard).min().unwrap_or(u64::MAX)
    }
}

/// One of the two bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    /// Asked to go, and replaced.
    Soft,
    /// Killed.
    Hard,
}

impl Limit {
    /// As `memory.limit` and the log say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Soft => "soft",
            Self::Hard => "hard",
        }
    }
}

/// A bound that was passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breach {
    /// Which.
    pub limit: Limit,
    /// What may be taken, in bytes.
    pub bound: u64,
    /// What was taken.
    pub used: u64,
}
