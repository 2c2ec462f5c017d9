//! The account balances whatever comes, and who sleeps is woken.

use super::*;
use opentelemetry::trace::{SpanContext, SpanKind, Status};
use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};
use std::time::SystemTime;

fn span() -> SpanData {
    SpanData {
        span_context: SpanContext::NONE,
        parent_span_id: SpanId::INVALID,
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: "x".into(),
        start_time: SystemTime::UNIX_EPOCH,
        end_time: SystemTime::UNIX_EPOCH,
        attributes: Vec::new(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: Default::default(),
    }
}

#[test]
fn who_sleeps_is_woken_once_and_who_has_looked_may_sleep() {
    let queue = Queue::new(100);
    assert_eq!([queue.push(span()), queue.push(span())], [Wanted::Wake, Wanted::Nothing]);
    assert!(!queue.rest(), "there is something");
    assert_eq!(queue.take(Vec::new()).len(), 2);
    assert!(queue.rest());
    assert_eq!(queue.push(span()), Wanted::Wake);
}

#[test]
fn what_has_ended_is_on_its_way_until_it_was_handed_on() {
    let queue = Queue::new(100);
    assert_eq!(queue.on_the_way(), (HashSet::new(), false));
    assert_eq!(queue.push(span()), Wanted::Wake);
    assert_eq!(queue.on_the_way(), (HashSet::from([TraceId::INVALID]), false));
    drop(queue.take(Vec::new()));
    assert_eq!(queue.on_the_way(), (HashSet::new(), true));
    drop(queue.take(Vec::new()));
    assert_eq!(queue.on_the_way(), (HashSet::new(), true), "a look that finds nothing changes nothing");
    queue.handed_on();
    assert_eq!(queue.on_the_way(), (HashSet::new(), false));
}

#[tokio::test(start_paused = true)]
async fn it_is_known_how_long_nobody_has_looked() {
    let queue = Queue::new(100);
    let hour = Duration::from_secs(3600);
    tokio::time::advance(hour).await;
    assert_eq!(queue.unseen_for(), Duration::ZERO, "there was nothing to see");
    assert_eq!(queue.push(span()), Wanted::Wake);
    tokio::time::advance(hour).await;
    assert_eq!(queue.push(span()), Wanted::Nothing);
    assert_eq!(queue.unseen_for(), hour);
    assert_eq!(queue.take(Vec::new()).len(), 2);
    assert_eq!(queue.unseen_for(), Duration::ZERO);
}

#[test]
fn a_full_queue_drops_the_newest_and_counts_them() {
    let queue = Queue::new(10);
    let woken = (0..30).filter(|_| queue.push(span()) == Wanted::Wake).count();
    let stats = queue.stats();
    assert_eq!((woken, stats.pending, stats.dropped_queue_full), (2, 10, 20));
    assert!(stats.balances());
    assert!(queue.take(Vec::new()).len() <= 40, "notes are bounded too");
    queue.settle(4, 1);
    queue.leave_out(2);
    queue.account_store(5, Dropped { full: 3, ..Dropped::default() });
    assert!(queue.stats().balances());
    assert_eq!(queue.stats().pending, 5);
}

#[test]
fn items_are_bounded_by_number_and_by_bytes_and_what_is_lost_is_counted() {
    let few = Queue::new(4);
    (0..6).for_each(|_| few.push_item(Box::default()));
    assert!(!few.has_room());
    few.miss(3);
    let stats = few.stats();
    assert_eq!((stats.started, stats.pending, stats.dropped_queue_full), (9, 4, 5));
    let large = Queue::new(1000);
    (0..10).for_each(|_| large.push_item(vec![0; 1 << 20].into()));
    assert_eq!((large.stats().pending, large.has_room()), (8, false));
    assert_eq!(large.take(Vec::new()).len(), 8);
    assert!(large.has_room() && few.stats().balances() && large.stats().balances());
}
