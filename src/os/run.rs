//! A run in the table: what is known of it, and what it was sent. A value; asks the kernel nothing.

use super::kin::Remains;
use super::leaf::Leaf;
use phpeek_core::autopsy::Sender;
use phpeek_core::ids::TaskId;
use phpeek_core::outcome::Exit;
use phpeek_core::signal::Signal;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The leader has not been reaped.
    Running,
    /// The leader is gone, and somebody is left.
    Draining,
}

/// A run that has begun and is not over.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) task: TaskId,
    pub(super) phase: Phase,
    /// What we have sent to it; bit n - 1 is signal n.
    pub(super) sent: u64,
    /// What was sent to all of it last: who turns up later gets it too.
    pub(super) last: Option<Signal>,
    /// Strays that have had the last signal.
    pub(super) told: Vec<i32>,
    /// What was reported of those who are left.
    pub(super) reported: Option<Remains>,
    /// The cgroup that it has for itself.
    pub(super) leaf: Option<Leaf>,
}

impl Run {
    pub(super) fn new(task: TaskId, leaf: Option<Leaf>) -> Self {
        Self { task, phase: Phase::Running, sent: 0, last: None, told: Vec::new(), reported: None, leaf }
    }

    pub(super) fn sender(&self, exit: Exit) -> Sender {
        match exit {
            Exit::Code(_) => Sender::Nobody,
            Exit::Signal { signal, .. } if self.sent & bit(signal) != 0 => Sender::Supervisor,
            Exit::Signal { .. } => Sender::Other,
        }
    }

    pub(super) fn is_running(&self) -> bool {
        self.phase == Phase::Running
    }
}

/// A signal as a bit of a set.
pub(super) fn bit(signal: Signal) -> u64 {
    u32::try_from(signal.number() - 1).ok().and_then(|n| 1_u64.checked_shl(n)).unwrap_or(0)
}
