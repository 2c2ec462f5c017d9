//! Which traces arrive when the rate leaves some out: those that failed or were slow, whole, and counted as what they
//! are. Read from the file exporter, so that what is looked at is what a receiver gets.

use super::{LIMIT, assert_law, launch_with};
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use phpeek_actors::clock::Clock;
use phpeek_actors::telemetry::{CallersDecision, FlushOutcome};
use phpeek_actors::trace::{Tracing, names};
use phpeek_settings::sampling::Sampling;
use phpeek_settings::tracing::{ExporterSettings, FileSettings, SpoolSettings, TracingSettings};
use std::time::Duration;

/// Runs `work` under `sampling` and gives what was exported.
async fn exported(sampling: Sampling, work: impl FnOnce(&Tracing, Clock)) -> Vec<Span> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("traces.jsonl");
    let file = FileSettings { path: path.clone(), max_size: 1 << 30, max_files: 1 };
    let exporter = ExporterSettings::File(file);
    let settings = TracingSettings {
        exporter,
        sampling,
        spool: SpoolSettings::default(),
        service_name: None,
        every_probe: false,
        process_names: false,
    };
    let (handle, _, clock) = launch_with(&settings);
    work(&handle.tracing(), clock);
    assert_eq!(handle.flush(LIMIT).await, FlushOutcome::Drained);
    assert_law(handle.stats());
    let lines = std::fs::read_to_string(path).expect("the file");
    lines
        .lines()
        .map(|line| serde_json::from_str::<ExportTraceServiceRequest>(line).expect("OTLP JSON"))
        .flat_map(|request| request.resource_spans)
        .flat_map(|block| block.scope_spans)
        .flat_map(|group| group.spans)
        .collect()
}

/// A trace of three spans, of which one fails if asked.
fn trace(tracing: &Tracing, clock: Clock, parent: &SpanContext, fails: bool) {
    let root = tracing.open(names::SPAN_START, parent, clock.now());
    let first = tracing.open(names::SPAN_START_PROCESS, &root.context(), clock.now());
    let second = tracing.open(names::SPAN_SPAWN, &first.context(), clock.now());
    match fails {
        true => second.fail(clock.now(), "not_found", "it is not there"),
        false => second.ok(clock.now()),
    }
    first.ok(clock.now());
    root.ok(clock.now());
}

#[actix::test]
async fn a_trace_that_failed_is_kept_whole_at_a_rate_of_nothing() {
    let sampling = Sampling { rate: 0.0, keep_errors: true, ..Sampling::default() };
    let spans = exported(sampling, |tracing, clock| {
        for number in 0..10 {
            trace(tracing, clock, &SpanContext::NONE, number == 4);
        }
    })
    .await;
    assert_eq!(spans.len(), 3);
    for span in &spans {
        assert_eq!((span.trace_state.as_str(), &span.trace_id), ("ot=th:0", &spans[0].trace_id));
    }
}

#[actix::test]
async fn chosen_traces_carry_the_rate_and_failed_ones_stand_for_themselves() {
    let sampling = Sampling { rate: 0.25, ..Sampling::default() };
    let spans = exported(sampling, |tracing, clock| {
        for number in 0..400 {
            trace(tracing, clock, &SpanContext::NONE, number % 10 == 0);
        }
    })
    .await;
    let with = |state: &str| spans.iter().filter(|s| s.trace_state == state).count();
    assert_eq!(with("ot=th:0"), 40 * 3, "every failed trace");
    let chosen = with("ot=th:c") / 3;
    assert!((50..130).contains(&chosen), "{chosen} of 360 at a quarter");
    assert_eq!(spans.len(), 120 + chosen * 3);
}

#[actix::test]
async fn slow_traces_are_kept() {
    let keep_slow = Some(Duration::from_secs(5));
    let sampling = Sampling { rate: 0.0, keep_errors: false, keep_slow, ..Sampling::default() };
    let spans = exported(sampling, |tracing, _| {
        for seconds in [1, 5] {
            let root = tracing.open(names::SPAN_START, &SpanContext::NONE, Duration::ZERO);
            tracing.open(names::SPAN_SPAWN, &root.context(), Duration::ZERO).ok(Duration::from_secs(1));
            root.ok(Duration::from_secs(seconds));
        }
    })
    .await;
    assert_eq!(spans.len(), 2);
}

#[actix::test]
async fn the_decision_of_whoever_called_stands_unless_it_is_ignored() {
    let parent = |sampled| {
        let flags = if sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
        SpanContext::new(TraceId::from(u128::MAX), SpanId::from(1), flags, true, TraceState::NONE)
    };
    for (caller, sampled, kept) in [
        (CallersDecision::Stands, true, 3),
        (CallersDecision::Stands, false, 0),
        (CallersDecision::Ignored, false, 3),
    ] {
        let sampling = Sampling { rate: 0.5, caller, ..Sampling::default() };
        let spans = exported(sampling, |tracing, clock| trace(tracing, clock, &parent(sampled), true)).await;
        assert_eq!(spans.len(), kept, "{caller:?}, sampled {sampled}");
        if sampled {
            assert!(spans.iter().all(|s| s.trace_state.is_empty()), "the caller's state is the caller's");
        }
    }
}
