//! The words of the lifecycle machine: what is wanted, where an instance stands, what may happen to it, and what it
//! asks for. Values only; the transitions are in `table.rs`.

use crate::limit::Limit;
use crate::outcome::{Exit, SpawnFailureKind};
use crate::signal::{Reach, Signal};
use std::time::Duration;

/// What the last command asked for. Kept apart from the state: "running, wanted down" needs no state of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Want {
    /// There shall be a run.
    Up,
    /// There shall be none.
    Down,
}

/// Where an instance stands. Each state holds the run it is about, so an event of another run can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// At rest: never started, or stopped by command.
    Idle,
    /// A run was asked for; nothing is known of it yet.
    Starting {
        /// The run.
        run: u64,
        /// Whether it is the first since a command to start: if it cannot begin, the start has failed.
        first: First,
    },
    /// The run is up.
    Running {
        /// The run.
        run: u64,
        /// When it came up.
        since: Duration,
    },
    /// The leader has ended unasked, and its group has members left. They are asked to go, then killed.
    Draining {
        /// The run.
        run: u64,
        /// How long the leader lived.
        uptime: Duration,
        /// How the leader ended.
        exit: Exit,
        /// How far the pressure has gone.
        pressure: Pressure,
        /// When the next step is due.
        due: Option<Duration>,
    },
    /// The run is being stopped by command.
    Stopping {
        /// The run.
        run: u64,
        /// What is known of its leader.
        leader: Leader,
        /// How far the pressure has gone.
        pressure: Pressure,
        /// When the next step is due; none before the leader is born, and when all was told of one that does not die.
        due: Option<Duration>,
        /// What follows.
        then: Then,
    },
    /// Waiting before the next run.
    Backoff {
        /// When the wait is over.
        until: Duration,
    },
    /// At rest: it ended well, and nothing follows.
    Completed,
    /// At rest: it ended well, and daemons that it has put into sessions of their own live on. They are part of it: a
    /// command to stop is for them.
    Left {
        /// The run that has left them.
        run: u64,
    },
    /// At rest: it failed, and nothing follows until a command.
    Failed(Failure),
}

/// Whether a run is the first since a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum First {
    /// It answers a command to start.
    Yes,
    /// It follows an earlier run.
    No,
}

/// What is known of the leader of a run that is being stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Leader {
    /// Asked for, and not known to run: it cannot be signalled yet.
    Unborn,
    /// It runs.
    Alive {
        /// Since when.
        since: Duration,
    },
    /// It has ended; its group may have members.
    Ended {
        /// How.
        exit: Exit,
        /// How long it lived.
        uptime: Duration,
    },
    /// It has ended, and so has its run; what it has left is being stopped.
    Gone,
}

/// How hard a run has been pressed to end. It only grows within a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pressure {
    /// Nothing was sent yet.
    None,
    /// The stop signal was sent.
    Asked,
    /// The kill signal was sent, and it was not SIGKILL.
    Urged,
    /// SIGKILL was sent to the leader alone.
    Struck,
    /// SIGKILL was sent. Nothing is stronger.
    Killed,
}

/// What follows a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Then {
    /// Rest.
    Rest,
    /// A new run.
    Restart,
    /// What follows a failure: it was stopped because it is not healthy.
    Follow,
    /// What follows a failure: it was stopped because it takes more memory than it may.
    Memory(Limit),
}

/// Why an instance rests in [`State::Failed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failure {
    /// It ended badly and its policy wants no new run.
    Exit(Exit),
    /// It ended badly too often.
    GaveUp(Exit),
    /// It could not be started.
    Spawn(SpawnFailureKind),
    /// It was stopped too often because it was not healthy.
    Unhealthy,
    /// It was stopped because it takes more memory than it may, and nothing follows, or too often.
    Memory(Limit),
}

/// How urgent a stop is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Urgency {
    /// Stop signal, grace, kill signal.
    Graceful,
    /// SIGKILL at once.
    Now,
}

/// What may happen to an instance: commands, observations, and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// Command: there shall be a run.
    Start,
    /// Command: there shall be none.
    Stop(Urgency),
    /// Command: there shall be a new run in place of this one.
    Restart,
    /// The run is up and does not do its work.
    Unhealthy {
        /// Which run.
        run: u64,
    },
    /// The run takes more memory than it may.
    OverLimit {
        /// Which run.
        run: u64,
        /// Which bound it is above.
        limit: Limit,
    },
    /// The run is up.
    Spawned {
        /// Which run.
        run: u64,
    },
    /// The run never came up.
    SpawnFailed {
        /// Which run.
        run: u64,
        /// Why.
        kind: SpawnFailureKind,
    },
    /// The leader has ended.
    Exited {
        /// Which run.
        run: u64,
        /// How.
        exit: Exit,
    },
    /// Nobody is left of the run.
    GroupEmpty {
        /// Which run.
        run: u64,
    },
    /// The leader has ended, and all that is left are daemons in sessions of their own.
    Left {
        /// Which run.
        run: u64,
    },
    /// Nothing of what is left of the run may be signalled.
    OutOfReach {
        /// Which run.
        run: u64,
    },
    /// The run, which was asked to go, says that it needs at least so long from now on.
    Extend {
        /// Which run.
        run: u64,
        /// How long.
        by: Duration,
    },
    /// Time has passed. Before the deadline it changes nothing.
    Tick,
}

/// What the machine asks for, in order. The machine never acts itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Start this run.
    Spawn {
        /// Its number.
        run: u64,
    },
    /// Send a signal to this run.
    Signal {
        /// Which run.
        run: u64,
        /// Which signal.
        signal: Signal,
        /// Why.
        step: SignalStep,
        /// To whom of it.
        reach: Reach,
    },
    /// A run is up.
    RunStarted {
        /// Which run.
        run: u64,
    },
    /// This run is not wanted any more, and nothing is known of it yet: it need not begin.
    Cancel {
        /// Which run.
        run: u64,
    },
    /// SIGKILL has not helped, or nothing may be signalled: tell who is left of this run, and why. When its leader
    /// has ended they are nobody's from here on.
    Leave {
        /// Which run.
        run: u64,
    },
    /// A run that was up is over: the leader has ended, and what it has left is gone, lives on by right
    /// ([`State::Left`]), or cannot be ended ([`Effect::Leave`]). Once for each `RunStarted`.
    RunEnded {
        /// Which run.
        run: u64,
        /// How the leader ended.
        exit: Exit,
        /// How long it lived.
        uptime: Duration,
    },
    /// The instance waits before its next run.
    BackoffBegan {
        /// How long.
        delay: Duration,
    },
    /// A new run follows an end that nobody asked for; `Spawn` or `BackoffBegan` comes next.
    Restarting {
        /// What it follows.
        after: Trigger,
        /// Restarts since the last stable run, from 1.
        attempt: u32,
    },
    /// The budget is spent; what follows by [`crate::spec::Exhausted`] comes next.
    Exhausted(Failure),
    /// The instance has come to rest.
    Rested(Rest),
}

/// Why a signal is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignalStep {
    /// The request to end.
    Request,
    /// The request was not followed in time, or there is no time.
    Escalation,
}

/// What an automatic restart follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// The run before ended like this.
    Exit(Exit),
    /// The run before never came up.
    Spawn(SpawnFailureKind),
    /// The run before was stopped because it was not healthy.
    Unhealthy,
    /// The run before was stopped because it took more memory than it may.
    Memory(Limit),
}

/// How an instance came to rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rest {
    /// By command.
    Stopped,
    /// It ended well.
    Completed,
    /// It failed for good.
    Failed(Failure),
}

/// Where an instance stands, as others are told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InstanceState {
    /// Never started, or stopped by command.
    Stopped,
    /// A run was asked for.
    Starting,
    /// The run is up, and its checks do not say that it is ready.
    Unready,
    /// The run is up.
    Running,
    /// The leader has ended unasked, and something of its run is left.
    Draining,
    /// It is being stopped.
    Stopping,
    /// It waits before its next run.
    Backoff,
    /// It has ended well, and nothing follows.
    Completed,
    /// It has ended badly, and nothing follows.
    Failed,
}

impl InstanceState {
    /// One word for people and status files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::Unready => "unready",
            Self::Running => "running",
            Self::Draining => "draining",
            Self::Stopping => "stopping",
            Self::Backoff => "backoff",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }
}
