//! What a process waits for before it starts, and how those waits end.

use super::When;
use crate::histogram::{Histogram, WAIT};
use phpeek_actors::clock::Moment;
use phpeek_core::facts::ProcessFact;
use phpeek_core::ids::ProcessId;
use phpeek_core::name::ProcessName;

/// Another process that this one waits for, or has waited for.
#[derive(Debug, Clone)]
pub(crate) struct Edge {
    on: ProcessId,
    pub(crate) name: ProcessName,
    /// Since when it is waited for.
    waits: Option<Moment>,
    pub(crate) seconds: Histogram,
    /// Met, and lost again.
    pub(crate) lost: u64,
    /// Waited for too long: the start went on without.
    pub(crate) given_up: u64,
    /// It will never be there: the start has failed.
    pub(crate) failed: u64,
}

impl Edge {
    fn over(&mut self, when: &When) {
        if let Some(began) = self.waits.take() {
            self.seconds.observe(when.since(began));
        }
    }
}

/// See the top of the file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Edges(Vec<Edge>);

impl Edges {
    /// `name` names another process.
    pub(crate) fn hear(
        &mut self,
        when: &When,
        fact: &ProcessFact,
        name: impl Fn(ProcessId) -> Option<ProcessName>,
    ) {
        match fact {
            ProcessFact::StartBegan { waits, .. } => {
                for on in waits.iter().map(|(on, _)| *on) {
                    self.of(on, &name, |edge| edge.waits = Some(when.at));
                }
            }
            ProcessFact::EdgeMet(on) => self.of(*on, &name, |edge| edge.over(when)),
            ProcessFact::EdgeLost(on) => self.of(*on, &name, |edge| edge.lost += 1),
            ProcessFact::EdgeGivenUp(on) => self.of(*on, &name, |edge| {
                edge.given_up += 1;
                edge.over(when);
            }),
            ProcessFact::EdgeFailed(on, _) => self.of(*on, &name, |edge| {
                edge.failed += 1;
                edge.over(when);
            }),
            // Its start is over, however: nothing is waited for any more.
            ProcessFact::Up | ProcessFact::StartFailed(_) | ProcessFact::StartInterrupted => {
                self.0.iter_mut().for_each(|edge| edge.waits = None);
            }
            ProcessFact::Added(_)
            | ProcessFact::Changed(_)
            | ProcessFact::Ready
            | ProcessFact::Unready
            | ProcessFact::NotReadyInTime
            | ProcessFact::RestartAbandoned
            | ProcessFact::ScaleBegan { .. }
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

    fn of(
        &mut self,
        on: ProcessId,
        name: impl Fn(ProcessId) -> Option<ProcessName>,
        change: impl FnOnce(&mut Edge),
    ) {
        if let Some(edge) = self.0.iter_mut().find(|edge| edge.on == on) {
            return change(edge);
        }
        let Some(name) = name(on) else { return };
        let seconds = Histogram::new(WAIT);
        let mut edge = Edge { on, name, waits: None, seconds, lost: 0, given_up: 0, failed: 0 };
        change(&mut edge);
        self.0.push(edge);
    }

    /// A process is gone.
    pub(crate) fn forget(&mut self, process: ProcessId) {
        self.0.retain(|edge| edge.on != process);
    }

    /// Whether it has ever waited for this one.
    pub(crate) fn knows(&self, process: ProcessId) -> bool {
        self.0.iter().any(|edge| edge.on == process)
    }

    pub(crate) fn all(&self) -> &[Edge] {
        &self.0
    }

    /// How many it waits for now.
    pub(crate) fn waiting(&self) -> usize {
        self.0.iter().filter(|edge| edge.waits.is_some()).count()
    }
}
