//! Whether what counts is ready, now: a fold of facts, for the readiness file and for those who ask over HTTP. Owns which
//! processes count and what makes one ready. Unlike the outlook it goes back and forth with every run. Asks for nothing.
//!
//! # The laws (`tests/readiness.rs`)
//! * **D1** it is ready exactly while no shutdown has begun, at least one process counts, every name that was chosen is
//!   there, each process that counts has an instance, and each of those instances is as the mode has it.
//! * **D2** `AllRunning` takes an instance that runs; `AllHealthy` one that runs and of which every check was answered
//!   well last, in this run. A oneshot that was chosen is taken once it has completed well.
//! * **D3** each change of it is told once, when it happens.

use crate::facts::{Fact, HealthFact, InstanceFact, Probed, ProcessFact, SystemFact};
use crate::health::Role;
use crate::ids::{InstanceId, ProcessId};
use crate::lifecycle::InstanceState;
use crate::list_map::Serials;
use crate::name::ProcessName;
use crate::spec::{ProcessKind, ProcessSpec};
use std::collections::{BTreeMap, BTreeSet};

/// What makes an instance ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// It runs, and all its checks are answered well.
    #[default]
    AllHealthy,
    /// It runs.
    AllRunning,
}

impl Mode {
    /// What may be written, and what it means.
    pub const WORDS: [(&'static str, Self); 2] =
        [("all_healthy", Self::AllHealthy), ("all_running", Self::AllRunning)];
}

/// What the checks of an instance say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Nobody asks.
    Unchecked,
    /// It was not asked everything in this run, or does not run.
    Unknown,
    /// The last answers were good.
    Healthy,
    /// A last answer was bad.
    Unhealthy,
}

impl Condition {
    /// As `/readyz` says it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unchecked => "none",
            Self::Unknown => "unknown",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
        }
    }
}

/// One process that counts, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its name.
    pub name: ProcessName,
    /// Where it stands: as its first instance that is not as it shall be, else as the first.
    pub state: InstanceState,
    /// What its checks say.
    pub condition: Condition,
    /// Whether it is ready.
    pub ready: bool,
}

/// Which roles were asked, or answered well: a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Roles(u8);

impl Roles {
    fn bit(role: Role) -> u8 {
        match role {
            Role::Startup => 1,
            Role::Readiness => 2,
            Role::Liveness => 4,
            Role::Both => 8,
        }
    }

    fn set(&mut self, role: Role, on: bool) {
        let bit = Self::bit(role);
        self.0 = if on { self.0 | bit } else { self.0 & !bit };
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Standing {
    state: InstanceState,
    run: u64,
    well: Roles,
    ill: Roles,
    /// Whether the end that it rests in was no failure.
    fine: bool,
}

impl Standing {
    const NEW: Self =
        Self { state: InstanceState::Stopped, run: 0, well: Roles(0), ill: Roles(0), fine: false };
}

/// Whether a run is up, whatever its checks say.
fn runs(state: InstanceState) -> bool {
    matches!(state, InstanceState::Running | InstanceState::Unready)
}

#[derive(Debug, Clone)]
struct Counted {
    name: ProcessName,
    kind: ProcessKind,
    counts: bool,
    checks: Roles,
    instances: Serials<Standing>,
    /// How many of them are not as they shall be.
    unready: usize,
}

impl Counted {
    fn condition(&self, standing: &Standing) -> Condition {
        match standing {
            _ if self.checks == Roles(0) => Condition::Unchecked,
            Standing { state, .. } if !runs(*state) => Condition::Unknown,
            Standing { ill, .. } if *ill != Roles(0) => Condition::Unhealthy,
            Standing { well, .. } if *well == self.checks => Condition::Healthy,
            _ => Condition::Unknown,
        }
    }

    fn takes(&self, mode: Mode, standing: &Standing) -> bool {
        if self.kind == ProcessKind::Oneshot {
            return standing.state == InstanceState::Completed && standing.fine;
        }
        match mode {
            Mode::AllRunning => runs(standing.state),
            Mode::AllHealthy => {
                let well = matches!(self.condition(standing), Condition::Unchecked | Condition::Healthy);
                well && standing.state == InstanceState::Running
            }
        }
    }

    fn recount(&mut self, mode: Mode) {
        self.unready = self.instances.values().filter(|standing| !self.takes(mode, standing)).count();
    }

    fn is_ready(&self) -> bool {
        self.unready == 0 && self.instances.values().len() > 0
    }

    fn holds_up(&self) -> bool {
        self.counts && !self.is_ready()
    }
}

/// What is known of all that counts.
#[derive(Debug, Clone, Default)]
pub struct Readiness {
    mode: Mode,
    /// Those that count; nobody: every long-running one that starts with the system.
    chosen: BTreeSet<ProcessName>,
    processes: BTreeMap<ProcessId, Counted>,
    stopping: bool,
    counting: usize,
    /// Of those that count, how many are not ready. Counted along: facts are many, and processes too.
    missing: usize,
    told: bool,
}

impl Readiness {
    /// Nothing is ready yet. Those that count, or nobody: every long-running process that starts with the system.
    #[must_use]
    pub fn new(mode: Mode, chosen: impl IntoIterator<Item = ProcessName>) -> Self {
        Self { mode, chosen: chosen.into_iter().collect(), ..Self::default() }
    }

    /// Whether all that counts is ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.stopping && self.missing == 0 && self.counting > 0 && self.counting >= self.chosen.len()
    }

    /// Every process that counts.
    #[must_use]
    pub fn look(&self) -> Vec<Seen> {
        let seen = |counted: &Counted| {
            let behind = counted.instances.values().find(|standing| !counted.takes(self.mode, standing));
            let standing = behind.or_else(|| counted.instances.values().next()).unwrap_or(&Standing::NEW);
            Seen {
                name: counted.name.clone(),
                state: standing.state,
                condition: counted.condition(standing),
                ready: counted.is_ready(),
            }
        };
        self.processes.values().filter(|counted| counted.counts).map(seen).collect()
    }

    /// This has happened. Gives whether all is ready when that has changed.
    pub fn hear(&mut self, fact: &Fact) -> Option<bool> {
        match fact {
            Fact::System(SystemFact::ShutdownBegan { .. } | SystemFact::Over(_)) => self.stopping = true,
            Fact::Process(process, ProcessFact::Added(spec) | ProcessFact::Changed(spec)) => {
                self.configured(*process, spec);
            }
            Fact::Process(process, ProcessFact::Removed) => {
                if let Some(gone) = self.processes.remove(process) {
                    self.counting -= usize::from(gone.counts);
                    self.missing -= usize::from(gone.holds_up());
                }
            }
            Fact::Instance(id, fact) => self.hear_of_instance(*id, fact),
            Fact::Health(id, HealthFact::Probed(probed)) => self.probed(*id, probed),
            _ => return None,
        }
        let now = self.is_ready();
        (std::mem::replace(&mut self.told, now) != now).then_some(now)
    }

    fn configured(&mut self, process: ProcessId, spec: &ProcessSpec) {
        let usual = || spec.kind == ProcessKind::LongRun && spec.starts_with_the_system();
        let counts = if self.chosen.is_empty() { usual() } else { self.chosen.contains(&spec.name) };
        let mut checks = Roles::default();
        for check in spec.health.iter().flat_map(|checks| checks.iter()) {
            checks.set(check.role, true);
        }
        let old = self.processes.remove(&process);
        if let Some(old) = &old {
            self.counting -= usize::from(old.counts);
            self.missing -= usize::from(old.holds_up());
        }
        let (name, kind) = (spec.name.clone(), spec.kind);
        let instances = old.map(|old| old.instances).unwrap_or_default();
        let mut new = Counted { name, kind, counts, checks, instances, unready: 0 };
        new.recount(self.mode);
        self.counting += usize::from(new.counts);
        self.missing += usize::from(new.holds_up());
        self.processes.insert(process, new);
    }

    fn hear_of_instance(&mut self, id: InstanceId, fact: &InstanceFact) {
        match fact {
            InstanceFact::Added { .. } => self.alter(id, |_| Some(Standing::NEW)),
            InstanceFact::Removed => self.alter(id, |_| None),
            InstanceFact::Changed(change, _) => {
                self.alter(id, |old| old.map(|old| Standing { state: change.to, ..old }));
            }
            InstanceFact::Ordered { run } => {
                self.alter(id, |old| {
                    old.map(|old| Standing { state: old.state, run: *run, ..Standing::NEW })
                });
            }
            InstanceFact::Ended(death) => {
                self.alter(id, |old| old.map(|old| Standing { fine: death.fine, ..old }));
            }
            _ => {}
        }
    }

    fn probed(&mut self, id: InstanceId, probed: &Probed) {
        let well = probed.answer.fault.is_none();
        self.alter(id, |old| {
            old.map(|mut standing| {
                if standing.run == probed.run {
                    standing.well.set(probed.role, well);
                    standing.ill.set(probed.role, !well);
                }
                standing
            })
        });
    }

    /// Changes what is known of one instance, and what was counted of it.
    fn alter(&mut self, id: InstanceId, change: impl FnOnce(Option<Standing>) -> Option<Standing>) {
        let Some(process) = self.processes.get_mut(&id.process) else { return };
        let held_up = process.holds_up();
        let old = process.instances.get(id.serial).copied();
        let new = change(old);
        let behind = |standing: Option<Standing>| {
            usize::from(standing.is_some_and(|standing| !process.takes(self.mode, &standing)))
        };
        let (more, less) = (behind(new), behind(old));
        process.unready = (process.unready + more).saturating_sub(less);
        match new {
            Some(standing) => process.instances.insert(id.serial, standing),
            None => process.instances.remove(id.serial),
        };
        self.missing = (self.missing + usize::from(process.holds_up())).saturating_sub(usize::from(held_up));
    }
}
