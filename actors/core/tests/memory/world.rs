//! A world for the gauge of one instance: runs that come and go, measurements that are answered soon, late, never, or after
//! the run is over, as a plan says. Knows what is due and what is to be said by the plan, never by what the gauge believes.

use phpeek_core::limit::gauge::{FAR, Gauge, NEAR, PATIENCE, Turn};
use phpeek_core::limit::{Breach, Limit, MemorySpec};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) type Broken = Vec<(&'static str, String)>;

#[derive(Debug, Clone, Copy)]
struct Reply {
    /// After which time; never when absent.
    after: Option<u64>,
    used: u64,
    free: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Plan {
    soft: Option<u64>,
    hard: Option<u64>,
    /// How long nothing runs, and then something does.
    runs: Vec<(u64, u64)>,
    replies: Vec<Reply>,
}

pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    let bounds = prop_oneof![
        Just((Some(100), None)),
        Just((None, Some(200))),
        Just((Some(100), Some(200))),
        Just((Some(150), Some(150))),
    ];
    let used = prop_oneof![
        3 => 0u64..60,
        2 => 60u64..130,
        2 => 130u64..300,
        1 => prop_oneof![Just(50u64), Just(51), Just(100), Just(101), Just(200), Just(201)],
    ];
    let after =
        prop_oneof![6 => (0u64..50).prop_map(Some), 2 => (50u64..12_000).prop_map(Some), 1 => Just(None)];
    let reply = (after, used, any::<bool>()).prop_map(|(after, used, free)| Reply { after, used, free });
    (bounds, vec((0u64..3000, 0u64..40_000), 1..4), vec(reply, 1..12))
        .prop_map(|((soft, hard), runs, replies)| Plan { soft, hard, runs, replies })
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// An answer on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) run: u64,
    pub(crate) used: u64,
    pub(crate) turn: Turn,
}

/// What is tested. The default is the real thing; a planted bug corrupts one value, event or verdict.
pub(crate) trait Subject {
    fn bounds(&self, _: &mut MemorySpec) {}

    /// What the gauge hears in the place of this, while it measures `current`.
    fn hears(&self, heard: Heard, _current: u64) -> Option<Heard> {
        Some(heard)
    }

    fn ends(&self) -> bool {
        true
    }

    fn deadline(&self, gauge: &Gauge) -> Option<Duration> {
        gauge.deadline()
    }

    fn asks(&self, asks: bool) -> bool {
        asks
    }

    fn says(&mut self, breach: Option<Breach>) -> Option<Breach> {
        breach
    }
}

pub(crate) struct Real;
impl Subject for Real {}

/// What is so by the plan.
struct Book {
    soft: Option<u64>,
    hard: Option<u64>,
    run: Option<u64>,
    due: Option<Duration>,
    told: Vec<Limit>,
    broken: Broken,
}

impl Book {
    fn broken(&mut self, law: &'static str, what: String) {
        self.broken.push((law, what));
    }

    fn asked(&mut self, now: Duration) {
        match (self.run, self.due) {
            (None, _) => self.broken("M1", format!("measured at {now:?}, and nothing runs")),
            (Some(_), due) if due != Some(now) => {
                self.broken("M5", format!("measured at {now:?}, and it was to be at {due:?}"));
            }
            (Some(_), _) => self.due = Some(now + PATIENCE),
        }
    }

    fn passes(&mut self, now: Duration) {
        if let Some(due) = self.due.filter(|due| *due < now) {
            self.broken("M5", format!("not measured at {due:?}, and it is {now:?}"));
        }
    }

    fn said(&mut self, now: Duration, heard: Heard, breach: Option<Breach>) {
        let Heard { run, used, turn } = heard;
        if self.run != Some(run) || self.due.is_none() {
            if breach.is_some() {
                self.broken("M1", format!("{breach:?} of run {run}, and {:?} is up", self.run));
            }
            return;
        }
        let above = |bound: Option<u64>| bound.is_some_and(|bound| used > bound);
        let wanted = if above(self.hard) && !self.told.contains(&Limit::Hard) {
            Some(Limit::Hard)
        } else if above(self.soft) && self.told.is_empty() && turn == Turn::Free {
            Some(Limit::Soft)
        } else {
            None
        };
        if breach.map(|breach| breach.limit) != wanted {
            let law = match (breach.map(|breach| breach.limit), wanted) {
                (Some(limit), _) if self.told.contains(&limit) => "M2",
                (Some(Limit::Soft), Some(Limit::Hard)) => "M3",
                (Some(Limit::Soft), None) if turn == Turn::Taken => "M6",
                _ => "M4",
            };
            self.broken(law, format!("{breach:?} of {used}, and it was to be {wanted:?}"));
        }
        if let Some(Breach { used: told, bound, limit }) = breach {
            let own = if limit == Limit::Soft { self.soft } else { self.hard };
            if told != used || Some(bound) != own {
                self.broken("M4", format!("{told} above {bound}, and it was {used} above {own:?}"));
            }
        }
        self.told.extend(wanted);
        let left = match self.told.last() {
            None => true,
            Some(Limit::Soft) => self.hard.is_some(),
            Some(Limit::Hard) => false,
        };
        let lowest = self.soft.into_iter().chain(self.hard).min().unwrap_or_default();
        let pause = if used > lowest / 2 { NEAR } else { FAR };
        self.due = left.then(|| now + pause);
    }
}

/// Plays a plan to its end, or to the first law that is broken.
pub(crate) fn run(plan: &Plan, subject: &mut impl Subject) -> Broken {
    let mut bounds = MemorySpec { soft: plan.soft, hard: plan.hard };
    subject.bounds(&mut bounds);
    let mut gauge = Gauge::new(bounds);
    let (soft, hard) = (plan.soft, plan.hard);
    let mut book = Book { soft, hard, run: None, due: None, told: Vec::new(), broken: Vec::new() };
    let (mut changes, mut time) = (Vec::new(), 0);
    for (number, (gap, lives)) in (1..).zip(&plan.runs) {
        changes.push((ms(time + gap), Some(number)));
        time += gap + lives;
        changes.push((ms(time), None));
    }
    changes.reverse();
    let (mut coming, mut asked) = (BTreeMap::new(), 0usize);
    while book.broken.is_empty() {
        let heard = coming.first_key_value().map(|((at, _), _)| *at);
        let (due, change) = (subject.deadline(&gauge), changes.last().map(|(at, _)| *at));
        let Some(now) = heard.into_iter().chain(due).chain(change).min().filter(|at| *at < ms(300_000))
        else {
            break;
        };
        book.passes(now);
        if change == Some(now) {
            let run = changes.pop().expect("it is due").1;
            (book.run, book.told) = (run, Vec::new());
            book.due = run.map(|_| now + NEAR);
            match run {
                Some(run) => gauge.begin(now, run),
                None if subject.ends() => gauge.end(),
                None => {}
            }
        } else if heard == Some(now) {
            let (_, heard) = coming.pop_first().expect("it is due");
            let current = gauge.run().unwrap_or_default();
            let breach =
                subject.hears(heard, current).and_then(|h| gauge.measured(now, h.run, h.used, h.turn));
            let breach = subject.says(breach);
            book.said(now, heard, breach);
        } else if subject.asks(gauge.tick(now)) {
            book.asked(now);
            let Reply { after, used, free } = plan.replies[asked % plan.replies.len()];
            asked += 1;
            if let Some(after) = after {
                let turn = if free { Turn::Free } else { Turn::Taken };
                let run = gauge.run().unwrap_or_default();
                coming.insert((now + ms(after), asked), Heard { run, used, turn });
            }
        }
    }
    book.broken
}
