//! What happens to hooks, as facts. Values only.

use super::{HookSpec, Stage};
use crate::ids::HookTask;
use crate::lifecycle::SignalStep;
use crate::member::Member;
use crate::outcome::{Exit, HookFault};
use crate::signal::Signal;
use std::sync::Arc;
use std::time::Duration;

/// What happens to a hook.
#[derive(Debug, Clone, PartialEq)]
pub enum HookFact {
    /// It begins: its first try follows.
    Began {
        /// What it is.
        hook: Arc<HookSpec>,
        /// When it runs.
        stage: Stage,
    },
    /// A try was ordered.
    Ordered {
        /// Which, from 1.
        attempt: u32,
    },
    /// A try is up.
    Started {
        /// What runs.
        task: HookTask,
        /// Which, from 1.
        attempt: u32,
        /// The leader; `None` when it had ended before its pid was told.
        pid: Option<i32>,
    },
    /// A signal was sent to all that belongs to the try.
    Signalled {
        /// Which signal.
        signal: Signal,
        /// Why.
        step: SignalStep,
        /// Whether there was anybody to send it to.
        delivered: bool,
    },
    /// It has ended well and has put something into the background.
    Daemonised(Vec<Member>),
    /// What SIGKILL does not help against is left alone: these.
    LeftAlone(Vec<Member>),
    /// A try has failed, and another follows.
    TriedInVain {
        /// Which, from 1.
        attempt: u32,
        /// What happened.
        fault: HookFault,
        /// The same for people.
        why: String,
        /// The wait before the next.
        delay: Duration,
    },
    /// It is over.
    Ended(HookEnd),
    /// So many hooks of a stage will not run: there is no time.
    Skipped {
        /// Which stage.
        stage: Stage,
        /// How many.
        hooks: usize,
    },
}

/// The end of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookEnd {
    /// How it ended.
    pub outcome: HookOutcome,
    /// How many tries it took.
    pub attempts: u32,
    /// The leader of its last try, if it had begun and its pid was told.
    pub pid: Option<i32>,
    /// How its last try ended, if it had begun.
    pub exit: Option<Exit>,
    /// How many hooks after it will not run for it.
    pub skipped: usize,
    /// Whether none of its list follows.
    pub last: bool,
}

/// How a hook ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookOutcome {
    /// Well.
    Succeeded,
    /// Its last try failed: how, and why for people.
    Failed(HookFault, String),
    /// Something else came first.
    Interrupted,
}
