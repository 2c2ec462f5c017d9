//! Laws of the store, over any order of what happens to it, on the disk and in memory.

use super::spool::{at, begun, deliver, ended, id, in_folder, keep, open, sized, spans};
use opentelemetry::trace::{SpanContext, TraceFlags, TraceState};
use phpeek_actors::telemetry::{Begun, News, Sieve as _, SpanStore};
use phpeek_pm::telemetry::sampling::sift;
use phpeek_pm::telemetry::spool::{Place, SpoolState};
use phpeek_settings::sampling::Sampling;
use phpeek_settings::tracing::Limits;
use proptest::prelude::*;
use std::collections::BTreeSet;

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Whatever comes in which order: what is delivered is what was kept, in order, once.
    #[test]
    fn every_span_is_delivered_once_and_in_order(steps in prop::collection::vec((0u8..6, 1usize..400, 0usize..900), 1..60)) {
        let folder = tempfile::tempdir().expect("a folder");
        for place in [at(folder.path()), Place::Memory] {
            let mut made = open(place, "x", Limits::default());
            let (mut next, mut delivered, mut taken) = (1, Vec::new(), None::<Vec<u64>>);
            for (what, count, size) in &steps {
                match (what, taken.take()) {
                    (0..=2, before) => {
                        keep(&mut made, (next..next + *count as u64).map(|id| sized(id, *size)));
                        next += *count as u64;
                        taken = before;
                    }
                    (3, None) => taken = made.spool.batch(*count).map(|b| spans(&b.request).iter().map(id).collect()),
                    (4, Some(ids)) => {
                        made.spool.settle();
                        delivered.extend(ids);
                    }
                    (_, before) => {
                        if before.is_some() {
                            made.spool.put_back();
                        }
                    }
                }
                prop_assert_eq!(made.spool.waiting() as usize, next as usize - 1 - delivered.len());
            }
            if taken.is_some() {
                made.spool.put_back();
            }
            delivered.extend(deliver(&mut made));
            prop_assert_eq!(delivered, (1..next).collect::<Vec<_>>());
        }
    }
}

#[test]
fn everything_is_unique_across_many_kills() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut delivered = Vec::new();
    let mut next_id = 1;
    for round in 0..50u64 {
        let mut made = in_folder(folder.path(), &format!("round {round}"));
        keep(&mut made, (0..round % 7).map(|n| ended(next_id + n)));
        next_id += round % 7;
        for _ in 0..round % 3 {
            if let Some(batch) = made.spool.batch(5) {
                delivered.extend(spans(&batch.request).iter().map(id));
                made.spool.settle();
            }
        }
    }
    let mut last = in_folder(folder.path(), "last");
    keep(&mut last, []);
    delivered.extend(deliver(&mut last));
    let unique: BTreeSet<_> = delivered.iter().copied().collect();
    assert_eq!((unique.len(), delivered.len()), (next_id as usize - 1, next_id as usize - 1));
}

#[test]
fn beginnings_that_outgrow_the_bound_do_not_push_each_other_out_for_ever() {
    let folder = tempfile::tempdir().expect("a folder");
    let limits = Limits { bytes: 1 << 20, ..Limits::default() };
    let mut made = open(at(folder.path()), "x", limits);
    for id in 0..200u64 {
        keep(&mut made, (0..100).map(|n| begun(1_000_000 + id * 100 + n)));
        keep(&mut made, [sized(id + 1, 2000)]);
        assert!(made.report().bytes <= limits.bytes + (64 << 10), "{:?}", made.report());
    }
    assert!(made.spool.waiting() > 0);
    drop(made);
    let mut next = in_folder(folder.path(), "next");
    keep(&mut next, []);
    assert!(deliver(&mut next).iter().filter(|id| **id >= 1_000_000).count() > 500, "many are told");
}

#[test]
fn a_kill_makes_no_error_of_what_had_ended_and_tells_nothing_that_the_caller_left_out() {
    let by_rate = Sampling { rate: 0.5, ..Sampling::default() };
    for (remote, wanted) in [(false, vec![1]), (true, Vec::new())] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut sift = sift(&by_rate);
        let mut made = in_folder(folder.path(), "killed");
        let of = |id: u64, remote| match begun(id) {
            News::Begun(begun) => News::Begun(Begun {
                context: SpanContext::new(
                    begun.context.trace_id(),
                    begun.context.span_id(),
                    TraceFlags::default(),
                    false,
                    TraceState::NONE,
                ),
                remote,
                ..begun
            }),
            other => other,
        };
        let (mut news, mut kept) = (vec![of(1, remote), of(2, false), ended(2)], Vec::new());
        assert_eq!(sift.pass(&mut news, &mut kept), 0);
        made.spool.keep(&mut kept);
        drop(made);
        let mut next = in_folder(folder.path(), "next");
        keep(&mut next, []);
        let batch = next.spool.batch(10);
        let found = batch.map(|b| spans(&b.request)).unwrap_or_default();
        assert_eq!(found.iter().map(id).collect::<Vec<_>>(), wanted, "a remote parent: {remote}");
        assert!(found.iter().all(|span| span.trace_state == "ot=th:0"));
    }
}

#[test]
fn a_segment_that_cannot_be_read_now_is_left_where_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut first = in_folder(folder.path(), "first");
    keep(&mut first, (1..=3).map(ended));
    drop(first);
    // A loop of links: neither damaged nor readable, as when descriptors or rights are missing.
    let foreign = folder.path().join("00000000000000aa.spans");
    std::os::unix::fs::symlink(&foreign, &foreign).expect("made");
    let mut next = in_folder(folder.path(), "next");
    keep(&mut next, [ended(9)]);
    assert_eq!(next.report().state, SpoolState::Degraded);
    assert!(next.said.text().contains("00000000000000aa.spans"), "{}", next.said.text());
    assert_eq!(deliver(&mut next), [9]);
    drop(next);
    std::fs::remove_file(foreign).expect("removed");
    let mut last = in_folder(folder.path(), "last");
    keep(&mut last, []);
    assert_eq!(deliver(&mut last), [1, 2, 3]);
}
