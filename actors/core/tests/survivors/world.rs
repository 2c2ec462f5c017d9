//! A simulated machine with what a killed supervisor has left on it: some deaf, some stuck, some that fork. No process
//! and no clock. What the real machine of survivors asks for happens, and the book (`book.rs`) checks it.

use crate::book::{Book, Broken};
use crate::plan::{Plan, URGE, ms, name};
use phpeek_core::signal::Signal;
use phpeek_core::spec::SystemSpec;
use phpeek_core::survivors::{Effect, Event, Policy, Record, Survivors, Trail};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// What is tested. The default is the real thing; a planted bug corrupts one value, event or effect.
pub(crate) trait Subject {
    fn policy(&self, policy: Policy) -> Policy {
        policy
    }

    fn spec(&self, spec: &SystemSpec) -> SystemSpec {
        spec.clone()
    }

    /// `seen`: all that were found before.
    fn hears(&self, now: Duration, event: Event, _seen: &BTreeSet<i32>) -> (Duration, Event) {
        (now, event)
    }

    fn corrupt(&self, _out: &mut Vec<Effect>) {}
}

/// The unmodified machine.
pub(crate) struct Real;
impl Subject for Real {}

/// Somebody who was left, as he really is.
pub(crate) struct Process {
    pub(crate) of: String,
    parent: Option<i32>,
    polite: Option<u64>,
    urgeable: bool,
    stuck: bool,
    born: Duration,
    dies: Option<Duration>,
}

/// Looks of one world; more means that it does not come to an end.
const MOST: usize = 3000;

/// Pids begin above the places of a plan, so that none is taken for the other.
const FIRST: i32 = 100;

struct World<'p> {
    plan: &'p Plan,
    now: Duration,
    looks: usize,
    all: BTreeMap<i32, Process>,
}

impl World<'_> {
    fn lives(&self, pid: i32) -> bool {
        self.all.get(&pid).is_some_and(|p| p.born <= self.now && p.dies.is_none_or(|dies| dies > self.now))
    }

    fn takes_time(&mut self, least: Duration) {
        let late = self.plan.late[self.looks % self.plan.late.len()];
        self.looks += 1;
        self.now += least + ms(late);
    }

    fn find(&self) -> BTreeMap<String, BTreeSet<i32>> {
        let mut found = BTreeMap::<String, BTreeSet<i32>>::new();
        for (pid, process) in self.all.iter().filter(|(pid, _)| self.lives(**pid)) {
            found.entry(process.of.clone()).or_default().insert(*pid);
        }
        found
    }

    fn look(&self, pids: &BTreeSet<i32>) -> BTreeMap<i32, i32> {
        let living = pids.iter().filter(|pid| self.lives(**pid));
        let parent = |pid: &i32| self.all[pid].parent.filter(|parent| self.lives(*parent)).unwrap_or(1);
        living.map(|pid| (*pid, parent(pid))).collect()
    }

    fn signal(&mut self, pid: i32, signal: Signal) {
        let now = self.now;
        let Some(process) = self.all.get_mut(&pid) else { return };
        let dies = match signal {
            _ if process.stuck => None,
            Signal::KILL => Some(now + ms(1)),
            URGE => process.urgeable.then(|| now + ms(3)),
            _ => process.polite.map(|polite| now + ms(polite)),
        };
        process.dies = process.dies.into_iter().chain(dies).min();
    }
}

/// Runs a plan to its end and returns what laws were broken, in order.
pub(crate) fn run<S: Subject>(plan: &Plan, subject: &S) -> Vec<Broken> {
    let mut all = BTreeMap::new();
    for (n, left) in plan.left.iter().enumerate() {
        let parent = left.parent.filter(|p| *p < n && plan.left[*p].of == left.of);
        let pid = |n: usize| FIRST + i32::try_from(n).expect("few");
        let process = Process {
            of: name(left.of, &plan.spec),
            parent: parent.map(pid),
            polite: left.polite,
            urgeable: left.urgeable,
            stuck: left.stuck,
            born: ms(left.comes),
            dies: left.ends.map(|ends| ms(left.comes + ends)),
        };
        all.insert(pid(n), process);
    }
    let mut world = World { plan, now: Duration::ZERO, looks: 0, all };
    let mut machine = Survivors::new(subject.policy(plan.policy), Arc::new(subject.spec(&plan.spec)));
    let mut book = Book::new(plan);
    let mut event = Some(Event::Read(plan.record));
    let mut seen = BTreeSet::new();
    while let Some(happened) = event.take() {
        let at = world.now;
        book.hears(at, &happened);
        let (now, heard) = subject.hears(at, happened.clone(), &seen);
        if let Event::Found(found) = &happened {
            seen.extend(found.values().flatten());
        }
        let mut out = Vec::new();
        machine.step(now, heard, &mut out);
        subject.corrupt(&mut out);
        let mut due = VecDeque::from(out);
        while let Some(effect) = due.pop_front() {
            book.asks(at, &effect);
            match effect {
                Effect::Clear | Effect::Tell(_) | Effect::Begin | Effect::Refuse(_) => {}
                Effect::Find(trail) => {
                    world.takes_time(Duration::ZERO);
                    let there = trail == Trail::Marks || plan.record == Record::Believed;
                    event = Some(Event::Found(if there { world.find() } else { BTreeMap::new() }));
                }
                Effect::Signal(pid, signal) => world.signal(pid, signal),
                Effect::Look(after) => {
                    world.takes_time(after);
                    event = Some(Event::Saw(world.look(&machine.watched().collect())));
                }
            }
        }
        book.stepped(at, &happened);
        if !book.broken.is_empty() || world.looks > MOST {
            break;
        }
    }
    book.end(world.now);
    book.broken
}
