//! What the fleet holds of the hooks of the system.

use crate::hook::Hooks;
use crate::hook::pass::Pass;

/// The lists, and the pass under way.
#[derive(Debug, Clone)]
pub(super) struct Around {
    pub(super) lists: Hooks,
    pub(super) pass: Option<Pass>,
    /// How many tasks were given.
    pub(super) given: u64,
}

impl Around {
    pub(super) fn new(lists: Hooks) -> Self {
        Self { lists, pass: None, given: 0 }
    }
}
