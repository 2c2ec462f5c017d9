//! What may be asked of a process while the supervisor runs, as a question to the supervision thread, and what comes of
//! it. Values only; every order is one of these words, and none holds a command.

use phpeek_core::name::ProcessName;
use phpeek_core::signal::Signal;
use tokio::sync::oneshot;

/// What a process is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Be started.
    Start,
    /// Be stopped, until somebody starts it.
    Stop,
    /// Be restarted, one instance after the other.
    Restart,
    /// Have so many instances.
    ScaleTo(u32),
    /// Have so many more, or fewer; never less than none.
    ScaleBy(i32),
    /// Begin no job by the clock.
    Pause,
    /// Begin jobs by the clock again.
    Resume,
    /// Run a job now.
    Trigger,
    /// Be sent this signal, each leader.
    Signal(Signal),
}

/// The request that an order came in: what its span says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Its method.
    pub method: String,
    /// The pattern of its path.
    pub route: String,
    /// Its path.
    pub path: String,
    /// Who asked.
    pub client: String,
    /// Whether it came at the control socket, where nobody but root and our own user can ask.
    pub here: bool,
    /// Its `traceparent`, as it was written.
    pub traceparent: Option<String>,
    /// Its `tracestate`.
    pub tracestate: Option<String>,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// What is to be done.
    pub what: What,
    /// How it came.
    pub heard: Heard,
}

/// What an order is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// This process is to do this.
    One(ProcessName, Wish),
    /// A rolling restart of these; of everything when none is named.
    Rolling(Vec<ProcessName>),
}

impl What {
    /// The process that it is about, if it is about one.
    #[must_use]
    pub fn process(&self) -> Option<&ProcessName> {
        match self {
            Self::One(process, _) => Some(process),
            Self::Rolling(_) => None,
        }
    }
}

/// What an order has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// What was asked for is so.
    Done,
    /// It cannot be done, and nothing was changed: the status of HTTP that says so, and why.
    Refused(u16, String),
    /// It was tried, and is not so: why, in words.
    Failed(String),
    /// Something else was asked for meanwhile.
    Interrupted,
}

impl Answer {
    /// The status of HTTP.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Done => 200,
            Self::Refused(status, _) => *status,
            Self::Failed(_) => 500,
            Self::Interrupted => 409,
        }
    }
}

/// An operation that was begun, or is over.
#[derive(Debug)]
pub struct Begun {
    /// Its number, for who asks later.
    pub operation: u64,
    /// What it comes to.
    pub end: oneshot::Receiver<Answer>,
}
