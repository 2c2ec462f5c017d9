//! How many failures in a row are forgiven. A counter that a stable run takes back to zero: a sliding budget, not a
//! lifetime total (law P6). Time is an argument.

use std::time::Duration;

/// The size of a restart budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempts {
    /// At most this many restarts for failures without a stable run between them.
    AtMost(u32),
    /// No bound.
    Unlimited,
}

/// What has been spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Budget {
    failures: u32,
    restarts: u32,
    recycled: u32,
}

impl Budget {
    /// Looks back at a run of this length: a stable one gives everything back. `stable_after: None` means never.
    pub fn run_ended(&mut self, uptime: Duration, stable_after: Option<Duration>) {
        if stable_after.is_some_and(|window| uptime >= window) {
            *self = Self::default();
        }
    }

    /// Takes one attempt for a failure. False when nothing is left.
    pub fn spend(&mut self, limit: Attempts) -> bool {
        if let Attempts::AtMost(max) = limit
            && self.failures >= max
        {
            return false;
        }
        self.failures = self.failures.saturating_add(1);
        self.restarts = self.restarts.saturating_add(1);
        true
    }

    /// A restart after a clean end: it lengthens the backoff and spends nothing.
    pub fn pass(&mut self) {
        self.restarts = self.restarts.saturating_add(1);
    }

    /// A new run that was called for: it neither spends anything nor lengthens the backoff.
    pub fn recycle(&mut self) {
        self.recycled = self.recycled.saturating_add(1);
    }

    /// Restarts since the last stable run, of any kind.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.restarts.saturating_add(self.recycled)
    }

    /// Restarts since the last stable run but for those that were called for; the number that the backoff grows with.
    #[must_use]
    pub fn restarts(&self) -> u32 {
        self.restarts
    }

    /// Restarts for failures since the last stable run.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// How many failures are still forgiven; `None`: without bound.
    #[must_use]
    pub fn left(&self, limit: Attempts) -> Option<u32> {
        match limit {
            Attempts::AtMost(max) => Some(max.saturating_sub(self.failures)),
            Attempts::Unlimited => None,
        }
    }

    /// Forgets everything: a command from outside starts afresh.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}
