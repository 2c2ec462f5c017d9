//! The memory of one instance against its bounds: when it is measured, and what a measurement means. Never measures.
//!
//! # The laws
//! * **M1** nothing is measured while no run is up, and no verdict is about a run that is over.
//! * **M2** each bound of a run is told once, and after the hard one nothing more is.
//! * **M3** above both bounds the verdict is the hard one.
//! * **M4** a measurement above a bound that was not told has a verdict at once, unless the soft one has to wait for its turn; no
//!   other measurement has one.
//! * **M5** while a bound is left to be told, the next measurement is due [`NEAR`] after the last when that was above half
//!   of the lowest bound, else [`FAR`] after it; one without an answer is made again after [`PATIENCE`].
//! * **M6** where there is no turn, the soft bound has no verdict (that no two instances of a process have theirs at once
//!   is Q11, of the process).

use super::{Breach, Limit, MemorySpec};
use std::time::Duration;

/// From the start of a run to the first measurement, and between two while it takes more than half of what it may.
pub const NEAR: Duration = Duration::from_millis(500);
/// Between two measurements of what takes less.
pub const FAR: Duration = Duration::from_secs(2);
/// How long an answer may take, on a machine that is busy or short of threads.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Whether an instance may be taken away because it is above the soft bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It may.
    Free,
    /// Another is away for that, or something else is under way: it is asked again with the next measurement.
    Taken,
}

/// The memory of one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gauge {
    bounds: MemorySpec,
    /// The run that is measured; 0: none.
    run: u64,
    /// When the next measurement is due.
    due: Option<Duration>,
    /// The bound that was told last of this run.
    told: Option<Limit>,
}

impl Gauge {
    /// Of an instance of which nothing runs.
    #[must_use]
    pub fn new(bounds: MemorySpec) -> Self {
        Self { bounds, run: 0, due: None, told: None }
    }

    /// This run is up.
    pub fn begin(&mut self, at: Duration, run: u64) {
        *self = Self { run, due: Some(at.saturating_add(NEAR)), ..Self::new(self.bounds) };
    }

    /// The run is over: nothing is measured any more.
    pub fn end(&mut self) {
        *self = Self::new(self.bounds);
    }

    /// The run that it measures.
    #[must_use]
    pub fn run(&self) -> Option<u64> {
        (self.run > 0).then_some(self.run)
    }

    /// The bounds that it goes by.
    #[must_use]
    pub fn bounds(&self) -> MemorySpec {
        self.bounds
    }

    /// When a tick is due, if at all.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.due
    }

    /// Time has passed: whether the run is to be measured now. Before the deadline it is not.
    #[must_use]
    pub fn tick(&mut self, at: Duration) -> bool {
        let asks = self.due.is_some_and(|due| due <= at);
        if asks {
            self.due = Some(at.saturating_add(PATIENCE));
        }
        asks
    }

    /// A run was measured. One that is not the current one changes nothing.
    pub fn measured(&mut self, at: Duration, run: u64, used: u64, turn: Turn) -> Option<Breach> {
        if self.run == 0 || run != self.run || self.due.is_none() {
            return None;
        }
        let breach = self.judge(used, turn);
        self.told = breach.map(|breach| breach.limit).or(self.told);
        let near = used > self.bounds.lowest() / 2;
        let left = match self.told {
            None => true,
            Some(Limit::Soft) => self.bounds.hard.is_some(),
            Some(Limit::Hard) => false,
        };
        self.due = left.then(|| at.saturating_add(if near { NEAR } else { FAR }));
        breach
    }

    fn judge(&self, used: u64, turn: Turn) -> Option<Breach> {
        let above = |limit: Limit, bound: Option<u64>| {
            let bound = bound.filter(|bound| used > *bound && self.told < Some(limit))?;
            Some(Breach { limit, bound, used })
        };
        let soft = || above(Limit::Soft, self.bounds.soft).filter(|_| turn == Turn::Free);
        above(Limit::Hard, self.bounds.hard).or_else(soft)
    }
}
