//! What is known of the system as a whole.

use super::When;
use crate::histogram::{Histogram, SHUTDOWN};
use crate::tally::Tallies;
use phpeek_actors::clock::Moment;
use phpeek_core::facts::SystemFact;
use phpeek_core::fleet::ReloadEnd;
use std::time::SystemTime;

/// See the top of the file.
#[derive(Debug, Clone)]
pub(crate) struct System {
    /// When the supervisor began.
    pub(crate) began: SystemTime,
    boot: Option<Moment>,
    /// How long the boot took, in seconds.
    pub(crate) boot_seconds: Option<f64>,
    stops: Option<Moment>,
    pub(crate) shutdown_seconds: Histogram,
    pub(crate) reloads: Tallies,
}

impl System {
    pub(crate) fn new(began: SystemTime) -> Self {
        Self {
            began,
            boot: None,
            boot_seconds: None,
            stops: None,
            shutdown_seconds: Histogram::new(SHUTDOWN),
            reloads: Tallies::default(),
        }
    }

    pub(crate) fn hear(&mut self, when: &When, fact: &SystemFact) {
        match fact {
            SystemFact::BootBegan { .. } => self.boot = Some(when.at),
            SystemFact::BootSucceeded { .. } => {
                self.boot_seconds = self.boot.map(|began| when.since(began));
            }
            SystemFact::ShutdownBegan { .. } => self.stops = Some(when.at),
            SystemFact::Over(_) => {
                if let Some(began) = self.stops.take() {
                    self.shutdown_seconds.observe(when.since(began));
                }
            }
            SystemFact::ReloadEnded(_, end) => {
                let status = match end {
                    ReloadEnd::Complete => "success",
                    ReloadEnd::RolledBack(_) | ReloadEnd::Broken(..) => "failure",
                    ReloadEnd::Interrupted => "interrupted",
                };
                self.reloads.add(status, 1, None);
            }
            SystemFact::ReloadRefused(..) => self.reloads.add("refused", 1, None),
            SystemFact::BootFailed(_)
            | SystemFact::RestartBegan { .. }
            | SystemFact::RestartEnded { .. }
            | SystemFact::RestartJoined { .. }
            | SystemFact::ReloadBegan { .. }
            | SystemFact::ReloadFailed(_)
            | SystemFact::ReloadReplaced(_)
            | SystemFact::ShutdownHurried(_)
            | SystemFact::Relayed(..)
            | SystemFact::Refused(..)
            | SystemFact::Answered(..) => {}
        }
    }

    /// Whether everything is being stopped.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stops.is_some()
    }
}
