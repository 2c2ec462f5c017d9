//! Planted bugs of survivors: each corrupts one value, event or effect, and a law must notice every one of them in the same
//! worlds in which the real machine breaks none.

use crate::plan::{self, Plan};
use crate::world::{self, Real, Subject};
use phpeek_core::signal::Signal;
use phpeek_core::spec::{KillMode, ProcessSpec, SystemSpec};
use phpeek_core::survivors::{Effect, Event, Fact, PATIENCE, Policy, Record};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

const SEED: [u8; 32] = *b"the laws of survivors will tell!";
const WORLDS: usize = 500;

bugs! {
    ALL:
        IgnoreLooks, ReportStops, KillIsStop, StopIsKill, IgnoresAll,
        RefusedIsBelieved, RefusedForgotten, StartsBesideTheUnknown, RefusesForNobody, NobodyToldForSome,
        ClearForgotten, ClearsWhatIsRefused,
        AllAtOnce, Backwards, StrangersLast, DirectOnly,
        AskedTwice, AnotherSignal, ChildrenToo, AskForgotten, StrangerSignalled, DeadSignalled,
        KillEarly, KillLate, KillGraceForgotten, UrgeForgotten, ModeIgnored, KillForgotten, BudgetForgotten, BudgetShort,
        LeftNotTold, EndedNotTold, StaysNotTold, StaysIsEnded, GivenUpEarly, SomeSeenAsGone,
        NotLookedAgain, NewcomersForgotten, BeginsTwice, BeginsNever, BeginsEarly;
}

struct Planted(Bug);

fn is_told(effect: &Effect, which: impl Fn(&Fact) -> bool) -> bool {
    matches!(effect, Effect::Tell(fact) if which(fact))
}

fn is_signal(effect: &Effect, which: impl Fn(Signal) -> bool) -> bool {
    matches!(effect, Effect::Signal(_, signal) if which(*signal))
}

fn double(out: &mut Vec<Effect>, which: impl Fn(&Effect) -> bool) {
    *out = out.iter().flat_map(|e| std::iter::repeat_n(e.clone(), 1 + usize::from(which(e)))).collect();
}

fn forget_first(out: &mut Vec<Effect>, which: impl Fn(&Effect) -> bool) {
    if let Some(first) = out.iter().position(which) {
        out.remove(first);
    }
}

/// Not one that has to take effect: it would look the same.
fn changed(process: &mut Arc<ProcessSpec>, change: impl Fn(&mut ProcessSpec)) {
    change(Arc::make_mut(process));
}

impl Subject for Planted {
    fn policy(&self, policy: Policy) -> Policy {
        match (self.0, policy) {
            (IgnoreLooks, Policy::Ignore) => Policy::Report,
            (ReportStops, Policy::Report) | (KillIsStop, Policy::Kill) => Policy::Stop,
            (StopIsKill, Policy::Stop) => Policy::Kill,
            (IgnoresAll, Policy::Stop) => Policy::Ignore,
            (_, policy) => policy,
        }
    }

    fn spec(&self, spec: &SystemSpec) -> SystemSpec {
        let mut spec = spec.clone();
        match self.0 {
            BudgetForgotten => spec.shutdown_timeout *= 100,
            BudgetShort => spec.shutdown_timeout /= 2,
            Backwards => {
                let needs: Vec<_> =
                    spec.processes.iter().map(|p| (p.name.clone(), p.depends_on.clone())).collect();
                for process in &mut spec.processes {
                    let name = process.name.clone();
                    let by = |on: &phpeek_core::spec::Dependency| on.process == name;
                    let turned = needs.iter().filter_map(|(who, on)| {
                        let mut on = on.iter().find(|on| by(on))?.clone();
                        on.process = who.clone();
                        Some(on)
                    });
                    let turned = turned.collect();
                    changed(process, |p| p.depends_on = Vec::clone(&turned));
                }
            }
            _ => {}
        }
        for process in &mut spec.processes {
            changed(process, |p| match self.0 {
                AllAtOnce => p.depends_on.clear(),
                DirectOnly => p.depends_on.truncate(1),
                AnotherSignal if p.stop.signal == Signal::QUIT => p.stop.signal = Signal::TERM,
                KillEarly => p.stop.grace /= 2,
                KillLate => p.stop.grace *= 2,
                KillGraceForgotten => p.stop.kill_grace = Duration::ZERO,
                UrgeForgotten => p.stop.kill_signal = Signal::KILL,
                ModeIgnored => p.stop.mode = KillMode::Leader,
                _ => {}
            });
        }
        spec
    }

    fn hears(&self, now: Duration, event: Event, seen: &BTreeSet<i32>) -> (Duration, Event) {
        match (self.0, event) {
            (RefusedIsBelieved, Event::Read(Record::Refused)) => (now, Event::Read(Record::Believed)),
            (RefusedForgotten, Event::Read(Record::Refused)) => (now, Event::Read(Record::Missing)),
            (ChildrenToo, Event::Saw(living)) => {
                (now, Event::Saw(living.into_keys().map(|pid| (pid, 1)).collect()))
            }
            (DeadSignalled, Event::Saw(living)) => {
                let dead = seen.iter().map(|pid| (*pid, 1));
                (now, Event::Saw(dead.chain(living).collect()))
            }
            (SomeSeenAsGone, Event::Saw(mut living)) => {
                living.pop_first();
                (now, Event::Saw(living))
            }
            (GivenUpEarly, Event::Saw(living)) => (now * 3, Event::Saw(living)),
            (NewcomersForgotten, Event::Found(mut found)) if !seen.is_empty() => {
                found.values_mut().for_each(|pids| pids.retain(|pid| seen.contains(pid)));
                (now, Event::Found(found))
            }
            (NobodyToldForSome, Event::Found(_)) => (now, Event::Found(BTreeMap::new())),
            (StrangersLast, Event::Found(found)) => {
                let known = |name: String| if name.starts_with('(') { "p0".to_owned() } else { name };
                let mut all = BTreeMap::<String, BTreeSet<i32>>::new();
                for (name, pids) in found {
                    all.entry(known(name)).or_default().extend(pids);
                }
                (now, Event::Found(all))
            }
            (_, event) => (now, event),
        }
    }

    fn corrupt(&self, out: &mut Vec<Effect>) {
        let kills = |e: &Effect| is_signal(e, |s| s == Signal::KILL);
        let asks = |e: &Effect| is_signal(e, |s| s != Signal::KILL);
        match self.0 {
            StartsBesideTheUnknown | RefusesForNobody => out.iter_mut().for_each(|e| match (self.0, &e) {
                (StartsBesideTheUnknown, Effect::Refuse(_)) => *e = Effect::Begin,
                (RefusesForNobody, Effect::Begin) => *e = Effect::Refuse(BTreeSet::new()),
                _ => {}
            }),
            ClearForgotten => out.retain(|e| *e != Effect::Clear),
            ClearsWhatIsRefused if out.iter().any(|e| is_told(e, |f| matches!(f, Fact::NotUsed(_)))) => {
                out.insert(0, Effect::Clear);
            }
            AskedTwice => double(out, asks),
            AskForgotten => forget_first(out, asks),
            KillForgotten => forget_first(out, kills),
            StrangerSignalled => out.iter_mut().for_each(|e| {
                if let Effect::Signal(pid, _) = e {
                    *pid += 1;
                }
            }),
            LeftNotTold => out.retain(|e| !is_told(e, |f| matches!(f, Fact::Left(..)))),
            EndedNotTold => out.retain(|e| !is_told(e, |f| matches!(f, Fact::Ended(_)))),
            StaysNotTold => out.retain(|e| !is_told(e, |f| matches!(f, Fact::Stays(..)))),
            StaysIsEnded => out.iter_mut().for_each(|e| {
                if let Effect::Tell(Fact::Stays(name, _)) = e {
                    *e = Effect::Tell(Fact::Ended(name.clone()));
                }
            }),
            NotLookedAgain if !out.contains(&Effect::Clear) => out.iter_mut().for_each(|e| {
                if matches!(e, Effect::Find(_)) {
                    *e = Effect::Begin;
                }
            }),
            BeginsTwice => double(out, |e| *e == Effect::Begin),
            BeginsNever => out.retain(|e| *e != Effect::Begin),
            BeginsEarly => out.iter_mut().for_each(|e| {
                if *e == Effect::Look(phpeek_core::survivors::STEP) {
                    *e = Effect::Begin;
                }
            }),
            _ => {}
        }
    }
}

fn worlds() -> Vec<Plan> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &SEED);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    (0..WORLDS).map(|_| plan::plan().new_tree(&mut runner).expect("nothing is filtered").current()).collect()
}

#[test]
fn every_bug_planted_in_survivors_is_noticed() {
    let worlds = worlds();
    let real: Vec<_> = worlds.iter().flat_map(|plan| world::run(plan, &Real)).collect();
    assert!(real.is_empty(), "the real machine breaks laws: {real:?}");
    let found: Vec<_> = ALL
        .iter()
        .map(|bug| (*bug, worlds.iter().find_map(|plan| Some(world::run(plan, &Planted(*bug)).first()?.0))))
        .collect();
    let missed: Vec<_> = found.iter().filter(|(_, law)| law.is_none()).map(|(bug, _)| bug).collect();
    assert!(missed.is_empty(), "no law notices {missed:?}; the others: {found:?}");
    let laws: BTreeSet<_> = found.iter().filter_map(|(_, law)| *law).collect();
    assert_eq!(laws.len(), 8, "each law notices a bug of its own: {found:?}; SIGKILL has {PATIENCE:?}");
}
