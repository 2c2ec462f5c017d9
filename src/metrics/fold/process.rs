//! What is known of one process and of its instances.

use super::When;
use super::edges::Edges;
use super::health::Health;
use super::instance::Instance;
use super::schedule::Schedule;
use crate::tally::{Mark, Tallies};
use phpeek_actors::clock::Moment;
use phpeek_actors::phrases::{restart_reason, restart_reason_after};
use phpeek_core::autopsy::Oom;
use phpeek_core::facts::{HealthFact, InstanceFact, ProcessFact};
use phpeek_core::lifecycle::SignalStep;
use phpeek_core::list_map::Serials;
use phpeek_core::spec::{ProcessKind, ProcessSpec};
use std::sync::Arc;

/// See the top of the file. Shared with those who read: changed by a copy while somebody does.
#[derive(Debug, Clone)]
pub(crate) struct Process {
    pub(crate) spec: Arc<ProcessSpec>,
    /// When it became known.
    pub(crate) added: Moment,
    /// How many instances there are to be.
    pub(crate) desired: u32,
    pub(crate) instances: Serials<Instance>,
    pub(crate) restarts: Tallies,
    pub(crate) backoffs: u64,
    pub(crate) spawn_failures: u64,
    pub(crate) kills: u64,
    pub(crate) oom_kills: u64,
    pub(crate) health: Option<Box<Health>>,
    pub(crate) edges: Option<Box<Edges>>,
    pub(crate) schedule: Option<Box<Schedule>>,
}

impl Process {
    pub(crate) fn new(spec: Arc<ProcessSpec>, when: &When) -> Self {
        Self {
            desired: spec.scale.get(),
            spec,
            added: when.at,
            instances: Serials::default(),
            restarts: Tallies::default(),
            backoffs: 0,
            spawn_failures: 0,
            kills: 0,
            oom_kills: 0,
            health: None,
            edges: None,
            schedule: None,
        }
    }

    /// As its series are labelled.
    pub(crate) fn name(&self) -> &str {
        self.spec.name.as_str()
    }

    /// Whether it has instances to speak of: those of a schedule are its jobs.
    pub(crate) fn stays(&self) -> bool {
        self.spec.kind != ProcessKind::Scheduled
    }

    /// Of what happens to the process itself; its coming, its going and its edges are told elsewhere.
    pub(crate) fn hear(&mut self, fact: &ProcessFact) {
        match fact {
            ProcessFact::Changed(spec) => {
                self.spec = spec.clone();
                if self.stays() {
                    self.schedule = None;
                }
                if spec.health.is_none() {
                    self.health = None;
                }
            }
            ProcessFact::ScaleBegan { to, .. } => self.desired = *to,
            ProcessFact::Added(_)
            | ProcessFact::StartBegan { .. }
            | ProcessFact::EdgeMet(_)
            | ProcessFact::EdgeLost(_)
            | ProcessFact::EdgeGivenUp(_)
            | ProcessFact::EdgeFailed(..)
            | ProcessFact::Up
            | ProcessFact::Ready
            | ProcessFact::Unready
            | ProcessFact::NotReadyInTime
            | ProcessFact::StartFailed(_)
            | ProcessFact::StartInterrupted
            | ProcessFact::RestartAbandoned
            | ProcessFact::ScaleEnded(_)
            | ProcessFact::ReloadBegan { .. }
            | ProcessFact::ReloadEnded(_)
            | ProcessFact::StopBegan(_)
            | ProcessFact::Stopped
            | ProcessFact::Ended(_)
            | ProcessFact::Abandoned
            | ProcessFact::Lost
            | ProcessFact::Removed => {}
        }
    }

    /// Of what happens to an instance. `mark` is asked for the span of a restart.
    pub(crate) fn hear_of(
        &mut self,
        when: &When,
        serial: u32,
        fact: &InstanceFact,
        mark: impl FnOnce() -> Option<Mark>,
    ) {
        match fact {
            InstanceFact::Added { number } => {
                self.instances.insert(serial, Instance::new(&self.spec.name, *number));
            }
            InstanceFact::Removed => drop(self.instances.remove(serial)),
            InstanceFact::RestartBegan(operation) => {
                self.restarts.add(restart_reason(&operation.cause), 1, mark());
            }
            InstanceFact::Restarting { after, .. } => {
                let reason = restart_reason_after(*after, &self.spec.restart.ends);
                self.restarts.add(reason, 1, mark());
            }
            InstanceFact::BackoffBegan { .. } => self.backoffs += 1,
            InstanceFact::SpawnFailed { .. } => self.spawn_failures += 1,
            InstanceFact::Signalled { step: SignalStep::Escalation, delivered: true, .. } => self.kills += 1,
            InstanceFact::Died(death) if matches!(death.autopsy.oom, Oom::Likely { .. }) => {
                self.oom_kills += 1;
            }
            InstanceFact::Changes(_)
            | InstanceFact::Changed(..)
            | InstanceFact::Ordered { .. }
            | InstanceFact::Started { .. }
            | InstanceFact::Died(_)
            | InstanceFact::Daemonised { .. }
            | InstanceFact::LeftAlone(_)
            | InstanceFact::Ended(_)
            | InstanceFact::OverLimit { .. }
            | InstanceFact::Autopsied(_)
            | InstanceFact::Signalled { .. }
            | InstanceFact::ToldToReload
            | InstanceFact::ReloadTurnOver
            | InstanceFact::StopTakenOver
            | InstanceFact::Unfolded(_)
            | InstanceFact::Rested { .. }
            | InstanceFact::RelayFailed(_) => {}
        }
        if let Some(instance) = self.instances.get_mut(serial) {
            instance.hear(when, fact);
        }
    }

    /// Of the health of an instance. `mark` gives the span of a probe.
    pub(crate) fn hear_health(
        &mut self,
        when: &When,
        serial: u32,
        fact: &HealthFact,
        mark: impl FnOnce(u64) -> Option<Mark>,
    ) {
        let HealthFact::Probed(probed) = fact else { return };
        let Some(instance) = self.instances.get_mut(serial) else { return };
        let health = self.health.get_or_insert_default();
        health.hear(when, probed, &mut instance.answers, mark(probed.serial));
    }

    /// How many leaders live.
    pub(crate) fn up(&self) -> usize {
        self.instances.values().filter(|instance| instance.is_up()).count()
    }
}
