//! The life of one instance as a pure machine: events in, effects out. Owns intent, state, run number, budget and the
//! one deadline. Never acts, never reads a clock, never fails.

mod pressing;
mod remains;
mod state;
mod table;

pub use crate::signal::Reach;
pub use state::{
    Effect, Event, Failure, First, InstanceState, Leader, Pressure, Rest, SignalStep, State, Then, Trigger,
    Urgency, Want,
};

use crate::backoff::Jitter;
use crate::budget::Budget;
use crate::outcome::Exit;
use crate::spec::{ProcessKind, ProcessSpec, RestartPolicy, RestartSpec, StopSpec};
use std::time::Duration;

/// A moment after its leader the rest of a group may take to go by itself before it is asked to.
pub const LINGER: Duration = Duration::from_millis(10);

/// As [`LINGER`], for what a oneshot has left that did its work: who is about to become a daemon has still to be given
/// the processor and to leave the group, which takes a while on a busy machine.
pub const DAEMON_LINGER: Duration = Duration::from_secs(1);

/// How long after SIGKILL the kernel may take to take down what is left of a run whose leader is dead. What is there
/// then hangs in the kernel, or is not ours to kill: it is named and left, and the instance goes on.
pub const KILL_PATIENCE: Duration = Duration::from_secs(2);

/// What the machine must know of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// What its end means.
    pub kind: ProcessKind,
    /// What follows an end that nobody asked for.
    pub restart: RestartSpec,
    /// How it is stopped.
    pub stop: StopSpec,
}

/// A run that is followed at once lasts this long at least, with the wait after it: at most ten runs a second.
pub const RECYCLE: Duration = Duration::from_millis(100);

impl Policy {
    /// Whether an end is no failure.
    #[must_use]
    pub fn succeeded(&self, exit: Exit) -> bool {
        self.restart.ends.success.has(exit)
    }

    /// Whether anything but a command is ever followed by a new run.
    #[must_use]
    pub fn restarts_by_itself(&self) -> bool {
        self.kind == ProcessKind::LongRun && self.restart.policy != RestartPolicy::Never
    }

    /// Whether an end calls for a new run at once, outside of the budget.
    #[must_use]
    pub fn recycles(&self, exit: Exit) -> bool {
        self.restart.ends.recycle.has(exit)
    }

    /// How long what is left of a run may take to go by itself, after its leader has ended so.
    #[must_use]
    pub fn linger(&self, exit: Exit) -> Duration {
        if self.kind == ProcessKind::Oneshot && self.succeeded(exit) { DAEMON_LINGER } else { LINGER }
    }
}

impl From<&ProcessSpec> for Policy {
    fn from(spec: &ProcessSpec) -> Self {
        Self { kind: spec.kind, restart: spec.restart, stop: spec.stop }
    }
}

/// When a step is taken, and where in its range a delay falls that it may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// Time since the caller's origin; never goes back.
    pub at: Duration,
    /// The caller's random number.
    pub jitter: Jitter,
}

/// The machine of one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    want: Want,
    state: State,
    /// The number of the latest run; 0 before the first.
    run: u64,
    budget: Budget,
}

impl Default for Machine {
    fn default() -> Self {
        Self { want: Want::Down, state: State::Idle, run: 0, budget: Budget::default() }
    }
}

impl Machine {
    /// When a [`Event::Tick`] is due, if at all.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        match self.state {
            State::Draining { due, .. } | State::Stopping { due, .. } => due,
            State::Backoff { until } => Some(until),
            State::Idle
            | State::Starting { .. }
            | State::Running { .. }
            | State::Completed
            | State::Left { .. }
            | State::Failed(_) => None,
        }
    }

    /// Where the instance stands.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// What the last command asked for.
    #[must_use]
    pub fn want(&self) -> Want {
        self.want
    }

    /// What has been spent of the restart budget.
    #[must_use]
    pub fn budget(&self) -> Budget {
        self.budget
    }

    /// The number of the latest run, 0 before the first.
    #[must_use]
    pub fn run(&self) -> u64 {
        self.run
    }

    /// Whether nothing will happen without a command.
    #[must_use]
    pub fn at_rest(&self) -> bool {
        matches!(self.state, State::Idle | State::Completed | State::Left { .. } | State::Failed(_))
    }

    /// Whether it is at rest and daemons that it has left live on: a stop has something to do.
    #[must_use]
    pub fn has_left(&self) -> bool {
        matches!(self.state, State::Left { .. })
    }

    /// The run whose leader is known to be alive, if there is one.
    #[must_use]
    pub fn live_run(&self) -> Option<u64> {
        match self.state {
            State::Running { run, .. } | State::Stopping { run, leader: Leader::Alive { .. }, .. } => {
                Some(run)
            }
            _ => None,
        }
    }
}

impl State {
    /// As it is shown.
    #[must_use]
    pub fn shown(self) -> InstanceState {
        match self {
            Self::Idle => InstanceState::Stopped,
            Self::Starting { .. } => InstanceState::Starting,
            Self::Running { .. } => InstanceState::Running,
            Self::Draining { .. } => InstanceState::Draining,
            Self::Stopping { .. } => InstanceState::Stopping,
            Self::Backoff { .. } => InstanceState::Backoff,
            Self::Completed | Self::Left { .. } => InstanceState::Completed,
            Self::Failed(_) => InstanceState::Failed,
        }
    }
}
