//! The way of a span against a real gRPC receiver: healthy, failing, refusing, silent, absent. What is tested is the
//! account of every span and the time that a flush takes.
#![allow(clippy::expect_used, reason = "a test may fail")]

mod connections;
mod exporters;
mod flushing;
mod history;
mod http_server;
mod keeping;
mod receiver;
mod replay;
mod road;
mod secure;
mod spool;
mod spool_faults;
mod stored;

use opentelemetry::trace::SpanContext;
use phpeek_actors::clock::Clock;
use phpeek_actors::ports::{Level, LogRecord, LogSink};
use phpeek_actors::telemetry::{FlushOutcome, TelemetryStats};
use phpeek_actors::trace::names;
use phpeek_pm::telemetry::{Surroundings, TelemetryHandle, start};
use phpeek_settings::endpoint::Endpoint;
use phpeek_settings::env::Lookup;
use phpeek_settings::sampling::Sampling;
use phpeek_settings::tracing::{ExporterSettings, SpoolSettings, TracingSettings};
use receiver::{Mood, Receiver};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

#[derive(Default)]
struct Said(Mutex<Vec<LogRecord>>);

impl LogSink for Said {
    fn enabled(&self, _: Level) -> bool {
        true
    }
    fn log(&self, record: LogRecord) {
        self.0.lock().expect("no panic in here").push(record);
    }
}

impl Said {
    fn warnings(&self) -> usize {
        self.0.lock().expect("no panic in here").iter().filter(|r| r.level == Level::Warn).count()
    }
}

fn telemetry(address: &str, rate: f64) -> (TelemetryHandle, Arc<Said>, Clock) {
    let endpoint = Endpoint::parse(address).expect("an address");
    launch_at(ExporterSettings::OtlpGrpc(endpoint.into()), rate)
}

fn launch(exporter: ExporterSettings) -> (TelemetryHandle, Arc<Said>, Clock) {
    launch_at(exporter, 1.0)
}

fn launch_at(exporter: ExporterSettings, rate: f64) -> (TelemetryHandle, Arc<Said>, Clock) {
    let sampling = Sampling { rate, keep_errors: rate > 0.0, ..Sampling::default() };
    let settings = TracingSettings {
        exporter,
        sampling,
        spool: SpoolSettings::default(),
        service_name: None,
        every_probe: false,
        process_names: false,
    };
    launch_with(&settings)
}

fn launch_in(exporter: ExporterSettings, env: Lookup<'_>) -> (TelemetryHandle, Arc<Said>, Clock) {
    let (sampling, spool) = (Sampling::default(), SpoolSettings::default());
    start_with(
        &TracingSettings {
            exporter,
            sampling,
            spool,
            service_name: None,
            every_probe: false,
            process_names: false,
        },
        env,
    )
}

fn launch_with(settings: &TracingSettings) -> (TelemetryHandle, Arc<Said>, Clock) {
    start_with(settings, &|_| None)
}

fn start_with(settings: &TracingSettings, env: Lookup<'_>) -> (TelemetryHandle, Arc<Said>, Clock) {
    let said = Arc::new(Said::default());
    let clock = Clock::starting_at(SystemTime::now());
    let around = Surroundings {
        log: said.clone(),
        clock,
        write_block: Arc::new(|_| true),
        thread_init: Box::new(|| {}),
        trim: Box::new(|| {}),
    };
    (start(Some(settings), env, around).expect("starts"), said, clock)
}

fn spans(handle: &TelemetryHandle, clock: Clock, count: usize) {
    for _ in 0..count {
        handle.tracing().open(names::SPAN_SPAWN, &SpanContext::NONE, clock.now()).ok(clock.now());
    }
}

fn assert_law(stats: TelemetryStats) {
    assert!(stats.balances(), "{stats:?}");
}

async fn until(what: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !what() {
        assert!(Instant::now() < end, "not within 10 s");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// More than a healthy receiver needs on a busy machine.
const LIMIT: Duration = Duration::from_secs(10);

#[actix::test]
async fn a_healthy_receiver_gets_every_span_without_a_flush_and_with_one() {
    let receiver = Receiver::start(Mood::Healthy);
    let (handle, said, clock) = telemetry(&receiver.address(), 1.0);
    spans(&handle, clock, 3);
    until(|| receiver.spans() == 3).await;
    spans(&handle, clock, 2000);
    assert_eq!(handle.flush(LIMIT).await, FlushOutcome::Drained);
    assert_eq!((receiver.spans(), handle.stats().exported, said.warnings()), (2003, 2003, 0));
    assert_law(handle.stats());
}

#[actix::test]
async fn under_overload_every_span_is_accounted_for() {
    let receiver = Receiver::start(Mood::Silent);
    let (handle, _, clock) = telemetry(&receiver.address(), 1.0);
    spans(&handle, clock, 200_000);
    let stats = handle.stats();
    assert_eq!((stats.started, stats.exported), (200_000, 0));
    assert_eq!(stats.dropped_queue_full + stats.dropped.full + stats.pending, 200_000, "{stats:?}");
    assert_law(stats);
}

#[actix::test]
async fn a_receiver_that_comes_back_gets_what_was_kept() {
    let receiver = Receiver::start(Mood::UnavailableOnce);
    let (handle, said, clock) = telemetry(&receiver.address(), 1.0);
    spans(&handle, clock, 5);
    until(|| receiver.spans() == 5).await;
    until(|| handle.stats().exported == 5).await;
    assert_eq!((said.warnings(), receiver.calls()), (1, 2));
    assert_law(handle.stats());
}

#[actix::test]
async fn a_fatal_code_loses_the_batch_and_says_so_once() {
    let receiver = Receiver::start(Mood::Fatal);
    let (handle, said, clock) = telemetry(&receiver.address(), 1.0);
    for round in 1..=2 {
        spans(&handle, clock, 512);
        until(|| handle.stats().failed == round * 512).await;
    }
    assert_eq!((said.warnings(), receiver.calls()), (1, 2));
    assert_law(handle.stats());
}

/// A span of a few hundred bytes for each text of that length.
fn wordy(handle: &TelemetryHandle, clock: Clock, texts: usize) {
    let mut span = handle.tracing().open(names::SPAN_SPAWN, &SpanContext::NONE, clock.now());
    for number in 0..texts {
        span.event("text", clock.now(), || vec![opentelemetry::KeyValue::new("x", format!("{number:0400}"))]);
    }
    span.ok(clock.now());
}

#[actix::test]
async fn a_batch_that_is_too_large_goes_in_pieces_and_a_span_that_is_goes_alone() {
    let receiver = Receiver::start(Mood::Small);
    let (handle, said, clock) = telemetry(&receiver.address(), 1.0);
    (0..600).for_each(|_| wordy(&handle, clock, 1));
    until(|| handle.stats().exported == 600).await;
    assert!(receiver.calls() >= 5, "{} calls were small enough", receiver.calls());
    assert_eq!((receiver.spans(), handle.stats().failed, said.warnings()), (600, 0, 0));
    wordy(&handle, clock, 120);
    (0..100).for_each(|_| wordy(&handle, clock, 1));
    until(|| handle.stats().pending == 0).await;
    assert_eq!((receiver.spans(), handle.stats().exported, handle.stats().failed), (700, 700, 1));
    assert!(said.text().contains("too large"), "{}", said.text());
    assert_law(handle.stats());
}

#[actix::test]
async fn rejected_spans_count_as_failed() {
    let receiver = Receiver::start(Mood::Rejecting);
    let (handle, _, clock) = telemetry(&receiver.address(), 1.0);
    spans(&handle, clock, 5);
    assert_eq!(handle.flush(LIMIT).await, FlushOutcome::Drained);
    assert_eq!((handle.stats().exported, handle.stats().failed), (4, 1));
}

#[actix::test]
async fn an_absent_receiver_costs_a_flush_almost_nothing() {
    let (handle, said, clock) = telemetry(&receiver::closed_port(), 1.0);
    spans(&handle, clock, 5);
    let begin = Instant::now();
    assert_eq!(handle.flush(LIMIT).await, FlushOutcome::Left(5));
    assert!(begin.elapsed() < Duration::from_secs(7), "{:?}", begin.elapsed());
    assert_eq!((handle.stats().failed, handle.stats().pending), (5, 0));
    assert!(said.warnings() >= 1);
    assert_law(handle.stats());
}

#[actix::test]
async fn a_rate_of_zero_sends_nothing() {
    let receiver = Receiver::start(Mood::Healthy);
    let (handle, _, clock) = telemetry(&receiver.address(), 0.0);
    spans(&handle, clock, 50);
    assert_eq!(handle.flush(LIMIT).await, FlushOutcome::Drained);
    assert_eq!((handle.stats().started, receiver.calls()), (0, 0));
}
