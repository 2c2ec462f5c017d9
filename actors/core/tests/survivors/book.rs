//! What has been seen of the machine of survivors, and the laws that it is held to.

use crate::plan::{Plan, ms};
use phpeek_core::signal::Signal;
use phpeek_core::spec::{KillMode, StopSpec};
use phpeek_core::survivors::{Effect, Event, Fact, PATIENCE, Policy, Record, STEP, Trail, Unknown};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A law, and how it was broken.
pub(crate) type Broken = (&'static str, String);

/// What a look may be late in these worlds, and another one before somebody knows.
const LATE: Duration = ms(60);

pub(crate) struct Book<'p> {
    plan: &'p Plan,
    pub(crate) broken: Vec<Broken>,
    /// Whose each pid is that was found.
    of: BTreeMap<i32, String>,
    /// Who lives and whose child it is, as it was seen last.
    seen: BTreeMap<i32, i32>,
    /// Who is of the round that is under way, and what of it is not told to be over.
    round: BTreeMap<String, BTreeSet<i32>>,
    asked: BTreeMap<i32, Duration>,
    urged: BTreeMap<i32, Duration>,
    killed: BTreeMap<i32, Duration>,
    stays: BTreeSet<i32>,
    until: Option<Duration>,
    finds: Vec<Trail>,
    /// Who was found without a record that is believed.
    marked: BTreeSet<i32>,
    told_unknown: bool,
    cleared: usize,
    looked_since: bool,
    answer: Option<Effect>,
}

impl<'p> Book<'p> {
    pub(crate) fn new(plan: &'p Plan) -> Self {
        Self {
            plan,
            broken: Vec::new(),
            of: BTreeMap::new(),
            seen: BTreeMap::new(),
            round: BTreeMap::new(),
            asked: BTreeMap::new(),
            urged: BTreeMap::new(),
            killed: BTreeMap::new(),
            stays: BTreeSet::new(),
            until: None,
            finds: Vec::new(),
            marked: BTreeSet::new(),
            told_unknown: false,
            cleared: 0,
            looked_since: false,
            answer: None,
        }
    }

    fn breaks(&mut self, law: &'static str, what: String) {
        self.broken.push((law, what));
    }

    fn ends(&self) -> bool {
        matches!(self.plan.policy, Policy::Stop | Policy::Kill)
    }

    fn stop_of(&self, process: &str) -> StopSpec {
        let spec = self.plan.spec.processes.iter().find(|p| p.name.as_str() == process);
        let plain = StopSpec {
            signal: Signal::TERM,
            grace: Duration::from_secs(10),
            kill_signal: Signal::KILL,
            kill_grace: Duration::ZERO,
            mode: KillMode::Group,
        };
        spec.map_or(plain, |p| p.stop)
    }

    fn is_strange(&self, process: &str) -> bool {
        self.plan.spec.processes.iter().all(|p| p.name.as_str() != process)
    }

    /// Whether the one needs the other, directly or by others; one that is not configured needs all that are.
    fn needs(&self, one: &str, other: &str) -> bool {
        if self.is_strange(one) {
            return !self.is_strange(other);
        }
        let spec = self.plan.spec.processes.iter().find(|p| p.name.as_str() == one);
        let on = spec.into_iter().flat_map(|p| &p.depends_on).map(|on| on.process.as_str());
        on.into_iter().any(|on| on == other || self.needs(on, other))
    }

    fn hurries(&self, now: Duration) -> bool {
        self.until.is_some_and(|until| now >= until)
    }

    /// Those of a process that are under way, as they were seen last.
    fn living(&self, process: &str) -> BTreeSet<i32> {
        let all = self.round.get(process).into_iter().flatten();
        all.copied().filter(|pid| self.seen.contains_key(pid)).collect()
    }

    pub(crate) fn hears(&mut self, now: Duration, event: &Event) {
        match event {
            Event::Read(_) => {}
            Event::Found(found) if self.finds.last() == Some(&Trail::Marks) => {
                self.marked = found.values().flatten().copied().collect();
                self.of.extend(
                    found.iter().flat_map(|(name, pids)| pids.iter().map(move |p| (*p, name.clone()))),
                );
            }
            Event::Found(found) => {
                self.looked_since = false;
                for (name, pids) in found {
                    let new: BTreeSet<i32> = pids.difference(&self.stays).copied().collect();
                    if !new.is_empty() {
                        self.until.get_or_insert(now + self.plan.spec.shutdown_timeout);
                        self.round.insert(name.clone(), new.clone());
                    }
                    self.of.extend(new.iter().map(|pid| (*pid, name.clone())));
                    self.seen.extend(new.into_iter().map(|pid| (pid, 1)));
                }
            }
            Event::Saw(living) => {
                self.looked_since = true;
                let stays = &self.stays;
                self.seen.retain(|pid, _| stays.contains(pid));
                self.seen.extend(living);
            }
        }
    }

    pub(crate) fn asks(&mut self, now: Duration, effect: &Effect) {
        if let Some(answer) = &self.answer {
            return self.broken.push(("U5", format!("{effect:?} after {answer:?}")));
        }
        match effect {
            Effect::Clear => self.cleared += 1,
            Effect::Find(trail) => self.find(*trail),
            Effect::Signal(pid, signal) => self.signal(now, *pid, *signal),
            Effect::Look(_) if self.round.is_empty() => self.breaks("U1", "looks at nobody".to_owned()),
            Effect::Look(_) => {}
            Effect::Tell(fact) => self.told(now, fact),
            Effect::Begin => self.begin(now),
            Effect::Refuse(pids) => {
                if self.plan.record != Record::Refused || !self.ends() || *pids != self.marked {
                    self.breaks(
                        "U7",
                        format!("{pids:?} keep it from beginning, {:?} were found", self.marked),
                    );
                }
            }
        }
        if matches!(effect, Effect::Begin | Effect::Refuse(_)) {
            self.answer = Some(effect.clone());
        }
    }

    fn find(&mut self, trail: Trail) {
        let by = if self.plan.record == Record::Believed { Trail::Record } else { Trail::Marks };
        if self.plan.policy == Policy::Ignore || self.plan.record == Record::Missing || trail != by {
            self.breaks("U1", format!("looks by {trail:?}"));
        }
        self.finds.push(trail);
    }

    fn signal(&mut self, now: Duration, pid: i32, signal: Signal) {
        let process = self.of.get(&pid).cloned().unwrap_or_default();
        let believed = self.plan.record == Record::Believed;
        if !self.ends() || !believed || !self.living(&process).contains(&pid) {
            return self.breaks("U1", format!("{signal} to {pid} of {process:?}"));
        }
        if self.plan.policy == Policy::Stop && !self.hurries(now) {
            self.in_turn(now, pid, &process);
            self.in_time(now, pid, signal, &process);
        }
        let stop = self.stop_of(&process);
        if signal == Signal::KILL {
            self.killed.insert(pid, now);
        } else if signal == stop.signal {
            let parent = self.seen.get(&pid).copied().unwrap_or(1);
            if self.asked.insert(pid, now).is_some() {
                self.breaks("U3", format!("{pid} is asked again"));
            } else if self.living(&process).contains(&parent) {
                self.breaks("U3", format!("{pid} is asked, and its parent {parent} lives"));
            }
        } else if signal == stop.kill_signal {
            self.urged.insert(pid, now);
        } else {
            self.breaks("U3", format!("{signal} to {pid} of {process:?}"));
        }
    }

    fn in_turn(&mut self, now: Duration, pid: i32, process: &str) {
        let above = self.round.keys().filter(|one| self.needs(one, process));
        let lives = |pid: &i32| self.killed.get(pid).is_none_or(|at| now < *at + PATIENCE);
        let before = above.flat_map(|one| self.living(one)).find(lives);
        if let Some(before) = before {
            self.breaks("U2", format!("{pid} of {process:?} has its turn while {before} lives"));
        }
    }

    /// Only while there is time for anybody.
    fn in_time(&mut self, now: Duration, pid: i32, signal: Signal, process: &str) {
        let stop = self.stop_of(process);
        let first = self.first(process, &self.asked).map(|at| at + stop.grace);
        let due = match signal {
            Signal::KILL if stop.signal == Signal::KILL => Some(now),
            Signal::KILL if stop.kill_signal != Signal::KILL => {
                self.first(process, &self.urged).map(|at| at + stop.kill_grace)
            }
            _ if signal == stop.signal => Some(now),
            _ => first,
        };
        if due.is_none_or(|due| now < due) {
            self.breaks("U4", format!("{signal} to {pid} of {process:?}, which has time until {due:?}"));
        }
    }

    /// When the first of those of a process had a signal, in the round that is under way.
    fn first(&self, process: &str, had: &BTreeMap<i32, Duration>) -> Option<Duration> {
        self.round.get(process)?.iter().filter_map(|pid| had.get(pid)).min().copied()
    }

    fn told(&mut self, now: Duration, fact: &Fact) {
        match fact {
            Fact::NotUsed(what) => {
                self.told_unknown = true;
                let wanted = match self.plan.policy {
                    Policy::Ignore => Unknown::NotLookedFor,
                    _ if self.marked.is_empty() => Unknown::Nobody,
                    _ => Unknown::Maybe(self.marked.clone()),
                };
                if *what != wanted || self.plan.record != Record::Refused {
                    self.breaks("U7", format!("{what:?} is told where {wanted:?} is due"));
                }
            }
            Fact::Left(name, pids) => {
                if self.round.get(name) != Some(pids) {
                    self.breaks("U6", format!("{pids:?} are told to be left of {name:?}"));
                }
                if !self.ends() {
                    self.round.remove(name);
                }
            }
            Fact::Ended(name) => {
                let living = self.living(name);
                if self.round.remove(name).is_none() || !living.is_empty() {
                    self.breaks("U6", format!("{name:?} is told to have ended, {living:?} live"));
                }
            }
            Fact::Stays(name, pids) => {
                let living = self.living(name);
                let early = |pid: &i32| self.killed.get(pid).is_none_or(|at| now < *at + PATIENCE);
                let early = pids.iter().find(|pid| early(pid));
                if self.round.remove(name).is_none() || living != *pids || early.is_some() {
                    let what =
                        format!("{pids:?} of {name:?} are told to stay, {living:?} live, early: {early:?}");
                    return self.breaks("U6", what);
                }
                self.stays.extend(pids);
            }
        }
    }

    fn begin(&mut self, now: Duration) {
        if self.plan.record == Record::Refused
            && (!self.told_unknown || self.ends() && !self.marked.is_empty())
        {
            self.breaks("U7", format!("it begins beside {:?}, told: {}", self.marked, self.told_unknown));
        }
        let looks = self.plan.record == Record::Believed && self.plan.policy != Policy::Ignore;
        let lives = self.seen.keys().find(|pid| self.ends() && !self.stays.contains(pid));
        if let Some(lives) = lives {
            self.breaks("U8", format!("it begins while {lives} lives"));
        } else if looks && (self.finds.is_empty() || self.looked_since && !self.hurries(now)) {
            self.breaks("U8", "it begins, and nobody has looked for newcomers".to_owned());
        }
        if let Some((name, _)) = self.round.first_key_value() {
            self.breaks("U6", format!("it begins, and what has become of {name:?} is not told"));
        }
    }

    /// A step is over: nobody whose turn it is waits for the next one.
    pub(crate) fn stepped(&mut self, now: Duration, event: &Event) {
        if !matches!(event, Event::Saw(_)) || !self.ends() {
            return;
        }
        let names: Vec<String> = self.round.keys().cloned().collect();
        for process in names {
            let living = self.living(&process);
            let killed = |pid: &i32| self.killed.contains_key(pid);
            if living.iter().any(killed) || self.hurries(now) || self.plan.policy == Policy::Kill {
                if let Some(spared) = living.iter().find(|pid| !killed(pid)) {
                    self.breaks("U4", format!("{spared} of {process:?} is spared"));
                }
                continue;
            }
            self.is_pressed(now, &process, &living);
        }
        if let Some(late) = self.until.filter(|until| now > *until + PATIENCE + LATE) {
            self.breaks("U5", format!("it goes on, and there was time until {late:?}"));
        }
    }

    fn is_pressed(&mut self, now: Duration, process: &str, living: &BTreeSet<i32>) {
        let stop = self.stop_of(process);
        let of_process = |pid: &&i32| !living.contains(&self.seen.get(*pid).copied().unwrap_or(1));
        let topmost: Vec<i32> = living.iter().filter(of_process).copied().collect();
        let asked = self.first(process, &self.asked);
        let urged = self.first(process, &self.urged);
        if urged.is_some_and(|at| now >= at + stop.kill_grace) {
            self.breaks("U4", format!("{process:?} is spared the kill"));
        } else if let Some(at) = urged {
            let whom: Vec<i32> = match stop.mode {
                KillMode::Leader => topmost,
                KillMode::Group | KillMode::Mixed => living.iter().copied().collect(),
            };
            if at == now && whom.iter().any(|pid| !self.urged.contains_key(pid)) {
                self.breaks("U4", format!("{whom:?} of {process:?} are spared the kill signal"));
            }
        } else if asked.is_some_and(|at| now >= at + stop.grace) {
            self.breaks("U4", format!("{process:?} is spared when its time is over"));
        } else if asked.is_some() && topmost.iter().any(|pid| !self.asked.contains_key(pid)) {
            self.breaks("U3", format!("some of {topmost:?} of {process:?} are not asked"));
        } else if asked.is_none() && self.round.keys().all(|one| !self.needs(one, process)) {
            self.breaks("U2", format!("{process:?} waits for nobody and is not asked"));
        }
    }

    pub(crate) fn end(&mut self, now: Duration) {
        if !self.broken.is_empty() {
            return;
        }
        let believed = usize::from(self.plan.record == Record::Believed);
        if self.answer.is_none() {
            self.breaks("U5", format!("no answer at {now:?}, looked each {STEP:?}"));
        }
        if self.cleared != believed {
            self.breaks(
                "U7",
                format!("cleared {} times, a record was believed {believed} times", self.cleared),
            );
        }
    }
}
