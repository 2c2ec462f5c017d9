//! What a probe gave, and what is told of it. Values only.

use super::Role;
use super::news::Saying;
use crate::outcome::Exit;
use std::time::Duration;

/// What went wrong with a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProbeFault {
    /// It took longer than its timeout.
    TimedOut,
    /// Nobody takes connections there.
    Refused,
    /// The other side could not be reached, or broke off.
    Unreachable,
    /// It answered, and the answer is not one of the good ones.
    Answer,
    /// The program ended like this.
    Exit(Exit),
    /// The program could not be started.
    NotStarted,
}

impl ProbeFault {
    /// A short, stable word for `error.type`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TimedOut => "deadline_exceeded",
            Self::Refused => "connection_refused",
            Self::Unreachable => "unreachable",
            Self::Answer => "unexpected_answer",
            Self::Exit(_) => "exit",
            Self::NotStarted => "not_started",
        }
    }
}

/// The answer to a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Nothing when all is well.
    pub fault: Option<ProbeFault>,
    /// What it got, for people; maybe nothing.
    pub got: Box<str>,
}

impl Answer {
    /// A good one.
    #[must_use]
    pub fn well(got: impl Into<Box<str>>) -> Self {
        Self { fault: None, got: got.into() }
    }

    /// A bad one, and why.
    #[must_use]
    pub fn bad(fault: ProbeFault, got: impl Into<Box<str>>) -> Self {
        Self { fault: Some(fault), got: got.into() }
    }
}

/// What a check says of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Health {
    /// Nothing yet.
    Unknown,
    /// It passes.
    Passing,
    /// It fails.
    Failing,
}

impl Health {
    /// As `health_check.state` says it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Passing => "passing",
            Self::Failing => "failing",
        }
    }
}

/// What happens to the health of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HealthFact {
    /// A probe was asked.
    Asked {
        /// Which.
        serial: u64,
        /// What its check is for.
        role: Role,
        /// The type of its check.
        kind: &'static str,
    },
    /// A probe was answered, or its time is over; or what a program says of itself, or its silence, changes what is known.
    Probed(Box<Probed>),
    /// A program says something for people.
    Said {
        /// In which run.
        run: u64,
        /// What.
        saying: Saying,
    },
    /// A probe will have no answer: the run is over.
    Forgotten {
        /// Which.
        serial: u64,
    },
    /// A run is up, and whoever waits for the instance waits for its checks.
    Waits {
        /// Which run.
        run: u64,
        /// The type of the first check that is waited for.
        kind: &'static str,
    },
    /// All that its readiness needs passes.
    Ready {
        /// Which run.
        run: u64,
        /// How many probes it took since the run was up, or since it was ready last.
        attempts: u64,
    },
    /// It was ready, and is not any more, though it runs.
    Unready {
        /// Which run.
        run: u64,
    },
    /// The run is over before it was ready.
    NeverReady {
        /// Which run.
        run: u64,
    },
}

/// A probe that was answered, or news of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// Which, as it was asked; 0: nobody asked, it was told.
    pub serial: u64,
    /// Of which run.
    pub run: u64,
    /// What its check is for.
    pub role: Role,
    /// The type of its check.
    pub kind: &'static str,
    /// When it was asked, or what was told is about since.
    pub began: Duration,
    /// Which probe of its check in this run, from 1.
    pub attempt: u64,
    /// How many in a row had the same result, this one included.
    pub in_a_row: u32,
    /// The answer.
    pub answer: Answer,
    /// What its check says of the instance since, when that has changed by it.
    pub change: Option<Health>,
}
