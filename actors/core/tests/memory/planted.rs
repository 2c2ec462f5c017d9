//! Planted bugs of memory: each corrupts one value, event or output, and a law must notice every one of them in the same
//! worlds in which the real machine breaks none.

use crate::replaced;
use crate::world::{self, Heard, Real, Subject};
use phpeek_core::facts::{Fact, InstanceFact, Output, Told};
use phpeek_core::limit::gauge::{Gauge, Turn};
use phpeek_core::limit::{Breach, Limit, MemorySpec};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::time::Duration;

const SEED: [u8; 32] = *b"the laws of memory will notice!!";
const WORLDS: usize = 300;

bugs! {
    ALL:
        EndForgotten, OldRunCounts, TurnIgnored, HardForgotten, SoftForgotten, OneByteMore, OneByteLess,
        AnswerForgotten, VerdictForgotten, VerdictTwice, HardIsSoft, DeadlineForgotten, NeverMeasured;
}

struct Planted(Bug, Option<Breach>);

impl Subject for Planted {
    fn bounds(&self, spec: &mut MemorySpec) {
        match self.0 {
            HardForgotten => spec.hard = spec.hard.filter(|_| spec.soft.is_none()),
            SoftForgotten => spec.soft = spec.soft.filter(|_| spec.hard.is_none()),
            _ => {}
        }
    }

    fn hears(&self, heard: Heard, current: u64) -> Option<Heard> {
        match self.0 {
            OldRunCounts => Some(Heard { run: current, ..heard }),
            TurnIgnored => Some(Heard { turn: Turn::Free, ..heard }),
            OneByteMore => Some(Heard { used: heard.used + 1, ..heard }),
            OneByteLess => Some(Heard { used: heard.used.saturating_sub(1), ..heard }),
            AnswerForgotten => None,
            _ => Some(heard),
        }
    }

    fn ends(&self) -> bool {
        self.0 != EndForgotten
    }

    fn deadline(&self, gauge: &Gauge) -> Option<Duration> {
        gauge.deadline().filter(|_| self.0 != DeadlineForgotten)
    }

    fn asks(&self, asks: bool) -> bool {
        asks && self.0 != NeverMeasured
    }

    fn says(&mut self, breach: Option<Breach>) -> Option<Breach> {
        match self.0 {
            VerdictForgotten => None,
            VerdictTwice => {
                self.1 = breach.or(self.1);
                self.1
            }
            HardIsSoft => breach.map(|breach| Breach { limit: Limit::Soft, ..breach }),
            _ => breach,
        }
    }
}

fn worlds<T>(plans: impl Strategy<Value = T>) -> Vec<T> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &SEED);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    (0..WORLDS).map(|_| plans.new_tree(&mut runner).expect("nothing is filtered").current()).collect()
}

#[test]
fn every_bug_planted_in_a_gauge_is_noticed() {
    let worlds = worlds(world::plan());
    let real: Vec<_> = worlds.iter().flat_map(|plan| world::run(plan, &mut Real)).collect();
    assert!(real.is_empty(), "the real machine breaks laws: {real:?}");
    let noticed = |bug| worlds.iter().any(|plan| !world::run(plan, &mut Planted(bug, None)).is_empty());
    let missed: Vec<_> = ALL.into_iter().filter(|bug| !noticed(*bug)).collect();
    assert!(missed.is_empty(), "no law notices {missed:?}");
}

/// Whoever is above the bound is taken away, whoever else is.
fn all_at_once(asked: replaced::Asked) -> Vec<replaced::Asked> {
    let Output::Tell(Told { at, fact: Fact::Instance(id, InstanceFact::OverLimit { run, breach }) }) = asked
    else {
        return vec![asked];
    };
    let other = phpeek_core::ids::InstanceId { serial: id.serial ^ 1, ..id };
    let as_well = Told { at, fact: Fact::Instance(other, InstanceFact::OverLimit { run, breach }) };
    vec![asked, Output::Tell(as_well)]
}

#[test]
fn instances_that_are_taken_away_at_once_are_noticed() {
    let worlds = worlds(replaced::plan());
    let seen: Vec<_> = worlds.iter().map(|plan| replaced::run(plan, &|asked| vec![asked])).collect();
    assert!(seen.iter().all(|seen| seen.broken.is_empty()), "the real machine breaks the law");
    let most = seen.iter().map(|seen| seen.replaced).max().unwrap_or_default();
    assert!(most >= 3, "in no world more than {most} are replaced: it would show nothing");
    assert!(worlds.iter().any(|plan| !replaced::run(plan, &all_at_once).broken.is_empty()));
}
