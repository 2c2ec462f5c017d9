//! How much a record of the log matters. A value; decides nothing.

/// How much a log record matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Of use when looking for a fault.
    Debug,
    /// The normal course of things.
    Info,
    /// Something is not as it should be, and the supervisor deals with it.
    Warn,
    /// A person must act.
    Error,
}

impl Level {
    /// What may be written, and what it means.
    pub const WORDS: [(&'static str, Self); 4] =
        [("debug", Self::Debug), ("info", Self::Info), ("warn", Self::Warn), ("error", Self::Error)];

    /// As it is written in records and in `log_level`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}
