//! What a killed supervisor of the same configuration has left, before anything is started. Looks, signals and tells as
//! [`phpeek_core::survivors`] has it, and decides nothing.

use super::ledger::Before;
use super::running::{BeginError, Running, UnknownSurvivors, say};
use phpeek_actors::ports::Level;
use phpeek_api::place;
use phpeek_core::spec::SystemSpec;
use phpeek_core::survivors::{Effect, Event, Fact, Policy, Record, Survivors, Trail, Unknown};
use phpeek_os::survivors::{Survivor, marked};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::sync::Arc;
use tokio::time::{Instant, sleep};

/// So many are named in one message.
const NAMED: usize = 100;

/// Deals with what was left, before anything is started; also with its socket, `beside` ours.
///
/// # Errors
/// [`UnknownSurvivors`] when something may have been left, and the record of it cannot be believed.
pub(super) async fn deal(
    before: &Before,
    policy: Policy,
    spec: &Arc<SystemSpec>,
    (running, beside): (&Running, Option<&Path>),
) -> Result<(), BeginError> {
    let began = Instant::now();
    let mut machine = Survivors::new(policy, spec.clone());
    let mut ports = Ports { before, running, beside, found: BTreeMap::new() };
    let mut due = VecDeque::new();
    let mut event = Some(Event::Read(ports.record()));
    while let Some(happened) = event.take() {
        let mut out = Vec::new();
        machine.step(began.elapsed(), happened, &mut out);
        due.extend(out);
        while let Some(effect) = due.pop_front() {
            match effect {
                Effect::Clear => ports.clear(),
                Effect::Find(trail) => event = Some(Event::Found(ports.find(trail))),
                Effect::Signal(pid, signal) => {
                    ports.found.get(&pid).into_iter().for_each(|survivor| survivor.signal(signal));
                }
                Effect::Look(after) => {
                    if !after.is_zero() {
                        sleep(after).await;
                    }
                    event = Some(Event::Saw(ports.look(machine.watched())));
                }
                Effect::Tell(fact) => ports.tell(fact),
                Effect::Begin => return Ok(()),
                Effect::Refuse(pids) => return Err(ports.refusal(&pids).into()),
            }
        }
    }
    Ok(())
}

/// What is asked of the world, and those who were found in it.
struct Ports<'a> {
    before: &'a Before,
    running: &'a Running,
    beside: Option<&'a Path>,
    found: BTreeMap<i32, Survivor>,
}

impl Ports<'_> {
    fn record(&self) -> Record {
        match self.before {
            Before::Nothing => Record::Missing,
            Before::Of(_) => Record::Believed,
            Before::Refused { .. } => Record::Refused,
        }
    }

    fn clear(&self) {
        if let Some(socket) = self.beside {
            place::sweep_beside(socket);
        }
    }

    fn find(&mut self, trail: Trail) -> BTreeMap<String, BTreeSet<i32>> {
        let found = match (trail, self.before) {
            (Trail::Record, Before::Of(record)) => record.survivors(),
            (Trail::Record, Before::Nothing | Before::Refused { .. }) => BTreeMap::new(),
            (Trail::Marks, _) => BTreeMap::from([(String::new(), marked())]),
        };
        let pids = |all: &[Survivor]| all.iter().map(Survivor::pid).collect();
        let names = found.iter().map(|(name, all)| (name.clone(), pids(all))).collect();
        self.found.extend(found.into_values().flatten().map(|survivor| (survivor.pid(), survivor)));
        names
    }

    /// Who of them lives, and whose child it is.
    fn look(&self, pids: impl Iterator<Item = i32>) -> BTreeMap<i32, i32> {
        pids.filter_map(|pid| Some((pid, self.found.get(&pid)?.parent()?))).collect()
    }

    fn list(&self, pids: &BTreeSet<i32>) -> String {
        let named = pids.iter().filter_map(|pid| self.found.get(pid));
        let mut all: Vec<_> = named.map(|s| format!("{} (pid {})", s.name(), s.pid())).collect();
        if all.len() > NAMED {
            let more = all.split_off(NAMED).len();
            all.push(format!("{more} more"));
        }
        all.join(", ")
    }

    fn tell(&self, fact: Fact) {
        let (level, message) = match fact {
            Fact::NotUsed(what) => self.not_used(what),
            Fact::Left(name, pids) => {
                let list = self.list(&pids);
                (Level::Warn, format!("process {name:?}: a supervisor that was killed has left {list}"))
            }
            Fact::Ended(name) => (Level::Info, format!("process {name:?}: what was left has ended")),
            Fact::Stays(name, pids) => {
                let list = self.list(&pids);
                (Level::Error, format!("process {name:?}: what was left cannot be ended: {list}"))
            }
        };
        say(self.running, level, message);
    }

    fn not_used(&self, what: Unknown) -> (Level, String) {
        let (path, why) = self.refused();
        let refused = format!("the record {} is not used ({why})", path.display());
        match what {
            Unknown::NotLookedFor => {
                let rest = "nobody looks for what it may tell of, as global.survivors says";
                (Level::Warn, format!("{refused}; {rest}"))
            }
            Unknown::Nobody => {
                let rest = "nothing that carries the mark of a supervisor that is gone is there";
                (Level::Warn, format!("{refused}; {rest}"))
            }
            Unknown::Maybe(pids) => {
                let rest = "these carry the mark of a supervisor that is gone, maybe of this configuration";
                (Level::Error, format!("{refused}; {rest}: {}", self.list(&pids)))
            }
        }
    }

    /// Which record is not believed, and why.
    fn refused(&self) -> (&Path, &str) {
        match self.before {
            Before::Refused { path, why } => (path, why),
            Before::Nothing | Before::Of(_) => (Path::new(""), ""),
        }
    }

    fn refusal(&self, pids: &BTreeSet<i32>) -> UnknownSurvivors {
        let (record, why) = self.refused();
        UnknownSurvivors { record: record.to_owned(), why: why.to_owned(), left: self.list(pids) }
    }
}
