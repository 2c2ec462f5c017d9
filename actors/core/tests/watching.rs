//! The laws V1 to V3 of bursts of changes, each kept by a property test over any changes; planted bugs, each of which a law must
//! notice; and the order in which those are restarted who need what has changed.
#![allow(clippy::expect_used, reason = "a test may fail")]

#[path = "support/spec.rs"]
mod support;

use phpeek_core::name::ProcessName;
use phpeek_core::spec::{Condition, Dependency, InitialState, ProcessKind, ProcessSpec};
use phpeek_core::watching::{Debounce, MOST, dependents};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use std::sync::Arc;
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(50);

/// What stands between the machine and the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    Nothing,
    EachChangeIsDue,
    ChangeForgotten,
    TickForgotten,
    DueTwice,
    DueWithoutChange,
    NeverWhileItGoesOn,
}

use Bug::*;

const ALL: [Bug; 6] =
    [EachChangeIsDue, ChangeForgotten, TickForgotten, DueTwice, DueWithoutChange, NeverWhileItGoesOn];

/// Plays changes, given by the gaps between them in milliseconds; gives the first law that is broken.
fn play(gaps: &[u64], bug: Bug) -> Option<String> {
    let (mut machine, path) = (Debounce::new(PAUSE), Arc::<str>::from("f"));
    let mut changes: Vec<Duration> = Vec::new();
    let mut at = Duration::ZERO;
    for gap in gaps {
        at += Duration::from_millis(*gap);
        changes.push(at);
    }
    changes.reverse();
    // The burst as the changes make it: the first and the last of it.
    let (mut burst, mut now): (Option<(Duration, Duration)>, Duration) = (None, Duration::ZERO);
    let mut again = false;
    loop {
        let due = match bug {
            TickForgotten => None,
            NeverWhileItGoesOn => burst.map(|(_, last)| last + PAUSE),
            _ => machine.deadline(),
        };
        let next = changes.last().copied();
        let Some(at) = due.into_iter().chain(next).min() else { break };
        now = now.max(at);
        if let Some((first, _)) = burst.filter(|(first, _)| now > *first + PAUSE * MOST) {
            return Some(format!("V3: changed at {first:?}, and nothing was due until {now:?}"));
        }
        let mut said = None;
        if next == Some(at) {
            changes.pop();
            burst = Some((burst.map_or(now, |(first, _)| first), now));
            if bug != ChangeForgotten {
                machine.changed(now, &path);
            }
            said = (bug == EachChangeIsDue).then(|| path.clone());
            said = said.or((bug == DueWithoutChange && changes.is_empty()).then(|| path.clone()));
        } else {
            said = said.or(machine.tick(now));
        }
        for _ in 0..if said.is_some() && bug == DueTwice { 2 } else { u8::from(said.is_some()) } {
            let Some((first, last)) = burst.take() else { return Some(format!("V1: due at {now:?}")) };
            let wanted = (last + PAUSE).min(first + PAUSE * MOST);
            if now != wanted {
                return Some(format!("V2: due at {now:?}, and it was to be at {wanted:?}"));
            }
            again = true;
        }
    }
    if burst.is_some() {
        return Some(format!("V3: a change is never due, others were: {again}"));
    }
    None
}

fn gaps() -> impl Strategy<Value = Vec<u64>> {
    let any = vec(prop_oneof![5 => 0u64..60, 1 => 60u64..500], 1..80);
    // One that does not end.
    let long = vec(10u64..45, 60..120);
    prop_oneof![3 => any, 1 => long]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn v1_to_v3_a_burst_is_due_once_and_no_change_is_lost(gaps in gaps()) {
        prop_assert_eq!(play(&gaps, Bug::Nothing), None);
    }
}

#[test]
fn every_bug_planted_in_a_burst_is_noticed() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, b"the laws of bursts will notice!!");
    let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
    let plays: Vec<_> =
        (0..200).map(|_| gaps().new_tree(&mut runner).expect("nothing is filtered").current()).collect();
    let missed: Vec<_> =
        ALL.into_iter().filter(|bug| plays.iter().all(|gaps| play(gaps, *bug).is_none())).collect();
    assert!(missed.is_empty(), "no law notices {missed:?}");
}

#[test]
fn those_who_need_it_come_after_what_they_need() {
    let process = |name: &str, on: &[&str]| {
        let name_of = |name: &str| ProcessName::new(name).expect("a plain name");
        let mut spec: ProcessSpec =
            Arc::unwrap_or_clone(support::spec(InitialState::Running, ProcessKind::LongRun));
        spec.name = name_of(name);
        spec.depends_on = on.iter().map(|on| Dependency::new(name_of(on), Condition::Started)).collect();
        Arc::new(spec)
    };
    let all = [
        process("a", &["c", "db"]),
        process("b", &["db"]),
        process("c", &["b"]),
        process("db", &[]),
        process("other", &[]),
    ];
    let of = |name: &str| {
        let name = ProcessName::new(name).expect("a plain name");
        dependents(&all, &name).iter().map(|name| name.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(of("db"), ["b", "c", "a"]);
    assert_eq!(of("c"), ["a"]);
    assert!(of("a").is_empty() && of("nobody").is_empty());
}
