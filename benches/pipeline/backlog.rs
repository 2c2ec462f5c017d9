//! A backlog in the spool: how fast it is written, read for `trace last`, and delivered; and what an outage takes of
//! memory without a spool.

use crate::figures::rate;
use crate::{cpu, sink, throughput};
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use phpeek_actors::clock::Clock;
use phpeek_actors::ports::{Level, LogRecord, LogSink};
use phpeek_actors::telemetry::{News, SpanStore};
use phpeek_pm::telemetry::encode::Origin;
use phpeek_pm::telemetry::recent::Recent;
use phpeek_pm::telemetry::spool::reader::SpoolReader;
use phpeek_pm::telemetry::spool::{self, Place, Spool, SpoolParts};
use phpeek_settings::tracing::Limits;
use std::path::Path;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

/// Spans that arrive together.
const TOGETHER: u64 = 512;

struct Silent;

impl LogSink for Silent {
    fn enabled(&self, _: Level) -> bool {
        false
    }
    fn log(&self, _: LogRecord) {}
}

fn ended(number: u64, at: SystemTime) -> News {
    News::Ended(SpanData {
        span_context: SpanContext::new(
            TraceId::from(u128::from(number / 8 + 1)),
            SpanId::from(number + 1),
            TraceFlags::SAMPLED,
            false,
            TraceState::NONE,
        ),
        parent_span_id: SpanId::from(number / 8 * 8),
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: "process.spawn".into(),
        start_time: at,
        end_time: at,
        attributes: vec![
            KeyValue::new("process.name", "php-fpm"),
            KeyValue::new("process.pid", 4711),
            KeyValue::new("process.instance_id", "php-fpm-0"),
            KeyValue::new("process.incarnation", 1),
        ],
        dropped_attributes_count: 0,
        events: Default::default(),
        links: Default::default(),
        status: Status::Ok,
        instrumentation_scope: InstrumentationScope::default(),
    })
}

fn store(place: Place, bytes: u64) -> Spool {
    let origin = Origin::new(&Resource::builder_empty().build(), &InstrumentationScope::builder("x").build());
    Spool::new(SpoolParts {
        signal: phpeek_core::otel::OtelSignal::Traces,
        history: Limits::HISTORY,
        place,
        limits: Limits { bytes, ..Limits::default() },
        recent: Some(Arc::new(Recent::new(origin.clone()))),
        origin,
        report: Arc::default(),
        clock: Clock::starting_at(SystemTime::now()),
        log: Arc::new(Silent),
    })
}

fn fill(spool: &mut Spool, count: u64) {
    let mut next = 0;
    while next < count {
        let until = (next + TOGETHER).min(count);
        let at = SystemTime::now();
        spool.keep(&mut (next..until).map(|number| ended(number, at)).collect());
        next = until;
    }
}

/// Prints the figures.
pub(crate) fn run(count: u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let lock = spool::lock(folder.path()).expect("nobody has it");
    // Delivering needs a runtime's clock even where none is asked for the time.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut spool = store(Place::Directory(folder.path().to_owned(), Some(lock)), 1 << 30);
        let begin = Instant::now();
        fill(&mut spool, count);
        println!("{count} spans written to the spool: {} spans/s", rate(count, begin.elapsed()));
        let reader = SpoolReader::open(folder.path()).expect("it is there");
        let begin = Instant::now();
        let newest = reader.recent(1).expect("it can be read");
        println!("the newest of {count} spans' traces: {} ms (bar 100)", begin.elapsed().as_millis());
        assert_eq!(newest.len(), 1);
        drop(spool);
        let mut memory = store(Place::Memory, 64 << 20);
        let before = cpu::resident();
        fill(&mut memory, count * 4);
        println!(
            "{} spans with the receiver away, in memory, bound 64 MiB: {} MiB more, {} kept, {} dropped and counted",
            count * 4,
            cpu::resident().saturating_sub(before) >> 20,
            memory.waiting(),
            memory.dropped().total()
        );
    });
    deliver(folder.path(), count);
}

fn deliver(folder: &Path, count: u64) {
    let address = sink::start();
    actix::System::new().block_on(async {
        let begin = Instant::now();
        let (handle, clock) = throughput::tracing(&address, Some(folder));
        throughput::span(&handle, clock, 0);
        throughput::exported(&handle, count + 1).await;
        let stats = handle.stats();
        assert!(stats.balances() && stats.recovered == count, "{stats:?}");
        println!("a backlog of {count} delivered: {} spans/s (bar 100000)", rate(count, begin.elapsed()));
    });
}
