//! What the fleet holds of a rolling restart under way.

use crate::ends::RestartScope;
use crate::ids::ProcessId;
use crate::operation::Operation;
use std::collections::VecDeque;

/// A rolling restart under way.
#[derive(Debug, Clone)]
pub(super) struct Rolling {
    pub(super) operation: Operation,
    pub(super) scope: RestartScope,
    /// Whose turn it is.
    pub(super) current: ProcessId,
    /// Whether that one is started, for nothing of it ran, and not restarted.
    pub(super) starts: bool,
    pub(super) rest: VecDeque<ProcessId>,
}
