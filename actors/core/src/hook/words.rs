//! What a pass through hooks asks for. Values only.

use super::HookSpec;
use crate::ids::HookTask;
use crate::lifecycle::SignalStep;
use crate::signal::Signal;
use std::sync::Arc;

/// What is asked for, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Start this task.
    Launch {
        /// The task.
        task: HookTask,
        /// The number of the instance that it works for; 0 for the system.
        number: u32,
        /// What it is.
        hook: Arc<HookSpec>,
    },
    /// Send a signal to all that belongs to this task; [`super::pass::signalled`] says what came of it.
    Signal {
        /// Which task.
        task: HookTask,
        /// Which signal.
        signal: Signal,
        /// Why.
        step: SignalStep,
    },
    /// This task is not wanted any more, and may not have begun: it need not.
    Cancel(HookTask),
    /// SIGKILL has not helped, or nothing may be signalled: who is left of this task is left alone, and
    /// [`super::pass::left_alone`] says who.
    Leave(HookTask),
}
