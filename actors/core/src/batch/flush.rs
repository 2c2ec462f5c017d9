//! How long a flush may take. A receiver that makes progress has all of the time that there is; one that is silent, or
//! known to be bad, has a little. Owns what is known of the receiver. Pure.

use std::time::Duration;

/// How much a flush waits for a receiver that is known to be bad, or that was silent for long before it.
pub(super) const PATIENCE: Duration = Duration::from_millis(400);
/// What a receiver that nobody has heard of yet gets for its first sign of life.
const SIGN_OF_LIFE: Duration = Duration::from_millis(500);
/// What a receiver that is there gets for an answer, or twice what it took before.
const ANSWER: Duration = Duration::from_secs(3);
/// A receiver that takes longer for an answer gets larger batches in a flush.
const SLOW: Duration = Duration::from_millis(50);

/// What is known of the receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Receiver {
    /// Nothing.
    #[default]
    Untried,
    /// The last attempt went well; the longest that recent ones took.
    Good(Duration),
    /// The last attempt failed.
    Bad,
}

impl Receiver {
    /// An attempt went well and took so long.
    pub(super) fn answered(&mut self, took: Duration) {
        let before = match self {
            // An answer that was slow once is forgotten after some that were not.
            Self::Good(slowest) => *slowest / 4 * 3,
            Self::Untried | Self::Bad => Duration::ZERO,
        };
        *self = Self::Good(took.max(before));
    }

    pub(super) fn is_slow(self) -> bool {
        matches!(self, Self::Good(slowest) if slowest >= SLOW)
    }

    /// What it needs for an answer.
    pub(super) fn answer(self) -> Duration {
        match self {
            Self::Good(slowest) => ANSWER.max(slowest.saturating_mul(2)),
            Self::Untried | Self::Bad => ANSWER,
        }
    }
}

/// A flush that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flush {
    /// All of its time.
    pub(super) ends: Duration,
    /// Until when there has to be an answer, or a sign of life.
    pub(super) patience: Duration,
    /// Whether a sign of life was asked for and seen since the attempt began.
    pub(super) alive: bool,
}

impl Flush {
    /// An attempt begins.
    pub(super) fn begin_wait(&mut self, now: Duration, receiver: Receiver) {
        let patience = match receiver {
            Receiver::Good(_) => receiver.answer(),
            Receiver::Untried => SIGN_OF_LIFE,
            Receiver::Bad => PATIENCE,
        };
        self.patience = now.saturating_add(patience);
        self.alive = false;
    }
}
