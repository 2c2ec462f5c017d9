//! What the story makes of the tale: each span with its parent, times, end and links.

use crate::tale;
use opentelemetry::trace::{SpanContext, SpanId, Status, TraceFlags, TraceId, TraceState};
use opentelemetry_sdk::trace::SpanData;
use phpeek_actors::clock::Clock;
use phpeek_actors::story::Story;
use phpeek_actors::testkit::{SpanRecorder, attribute};
use phpeek_actors::trace::{Tracing, names};
use std::time::SystemTime;

fn told(parent: &SpanContext) -> SpanRecorder {
    let spans = SpanRecorder::default();
    let mut story = Story::new(spans.tracing(Clock::starting_at(SystemTime::UNIX_EPOCH)));
    let asks = tale::asks();
    story.adopt(asks.stop.id, parent);
    for told in tale::facts(&asks) {
        story.hear(&told);
    }
    spans
}

/// One line for each span, in the order of their beginnings: name, instance or process, times in milliseconds, the
/// name of the parent, the status.
fn lines(spans: &SpanRecorder) -> Vec<String> {
    let mut all = spans.spans();
    all.sort_by_key(|s| (s.start_time, s.span_context.span_id().to_bytes()));
    let line = |s: &SpanData| {
        let text = |key| attribute(s, key).map(|v| v.as_str().into_owned());
        let of = text(names::PROCESS_INSTANCE_ID).or(text(names::PROCESS_NAME)).unwrap_or_default();
        let at = |t: SystemTime| t.duration_since(SystemTime::UNIX_EPOCH).expect("after it").as_millis();
        let parent = spans.by_id(s.parent_span_id).map_or("-".to_owned(), |p| p.name.to_string());
        let status = match s.status {
            Status::Ok => "ok",
            Status::Unset => "unset",
            Status::Error { .. } => "error",
        };
        format!("{} {of} {}..{} < {parent}: {status}", s.name, at(s.start_time), at(s.end_time))
    };
    let mut lines: Vec<String> = all.iter().map(line).collect();
    lines.sort();
    lines
}

#[test]
fn a_tale_becomes_its_spans() {
    let spans = told(&SpanContext::NONE);
    assert_eq!(spans.open(), 0);
    assert_eq!(
        lines(&spans),
        [
            "process.backoff app 502..592 < process_manager.restart_process: ok",
            "process.exit app-0 500..502 < -: error",
            "process.spawn app-0 592..595 < process_manager.restart_process: ok",
            "process.spawn app-0 6..9 < process_manager.start_process: ok",
            "process.spawn db-0 0..5 < process_manager.start_process: ok",
            "process_manager.restart_process app-0 502..595 < -: ok",
            "process_manager.shutdown  1000..1020 < -: ok",
            "process_manager.start  0..9 < -: ok",
            "process_manager.start_process app 0..9 < process_manager.start: ok",
            "process_manager.start_process db 0..5 < process_manager.start: ok",
            "process_manager.stop_process app 1000..1009 < process_manager.shutdown: ok",
            "process_manager.stop_process db 1010..1019 < process_manager.shutdown: ok",
            "process_manager.wait_dependency app 0..6 < process_manager.start_process: ok",
        ]
    );
}

#[test]
fn spans_say_what_led_to_them() {
    let spans = told(&SpanContext::NONE);
    let one = |name: &'static str| spans.named(name).remove(0);
    let linked = |span: &SpanData, kind: &str| {
        let of_kind = |l: &&opentelemetry::trace::Link| l.attributes.iter().any(|a| a.value.as_str() == kind);
        let link = span.links.links.iter().find(of_kind).expect("such a link");
        spans.by_id(link.span_context.span_id()).expect("a span of the tale").name.to_string()
    };
    let restart = one(names::SPAN_RESTART_PROCESS);
    assert_eq!(linked(&restart, names::LINK_DEATH), names::SPAN_EXIT);
    assert_eq!(linked(&restart, names::LINK_PREVIOUS_RUN), names::SPAN_SPAWN);
    assert_eq!(linked(&one(names::SPAN_WAIT_DEPENDENCY), names::LINK_DEPENDENCY), names::SPAN_START_PROCESS);
    let shutdown = one(names::SPAN_SHUTDOWN);
    assert_eq!(linked(&shutdown, names::LINK_START), names::SPAN_START);
    assert_eq!(attribute(&shutdown, names::SIGNAL_SENDER_PID), Some(7.into()));
    let exit = one(names::SPAN_EXIT);
    assert_eq!(attribute(&exit, names::PROCESS_EXIT_CODE), Some(3.into()));
    assert_eq!(attribute(&exit, names::RESTART_BUDGET_LEFT), Some(9.into()));
    let words = attribute(&exit, names::AUTOPSY_STDERR).map(|v| v.to_string());
    assert!(words.is_some_and(|w| w.contains("out of cheese")));
}

#[test]
fn what_somebody_asked_for_is_below_the_span_of_the_request() {
    let (trace, span) = (TraceId::from(0xabc), SpanId::from(0x123));
    let caller = SpanContext::new(trace, span, TraceFlags::SAMPLED, true, TraceState::NONE);
    let spans = told(&caller);
    let shutdown = spans.named(names::SPAN_SHUTDOWN).remove(0);
    assert_eq!((shutdown.span_context.trace_id(), shutdown.parent_span_id), (trace, span));
    for stop in spans.named(names::SPAN_STOP_PROCESS) {
        assert_eq!(stop.span_context.trace_id(), trace, "the whole operation is in the caller's trace");
    }
}

#[test]
fn what_goes_on_after_an_interruption_stays_in_its_trace() {
    let spans = SpanRecorder::default();
    let mut story = Story::new(spans.tracing(Clock::starting_at(SystemTime::UNIX_EPOCH)));
    let facts = tale::interrupted_restart();
    facts.iter().for_each(|told| story.hear(told));
    let whole = spans.named(names::SPAN_RESTART).remove(0);
    let of_app = spans.named(names::SPAN_RESTART_PROCESS).remove(0);
    assert_eq!(of_app.parent_span_id, whole.span_context.span_id(), "the process had not heard of it");
    assert!(of_app.end_time <= whole.end_time, "it lies within the whole");
}

#[test]
fn with_tracing_off_nothing_is_kept() {
    let clock = Clock::starting_at(SystemTime::UNIX_EPOCH);
    let mut story = Story::new(Tracing::off(clock));
    let asks = tale::asks();
    tale::facts(&asks).iter().for_each(|told| story.hear(told));
    assert!(!story.context_of(asks.boot.id).is_valid() && !story.context_of_process(tale::DB).is_valid());
}
