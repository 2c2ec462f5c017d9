//! What a pass through hooks asks for. Values only.

use crate::ids::HookTask;
use crate::lifecycle::SignalStep;
use crate::program::Launch;
use crate::signal::Signal;

/// What is asked for, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Start this task.
    Launch(Launch),
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
