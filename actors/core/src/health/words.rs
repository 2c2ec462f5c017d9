//! What the health of an instance asks for. Values only.

use super::Question;
use super::facts::Answer;
use crate::facts::Words;
use crate::ids::ProbeId;
use crate::program::{Launch, TaskEvent};
use std::time::Duration;

/// What is asked for, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask this, and say within the time what came: one `Answered` follows.
    Ask {
        /// The probe.
        probe: ProbeId,
        /// What to ask.
        question: Question,
        /// How long it may take; what comes later is not heard.
        timeout: Duration,
    },
    /// The answer to this probe is not wanted any more.
    Forget(ProbeId),
    /// Start this program.
    Launch(Launch),
    /// Kill all that belongs to this program.
    Kill(ProbeId),
    /// This program is not wanted any more, and may not have begun: it need not.
    Cancel(ProbeId),
    /// SIGKILL has not helped: who is left of this program is left alone.
    Leave(ProbeId),
    /// Ask for what this program, which has failed, wrote last: [`Event::Wrote`] follows, or nothing within the patience.
    AskWords(ProbeId),
}

/// What may happen to a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It was answered.
    Answered(Answer),
    /// Something has happened to its program.
    Task(TaskEvent),
    /// What its program, which has failed, wrote last; empty when nobody keeps it.
    Wrote(Words),
}
