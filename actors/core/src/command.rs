//! What is run, in its smallest parts: the command, what its end means, which of its streams are captured. Values only.

use std::ffi::{OsStr, OsString};

/// What the end of a process means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessKind {
    /// It is meant to stay.
    LongRun,
    /// It is meant to end with 0, once.
    Oneshot,
    /// It is started by a clock, again and again, and is meant to end each time.
    Scheduled,
}

impl ProcessKind {
    /// What `type` may be; one with a `schedule` is neither.
    pub const WORDS: [(&'static str, Self); 2] = [("longrun", Self::LongRun), ("oneshot", Self::Oneshot)];

    /// As the configuration spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LongRun => "longrun",
            Self::Oneshot => "oneshot",
            Self::Scheduled => "scheduled",
        }
    }
}

/// A program and its arguments; never empty, no NUL inside (execve(2) could not take it).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// As it is shown.
    argv: Vec<String>,
    /// As it is handed over, where that is no UTF-8: names of files are bytes.
    exact: Option<Vec<OsString>>,
}

impl CommandLine {
    /// Takes argv; `None` when it is empty, the program is empty, or a NUL is inside.
    #[must_use]
    pub fn new(argv: Vec<String>) -> Option<Self> {
        let sound = argv.first().is_some_and(|p| !p.is_empty()) && argv.iter().all(|a| !a.contains('\0'));
        sound.then_some(Self { argv, exact: None })
    }

    /// The same of words that need not be UTF-8.
    #[must_use]
    pub fn exactly(words: Vec<OsString>) -> Option<Self> {
        let shown = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        let exact = words.iter().any(|word| word.to_str().is_none()).then_some(words);
        Some(Self { exact, ..Self::new(shown)? })
    }

    /// The program as it was written.
    #[must_use]
    pub fn program(&self) -> &str {
        self.argv.first().map_or("", String::as_str)
    }

    /// Program and arguments, to be shown.
    #[must_use]
    pub fn argv(&self) -> &[String] {
        &self.argv
    }

    /// Program and arguments, to be run.
    pub fn words(&self) -> impl Iterator<Item = &OsStr> {
        let exact = self.exact.iter().flatten().map(OsString::as_os_str);
        let plain: &[String] = if self.exact.is_some() { &[] } else { &self.argv };
        exact.chain(plain.iter().map(OsStr::new))
    }
}

/// Which streams are captured; one that is not goes to /dev/null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputSpec {
    /// Standard output.
    pub stdout: bool,
    /// Standard error.
    pub stderr: bool,
}
