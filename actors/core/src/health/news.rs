//! What a program says of its own health, unasked: a message on its socket, a newline on a descriptor, a line of its
//! output. Values only.

use std::time::Duration;

/// What a program has said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// A line of its output has matched the pattern of a check.
    Line {
        /// Which of its checks, from 0.
        check: usize,
        /// The line.
        text: Box<str>,
    },
    /// It is ready.
    Ready,
    /// It takes over its configuration, and is ready when it says so again.
    Reloading,
    /// It is about to end.
    Stopping,
    /// It is alive.
    Ping,
    /// It wants to be taken for one that is not.
    Trigger,
    /// Its silence may last so long from now on; zero: for ever.
    Watchdog(Duration),
    /// Its start, or its end, will take at least so long from now on.
    Extend(Duration),
    /// Something for people.
    Said(Saying),
}

/// What a program says for people. Decides nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saying {
    /// Where it stands, in its own words.
    Status(Box<str>),
    /// It takes over its configuration.
    Reloading,
    /// Its main process is this.
    MainPid(i32),
    /// Its end takes so much longer, and it has that time.
    EndsLater(Duration),
    /// It has failed by this error number.
    Errno(i32),
    /// Messages of somebody who does not belong to it, or that nobody understands, were dropped.
    Dropped {
        /// How many in this run.
        count: u64,
        /// What was wrong with the last.
        why: Box<str>,
    },
}
