//! What the fleet holds of what is under way: a start, a rolling restart, a wish of somebody.

use crate::ends::{RestartScope, Standing};
use crate::ids::ProcessId;
use crate::operation::{Operation, OperationId};
use std::collections::VecDeque;
use std::time::Duration;

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

/// A start under way.
#[derive(Debug, Clone)]
pub(super) struct Start {
    pub(super) operation: Operation,
    /// Where the process stood before; it stands there again when it was never told to start.
    pub(super) before: Standing,
    /// Until when it may take to be ready, once it was told to start, where checks say whether it is.
    pub(super) until: Option<Duration>,
}

/// What is wanted of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Start,
    Stop,
    Scale(u32),
}

/// A wish that is not fulfilled yet.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) operation: OperationId,
    pub(super) process: ProcessId,
    pub(super) wish: Wish,
}
