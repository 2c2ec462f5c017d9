//! What a killed supervisor of the same configuration has left: whether it is looked for, what is told of it, who of it is
//! asked to end and with which signal, when it is killed, and whether anything may be started. It is told who was found
//! and who lives; looks at nobody and signals nobody.
//!
//! # The laws
//! * **U1** nobody is signalled but by `stop` and `kill`, by a record that is believed, and only who was found and lives.
//! * **U2** nobody is asked while somebody lives of a process that needs his, unless that was killed and had [`PATIENCE`], or
//!   there is no more time.
//! * **U3** each is asked once at most, by the signal of his process, and when no parent of his lives in it.
//! * **U4** by `stop` nobody is killed before the time of his process is over, or all the time there is, and who is left
//!   then is, at the next look.
//! * **U5** one answer comes, and it is the last thing: within the time there is, and [`PATIENCE`].
//! * **U6** each process of which something is found is told of, and once more with whom it leaves, if anybody.
//! * **U7** a record that is not believed is told of whatever the policy; by `stop` and `kill` nothing is started beside
//!   what may be of this configuration.
//! * **U8** nothing is started beside somebody who was found and lives, unless he was told to stay; while there is time, it
//!   was looked once more for those that came meanwhile.

mod round;
mod words;

pub use words::{Effect, Event, Fact, PATIENCE, Record, STEP, Trail, Unknown};

use crate::spec::SystemSpec;
use round::Round;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// What becomes of what was left, before anything is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// Each is asked to end, has its time, and is killed: dependents before what they need.
    #[default]
    Stop,
    /// SIGKILL to all of them.
    Kill,
    /// They are told of, and left alone.
    Report,
    /// Nobody looks for them.
    Ignore,
}

impl Policy {
    /// What may be written, and what it means.
    pub const WORDS: [(&'static str, Self); 4] =
        [("stop", Self::Stop), ("kill", Self::Kill), ("report", Self::Report), ("ignore", Self::Ignore)];

    /// Whether what was left is ended.
    fn ends(self) -> bool {
        match self {
            Self::Stop | Self::Kill => true,
            Self::Report | Self::Ignore => false,
        }
    }
}

/// The machine: once for each start of a supervisor.
#[derive(Debug, Clone)]
pub struct Survivors {
    policy: Policy,
    spec: Arc<SystemSpec>,
    /// When there is no more time; since something was found.
    until: Option<Duration>,
    trail: Option<Trail>,
    round: Option<Round>,
    /// Who cannot be ended.
    given_up: BTreeSet<i32>,
}

impl Survivors {
    /// Of what ran before this system.
    #[must_use]
    pub fn new(policy: Policy, spec: Arc<SystemSpec>) -> Self {
        Self { policy, spec, until: None, trail: None, round: None, given_up: BTreeSet::new() }
    }

    /// What shall happen next. What it has not asked for changes nothing.
    pub fn step(&mut self, now: Duration, event: Event, out: &mut Vec<Effect>) {
        match event {
            Event::Read(record) => self.read(record, out),
            Event::Found(found) => match self.trail.take() {
                Some(Trail::Record) => self.found(now, found, out),
                Some(Trail::Marks) => self.marked(found, out),
                None => {}
            },
            Event::Saw(living) => self.saw(now, &living, out),
        }
    }

    fn read(&mut self, record: Record, out: &mut Vec<Effect>) {
        if record == Record::Believed {
            out.push(Effect::Clear);
        }
        match (record, self.policy) {
            (Record::Missing, _) | (Record::Believed, Policy::Ignore) => out.push(Effect::Begin),
            (Record::Refused, Policy::Ignore) => {
                out.extend([Effect::Tell(Fact::NotUsed(Unknown::NotLookedFor)), Effect::Begin]);
            }
            (Record::Believed, _) => self.find(Trail::Record, out),
            (Record::Refused, _) => self.find(Trail::Marks, out),
        }
    }

    fn find(&mut self, trail: Trail, out: &mut Vec<Effect>) {
        self.trail = Some(trail);
        out.push(Effect::Find(trail));
    }

    /// No word of a record that others may have written is acted upon: it could name whom they want to see dead. To start
    /// all the same could run everything twice, so what carries a mark decides.
    fn marked(&mut self, found: BTreeMap<String, BTreeSet<i32>>, out: &mut Vec<Effect>) {
        let maybe: BTreeSet<i32> = found.into_values().flatten().collect();
        if maybe.is_empty() {
            out.extend([Effect::Tell(Fact::NotUsed(Unknown::Nobody)), Effect::Begin]);
        } else if self.policy.ends() {
            out.push(Effect::Refuse(maybe));
        } else {
            out.extend([Effect::Tell(Fact::NotUsed(Unknown::Maybe(maybe))), Effect::Begin]);
        }
    }

    fn found(&mut self, now: Duration, found: BTreeMap<String, BTreeSet<i32>>, out: &mut Vec<Effect>) {
        self.given_up.retain(|pid| found.values().any(|pids| pids.contains(pid)));
        let mut left = found;
        left.values_mut().for_each(|pids| pids.retain(|pid| !self.given_up.contains(pid)));
        left.retain(|_, pids| !pids.is_empty());
        out.extend(left.iter().map(|(name, pids)| Effect::Tell(Fact::Left(name.clone(), pids.clone()))));
        if left.is_empty() || !self.policy.ends() {
            return out.push(Effect::Begin);
        }
        self.until.get_or_insert(now.saturating_add(self.spec.shutdown_timeout));
        self.round = Some(Round::of(&self.spec, left));
        out.push(Effect::Look(Duration::ZERO));
    }

    fn saw(&mut self, now: Duration, living: &BTreeMap<i32, i32>, out: &mut Vec<Effect>) {
        let Some(round) = &mut self.round else { return };
        let over = self.until.is_none_or(|until| now >= until);
        round.look(now, living, over || self.policy == Policy::Kill, out);
        if !round.is_over() {
            return out.push(Effect::Look(STEP));
        }
        self.given_up.extend(round.remain());
        self.round = None;
        // Who forks while it is asked to end leaves those whom nobody has found yet.
        if over { out.push(Effect::Begin) } else { self.find(Trail::Record, out) }
    }

    /// Whom a look is for.
    pub fn watched(&self) -> impl Iterator<Item = i32> {
        self.round.iter().flat_map(Round::watched)
    }
}
