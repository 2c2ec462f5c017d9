//! What is known of one instance.

use super::When;
use super::health::Answers;
use phpeek_core::facts::{Death, InstanceFact};
use phpeek_core::lifecycle::{InstanceState, Rest};
use phpeek_core::name::ProcessName;
use phpeek_core::outcome::Exit;
use std::time::{Duration, SystemTime};

/// See the top of the file.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    /// `NAME-number`.
    pub(crate) id: Box<str>,
    pub(crate) state: InstanceState,
    /// When the leader that lives was started.
    pub(crate) since: Option<SystemTime>,
    /// How the leader before it has ended.
    pub(crate) last_exit: Option<Exit>,
    /// How long it waits before its next run.
    pub(crate) backoff: Option<Duration>,
    /// What its checks were answered last.
    pub(crate) answers: Answers,
}

impl Instance {
    pub(crate) fn new(name: &ProcessName, number: u32) -> Self {
        Self {
            id: name.instance_id(number).into(),
            state: InstanceState::Stopped,
            since: None,
            last_exit: None,
            backoff: None,
            answers: Answers::default(),
        }
    }

    /// Whether its leader lives.
    pub(crate) fn is_up(&self) -> bool {
        self.since.is_some()
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.state == InstanceState::Running
    }

    /// Of what happens to it alone.
    pub(crate) fn hear(&mut self, when: &When, fact: &InstanceFact) {
        match fact {
            InstanceFact::Changed(change, _) => self.state = change.to,
            InstanceFact::Ordered { .. } => self.backoff = None,
            InstanceFact::Started { .. } => self.since = Some(when.wall),
            InstanceFact::Died(death) => self.died(death),
            InstanceFact::BackoffBegan { delay } => self.backoff = Some(*delay),
            InstanceFact::Rested { rest, .. } => {
                self.backoff = None;
                if !matches!(rest, Rest::Failed(_)) {
                    self.answers = Answers::default(); // nobody asks it any more, and nothing is wrong with it
                }
            }
            InstanceFact::Added { .. }
            | InstanceFact::Changes(_)
            | InstanceFact::SpawnFailed { .. }
            | InstanceFact::Daemonised { .. }
            | InstanceFact::LeftAlone(_)
            | InstanceFact::Ended(_)
            | InstanceFact::OverLimit { .. }
            | InstanceFact::Autopsied(_)
            | InstanceFact::Signalled { .. }
            | InstanceFact::ToldToReload
            | InstanceFact::ReloadTurnOver
            | InstanceFact::RestartBegan(_)
            | InstanceFact::StopTakenOver
            | InstanceFact::Restarting { .. }
            | InstanceFact::Unfolded(_)
            | InstanceFact::RelayFailed(_)
            | InstanceFact::Removed => {}
        }
    }

    fn died(&mut self, death: &Death) {
        self.since = None;
        self.last_exit = Some(death.autopsy.exit);
        self.answers.forget_good();
    }
}
