//! Which restarts of a crash loop are told by spans of their own. A loop of thousands is told by its beginning, by
//! what changes, at each doubling, and by its last; what lies between is counted. Decides only; the process machine
//! asks it at each restart, and at the end of the loop.
//!
//! The law: every restart is told, or is in the count of exactly one that is told.

use crate::lifecycle::Trigger;
use std::time::Duration;

/// So many restarts at the beginning of a loop are all told.
pub const FIRST: u64 = 16;
/// So many different causes of a loop are told as they come up. Bounded: a cause may be as many as there are exit
/// codes, and two that take turns must not tell every restart.
pub const CAUSES: usize = 16;

/// What one told restart says of those that were not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// How many were folded between the one that was told before and this one.
    pub folded: u64,
    /// How many restarts the loop had so far, this one included.
    pub count: u64,
}

/// Whether a restart is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// By spans of its own.
    Told(Tally),
    /// By the count of the next one that is.
    Folded,
}

/// One crash loop: restarts without a stable run between them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fold {
    count: u64,
    folded: u64,
    step: Duration,
    causes: Vec<Trigger>,
}

impl Fold {
    /// One more restart, after `cause`, with this step of the backoff (without jitter).
    pub fn restart(&mut self, cause: Trigger, step: Duration) -> Telling {
        self.count = self.count.saturating_add(1);
        let fresh_cause = self.is_fresh(cause);
        if fresh_cause {
            self.causes.push(cause);
        }
        let fresh_step = std::mem::replace(&mut self.step, step) != step;
        if self.count <= FIRST || fresh_cause || fresh_step || self.count.is_power_of_two() {
            Telling::Told(Tally { folded: std::mem::take(&mut self.folded), count: self.count })
        } else {
            self.folded = self.folded.saturating_add(1);
            Telling::Folded
        }
    }

    /// Whether this cause has not come up in the loop yet and there is room to tell it.
    #[must_use]
    pub fn is_fresh(&self, cause: Trigger) -> bool {
        self.causes.len() < CAUSES && !self.causes.contains(&cause)
    }

    /// Whether restarts may be folded by now.
    #[must_use]
    pub fn is_long(&self) -> bool {
        self.count >= FIRST
    }

    /// Whether the last restart is folded, and in no count yet.
    #[must_use]
    pub fn last_is_folded(&self) -> bool {
        self.folded > 0
    }

    /// How many restarts the loop had.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The last restart was folded, and shall be told after all.
    pub fn unfold(&mut self) -> Option<Tally> {
        let folded = std::mem::take(&mut self.folded).checked_sub(1)?;
        Some(Tally { folded, count: self.count })
    }

    /// The loop is over: the next restart is the first of another.
    pub fn end(&mut self) {
        *self = Self::default();
    }
}
