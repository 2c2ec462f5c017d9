//! Spans through the real actor, store and exporter to a receiver in the same machine, with the spool and without.

use crate::figures::{RUNS, median, rate};
use crate::{cpu, sink};
use opentelemetry::trace::SpanContext;
use phpeek_actors::clock::Clock;
use phpeek_actors::ports::{Level, LogRecord, LogSink};
use phpeek_actors::trace::names;
use phpeek_pm::telemetry::{Surroundings, TelemetryHandle, start};
use phpeek_settings::endpoint::Endpoint;
use phpeek_settings::sampling::Sampling;
use phpeek_settings::tracing::{ExporterSettings, SpoolSettings, TracingSettings};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// Spans that are made before the queue is given time: a quarter of what it holds.
const CHUNK: u64 = 4096;

struct Silent;

impl LogSink for Silent {
    fn enabled(&self, _: Level) -> bool {
        false
    }
    fn log(&self, _: LogRecord) {}
}

/// Tracing to `address`, through a spool in `folder` if there is one.
pub(crate) fn tracing(address: &str, folder: Option<&Path>) -> (TelemetryHandle, Clock) {
    let clock = Clock::starting_at(SystemTime::now());
    let spool = SpoolSettings {
        directory: folder.map(Path::to_owned),
        named: true,
        limits: phpeek_settings::tracing::Limits { bytes: 1 << 30, ..Default::default() },
        history: phpeek_settings::tracing::Limits::HISTORY,
    };
    let exporter = ExporterSettings::OtlpGrpc(Endpoint::parse(address).expect("an address").into());
    let settings = TracingSettings {
        exporter,
        sampling: Sampling::default(),
        spool,
        service_name: None,
        every_probe: false,
        process_names: false,
    };
    let around = Surroundings {
        log: Arc::new(Silent),
        clock,
        write_block: std::sync::Arc::new(|_| true),
        thread_init: Box::new(|| {}),
        trim: Box::new(|| {}),
    };
    (start(Some(&settings), &|_| None, around).expect("it starts"), clock)
}

/// One span as supervision makes them.
pub(crate) fn span(handle: &TelemetryHandle, clock: Clock, number: u64) {
    let mut span = handle.tracing().open(names::SPAN_SPAWN, &SpanContext::NONE, clock.now());
    span.set(names::PROCESS_INSTANCE_ID, "php-fpm-0");
    span.set(names::PROCESS_EXECUTABLE_NAME, "php-fpm");
    span.set(names::PROCESS_ARGS_COUNT, 3);
    span.set(names::PROCESS_INCARNATION, i64::try_from(number).unwrap_or(0));
    span.ok(clock.now());
}

/// Waits until so many spans are exported.
pub(crate) async fn exported(handle: &TelemetryHandle, count: u64) {
    while handle.stats().exported < count {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn once(address: &str, count: u64, folder: Option<&Path>) -> (Duration, Duration) {
    actix::System::new().block_on(async {
        let (handle, clock) = tracing(address, folder);
        // The first export connects.
        span(&handle, clock, 0);
        exported(&handle, 1).await;
        let (begin, before) = (Instant::now(), cpu::of_arbiters());
        let mut made = 0;
        while made < count {
            for number in 0..CHUNK.min(count - made) {
                span(&handle, clock, number);
            }
            made += CHUNK.min(count - made);
            while handle.stats().pending > CHUNK * 3 {
                tokio::time::sleep(Duration::from_micros(200)).await;
            }
        }
        exported(&handle, count + 1).await;
        let stats = handle.stats();
        assert!(stats.balances() && stats.exported == count + 1, "{stats:?}");
        (begin.elapsed(), cpu::of_arbiters().saturating_sub(before))
    })
}

/// Prints the figures.
pub(crate) fn run(count: u64) {
    let address = sink::start();
    let mut figures = Vec::new();
    for spooled in [false, true] {
        let (mut walls, mut cpus) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            let folder = tempfile::tempdir().expect("a folder");
            let (wall, cpu) = once(&address, count, spooled.then(|| folder.path()));
            walls.push(wall);
            cpus.push(cpu);
        }
        let (wall, cpu) = (median(walls), median(cpus));
        let name = if spooled { "with the spool" } else { "in memory" };
        println!(
            "{count} spans {name}: {} ms, {} ns of the arbiter a span = {} spans/s on one core",
            wall.as_millis(),
            cpu.as_nanos() / u128::from(count),
            rate(count, cpu)
        );
        figures.push(cpu.as_secs_f64());
    }
    if let [memory, disk] = figures.as_slice() {
        println!("the spool's share: {:.0} % (bar 30)", 100.0 * (disk - memory) / disk);
    }
}
