//! Laws of the store, over any order of what happens to it, on the disk and in memory.

use super::spool::{at, deliver, ended, id, in_folder, keep, open, sized, spans};
use phpeek_actors::telemetry::SpanStore;
use phpeek_pm::telemetry::spool::{Limits, Place};
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
