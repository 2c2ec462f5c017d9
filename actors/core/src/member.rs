//! Who belongs to a run besides its leader, as people are told of it: what is left when the leader has ended. Values
//! only; found by the launcher.

use std::fmt;

/// A process that is left of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its pid.
    pub pid: i32,
    /// What the kernel calls it.
    pub name: String,
    /// What it does.
    pub condition: Condition,
}

/// What keeps a process from ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// It runs, sleeps or is stopped, and can be signalled.
    Alive,
    /// It hangs in the kernel, where no signal reaches it.
    Uninterruptible,
    /// It belongs to somebody whom we may not signal.
    OutOfReach,
}

impl Condition {
    /// For people: why it is still there.
    #[must_use]
    pub fn why(self) -> &'static str {
        match self {
            Self::Alive => "it has not ended",
            Self::Uninterruptible => "it hangs in the kernel",
            Self::OutOfReach => "it may not be signalled",
        }
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (pid {}): {}", self.name, self.pid, self.condition.why())
    }
}

/// All of them in one line.
#[must_use]
pub fn list(members: &[Member]) -> String {
    members.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
