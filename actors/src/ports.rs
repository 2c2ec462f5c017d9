//! The few things that actors need of the world. `phpeek-pm` implements them over the kernel, tests over lists.
//! Every call returns at once: nothing here may wait for a disk, a name service or a slow reader.

use crate::clock::Moment;
use actix::Recipient;
use opentelemetry::trace::SpanContext;
use phpeek_core::facts::Words;
use phpeek_core::health::Question;
use phpeek_core::health::facts::Answer;
use phpeek_core::health::news::News;
use phpeek_core::ids::{ProbeId, RunId, TaskId};
use phpeek_core::member::Member;
use phpeek_core::name::ProcessName;
pub use phpeek_core::program::TaskEvent;
use phpeek_core::program::{Label, Launch, Program};
use phpeek_core::signal::Signal;
use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

pub use phpeek_core::level::Level;

/// A [`TaskEvent`] with the task that it belongs to. Delivered on the supervision thread, in order: `Spawned` or
/// `SpawnFailed` first, then `Exited`, then `GroupEmpty`. After `SpawnFailed` or `GroupEmpty` nothing more comes of
/// that task. `Left` and `OutOfReach` may come between `Exited` and `GroupEmpty`.
#[derive(Debug, Clone, PartialEq, Eq, actix::Message)]
#[rtype(result = "()")]
pub struct TaskReport {
    /// The task.
    pub task: TaskId,
    /// What happened.
    pub event: TaskEvent,
}

/// Asks for a program to be started.
#[derive(Debug, Clone)]
pub struct LaunchOrder {
    /// The task to be.
    pub task: TaskId,
    /// What it is called.
    pub label: Label,
    /// What to run.
    pub program: Arc<Program>,
    /// The span that starts it, for its environment; [`SpanContext::NONE`] when tracing is off.
    pub context: SpanContext,
}

impl LaunchOrder {
    /// This task is to be started by the span of this context.
    #[must_use]
    pub fn new(launch: Launch, context: SpanContext) -> Self {
        let Launch { task, label, program } = launch;
        Self { task, label, program, context }
    }
}

/// Starts programs, and signals those it has started. Lives on the supervision thread.
pub trait Launcher {
    /// Starts a task. Returns at once; [`TaskReport`]s follow.
    fn launch(&self, order: LaunchOrder);

    /// Sends a signal to all that belongs to a task, wherever it has gone, then SIGCONT so that a stopped process can act on it (not
    /// after SIGCONT or SIGKILL). False when the task is not in the table any more: nothing was sent.
    fn signal_group(&self, task: TaskId, signal: Signal) -> bool;

    /// As [`Self::signal_group`], to the leader alone.
    fn press_leader(&self, task: TaskId, signal: Signal) -> bool;

    /// Sends a signal to the leader of a task alone, and nothing beside it. False when it is not in the table or has ended.
    fn signal_leader(&self, task: TaskId, signal: Signal) -> bool;

    /// The task is not wanted any more, and may not have begun. What has not begun never does; what hangs before its
    /// program runs is killed; anything else goes on. Its reports follow as ever.
    fn cancel(&self, task: TaskId);

    /// Who is left of a task that SIGKILL has not helped. When its leader has ended they are nobody's from here on,
    /// and nothing more is reported of the task.
    fn leave(&self, task: TaskId) -> Vec<Member>;
}

/// The last lines that a task has written.
#[derive(Debug, Clone, PartialEq, Eq, actix::Message)]
#[rtype(result = "()")]
pub struct LastLines {
    /// The task.
    pub task: TaskId,
    /// Its lines.
    pub words: Words,
}

/// Keeps the last lines of tasks. Any thread may ask.
pub trait LastWords {
    /// Asks for the last lines of a task of this process that has ended. Returns at once. True: `hearer` is sent them
    /// once, soon. False: nobody keeps them.
    fn ask(&self, task: TaskId, process: &ProcessName, hearer: Recipient<LastLines>) -> bool;
}

/// Asks for the health of an instance.
#[derive(Debug)]
pub struct ProbeOrder {
    /// The probe.
    pub probe: ProbeId,
    /// What to ask.
    pub question: Question,
    /// How long it may take; nobody waits for what comes later.
    pub timeout: Duration,
    /// The span of the probe, for whoever is asked; [`SpanContext::NONE`] when tracing is off.
    pub context: SpanContext,
    /// Who is told the answer.
    pub hearer: Recipient<ProbeAnswer>,
}

/// What came of a probe.
#[derive(Debug, Clone, PartialEq, Eq, actix::Message)]
#[rtype(result = "()")]
pub struct ProbeAnswer {
    /// The probe.
    pub probe: ProbeId,
    /// The answer.
    pub answer: Answer,
}

/// What a program has said of its health, in the order in which it did. Delivered on the supervision thread.
#[derive(Debug, Clone, PartialEq, Eq, actix::Message)]
#[rtype(result = "()")]
pub struct RunNews {
    /// The run that it is.
    pub run: RunId,
    /// What it has said.
    pub news: Vec<News>,
}

/// Takes news of programs, on any thread, and never waits. Whoever brings them bounds how many there are.
pub trait NewsDesk: Debug + Send + Sync {
    /// Takes some.
    fn bring(&self, news: RunNews);
}

/// Asks for health, elsewhere.
pub trait Prober {
    /// Asks. Returns at once; the hearer is sent one [`ProbeAnswer`], unless the probe is forgotten first.
    fn ask(&self, order: ProbeOrder);

    /// The answer to a probe is not wanted any more. Returns at once.
    fn forget(&self, probe: ProbeId);
}

/// Asks how much memory a run takes.
#[derive(Debug)]
pub struct MeasureOrder {
    /// The run.
    pub run: RunId,
    /// Its leader.
    pub leader: i32,
    /// An estimate that is not below the truth will do up to this.
    pub exact_above: u64,
    /// Who is told.
    pub hearer: Recipient<Measured>,
}

/// How much memory a run takes, all that belongs to it together, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, actix::Message)]
#[rtype(result = "()")]
pub struct Measured {
    /// The run.
    pub run: RunId,
    /// How much.
    pub used: u64,
}

/// Measures runs, elsewhere.
pub trait Meter {
    /// Measures. Returns at once; the hearer is sent one [`Measured`], or none when nobody is left or nobody can look.
    fn measure(&self, order: MeasureOrder);
}

/// The value of a field of a log record.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A text.
    Text(Cow<'static, str>),
    /// A whole number.
    Int(i64),
    /// A truth.
    Bool(bool),
    /// The name of the hook that a record is about: with it a record stands after what the hook has written.
    Hook(Arc<str>),
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

/// A record of the supervisor's own.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRecord {
    /// When it happened.
    pub at: Moment,
    /// How much it matters.
    pub level: Level,
    /// What happened.
    pub message: Cow<'static, str>,
    /// The process that it is about.
    pub process: Option<ProcessName>,
    /// The instance that it is about.
    pub instance: Option<u32>,
    /// More facts, in the order in which they are shown.
    pub fields: Vec<(&'static str, Value)>,
}

impl LogRecord {
    /// What it takes of a bound, with what is around it.
    #[must_use]
    pub fn bytes(&self) -> usize {
        const FRAME: usize = 200;
        let value = |value: &Value| match value {
            Value::Text(text) => text.len(),
            Value::Hook(name) => name.len(),
            Value::Int(_) | Value::Bool(_) => 8,
        };
        let fields = self.fields.iter().map(|(key, of)| key.len() + value(of));
        FRAME + self.message.len() + fields.sum::<usize>()
    }
}

/// Takes records of the supervisor. Never blocks; what cannot be kept is counted by the implementation.
pub trait LogSink: Send + Sync {
    /// Whether records of this level are kept at all; ask before building a costly one.
    fn enabled(&self, level: Level) -> bool;

    /// Takes a record.
    fn log(&self, record: LogRecord);
}
