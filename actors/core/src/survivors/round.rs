//! All that was found at one look, on its way to the end: process by process, each when those that need it have ended.

use super::words::{Effect, Fact, PATIENCE};
use crate::order::start_order;
use crate::signal::Signal;
use crate::spec::{KillMode, ProcessSpec, StopSpec, SystemSpec};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How what is not configured any more is stopped: as a process of which nothing is said.
const UNKNOWN: StopSpec = StopSpec {
    signal: Signal::TERM,
    grace: Duration::from_secs(10),
    kill_signal: Signal::KILL,
    kill_grace: Duration::ZERO,
    mode: KillMode::Group,
};

/// See the top of the file: all processes, the first to stop first.
#[derive(Debug, Clone)]
pub(super) struct Round(Vec<Place>);

/// A process, whether something is left of it or not.
#[derive(Debug, Clone)]
struct Place {
    left: Option<Left>,
    /// The places of those that it needs, which come after it.
    needs: Vec<usize>,
    /// Not configured any more: it may need any of the others.
    strange: bool,
}

/// What is left of a process.
#[derive(Debug, Clone)]
struct Left {
    name: String,
    /// Those that live, as they were seen last.
    pids: BTreeSet<i32>,
    asked: BTreeSet<i32>,
    stop: StopSpec,
    pressure: Pressure,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pressure {
    /// Until those that need it have ended.
    None,
    /// Each is asked as soon as no parent of it lives.
    Asked {
        due: Duration,
    },
    /// They have had the kill signal, which is not SIGKILL.
    Urged {
        due: Duration,
    },
    Killed {
        due: Duration,
    },
    Over,
}

impl Round {
    pub(super) fn of(spec: &SystemSpec, mut found: BTreeMap<String, BTreeSet<i32>>) -> Self {
        let by_name: BTreeMap<&str, usize> =
            spec.processes.iter().enumerate().map(|(at, p)| (p.name.as_str(), at)).collect();
        let needs = |p: &ProcessSpec| {
            p.depends_on.iter().filter_map(|on| by_name.get(on.process.as_str()).copied()).collect()
        };
        let edges: Vec<Vec<usize>> = spec.processes.iter().map(|p| needs(p)).collect();
        // A checked configuration has no cycle; what is in one is stopped at once.
        let order = start_order(&edges).unwrap_or_default();
        let left = |p: &ProcessSpec, found: &mut BTreeMap<String, BTreeSet<i32>>| {
            let (name, pids) = found.remove_entry(p.name.as_str())?;
            Some(Left::new(name, pids, p.stop))
        };
        let known: Vec<(usize, Option<Left>)> = order
            .iter()
            .rev()
            .filter_map(|at| Some((*at, left(spec.processes.get(*at)?, &mut found))))
            .collect();
        let strange = |(name, pids)| {
            let of = spec.processes.iter().find(|p| p.name.as_str() == name);
            let stop = of.map_or(UNKNOWN, |p| p.stop);
            Place { left: Some(Left::new(name, pids, stop)), needs: Vec::new(), strange: true }
        };
        let mut places: Vec<Place> = found.into_iter().map(strange).collect();
        let first = places.len();
        let place_of: BTreeMap<usize, usize> =
            known.iter().enumerate().map(|(place, (at, _))| (*at, first + place)).collect();
        places.extend(known.into_iter().map(|(at, left)| {
            let needs = edges.get(at).into_iter().flatten();
            Place { left, needs: needs.filter_map(|on| place_of.get(on).copied()).collect(), strange: false }
        }));
        Self(places)
    }

    /// Goes on as far as it can; `hurry`: there is no time for anybody.
    pub(super) fn look(
        &mut self,
        now: Duration,
        living: &BTreeMap<i32, i32>,
        hurry: bool,
        out: &mut Vec<Effect>,
    ) {
        // Whom somebody holds up who needs him, and whether one holds up all.
        let (mut held, mut all_held) = (BTreeSet::<usize>::new(), false);
        for (at, place) in self.0.iter_mut().enumerate() {
            let waits = !place.strange && all_held || held.contains(&at);
            if let Some(left) = &mut place.left {
                left.look(now, living, (!waits, hurry), out);
            }
            let open = place.left.as_ref().is_some_and(Left::is_open);
            all_held |= open && place.strange;
            if open || waits {
                held.extend(&place.needs);
            }
        }
    }

    pub(super) fn is_over(&self) -> bool {
        !self.left().any(Left::is_open)
    }

    /// Those that live although it is over.
    pub(super) fn remain(&self) -> impl Iterator<Item = i32> {
        self.left().flat_map(|left| left.pids.iter().copied())
    }

    pub(super) fn watched(&self) -> impl Iterator<Item = i32> {
        self.left().filter(|left| left.is_open()).flat_map(|left| left.pids.iter().copied())
    }

    fn left(&self) -> impl Iterator<Item = &Left> {
        self.0.iter().filter_map(|place| place.left.as_ref())
    }
}

impl Left {
    fn new(name: String, pids: BTreeSet<i32>, stop: StopSpec) -> Self {
        Self { name, pids, asked: BTreeSet::new(), stop, pressure: Pressure::None }
    }

    fn is_open(&self) -> bool {
        self.pressure != Pressure::Over
    }

    fn look(
        &mut self,
        now: Duration,
        living: &BTreeMap<i32, i32>,
        (free, hurry): (bool, bool),
        out: &mut Vec<Effect>,
    ) {
        if !self.is_open() {
            return;
        }
        self.pids.retain(|pid| living.contains_key(pid));
        if self.pids.is_empty() {
            self.pressure = Pressure::Over;
            return out.push(Effect::Tell(Fact::Ended(self.name.clone())));
        }
        self.pressure = match self.pressure {
            Pressure::Killed { due } if now >= due => {
                out.push(Effect::Tell(Fact::Stays(self.name.clone(), self.pids.clone())));
                Pressure::Over
            }
            Pressure::Killed { due } => Pressure::Killed { due },
            Pressure::None | Pressure::Asked { .. } | Pressure::Urged { .. } if hurry => self.kill(now, out),
            Pressure::None if free && self.stop.signal == Signal::KILL => self.kill(now, out),
            Pressure::None if free => self.ask(now.saturating_add(self.stop.grace), living, out),
            Pressure::None => Pressure::None,
            Pressure::Asked { due } if now < due => self.ask(due, living, out),
            Pressure::Asked { .. } if self.stop.kill_signal != Signal::KILL => self.urge(now, living, out),
            Pressure::Urged { due } if now < due => Pressure::Urged { due },
            Pressure::Asked { .. } | Pressure::Urged { .. } => self.kill(now, out),
            Pressure::Over => Pressure::Over,
        };
    }

    /// Those of it that have no parent in it: who has one is ended by that, in its own way.
    fn topmost(&self, living: &BTreeMap<i32, i32>) -> Vec<i32> {
        let topmost = |pid: &&i32| living.get(*pid).is_some_and(|parent| !self.pids.contains(parent));
        self.pids.iter().filter(topmost).copied().collect()
    }

    fn ask(&mut self, due: Duration, living: &BTreeMap<i32, i32>, out: &mut Vec<Effect>) -> Pressure {
        for pid in self.topmost(living) {
            if self.asked.insert(pid) {
                out.push(Effect::Signal(pid, self.stop.signal));
            }
        }
        Pressure::Asked { due }
    }

    fn urge(&self, now: Duration, living: &BTreeMap<i32, i32>, out: &mut Vec<Effect>) -> Pressure {
        let whom = match self.stop.mode {
            KillMode::Group | KillMode::Mixed => self.pids.iter().copied().collect(),
            KillMode::Leader => self.topmost(living),
        };
        out.extend(whom.into_iter().map(|pid| Effect::Signal(pid, self.stop.kill_signal)));
        Pressure::Urged { due: now.saturating_add(self.stop.kill_grace) }
    }

    fn kill(&self, now: Duration, out: &mut Vec<Effect>) -> Pressure {
        out.extend(self.pids.iter().map(|pid| Effect::Signal(*pid, Signal::KILL)));
        Pressure::Killed { due: now.saturating_add(PATIENCE) }
    }
}
