//! What the batcher promises: when, how much, how long.

#![allow(clippy::expect_used, reason = "a test may fail")]

use super::*;
use proptest::prelude::*;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn batcher() -> Batcher {
    let backoff = Backoff::new(ms(1000), ms(30_000)).expect("1 s is less than 30 s");
    Batcher::new(Rules { batch: 512, backlog_batch: 4096, first_delay: ms(100), delay: ms(1000), backoff })
}

const FULL: Decision = Decision::Take { most: 512 };

#[test]
fn the_first_batch_waits_100_ms_and_later_ones_a_second() {
    let mut b = batcher();
    assert_eq!(b.decide(ms(0), 1), Decision::At(ms(100)));
    assert_eq!(b.decide(ms(100), 3), FULL);
    assert_eq!(b.decide(ms(200), 600), Decision::Nothing, "one export in flight");
    b.settled(ms(0), true);
    assert_eq!(b.decide(ms(300), 600), FULL, "a full batch goes at once");
    b.settled(ms(0), true);
    assert_eq!(b.decide(ms(300), 88), Decision::At(ms(1300)));
    assert_eq!(b.decide(ms(400), 0), Decision::Nothing, "no timer when idle");
}

/// Lets the flush end by itself, and gives when it did.
fn end_of(b: &mut Batcher, alive: bool) -> Duration {
    loop {
        let at = b.flush_ends().expect("a flush");
        if b.is_flush_over(at, alive) {
            return at;
        }
    }
}

fn away(b: &mut Batcher, now: u64, spans: usize) {
    b.failed(ms(now), spans, Setback::Away, None, Jitter::NONE);
}

#[test]
fn a_flush_gives_a_receiver_that_is_there_all_that_an_answer_takes() {
    let mut b = batcher();
    b.flush(ms(0), ms(5000));
    assert_eq!(b.decide(ms(0), 1), FULL);
    assert_eq!(end_of(&mut b, false), ms(500), "no sign of life");
    b.flush(ms(600), ms(5000));
    assert_eq!(end_of(&mut b, true), ms(3000), "it is there, and is waited for");
    b.flush(ms(3100), ms(5000));
    b.settled(ms(3900), true);
    assert_eq!(b.decide(ms(3900), 1000), Decision::Take { most: 4096 }, "a slow one gets larger batches");
    assert_eq!(end_of(&mut b, false), ms(8100), "all of the slice, while it answers in its usual time");
    assert!(!b.is_flushing() && b.flush_ends().is_none());
}

#[test]
fn a_request_that_was_under_way_counts_from_its_beginning() {
    let mut b = batcher();
    assert_eq!(b.decide(ms(0), 512), FULL);
    b.settled(ms(5), true);
    assert_eq!(b.decide(ms(10), 512), FULL);
    b.flush(ms(600), ms(5000));
    assert_eq!(end_of(&mut b, false), ms(3010));
    b.flush(ms(9000), ms(5000));
    assert_eq!(end_of(&mut b, true), ms(9400), "it was silent for long");
}

#[test]
fn a_flush_gives_a_bad_receiver_one_attempt() {
    let mut b = batcher();
    assert_eq!(b.decide(ms(0), 512), FULL);
    b.flush(ms(1), ms(5000));
    away(&mut b, 600, 512);
    assert!(!b.is_flushing(), "one attempt and done");
    assert_eq!(b.decide(ms(600), 1), Decision::At(ms(1600)));
    b.flush(ms(700), ms(2000));
    assert_eq!(b.decide(ms(700), 1), Decision::Take { most: 512 });
    assert_eq!(end_of(&mut b, true), ms(1100));
}

#[test]
fn what_is_hastened_goes_when_the_receiver_has_answered() {
    let mut b = batcher();
    assert_eq!(b.decide(ms(0), 1), Decision::At(ms(100)));
    b.hasten();
    assert_eq!(b.decide(ms(1), 1), FULL);
    assert_eq!(b.decide(ms(2), 7), Decision::Nothing);
    b.settled(ms(3), true);
    assert_eq!(b.decide(ms(3), 7), FULL);
}

#[test]
fn a_batch_that_is_kept_is_never_merged_into_a_larger_one() {
    let mut b = batcher();
    assert_eq!(b.decide(ms(0), 5), Decision::At(ms(100)));
    assert_eq!(b.decide(ms(100), 5), FULL);
    away(&mut b, 100, 5);
    assert_eq!(b.decide(ms(1100), 100_000), Decision::Take { most: 5 });
    b.abandon(Some(5));
    assert_eq!(b.decide(ms(1100), 100_000), Decision::Take { most: 5 });
    b.settled(ms(1200), true);
    assert_eq!(b.decide(ms(1200), 100_000), Decision::Take { most: 4096 });
}

#[test]
fn a_batch_that_meets_a_limit_again_and_again_goes_in_halves() {
    let mut b = batcher();
    let (mut now, mut sizes) = (0, Vec::new());
    let asked = Some(ms(100));
    // The receiver will never take more than 100 at once.
    let mut left = 512;
    while left > 0 {
        match b.decide(ms(now), left) {
            Decision::At(at) => now = u64::try_from(at.as_millis()).expect("small"),
            Decision::Take { most } if most.min(left) > 100 => {
                sizes.push(most.min(left));
                b.failed(ms(now), most.min(left), Setback::Limited, asked, Jitter::NONE);
            }
            Decision::Take { most } => {
                left -= most.min(left);
                b.settled(ms(now), true);
            }
            Decision::Nothing => break,
        }
    }
    assert_eq!(sizes, [512, 512, 512, 256, 128]);
    assert!(now <= 7000, "not for ever: {now} ms");
}

#[test]
fn a_limit_that_is_met_in_a_flush_is_met_in_halves_at_once() {
    let mut b = batcher();
    b.flush(ms(0), ms(5000));
    assert_eq!(b.decide(ms(0), 512), FULL);
    b.failed(ms(1), 512, Setback::Limited, Some(ms(1000)), Jitter::NONE);
    assert_eq!(b.decide(ms(1), 512), Decision::Take { most: 256 });
    b.failed(ms(2), 1, Setback::Limited, None, Jitter::NONE);
    assert!(!b.is_flushing(), "less is not to be had");
}

#[test]
fn a_receiver_is_left_alone_for_as_long_as_it_asks_within_reason() {
    let held = |asked: u64| {
        let mut b = batcher();
        assert_eq!(b.decide(ms(0), 512), FULL);
        b.failed(ms(0), 512, Setback::Away, Some(ms(asked)), Jitter::NONE);
        b.decide(ms(0), 512)
    };
    assert_eq!(held(10), Decision::At(ms(1000)));
    assert_eq!(held(120_000), Decision::At(ms(120_000)));
    assert_eq!(held(u64::MAX), Decision::At(LONGEST_ASKED));
}

#[test]
fn a_backlog_goes_in_large_batches_and_a_refused_one_in_halves() {
    let mut b = batcher();
    assert_eq!(b.decide(ms(0), 100_000), Decision::Take { most: 4096 });
    assert_eq!(b.too_large(4096), Split::Smaller);
    assert_eq!(b.decide(ms(1), 100_000), Decision::Take { most: 2048 });
    assert_eq!(b.too_large(1), Split::Indivisible);
    for _ in 0..GROW_AFTER {
        assert_eq!(b.decide(ms(2), 100_000), Decision::Take { most: 2048 });
        b.settled(ms(0), true);
    }
    assert_eq!(b.decide(ms(3), 100_000), Decision::Take { most: 4096 }, "it grows again");
}

#[test]
fn a_small_batch_that_was_too_large_goes_again_at_once() {
    let mut b = batcher();
    assert_eq!(b.decide(ms(0), 2), Decision::At(ms(100)));
    assert_eq!(b.decide(ms(100), 2), FULL);
    assert_eq!(b.too_large(2), Split::Smaller);
    assert_eq!(b.decide(ms(101), 2), Decision::Take { most: 1 });
    b.settled(ms(0), true);
    assert_eq!(b.decide(ms(102), 1), Decision::Take { most: 1 }, "a full one, for this receiver");
}

proptest! {
    /// Whatever happens: one batch at a time, a held batch is sent again within the cap and never with more than it
    /// was, a flush ends within its time, and no timer is set for the past or while there is nothing to do.
    #[test]
    fn a_batch_is_never_lost_and_never_doubled(
        steps in prop::collection::vec((0u8..9, 0u64..5000, 0usize..1200), 1..200),
    ) {
        let mut b = batcher();
        let (mut now, mut in_flight, mut kept) = (Duration::ZERO, None, None);
        let mut flush_ends = None;
        for (what, later, queued) in steps {
            now += ms(later);
            let setback = if what == 6 { Setback::Limited } else { Setback::Away };
            match (what, in_flight) {
                (0, Some(_)) => { b.settled(now, true); (in_flight, kept) = (None, None); }
                (1 | 6, Some(spans)) => {
                    b.failed(now, spans, setback, Some(ms(later * 20)), Jitter(7));
                    (in_flight, kept) = (None, Some(spans));
                }
                (2, Some(_)) => { b.settled(now, false); (in_flight, kept) = (None, None); }
                (4, Some(spans)) => {
                    match b.too_large(spans) {
                        Split::Smaller => kept = Some(spans),
                        Split::Indivisible => { prop_assert!(spans <= 1); b.settled(now, false); kept = None; }
                    }
                    in_flight = None;
                }
                (5, Some(spans)) => { b.abandon(Some(spans)); (in_flight, kept) = (None, Some(spans)); }
                (3, _) => { b.flush(now, ms(later)); flush_ends = Some(now + ms(later)); }
                (7, _) => b.hasten(),
                (8, _) => {
                    let over = b.is_flush_over(now, queued % 2 == 0);
                    prop_assert!(over || flush_ends.is_some_and(|ends| now < ends));
                    prop_assert_eq!(over, b.flush_ends().is_none());
                }
                _ => match b.decide(now, queued) {
                    Decision::Take { most } => {
                        prop_assert!(in_flight.is_none() && queued > 0 && (1..=4096).contains(&most));
                        prop_assert!(kept.is_none_or(|kept| most <= kept));
                        in_flight = Some(most.min(queued));
                    }
                    Decision::At(at) => prop_assert!(
                        at > now && at <= now + LONGEST_ASKED && in_flight.is_none() && queued > 0
                    ),
                    Decision::Nothing => {
                        prop_assert!(in_flight.is_some() || queued == 0);
                        kept = kept.filter(|_| queued > 0 || in_flight.is_some());
                    }
                },
            }
        }
    }
}
