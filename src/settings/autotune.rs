//! What is said of PHP-FPM's autotune, in the file, the environment and on the command line. Values only.

use phpeek_core::autotune::{Profile, Wish};

/// What is said of it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct AutotuneSettings {
    /// The profile; none: nothing is tuned.
    pub profile: Option<Profile>,
    /// The share of the memory; none: the profile's.
    pub threshold: Option<f64>,
    /// Refuse where the profile does not fit.
    pub strict: bool,
}

impl AutotuneSettings {
    /// What is wished for; what somebody says in front of the file and the environment counts.
    #[must_use]
    pub fn wish(&self, profile: Option<Profile>, threshold: Option<f64>) -> Option<Wish> {
        let profile = profile.or(self.profile)?;
        Some(Wish { profile, threshold: threshold.or(self.threshold), strict: self.strict })
    }
}

/// What is odd about a share of the memory.
#[must_use]
pub fn doubt(threshold: f64) -> Option<&'static str> {
    match threshold {
        share if share > 1.0 => Some("PHP-FPM may plan with more memory than there is"),
        share if share < 0.3 => Some("most of the memory stays unused"),
        _ => None,
    }
}
