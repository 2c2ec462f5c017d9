//! How long to wait before the next run. One pure function, clamped and monotone (law P5); jitter is an argument.

use std::time::Duration;

/// A delay that doubles from `initial` to `max`. `initial <= max` by construction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    initial: Duration,
    max: Duration,
}

/// Where in its range a delay falls: 0 takes the most away, `u16::MAX` nothing. Comes from the caller's random
/// source, so that nothing in this crate is random.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Jitter(pub u16);

impl Jitter {
    /// Takes nothing away.
    pub const NONE: Self = Self(u16::MAX);
}

impl Backoff {
    /// No wait at all.
    pub const NONE: Self = Self { initial: Duration::ZERO, max: Duration::ZERO };

    /// `None` when `initial` is longer than `max`.
    #[must_use]
    pub fn new(initial: Duration, max: Duration) -> Option<Self> {
        (initial <= max).then_some(Self { initial, max })
    }

    /// The shortest delay before jitter.
    #[must_use]
    pub fn initial(self) -> Duration {
        self.initial
    }

    /// The longest delay.
    #[must_use]
    pub fn max(self) -> Duration {
        self.max
    }

    /// The delay before restart `n` (from 0), without jitter: `min(initial * 2^n, max)`, saturating.
    #[must_use]
    pub fn base(self, n: u32) -> Duration {
        // A `Duration` multiplies by a u32 at most, so 31 doublings at a time. Its longest is below 2^94
        // nanoseconds: after 94 doublings only zero is not at the maximum.
        let (mut delay, mut left) = (self.initial, n.min(94));
        while left > 0 && delay < self.max {
            let doublings = left.min(31);
            delay = delay.saturating_mul(1 << doublings);
            left -= doublings;
        }
        delay.min(self.max)
    }

    /// The delay with up to a quarter taken away, so that processes that died together do not return together.
    /// Never above [`Self::base`], never below three quarters of it.
    #[must_use]
    pub fn delay(self, n: u32, jitter: Jitter) -> Duration {
        let base = self.base(n);
        // Saturating: `Duration` panics on overflow, and a configured maximum may be as long as it likes.
        let taken = (base / 4).saturating_mul(u32::from(u16::MAX - jitter.0)) / u32::from(u16::MAX);
        base.saturating_sub(taken)
    }
}
