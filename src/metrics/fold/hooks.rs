//! How hooks end, by name and stage: those of the system and those of processes, of which two may have a hook of one
//! name. What only a process had goes with it.

use super::When;
use crate::histogram::{HOOK, Histogram};
use crate::tally::{Mark, Tallies};
use phpeek_actors::clock::Moment;
use phpeek_core::facts::{HookFact, HookOutcome};
use phpeek_core::hook::Stage;
use phpeek_core::ids::{InstanceId, ProcessId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The hooks of one name and stage.
#[derive(Debug, Clone)]
pub(crate) struct Hook {
    pub(crate) name: Arc<str>,
    pub(crate) stage: Stage,
    pub(crate) ended: Tallies,
    pub(crate) seconds: Histogram,
    owners: BTreeSet<Option<ProcessId>>,
}

#[derive(Debug, Clone)]
struct Running {
    name: Arc<str>,
    stage: Stage,
    began: Moment,
    mark: Option<Mark>,
}

/// See the top of the file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hooks {
    all: Vec<Hook>,
    running: BTreeMap<Option<InstanceId>, Running>,
}

impl Hooks {
    /// `mark` is asked for when a hook begins.
    pub(crate) fn hear(
        &mut self,
        when: &When,
        of: Option<InstanceId>,
        fact: &HookFact,
        mark: impl FnOnce() -> Option<Mark>,
    ) {
        match fact {
            HookFact::Began { hook, stage } => {
                let running =
                    Running { name: hook.name.clone(), stage: *stage, began: when.at, mark: mark() };
                self.running.insert(of, running);
            }
            HookFact::Ended(end) => {
                let status = match end.outcome {
                    HookOutcome::Succeeded => "success",
                    HookOutcome::Failed(..) => "failure",
                    HookOutcome::Interrupted => "interrupted",
                };
                if let Some(running) = self.running.remove(&of) {
                    self.ended(when, of.map(|instance| instance.process), running, status);
                }
            }
            HookFact::Ordered { .. }
            | HookFact::Started { .. }
            | HookFact::Signalled { .. }
            | HookFact::Daemonised(_)
            | HookFact::LeftAlone(_)
            | HookFact::TriedInVain { .. }
            | HookFact::Skipped { .. } => {}
        }
    }

    fn ended(&mut self, when: &When, owner: Option<ProcessId>, running: Running, status: &'static str) {
        let Running { name, stage, began, mark } = running;
        if !self.all.iter().any(|hook| hook.name == name && hook.stage == stage) {
            let (ended, seconds) = (Tallies::default(), Histogram::new(HOOK));
            self.all.push(Hook { name: name.clone(), stage, ended, seconds, owners: BTreeSet::new() });
        }
        let known = self.all.iter_mut().find(|hook| hook.name == name && hook.stage == stage);
        if let Some(hook) = known {
            hook.owners.insert(owner);
            hook.ended.add(status, 1, mark);
            hook.seconds.observe(when.since(began));
        }
    }

    /// A process is gone.
    pub(crate) fn forget(&mut self, process: ProcessId) {
        for hook in &mut self.all {
            hook.owners.remove(&Some(process));
        }
        self.all.retain(|hook| !hook.owners.is_empty());
        self.running.retain(|of, _| of.is_none_or(|instance| instance.process != process));
    }

    pub(crate) fn all(&self) -> &[Hook] {
        &self.all
    }
}
