//! The words of survivors: what may happen, and what is asked for. Values only.

use crate::signal::Signal;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How often survivors are looked at: the kernel tells of the end of children only, and they are no children.
pub const STEP: Duration = Duration::from_millis(10);
/// What SIGKILL may take.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// What the supervisor before this one has written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    /// It has ended well, or there was none.
    Missing,
    /// What ran when it was killed.
    Believed,
    /// Something that others may have written, or that cannot be read.
    Refused,
}

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trail {
    /// What the record tells of.
    Record,
    /// Whatever carries the mark of a supervisor that is gone.
    Marks,
}

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The record was read.
    Read(Record),
    /// It was looked for what was left: pids, by the names of their processes.
    Found(BTreeMap<String, BTreeSet<i32>>),
    /// It was looked who of those that were found lives, and whose child it is.
    Saw(BTreeMap<i32, i32>),
}

/// What shall happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// What the supervisor has left beside its record is cleared away.
    Clear,
    /// To be looked for; [`Event::Found`] tells what was found.
    Find(Trail),
    /// To be sent to this very process.
    Signal(i32, Signal),
    /// It is to be looked in so long a time who lives; [`Event::Saw`] tells.
    Look(Duration),
    /// What people are told.
    Tell(Fact),
    /// The answer: everything may be started.
    Begin,
    /// The answer: nothing may be started beside these.
    Refuse(BTreeSet<i32>),
}

/// What people are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// The record is not used.
    NotUsed(Unknown),
    /// This was left of a process.
    Left(String, BTreeSet<i32>),
    /// All that was left of it has ended.
    Ended(String),
    /// These cannot be ended.
    Stays(String, BTreeSet<i32>),
}

/// What is there beside a record that is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unknown {
    /// Nobody has looked.
    NotLookedFor,
    /// Nobody.
    Nobody,
    /// These may be of this configuration.
    Maybe(BTreeSet<i32>),
}
