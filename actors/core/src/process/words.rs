//! The words of the process machine: what it may be told and what it asks for. Values only.

use crate::ends::{Ending, OperationEnd, Refusal, RestartOutcome};
use crate::facts::Words;
use crate::health::facts::Answer;
use crate::health::news::News;
use crate::health::words as health;
use crate::hook::words as hook;
use crate::ids::{ProbeId, RunId, TaskId};
use crate::lifecycle::{Reach, SignalStep, Urgency};
use crate::member::Member;
use crate::operation::{Operation, OperationId};
use crate::outcome::SpawnFailure;
use crate::program::{Launch, TaskEvent};
use crate::signal::{Handed, Signal};
use crate::spec::{ProcessSpec, Reload};
use std::sync::Arc;
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
    /// A probe of one of its instances was answered.
    Answered(ProbeId, Answer),
    /// The program of this run has said something of its health.
    News(RunId, News),
    /// How much memory a run takes, in bytes.
    Measured(RunId, u64),
    /// The last lines that a run wrote.
    LastWords(RunId, Words),
    /// What the program of a probe, which has failed, wrote last.
    ProbeWrote(ProbeId, Words),
    /// Nobody keeps the last lines of this run.
    NoWords(RunId),
    /// A signal was sent; whether there was anybody to send it to.
    Signalled(Pressing, bool),
    /// A signal that was to be handed on found no leader.
    NotRelayed(RunId, Signal),
    /// Who was left alone of this run.
    LeftAlone(RunId, Vec<Member>),
    /// It is configured like this from now on. When its scale or its checks differ, it rests.
    Configure(Arc<ProcessSpec>),
    /// It is no more; it rests. Nothing is done after it.
    Remove,
    /// What the clock on the wall says, since 1970: told before each command and tick to a process with a schedule, and
    /// when the clock was set. Between two of these it is taken to go on as time passes.
    Wall(Duration),
    /// Time has passed. Before the deadline it changes nothing.
    Tick,
    /// Everything is over: what is under way is told as far as it is known. Nothing is done after it.
    Finish,
}

/// What a process is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Start all instances, or the schedule. Its start has been told to begin.
    Start,
    /// Stop all instances.
    Stop(Urgency),
    /// Restart all instances, so many at a time as may be away.
    Restart,
    /// Have it reload itself. Answered as a restart is.
    Reload(Reload),
    /// Restart no further instance: a shutdown came first. Not answered.
    AbandonRestart,
    /// Hand a signal on to each instance. Answered by [`Report::Answered`].
    Relay(Handed),
    /// Something for its schedule. Answered by [`Report::Answered`].
    Schedule(ScheduleCommand),
    /// Let there be so many instances.
    Scale {
        /// How many.
        to: u32,
        /// Whether new ones are started: the process runs.
        run: bool,
    },
}

/// What a schedule is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleCommand {
    /// Run a job now; paused or not.
    Trigger,
    /// Begin no job by the clock.
    Pause,
    /// Begin jobs by the clock again.
    Resume,
}

/// What the machine asks for, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Start this run.
    Launch(Launch),
    /// Press a run to end; answered by [`Event::Signalled`] at once.
    Signal(Pressing),
    /// Hand a signal on to this run; if there is nobody any more, [`Event::NotRelayed`] comes at once.
    Relay {
        /// Which run.
        run: RunId,
        /// Which signal, and to whom.
        handed: Handed,
    },
    /// This run is not wanted any more, and may not have begun: it need not.
    Cancel(RunId),
    /// SIGKILL has not helped, or nothing may be signalled: who is left of this run is left alone, and
    /// [`Event::LeftAlone`] says at once who.
    Leave(RunId),
    /// Measure how much memory this run takes: one `Measured` follows, unless it is over first.
    Measure {
        /// Which run.
        run: RunId,
        /// Its leader.
        leader: i32,
        /// An estimate up to this will do.
        exact_above: u64,
    },
    /// Ask for the last words of this run: one `LastWords` follows, or none within the patience; when nobody keeps
    /// them, [`Event::NoWords`] at once.
    AskLastWords(RunId),
    /// For a hook of an instance.
    Hook(hook::Effect),
    /// For the health of an instance.
    Health(health::Effect),
    /// Tell the manager.
    Report(Report),
}

impl From<hook::Effect> for Effect {
    fn from(effect: hook::Effect) -> Self {
        Self::Hook(effect)
    }
}

impl From<health::Effect> for Effect {
    fn from(effect: health::Effect) -> Self {
        Self::Health(effect)
    }
}

/// A signal that presses a run to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pressing {
    /// Which run.
    pub run: RunId,
    /// Which signal.
    pub signal: Signal,
    /// Why.
    pub step: SignalStep,
    /// To whom of the run.
    pub reach: Reach,
    /// Whether it is part of a crash loop that is told in few spans by now.
    pub folded: bool,
}

/// What is told to the manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// All instances have been up since the command to start, and ready where checks say so.
    Up,
    /// All instances are ready again.
    Ready,
    /// Not all are ready: any more, or yet, when the programs of all have run since the command to start.
    Unready,
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
    /// What its schedule was told by this operation is done, or cannot be: a trigger when its job is over, all else at once.
    Answered(OperationId, Result<OperationEnd, Refusal>),
    /// There are as many instances as this operation has asked for, or a new one could not be started. Each order to scale
    /// is answered by it, also one that a later one has overtaken.
    Scaled(OperationId, RestartOutcome),
    /// It has ended so, or an instance of it has, and its specification makes that the end of everything.
    Fatal(Ending),
}
