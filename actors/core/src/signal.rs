//! Signals by name and number (signal(7), Linux). Owns the spelling; sends nothing.

use std::fmt;

/// First real-time signal that programs may use: glibc keeps 32 and 33 for itself (signal(7)).
pub const RT_MIN: u8 = 34;
/// Last real-time signal of Linux.
pub const RT_MAX: u8 = 64;

/// The standard signals in the order of their numbers, which x86, ARM and RISC-V share (signal(7)).
const NAMES: [(&str, u8); 31] = [
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("ILL", 4),
    ("TRAP", 5),
    ("ABRT", 6),
    ("BUS", 7),
    ("FPE", 8),
    ("KILL", 9),
    ("USR1", 10),
    ("SEGV", 11),
    ("USR2", 12),
    ("PIPE", 13),
    ("ALRM", 14),
    ("TERM", 15),
    ("STKFLT", 16),
    ("CHLD", 17),
    ("CONT", 18),
    ("STOP", 19),
    ("TSTP", 20),
    ("TTIN", 21),
    ("TTOU", 22),
    ("URG", 23),
    ("XCPU", 24),
    ("XFSZ", 25),
    ("VTALRM", 26),
    ("PROF", 27),
    ("WINCH", 28),
    ("IO", 29),
    ("PWR", 30),
    ("SYS", 31),
];
/// Other spellings of the same signals.
const ALIASES: [(&str, u8); 4] = [("IOT", 6), ("CLD", 17), ("POLL", 29), ("UNUSED", 31)];

/// A text that names no signal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no signal {0:?}")]
pub struct UnknownSignal(
    /// What was written.
    pub String,
);

/// Who sent a signal to the supervisor, as far as the kernel tells (sigaction(2), `siginfo_t`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SignalSender {
    /// Its pid; `None` when it lives outside of our pid namespace, as a container's runtime does.
    pub pid: Option<i32>,
    /// Its real user.
    pub uid: u32,
    /// The name of its program, when it was still there to be asked. The program itself chooses it.
    pub command: Option<String>,
}

/// A signal number that exists: 1 to 31 and [`RT_MIN`] to [`RT_MAX`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(u8);

impl Signal {
    /// Ask a process to end.
    pub const TERM: Self = Self(15);
    /// End a process that does not listen.
    pub const KILL: Self = Self(9);
    /// Let a stopped process go on, so that it can act on the signal before.
    pub const CONT: Self = Self(18);
    /// A child has changed its state.
    pub const CHLD: Self = Self(17);
    /// Hang-up.
    pub const HUP: Self = Self(1);
    /// Interrupt from the keyboard.
    pub const INT: Self = Self(2);
    /// Quit from the keyboard.
    pub const QUIT: Self = Self(3);
    /// User-defined signal 1.
    pub const USR1: Self = Self(10);
    /// User-defined signal 2.
    pub const USR2: Self = Self(12);
    /// Stop, which cannot be caught.
    pub const STOP: Self = Self(19);

    /// The signal with this number, if there is one.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        let number = u8::try_from(number).ok()?;
        matches!(number, 1..=31 | RT_MIN..=RT_MAX).then_some(Self(number))
    }

    /// The number that system calls take.
    #[must_use]
    pub fn number(self) -> i32 {
        i32::from(self.0)
    }

    /// Reads `SIGTERM`, `TERM`, `term`, `15`, `SIGRTMIN`, `RTMIN+3`, `SIGRTMAX-1`.
    ///
    /// # Errors
    /// [`UnknownSignal`] for anything else; nothing ever falls back to SIGTERM.
    pub fn parse(text: &str) -> Result<Self, UnknownSignal> {
        let unknown = || UnknownSignal(text.to_owned());
        let upper = text.trim().to_ascii_uppercase();
        if !upper.is_empty() && upper.bytes().all(|b| b.is_ascii_digit()) {
            return upper.parse().ok().and_then(Self::from_number).ok_or_else(unknown);
        }
        let name = upper.strip_prefix("SIG").unwrap_or(&upper);
        if let Some((_, number)) = NAMES.iter().chain(&ALIASES).find(|(n, _)| *n == name) {
            return Ok(Self(*number));
        }
        Self::real_time(name).ok_or_else(unknown)
    }

    fn real_time(name: &str) -> Option<Self> {
        let offset = |rest: &str, sign: char| -> Option<u8> {
            if rest.is_empty() {
                return Some(0);
            }
            // A number may have a sign of its own for `parse`, and "RTMIN++3" is no signal.
            let digits = rest.strip_prefix(sign)?;
            digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
        };
        let number = if let Some(rest) = name.strip_prefix("RTMIN") {
            RT_MIN.checked_add(offset(rest, '+')?)?
        } else {
            RT_MAX.checked_sub(offset(name.strip_prefix("RTMAX")?, '-')?)?
        };
        (RT_MIN..=RT_MAX).contains(&number).then_some(Self(number))
    }

    /// Whether a program can handle it: SIGKILL and SIGSTOP never reach one, and the four signals of a fault mean
    /// that the program itself is broken (sigaction(2)).
    #[must_use]
    pub fn can_be_caught(self) -> bool {
        !matches!(self.0, 4 | 7 | 8 | 9 | 11 | 19)
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(_, n)| *n == self.0) {
            Some((name, _)) => write!(f, "SIG{name}"),
            None if self.0 == RT_MIN => f.write_str("SIGRTMIN"),
            None => write!(f, "SIGRTMIN+{}", self.0 - RT_MIN),
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whom of a run a signal is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// All that belongs to it.
    All,
    /// Its leader alone.
    Leader,
}

/// A signal that is handed on, and to whom of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Handed {
    /// Which.
    pub signal: Signal,
    /// To whom.
    pub reach: Reach,
}

impl From<Signal> for Handed {
    /// To the leader alone, as it is when nothing else is said.
    fn from(signal: Signal) -> Self {
        Self { signal, reach: Reach::Leader }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_signal_is_read() {
        for text in ["SIGTERM", "TERM", "sigterm", "term", "15"] {
            assert_eq!(Signal::parse(text), Ok(Signal::TERM), "{text}");
        }
        assert_eq!(Signal::parse("SIGRTMIN+3").map(Signal::number), Ok(37));
        assert_eq!(Signal::parse("RTMAX-1").map(Signal::number), Ok(63));
        assert_eq!(Signal::parse("SIGIOT"), Signal::parse("ABRT"));
    }

    #[test]
    fn what_is_no_signal_is_an_error() {
        for text in [
            "",
            "SIG",
            "SIGNONSENSE",
            "0",
            "32",
            "33",
            "65",
            "-1",
            "999999999999999999999",
            "RTMIN+31",
            "RTMIN-1",
        ] {
            assert!(Signal::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn each_signal_reads_back_as_shown() {
        for signal in (0..=300).filter_map(Signal::from_number) {
            assert_eq!(Signal::parse(&signal.to_string()), Ok(signal));
        }
        assert_eq!((0..=300).filter_map(Signal::from_number).count(), 31 + 31);
    }
}
