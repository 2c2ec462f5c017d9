//! Hooks: programs that are run around the starts and the stops of the system, or of an instance. Values only; how a
//! list of them is gone through is decided in [`pass`], and asked for in [`words`].

pub mod facts;
pub mod pass;
pub mod words;

use crate::outcome::HookFault;
use crate::program::Program;
use std::sync::Arc;
use std::time::Duration;

/// How long a hook that is asked to end may take before it is killed.
pub const GRACE: Duration = Duration::from_secs(5);

/// When a hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Before anything is started.
    PreStart,
    /// When everything was started.
    PostStart,
    /// Before anything is asked to end.
    PreStop,
    /// When everything has ended.
    PostStop,
    /// When it is to reload itself; of an instance alone.
    Reload,
}

impl Stage {
    /// As `hook.type` and the log say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PreStart => "pre_start",
            Self::PostStart => "post_start",
            Self::PreStop => "pre_stop",
            Self::PostStop => "post_stop",
            Self::Reload => "reload",
        }
    }
}

/// What a failure of a hook means for those that follow it in its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnError {
    /// None of them runs.
    Stop,
    /// They run as if it had succeeded.
    Continue,
}

/// One hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookSpec {
    /// For people.
    pub name: Arc<str>,
    /// What it runs.
    pub program: Arc<Program>,
    /// How long each try may take, from the order on.
    pub timeout: Duration,
    /// Tries after the first.
    pub retries: u32,
    /// The wait before each of them.
    pub retry_delay: Duration,
    /// What its failure means.
    pub on_error: OnError,
}

/// Hooks in the order in which they run.
pub type HookList = Arc<[Arc<HookSpec>]>;

/// The hooks of the system, or of each instance of a process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hooks {
    /// Before the start. Its failure is a failure of the start.
    pub pre_start: HookList,
    /// After the start.
    pub post_start: HookList,
    /// Before the stop.
    pub pre_stop: HookList,
    /// After the end.
    pub post_stop: HookList,
    /// What it reloads itself by.
    pub reload: HookList,
}

impl Hooks {
    /// Those of one stage.
    #[must_use]
    pub fn of(&self, stage: Stage) -> &HookList {
        match stage {
            Stage::PreStart => &self.pre_start,
            Stage::PostStart => &self.post_start,
            Stage::PreStop => &self.pre_stop,
            Stage::PostStop => &self.post_stop,
            Stage::Reload => &self.reload,
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        [Stage::PreStart, Stage::PostStart, Stage::PreStop, Stage::PostStop, Stage::Reload]
            .into_iter()
            .all(|stage| self.of(stage).is_empty())
    }
}

/// A hook that has failed for good, and whose failure counts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {} hook {hook:?} failed: {why}", stage.as_str())]
pub struct HookFailure {
    /// Which.
    pub hook: Arc<str>,
    /// When it ran.
    pub stage: Stage,
    /// What happened to its last try.
    pub fault: HookFault,
    /// The same for people.
    pub why: String,
}
