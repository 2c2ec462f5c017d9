//! What becomes of processes that a killed supervisor has left. Values only.

/// What the next supervisor does with them before it starts anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Survivors {
    /// Each is asked to end, has its time, and is killed: dependents before what they need.
    #[default]
    Stop,
    /// SIGKILL to all of them.
    Kill,
    /// They are told of, and left alone.
    Report,
    /// Nobody looks for them.
    Ignore,
}

impl Survivors {
    /// What may be written, and what it means.
    pub const WORDS: [(&'static str, Self); 4] =
        [("stop", Self::Stop), ("kill", Self::Kill), ("report", Self::Report), ("ignore", Self::Ignore)];
}
