//! The words of the process machine: what it may be told and what it asks for. Values only.

use crate::ends::{Ending, RestartOutcome};
use crate::facts::Words;
use crate::hook::words as hook;
use crate::ids::{RunId, TaskId};
use crate::lifecycle::{SignalStep, Urgency};
use crate::operation::Operation;
use crate::outcome::SpawnFailure;
use crate::program::{Launch, TaskEvent};
use crate::signal::Signal;
use std::time::Duration;

/// What may happen to a process: commands, observations, and time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It is told something, as part of an operation.
    Command {
        /// The operation.
        operation: Operation,
        /// When it was asked for: the time until now is part of it.
        asked: Duration,
        /// What it is told.
        command: Command,
    },
    /// Something has happened to one of its tasks.
    Task(TaskId, TaskEvent),
    /// The last lines that a run wrote.
    LastWords(RunId, Words),
    /// Time has passed. Before the deadline it changes nothing.
    Tick,
    /// Everything is over: what is under way is told as far as it is known. Nothing is done after it.
    Finish,
}

/// What a process is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Start all instances. Its start has been told to begin.
    Start,
    /// Stop all instances.
    Stop(Urgency),
    /// Restart all instances, one at a time.
    Restart,
    /// Restart no further instance: a shutdown came first. Not answered.
    AbandonRestart,
    /// Hand a signal on to the leader of each instance. Not answered.
    Relay(Signal),
}

/// What the machine asks for, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Start this run.
    Launch(Launch),
    /// Send a signal to all that belongs to this run; [`super::Process::signalled`] says what came of it.
    Signal {
        /// Which run.
        run: RunId,
        /// Which signal.
        signal: Signal,
        /// Why.
        step: SignalStep,
        /// For the fact.
        folded: bool,
    },
    /// Send a signal to the leader of this run; if it has none any more, [`super::Process::not_relayed`].
    SignalLeader {
        /// Which run.
        run: RunId,
        /// Which signal.
        signal: Signal,
    },
    /// This run is not wanted any more, and may not have begun: it need not.
    Cancel(RunId),
    /// SIGKILL has not helped, or nothing may be signalled: who is left of this run is left alone, and
    /// [`super::Process::left_alone`] says who.
    Leave(RunId),
    /// Ask for the last words of this run: one `LastWords` follows, or none within the patience.
    AskLastWords(RunId),
    /// For a hook of an instance.
    Hook(hook::Effect),
    /// Tell the manager.
    Report(Report),
}

impl From<hook::Effect> for Effect {
    fn from(effect: hook::Effect) -> Self {
        Self::Hook(effect)
    }
}

/// What is told to the manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// All instances have been up since the command to start.
    Up,
    /// An instance could not be started.
    StartFailed(SpawnFailure),
    /// All instances have come to rest by themselves.
    Ended(Ending),
    /// An instance has ended well, and daemons that it has put into the background live on: a stop is for them.
    Left,
    /// All instances rest after a command to stop.
    Stopped,
    /// The restart is over.
    Restarted(RestartOutcome),
}
