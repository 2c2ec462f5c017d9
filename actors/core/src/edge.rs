//! A dependency as a small machine: what one process needs of another holds, is lost, and holds again, in every phase
//! of the system. Owns what a condition means. Asks for nothing: whoever looks after the system asks it at each
//! change of the other process.

use crate::ends::{Ending, Standing};
use crate::ids::ProcessId;
use crate::spec::{Condition, Dependency, OnTimeout, ProcessKind};
use std::time::Duration;

/// What a process needs of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// The other process.
    pub on: ProcessId,
    /// What must be so.
    pub condition: Condition,
    /// How long the start of the dependent waits for it; `None`: as the system has it.
    pub timeout: Option<Duration>,
    /// What follows when it takes longer.
    pub on_timeout: OnTimeout,
    /// Whether the dependent is stopped when it is lost, and started once it is met again.
    pub restart: bool,
    state: Hold,
    /// Whether it was met since the start of the dependent began, or that start goes on without.
    met_once: bool,
    /// Until when the start of the dependent waits for it, while it does.
    pub until: Option<Duration>,
}

/// Whether what is needed is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// The other process is not to be started with the system: it holds nobody up.
    Free,
    /// It was never so.
    Open,
    /// It is so.
    Met,
    /// It was so.
    Lost,
}

/// A change that others may want to know of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EdgeChange {
    /// It is so now.
    Met,
    /// It is not so any more.
    Lost,
}

impl Edge {
    /// An edge of which nothing is known.
    #[must_use]
    pub fn new(on: ProcessId, of: &Dependency) -> Self {
        let Dependency { condition, timeout, on_timeout, restart, .. } = *of;
        let (state, met_once, until) = (Hold::Open, false, None);
        Self { on, condition, timeout, on_timeout, restart, state, met_once, until }
    }

    /// It took too long: the start that waits goes on without.
    pub fn give_up(&mut self) {
        self.met_once = true;
    }

    /// The start of the dependent begins: what was so before it does not count, what is so does.
    pub fn begin(&mut self) {
        self.met_once = self.state == Hold::Met;
    }

    /// The other process stands there now.
    pub fn observe(&mut self, kind: ProcessKind, standing: Standing) -> Option<EdgeChange> {
        let holds = holds(self.condition, kind, standing);
        let asleep = standing == Standing::Dormant;
        let (state, change) = match (self.state, holds) {
            (Hold::Free | Hold::Open | Hold::Lost, true) => (Hold::Met, Some(EdgeChange::Met)),
            (Hold::Met, true) => (Hold::Met, None),
            (Hold::Met, false) => (Hold::Lost, Some(EdgeChange::Lost)),
            (Hold::Free | Hold::Open, false) if asleep => (Hold::Free, None),
            (Hold::Free | Hold::Open, false) => (Hold::Open, None),
            (Hold::Lost, false) => (Hold::Lost, None),
        };
        self.state = state;
        self.met_once |= holds;
        change
    }

    /// Whether what is needed is so.
    #[must_use]
    pub fn hold(&self) -> Hold {
        self.state
    }

    /// Whether it keeps the dependent from being started. `started` and `completed` speak of what has happened once,
    /// so what was met stays met for the start that waits.
    #[must_use]
    pub fn holds_up(&self) -> bool {
        match self.state {
            Hold::Free | Hold::Met => false,
            Hold::Open | Hold::Lost => !self.met_once,
        }
    }

    /// Whether the dependent waits for what no event will bring without a command: what has ended, or could not be
    /// started, does nothing more by itself.
    #[must_use]
    pub fn is_hopeless(&self, standing: Standing) -> bool {
        self.holds_up() && Self::is_over(standing)
    }

    /// Whether a process that stands there does nothing more by itself.
    #[must_use]
    pub fn is_over(standing: Standing) -> bool {
        matches!(standing, Standing::Ended(_) | Standing::Broken | Standing::Stopped)
    }
}

/// What a condition means.
fn holds(condition: Condition, kind: ProcessKind, standing: Standing) -> bool {
    match (condition, standing) {
        (Condition::Started, Standing::Up)
        | (Condition::Completed, Standing::Ended(_))
        | (Condition::CompletedSuccessfully, Standing::Ended(Ending::Completed)) => true,
        // What is meant to end has been started for as long as nobody starts it anew.
        (Condition::Started, Standing::Ended(_)) => kind == ProcessKind::Oneshot,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use crate::lifecycle::Failure;
    use crate::outcome::Exit;

    fn edge(condition: Condition) -> Edge {
        let name = crate::name::ProcessName::new("db").expect("a plain name");
        Edge::new(ProcessId(0), &Dependency::new(name, condition))
    }

    #[test]
    fn a_bad_end_completes_and_does_not_succeed() {
        let failed = Standing::Ended(Ending::Failed(Failure::Exit(Exit::Code(3))));
        let (mut any, mut well) = (edge(Condition::Completed), edge(Condition::CompletedSuccessfully));
        assert_eq!(any.observe(ProcessKind::Oneshot, failed), Some(EdgeChange::Met));
        assert!(well.observe(ProcessKind::Oneshot, failed).is_none() && well.is_hopeless(failed));
        well.give_up();
        assert!(!well.holds_up());
    }

    #[test]
    fn what_was_met_can_be_lost_and_met_again() {
        let mut edge = edge(Condition::Started);
        let longrun = ProcessKind::LongRun;
        assert!(edge.observe(longrun, Standing::Waiting).is_none() && edge.holds_up());
        assert_eq!(edge.observe(longrun, Standing::Up), Some(EdgeChange::Met));
        assert_eq!(edge.observe(longrun, Standing::Up), None);
        assert_eq!(edge.observe(longrun, Standing::Ended(Ending::Completed)), Some(EdgeChange::Lost));
        assert!(!edge.holds_up(), "it was met for the start that waits");
        assert_eq!(edge.observe(longrun, Standing::Up), Some(EdgeChange::Met));
    }

    #[test]
    fn a_start_counts_what_is_so_and_not_what_was() {
        let mut edge = edge(Condition::Started);
        let longrun = ProcessKind::LongRun;
        edge.observe(longrun, Standing::Up);
        edge.begin();
        assert!(!edge.holds_up());
        edge.observe(longrun, Standing::Ended(Ending::Completed));
        edge.begin();
        assert!(edge.holds_up() && edge.is_hopeless(Standing::Ended(Ending::Completed)));
        assert!(!edge.is_hopeless(Standing::Waiting), "it is on its way");
    }

    #[test]
    fn a_oneshot_that_has_ended_was_started() {
        let mut edge = edge(Condition::Started);
        assert_eq!(edge.observe(ProcessKind::Oneshot, Standing::Up), Some(EdgeChange::Met));
        assert_eq!(edge.observe(ProcessKind::Oneshot, Standing::Ended(Ending::Completed)), None);
    }

    #[test]
    fn what_sleeps_holds_nobody_up_and_what_is_woken_is_met() {
        let mut edge = edge(Condition::Started);
        assert!(edge.observe(ProcessKind::LongRun, Standing::Dormant).is_none() && !edge.holds_up());
        assert_eq!(edge.observe(ProcessKind::LongRun, Standing::Up), Some(EdgeChange::Met));
    }
}
