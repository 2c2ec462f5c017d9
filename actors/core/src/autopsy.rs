//! What is known of the end of a run: its status, what it used, who sent the signal, and what the kernel's memory
//! controller says. Values and the one judgement about them; claims nothing that is not known. Made by the launcher,
//! told by the `ProcessActor`.

use crate::outcome::Exit;
use crate::signal::Signal;
use std::borrow::Cow;
use std::time::Duration;

/// What a run has used, as wait4(2) tells it: the leader and those of its children that it has waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// The most memory that was resident at a time, in bytes. Linux counts the time before the exec too, so it is at
    /// least what the supervisor itself held then (getrusage(2)).
    pub max_rss: u64,
    /// Time on a processor in the program.
    pub user: Duration,
    /// Time on a processor in the kernel.
    pub system: Duration,
    /// Page faults that had to read from a disk.
    pub major_faults: u64,
    /// Page faults that had not.
    pub minor_faults: u64,
}

/// Who sent the signal that ended a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sender {
    /// No signal ended it.
    #[default]
    Nobody,
    /// The supervisor had sent this signal to the run.
    Supervisor,
    /// Somebody else: wait(2) does not tell who. The process itself, the kernel, or anyone who may.
    Other,
}

/// What the memory controller of the supervisor's cgroup says of a death.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Oom {
    /// Nothing: it was not asked, or it has killed nobody since it was asked last.
    #[default]
    None,
    /// It has killed at least as many as have died of an unexplained SIGKILL: most likely this one too.
    Likely {
        /// How many it has killed since it was asked last.
        kills: u64,
    },
    /// It has killed fewer than have died: which of them is not known.
    Possible {
        /// How many it has killed since it was asked last.
        kills: u64,
    },
}

impl Oom {
    /// What `kills` of the memory controller mean for each of `deaths` by a SIGKILL that nobody is known to have
    /// sent.
    #[must_use]
    pub fn judge(kills: u64, deaths: u64) -> Self {
        match kills {
            0 => Self::None,
            _ if kills >= deaths => Self::Likely { kills },
            _ => Self::Possible { kills },
        }
    }

    /// How many it has killed.
    #[must_use]
    pub fn kills(self) -> u64 {
        match self {
            Self::None => 0,
            Self::Likely { kills } | Self::Possible { kills } => kills,
        }
    }
}

/// All that is known of the end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Autopsy {
    /// Code or signal.
    pub exit: Exit,
    /// What it has used; `None` when the kernel did not say.
    pub usage: Option<Usage>,
    /// Who sent the signal.
    pub sender: Sender,
    /// Whether memory ran out.
    pub oom: Oom,
}

impl From<Exit> for Autopsy {
    /// Of a run of which nothing but its end is known.
    fn from(exit: Exit) -> Self {
        let sender = if matches!(exit, Exit::Signal { .. }) { Sender::Other } else { Sender::Nobody };
        Self { exit, usage: None, sender, oom: Oom::None }
    }
}

impl Autopsy {
    /// Whether it ended by a SIGKILL of which nobody knows who sent it: the memory controller may know.
    #[must_use]
    pub fn is_unexplained_kill(&self) -> bool {
        self.sender == Sender::Other && matches!(self.exit, Exit::Signal { signal: Signal::KILL, .. })
    }

    /// A short, stable word for `error.type`: `oom_killed` where that is likely, the name of a signal, or `exit`.
    #[must_use]
    pub fn error_type(&self) -> Cow<'static, str> {
        match (self.oom, self.exit) {
            (Oom::Likely { .. }, _) => Cow::Borrowed("oom_killed"),
            (_, Exit::Signal { signal, .. }) => Cow::Owned(signal.to_string()),
            (_, Exit::Code(_)) => Cow::Borrowed("exit"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KILLED: Exit = Exit::Signal { signal: Signal::KILL, core: false };

    #[test]
    fn only_as_many_deaths_are_likely_as_there_were_kills() {
        for kills in 0..5 {
            for deaths in 1..5 {
                let likely = matches!(Oom::judge(kills, deaths), Oom::Likely { .. });
                assert_eq!(likely, kills > 0 && deaths <= kills, "{kills} kills, {deaths} deaths");
                assert_eq!(Oom::judge(kills, deaths).kills(), kills);
            }
        }
    }

    #[test]
    fn only_a_kill_that_nobody_is_known_to_have_sent_is_asked_about() {
        assert!(Autopsy::from(KILLED).is_unexplained_kill());
        assert!(!Autopsy { sender: Sender::Supervisor, ..KILLED.into() }.is_unexplained_kill());
        assert!(!Autopsy::from(Exit::Code(137)).is_unexplained_kill());
        assert!(!Autopsy::from(Exit::Signal { signal: Signal::TERM, core: false }).is_unexplained_kill());
    }

    #[test]
    fn the_kind_of_a_death_is_one_word() {
        assert_eq!(Autopsy::from(Exit::Code(3)).error_type(), "exit");
        assert_eq!(Autopsy::from(KILLED).error_type(), "SIGKILL");
        let possible = Autopsy { oom: Oom::judge(1, 2), ..KILLED.into() };
        assert_eq!(possible.error_type(), "SIGKILL", "it is not known to be of those");
        assert_eq!(Autopsy { oom: Oom::judge(1, 1), ..KILLED.into() }.error_type(), "oom_killed");
    }
}
