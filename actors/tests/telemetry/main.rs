//! The `TelemetryActor` with a store and an exporter of which each call may panic, on tokio's paused clock: what has
//! panicked is started again, counted and told, and the account of every span balances.
#![allow(clippy::expect_used, reason = "a test may fail")]

mod support;

use phpeek_actors::telemetry::{FlushOutcome, ReceiverState};
use std::time::Duration;
use support::{Bench, Plan};

/// After a panic all goes on, and nothing that lies somewhere is lost.
async fn survives(plan: Plan, lost: u64) {
    let bench = Bench::new(plan);
    bench.end_spans(4);
    bench.pass(Duration::from_millis(300)).await;
    let shaken = bench.queue.health();
    assert_eq!((shaken.state, shaken.panics), (ReceiverState::Failing, 1), "{plan:?}: {shaken:?}");
    assert!(shaken.last_error.is_some_and(|e| e.cause.contains("planted")), "{plan:?}");
    assert!(bench.said("panicked and was started again"), "{plan:?}");
    assert!(bench.queue.stats().balances(), "{plan:?}: {:?}", bench.queue.stats());
    bench.end_spans(4);
    bench.pass(Duration::from_secs(5)).await;
    let stats = bench.queue.stats();
    assert!(stats.balances(), "{plan:?}: {stats:?}");
    assert_eq!((stats.exported, stats.dropped_panic, stats.pending), (8 - lost, lost, 0), "{plan:?}");
    assert_eq!(stats.recovered, 0, "{plan:?}: what is ours is found, not recovered");
    assert_eq!(bench.queue.health().state, ReceiverState::Good, "{plan:?}");
    bench.end_spans(2);
    assert_eq!(bench.flush().await, FlushOutcome::Drained, "{plan:?}");
    assert_eq!(bench.taken(), 10 - lost, "{plan:?}: none is delivered twice");
}

#[actix::test]
async fn the_exporter_may_panic() {
    tokio::time::pause();
    survives(Plan { export: 1, ..Plan::default() }, 0).await;
    survives(Plan { attempt: 1, ..Plan::default() }, 0).await;
}

#[actix::test]
async fn the_store_may_panic_and_its_successor_finds_what_lies_on_the_disk() {
    tokio::time::pause();
    for durable in [true, false] {
        let plan = Plan { durable, ..Plan::default() };
        let kept = if durable { 0 } else { 4 };
        survives(Plan { keep: 1, ..plan }, 4).await;
        survives(Plan { batch: 1, ..plan }, kept).await;
        survives(Plan { put_back: 1, attempt_fails: 1, ..plan }, kept).await;
    }
}

#[actix::test]
async fn the_sampling_may_panic() {
    tokio::time::pause();
    survives(Plan { sift: 1, ..Plan::default() }, 4).await;
}

#[actix::test]
async fn the_actor_itself_may_panic() {
    tokio::time::pause();
    survives(Plan { log: 1, attempt_fails: 1, ..Plan::default() }, 0).await;
}

#[actix::test]
async fn a_batch_over_which_the_exporter_panics_is_the_batch_to_blame() {
    tokio::time::pause();
    let bench = Bench::new(Plan { poison: Some(3), ..Plan::default() });
    bench.end_spans(8);
    bench.pass(Duration::from_secs(120)).await;
    let stats = bench.queue.stats();
    assert_eq!((stats.exported, stats.failed, stats.pending), (7, 1, 0), "one span alone is lost");
    assert!(stats.balances());
}

#[actix::test]
async fn what_panics_for_ever_keeps_no_processor_busy() {
    tokio::time::pause();
    let bench = Bench::new(Plan { batch: u32::MAX, durable: true, ..Plan::default() });
    bench.end_spans(4);
    bench.pass(Duration::from_secs(600)).await;
    let panics = bench.queue.health().panics;
    assert!((10..60).contains(&panics), "{panics} in ten minutes");
    assert_eq!(bench.queue.health().state, ReceiverState::Failing);
    let stats = bench.queue.stats();
    assert_eq!((stats.pending, stats.dropped_panic), (4, 0), "they lie on the disk");
    assert_eq!(bench.flush().await, FlushOutcome::Spooled(4));
    assert!(bench.queue.stats().balances());
}

#[actix::test]
async fn a_flush_that_meets_a_panic_is_answered() {
    tokio::time::pause();
    let bench = Bench::new(Plan { attempt: 1, ..Plan::default() });
    bench.end_spans(4);
    assert_eq!(bench.flush().await, FlushOutcome::Left(4));
    assert!(bench.queue.stats().balances());
}
