//! How long to wait before the next run. One pure function, clamped and monotone (law P5); jitter is an argument.
//! Called by the lifecycle machine.

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
        // 2^31 times a nanosecond is two seconds: a shift beyond 31 adds nothing for any sensible maximum, and
        // saturates with it for the others.
        let factor = 1u32.checked_shl(n.min(31)).unwrap_or(u32::MAX);
        self.initial.saturating_mul(factor).min(self.max)
    }

    /// The delay with up to a quarter taken away, so that processes that died together do not return together.
    /// Never above [`Self::base`], never below three quarters of it.
    #[must_use]
    pub fn delay(self, n: u32, jitter: Jitter) -> Duration {
        let base = self.base(n);
        let taken = base / 4 * u32::from(u16::MAX - jitter.0) / u32::from(u16::MAX);
        base.saturating_sub(taken)
    }
}
