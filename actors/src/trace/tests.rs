//! What the rest of the program relies on: roots survive sampling, children follow, every span ends once.
#![allow(clippy::expect_used, reason = "a test may fail")]
#![allow(clippy::disallowed_methods, reason = "a test may read the wall clock")]

use super::{OpenSpan, Tracing, names};
use crate::clock::{Clock, WallClock};
use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanContext, SpanId, Status, TracerProvider};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, Span, SpanData, SpanProcessor};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

#[derive(Debug, Default, Clone)]
struct Keep(Arc<Mutex<Vec<SpanData>>>);

impl SpanProcessor for Keep {
    fn on_start(&self, _: &mut Span, _: &opentelemetry::Context) {}
    fn on_end(&self, span: SpanData) {
        self.0.lock().expect("no test panics in here").push(span);
    }
    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }
    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

impl Keep {
    fn take(&self) -> Vec<SpanData> {
        std::mem::take(&mut *self.0.lock().expect("no test panics in here"))
    }
}

const WALL: SystemTime = SystemTime::UNIX_EPOCH;

fn tracing(rate: f64) -> (Tracing, Keep) {
    let keep = Keep::default();
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(rate)));
    let provider =
        SdkTracerProvider::builder().with_sampler(sampler).with_span_processor(keep.clone()).build();
    (Tracing::new(provider.tracer("phpeek-pm"), Clock::starting_at(WALL)), keep)
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[test]
fn a_root_without_a_parent_is_kept_and_its_child_is_under_it() {
    let (tracing, keep) = tracing(1.0);
    let root = tracing.open(names::SPAN_START, &SpanContext::NONE, ms(5));
    let child = tracing.open(names::SPAN_SPAWN, &root.context(), ms(6));
    let id = root.context().span_id();
    child.ok(ms(7));
    root.end(ms(9));
    let spans = keep.take();
    let [child, root] = spans.as_slice() else { unreachable!("{spans:?}") };
    assert_eq!((child.parent_span_id, root.parent_span_id), (id, SpanId::INVALID));
    assert_eq!(child.span_context.trace_id(), root.span_context.trace_id());
    assert_eq!((root.start_time, root.end_time), (WALL + ms(5), WALL + ms(9)));
    assert_eq!((&child.status, &root.status), (&Status::Ok, &Status::Unset));
}

#[test]
fn children_of_a_dropped_root_are_dropped_with_it() {
    let (tracing, keep) = tracing(0.0);
    let mut root = tracing.open(names::SPAN_START, &SpanContext::NONE, ms(1));
    root.set(names::PROCESS_COUNT, 1);
    root.event(names::EVENT_EXITED, ms(1), || unreachable!("nothing is recorded"));
    assert!(!root.is_recording() && root.context().is_valid() && !root.context().is_sampled());
    let child = tracing.open(names::SPAN_SPAWN, &root.context(), ms(1));
    assert_eq!(child.context().trace_id(), root.context().trace_id());
    child.fail(ms(2), "x", "y");
    root.ok(ms(2));
    assert!(keep.take().is_empty());
}

#[test]
fn an_abandoned_span_is_an_error_and_a_finished_one_ends_once() {
    let (tracing, keep) = tracing(1.0);
    drop(tracing.open(names::SPAN_HOOK, &SpanContext::NONE, ms(0)));
    tracing.open(names::SPAN_HOOK, &SpanContext::NONE, ms(0)).fail(ms(1), "spawn", &"ä".repeat(4096));
    let spans = keep.take();
    let [abandoned, failed] = spans.as_slice() else { unreachable!("{spans:?}") };
    let text = |span: &SpanData, key: &str| {
        span.attributes.iter().find(|a| a.key.as_str() == key).map(|a| a.value.as_str().into_owned())
    };
    assert_eq!(text(abandoned, names::ERROR_TYPE).as_deref(), Some("abandoned"));
    assert!(matches!(abandoned.status, Status::Error { .. }));
    assert_eq!(text(failed, names::ERROR_TYPE).as_deref(), Some("spawn"));
    assert_eq!(text(failed, names::ERROR).map(|t| t.len()), Some(4096));
}

#[test]
fn a_trace_goes_on_while_a_span_of_it_is_open_or_expected() {
    let (tracing, _) = tracing(1.0);
    let root = tracing.open(names::SPAN_START, &SpanContext::NONE, ms(0));
    let context = root.context();
    let child = tracing.open(names::SPAN_SPAWN, &context, ms(0));
    assert_eq!(tracing.unended(), [(context.trace_id(), 2)]);
    let expected = tracing.expecting(&context);
    child.ok(ms(1));
    root.ok(ms(1));
    assert_eq!(tracing.unended(), [(context.trace_id(), 1)]);
    drop(expected);
    assert_eq!(tracing.unended(), []);
    assert!(tracing.expecting(&SpanContext::NONE).is_none(), "of no trace");
}

#[test]
fn links_that_are_not_valid_are_left_out() {
    let (tracing, keep) = tracing(1.0);
    let other = tracing.open(names::SPAN_START, &SpanContext::NONE, ms(0));
    let context = other.context();
    other.ok(ms(1));
    let mut span = tracing.open(names::SPAN_RESTART, &SpanContext::NONE, ms(1));
    span.link(names::LINK_START, &SpanContext::NONE);
    span.link(names::LINK_DEATH, &context);
    span.ok(ms(2));
    let spans = keep.take();
    let links: Vec<_> = spans
        .iter()
        .flat_map(|s| s.links.links.iter().map(|l| (l.span_context.clone(), l.attributes.clone())))
        .collect();
    assert_eq!(links, [(context, vec![KeyValue::new(names::LINK_TYPE, names::LINK_DEATH)])]);
}

#[test]
fn tracing_that_is_off_makes_nothing() {
    let tracing = Tracing::off(Clock::starting_at(WALL));
    let span = tracing.open(names::SPAN_START, &SpanContext::NONE, ms(0));
    assert!(!tracing.is_on() && !span.is_recording() && !span.context().is_valid());
    assert!(!OpenSpan::default().is_recording());
    span.ok(ms(1));
}

#[test]
fn a_trace_keeps_the_time_of_its_root_and_the_next_one_follows_the_clock() {
    static OFFSET: AtomicU64 = AtomicU64::new(0);
    static CLOCK: WallClock = WallClock::new(|| SystemTime::now() + ms(OFFSET.load(Relaxed)));
    let keep = Keep::default();
    let provider = SdkTracerProvider::builder().with_span_processor(keep.clone()).build();
    let clock = Clock::following(&CLOCK);
    let (tracing, elsewhere) = {
        let one = Tracing::new(provider.tracer("phpeek-pm"), clock);
        (one.clone(), one)
    };
    let root = tracing.open(names::SPAN_START, &SpanContext::NONE, clock.now());
    let trace = root.context();
    OFFSET.store(3_600_000, Relaxed);
    let mut child = elsewhere.open(names::SPAN_SPAWN, &root.context(), clock.now());
    child.event(names::EVENT_EXITED, clock.now(), Vec::new);
    let other = tracing.open(names::SPAN_RESTART, &SpanContext::NONE, clock.now());
    let below = tracing.open(names::SPAN_SPAWN, &other.context(), clock.now());
    child.ok(clock.now());
    root.ok(clock.now());
    drop(below);
    other.ok(clock.now());
    // All of the trace is over, so nothing is torn when what comes late has the time of now.
    tracing.open(names::SPAN_HOOK, &trace, clock.now()).ok(clock.now());
    let now = SystemTime::now();
    let stepped = |time: SystemTime| time > now + ms(1_800_000);
    let spans = keep.take();
    let of = |name: &str| -> Vec<bool> {
        let found = spans.iter().filter(|s| s.name == name);
        found.flat_map(|s| [stepped(s.start_time), stepped(s.end_time)]).collect()
    };
    assert_eq!(of(names::SPAN_START), [false, false]);
    assert_eq!(of(names::SPAN_SPAWN), [false, false, true, true], "one of each trace: {spans:?}");
    assert_eq!((of(names::SPAN_RESTART), of(names::SPAN_HOOK)), (vec![true, true], vec![true, true]));
    let events: Vec<bool> =
        spans.iter().flat_map(|s| s.events.iter().map(|e| stepped(e.timestamp))).collect();
    assert_eq!(events, [false]);
}
