//! The laws of a folded crash loop: no restart is lost, and few are told.
#![allow(clippy::expect_used, reason = "a test may fail")]

use phpeek_core::fold::{CAUSES, FIRST, Fold, Tally, Telling};
use phpeek_core::lifecycle::Trigger;
use phpeek_core::outcome::Exit;
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::Duration;

/// Runs a loop of these codes and steps to its end; gives what was told, with the number of the restart.
fn run(restarts: &[(u8, u64)]) -> Vec<(u64, Tally)> {
    let (mut fold, mut told) = (Fold::default(), Vec::new());
    for ((code, step), number) in restarts.iter().zip(1..) {
        let cause = Trigger::Exit(Exit::Code(*code));
        if let Telling::Told(tally) = fold.restart(cause, Duration::from_millis(*step)) {
            told.push((number, tally));
        }
    }
    told.extend(fold.unfold().map(|tally| (restarts.len() as u64, tally)));
    assert_eq!(fold.unfold(), None, "told once");
    told
}

proptest! {
    #[test]
    fn every_restart_is_told_or_counted_once(
        codes in vec(any::<u8>(), 1..4), steps in vec(0..20u64, 1..4), length in 0..3000usize,
    ) {
        let restarts: Vec<_> =
            (0..length).map(|i| (codes[i % codes.len()], steps[i / 500 % steps.len()])).collect();
        let told = run(&restarts);
        let mut before = 0;
        for (number, tally) in &told {
            prop_assert_eq!(tally.count, *number);
            prop_assert_eq!(tally.folded, number - before - 1, "{:?}", told);
            before = *number;
        }
        prop_assert_eq!(before, length as u64, "the last restart is told");
        prop_assert!(told.iter().take(FIRST as usize).all(|(_, tally)| tally.folded == 0));
    }

    #[test]
    fn few_are_told_whatever_the_loop_does(restarts in vec((any::<u8>(), Just(7u64)), 0..3000)) {
        let told = run(&restarts).len() as u64;
        let doublings = u64::from(u64::BITS - (restarts.len() as u64).leading_zeros());
        prop_assert!(told <= FIRST + CAUSES as u64 + doublings + 1, "{} of {}", told, restarts.len());
    }

    #[test]
    fn a_cause_and_a_step_are_told_when_they_come_up(restarts in vec((0..10u8, 0..4u64), 0..500)) {
        let mut restarts = restarts;
        restarts.sort_by_key(|(_, step)| *step); // a backoff never shrinks
        let told: BTreeSet<u64> = run(&restarts).into_iter().map(|(number, _)| number).collect();
        let (mut codes, mut last) = (BTreeSet::new(), None);
        for ((code, step), number) in restarts.iter().zip(1u64..) {
            let fresh = codes.insert(*code) | (last.replace(*step) != Some(*step));
            prop_assert!(!fresh || told.contains(&number), "restart {} of {:?}", number, restarts);
        }
    }
}

#[test]
fn a_loop_of_ten_thousand_is_told_in_a_few_words() {
    let told = run(&vec![(1, 10); 10_000]);
    let numbers: Vec<u64> = told.iter().map(|(number, _)| *number).collect();
    let expected: Vec<u64> =
        (1..=16).chain([32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 10_000]).collect();
    assert_eq!(numbers, expected);
    assert_eq!(told.iter().map(|(_, tally)| tally.folded + 1).sum::<u64>(), 10_000);
}

#[test]
fn after_its_end_a_loop_begins_anew() {
    let mut fold = Fold::default();
    let cause = Trigger::Exit(Exit::Code(1));
    for _ in 0..40 {
        fold.restart(cause, Duration::ZERO);
    }
    assert!(fold.is_long() && !fold.is_fresh(cause));
    assert_eq!(fold.unfold(), Some(Tally { folded: 7, count: 40 }));
    fold.end();
    assert!(!fold.is_long());
    assert_eq!(fold.restart(cause, Duration::ZERO), Telling::Told(Tally { folded: 0, count: 1 }));
}
