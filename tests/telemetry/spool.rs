//! The spool: what a kill, a torn write, damage, full and missing disks leave of spans. The store is driven as the
//! `TelemetryActor` drives it; a kill is a store that is dropped without a word.

use super::Said;
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use phpeek_actors::clock::Clock;
use phpeek_actors::telemetry::{Begun, News, SpanStore};
use phpeek_pm::telemetry::encode::Origin;
use phpeek_pm::telemetry::recent::Recent;
use phpeek_pm::telemetry::spool::{self, Place, Spool, SpoolError, SpoolParts, SpoolReport, SpoolState};
use phpeek_settings::tracing::Limits;
use prost::Message as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

pub(crate) struct Made {
    pub(crate) spool: Spool,
    report: Arc<Mutex<SpoolReport>>,
    pub(crate) said: Arc<Said>,
}

impl Made {
    pub(crate) fn report(&self) -> SpoolReport {
        self.report.lock().expect("no panic in here").clone()
    }
}

pub(crate) fn open(place: Place, service: &str, limits: Limits) -> Made {
    open_with(place, service, limits, Limits::HISTORY)
}

pub(crate) fn open_with(place: Place, service: &str, limits: Limits, history: Limits) -> Made {
    let resource =
        Resource::builder_empty().with_attribute(KeyValue::new("service.name", service.to_owned())).build();
    let origin = Origin::new(&resource, &InstrumentationScope::builder("phpeek-pm").build());
    let (said, report) = (Arc::new(Said::default()), Arc::<Mutex<SpoolReport>>::default());
    let parts = SpoolParts {
        signal: phpeek_core::otel::OtelSignal::Traces,
        history,
        place,
        limits,
        recent: Some(Arc::new(Recent::new(origin.clone()))),
        origin,
        report: report.clone(),
        clock: Clock::starting_at(SystemTime::now()),
        log: said.clone(),
    };
    Made { spool: Spool::new(parts), report, said }
}

pub(crate) fn at(folder: &Path) -> Place {
    Place::Directory(folder.to_owned(), Some(spool::lock(folder).expect("nobody has it")))
}

pub(crate) fn in_folder(folder: &Path, service: &str) -> Made {
    open(at(folder), service, Limits::default())
}

fn context(id: u64) -> SpanContext {
    SpanContext::new(TraceId::from(7), SpanId::from(id), TraceFlags::SAMPLED, false, TraceState::NONE)
}

pub(crate) fn ended(id: u64) -> News {
    sized(id, 0)
}

pub(crate) fn sized(id: u64, size: usize) -> News {
    let at = SystemTime::now();
    News::Ended(SpanData {
        span_context: context(id),
        parent_span_id: SpanId::INVALID,
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: "process.spawn".into(),
        start_time: at,
        end_time: at,
        attributes: vec![KeyValue::new("text", "x".repeat(size))],
        dropped_attributes_count: 0,
        events: Default::default(),
        links: Default::default(),
        status: Status::Ok,
        instrumentation_scope: InstrumentationScope::default(),
    })
}

pub(crate) fn begun(id: u64) -> News {
    News::Begun(Begun {
        context: context(id),
        parent: SpanId::INVALID,
        remote: false,
        name: "process.spawn",
        start: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
    })
}

pub(crate) fn keep(made: &mut Made, news: impl IntoIterator<Item = News>) {
    made.spool.keep(&mut news.into_iter().collect());
}

pub(crate) fn spans(request: &[u8]) -> Vec<Span> {
    let request = ExportTraceServiceRequest::decode(request).expect("a request");
    request.resource_spans.into_iter().flat_map(|r| r.scope_spans).flat_map(|s| s.spans).collect()
}

pub(crate) fn id(span: &Span) -> u64 {
    u64::from_be_bytes(span.span_id.clone().try_into().expect("eight bytes"))
}

/// Delivers all that waits and gives the ids in order.
pub(crate) fn deliver(made: &mut Made) -> Vec<u64> {
    let mut found = Vec::new();
    while let Some(batch) = made.spool.batch(512) {
        let spans = spans(&batch.request);
        assert_eq!(batch.spans, spans.len() as u64);
        found.extend(spans.iter().map(id));
        made.spool.settle();
    }
    assert_eq!(made.spool.waiting(), 0);
    found
}

pub(crate) fn segments(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(folder)
        .expect("it is there")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "spans"))
        .collect();
    found.sort();
    found
}

#[test]
fn what_was_not_delivered_is_there_after_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut first = in_folder(folder.path(), "first");
    keep(&mut first, (1..=700).map(ended));
    assert!(first.spool.is_durable());
    let batch = first.spool.batch(512).expect("they wait");
    assert_eq!(spans(&batch.request).len(), 512);
    first.spool.settle();
    assert!(first.spool.batch(512).is_some(), "in flight when it is killed");
    drop(first);
    let mut second = in_folder(folder.path(), "second");
    keep(&mut second, [ended(900)]);
    assert_eq!((second.spool.recovered(), second.spool.waiting()), (188, 189));
    assert_eq!(second.report().state, SpoolState::Disk);
    let old = second.spool.batch(1000).expect("the old ones come first, with their own resource");
    let request = ExportTraceServiceRequest::decode(old.request).expect("a request");
    let service = request.resource_spans[0].resource.as_ref().expect("a resource").attributes[0].clone();
    assert_eq!(
        service.value.and_then(|v| v.value).map(|v| format!("{v:?}")).unwrap_or_default(),
        "StringValue(\"first\")"
    );
    second.spool.settle();
    assert_eq!(deliver(&mut second), [900]);
    drop(second);
    let mut third = in_folder(folder.path(), "third");
    keep(&mut third, []);
    assert_eq!((third.spool.recovered(), deliver(&mut third).len()), (0, 0));
}

#[test]
fn a_batch_that_was_put_back_comes_again() {
    let folder = tempfile::tempdir().expect("a folder");
    for place in [at(folder.path()), Place::Memory] {
        let mut made = open(place, "x", Limits::default());
        keep(&mut made, (1..=10).map(ended));
        for _ in 0..3 {
            assert_eq!(made.spool.batch(4).map(|b| b.spans), Some(4));
            made.spool.put_back();
        }
        assert_eq!(made.spool.waiting(), 10);
        assert_eq!(deliver(&mut made), (1..=10).collect::<Vec<_>>());
    }
}

#[test]
fn a_span_that_was_open_when_its_supervisor_was_killed_is_told_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut first = in_folder(folder.path(), "first");
    keep(&mut first, [begun(1), News::About(SpanId::from(1), "web".into()), begun(2), begun(3), begun(4)]);
    keep(&mut first, [News::About(SpanId::from(3), "late".into()), ended(2), News::Gone(SpanId::from(4))]);
    drop(first);
    for round in 0..2 {
        let mut next = in_folder(folder.path(), "next");
        keep(&mut next, []);
        let mut found = Vec::new();
        while let Some(batch) = next.spool.batch(512) {
            found.extend(spans(&batch.request));
            if round == 1 {
                next.spool.settle();
            } else {
                next.spool.put_back();
                break;
            }
        }
        if round == 1 {
            found.sort_by_key(id);
            let ids: Vec<_> = found.iter().map(id).collect();
            assert_eq!(ids, [1, 2, 3]);
            let about = |span: &Span| format!("{:?}", span.attributes);
            assert!(about(&found[0]).contains("web") && about(&found[2]).contains("late"));
            for lost in [&found[0], &found[2]] {
                assert_eq!(lost.status.as_ref().map(|s| s.code), Some(2));
                assert_eq!(lost.start_time_unix_nano, 1_700_000_000_000_000_000);
                assert!(lost.end_time_unix_nano > lost.start_time_unix_nano);
                assert!(about(lost).contains("supervisor_killed"));
            }
        }
    }
    let mut last = in_folder(folder.path(), "last");
    keep(&mut last, []);
    assert_eq!(last.spool.recovered(), 0);
}

/// Whatever byte the writer was killed at: what stands there reads as a prefix of whole spans, and the next supervisor
/// works on.
#[test]
fn every_prefix_of_a_segment_is_a_prefix_of_whole_spans() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut first = in_folder(folder.path(), "first");
    for n in 1..=4 {
        keep(&mut first, [begun(100 + n), ended(n)]);
    }
    drop(first);
    let segment = segments(folder.path()).pop().expect("a segment");
    let whole = fs::read(&segment).expect("it can be read");
    let mut most = 0;
    for length in 0..=whole.len() {
        let copy = tempfile::tempdir().expect("a folder");
        fs::write(copy.path().join(segment.file_name().expect("a name")), &whole[..length]).expect("written");
        let mut next = in_folder(copy.path(), "next");
        keep(&mut next, [ended(50)]);
        let found = deliver(&mut next);
        let real: Vec<u64> = found.iter().copied().filter(|id| *id < 50).collect();
        assert_eq!(real, (1..=real.len() as u64).collect::<Vec<_>>(), "{length} bytes");
        assert!(real.len() >= most && found.contains(&50), "{length} bytes");
        most = real.len();
        let lost = found.iter().filter(|id| **id > 100).count();
        assert!(lost == most || lost == most + 1, "{length} bytes: what began stands in front of what ended");
    }
    assert_eq!(most, 4);
}

#[test]
fn damage_is_set_aside_and_blocks_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut first = in_folder(folder.path(), "first");
    keep(&mut first, (1..=3).map(ended));
    drop(first);
    let segment = segments(folder.path()).pop().expect("a segment");
    let mut bytes = fs::read(&segment).expect("it can be read");
    let last = bytes.len() - 5;
    bytes[last] ^= 1;
    fs::write(&segment, bytes).expect("written");
    fs::write(folder.path().join("00000000000000aa.spans"), "garbage").expect("written");
    fs::create_dir(folder.path().join("00000000000000ab.spans")).expect("made");
    let mut next = in_folder(folder.path(), "next");
    keep(&mut next, [ended(9)]);
    assert_eq!(deliver(&mut next), [1, 2, 9]);
    let said = next.said.text();
    assert!(
        said.contains("damaged at byte") && said.contains("00000000000000aa.spans is set aside"),
        "{said}"
    );
    assert!(folder.path().join("00000000000000aa.spans.damaged").exists());
}

#[test]
fn the_bounds_hold_and_the_oldest_go_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let limits = Limits { bytes: 1 << 20, age: Duration::from_secs(3600) };
    for place in [at(folder.path()), Place::Memory] {
        let mut made = open(place, "x", limits);
        for id in 1..=3000 {
            keep(&mut made, [sized(id, 1000)]);
            assert!(made.report().bytes <= limits.bytes + 2048, "{:?}", made.report());
        }
        let dropped = made.spool.dropped();
        assert_eq!(made.spool.waiting() + dropped.total(), 3000);
        assert!(dropped.full > 1500 && dropped.full == dropped.total(), "{dropped:?}");
        let found = deliver(&mut made);
        assert_eq!(found, (dropped.full + 1..=3000).collect::<Vec<_>>(), "the newest, without a gap");
    }
}

#[test]
fn a_batch_in_flight_survives_the_loss_of_its_segment() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut made = open(at(folder.path()), "x", Limits { bytes: 1 << 20, age: Duration::from_secs(3600) });
    keep(&mut made, (1..=100).map(|id| sized(id, 1000)));
    let batch = made.spool.batch(50).expect("they wait");
    keep(&mut made, (101..=3000).map(|id| sized(id, 1000)));
    assert!(made.spool.dropped().full > 0);
    let waiting = made.spool.waiting();
    made.spool.settle();
    assert_eq!(made.spool.waiting(), waiting - batch.spans);
    let rest = deliver(&mut made).len() as u64;
    assert_eq!(batch.spans + rest + made.spool.dropped().full, 3000);
}

#[test]
fn spans_that_are_too_old_are_dropped() {
    let folder = tempfile::tempdir().expect("a folder");
    let limits = Limits { age: Duration::from_millis(1), ..Limits::default() };
    for place in [at(folder.path()), Place::Memory] {
        let mut made = open(place, "x", limits);
        keep(&mut made, (1..=5).map(ended));
        let begin = std::time::Instant::now();
        while begin.elapsed() < Duration::from_millis(3) {
            std::hint::spin_loop();
        }
        assert_eq!(made.spool.batch(10), None);
        assert_eq!((made.spool.dropped().expired, made.spool.waiting()), (5, 0));
    }
}

#[test]
fn a_directory_that_cannot_be_used_is_memory_for_now() {
    let folder = tempfile::tempdir().expect("a folder");
    let blocked = folder.path().join("file");
    fs::write(&blocked, "").expect("written");
    let mut made = open(Place::Directory(blocked.join("spool"), None), "x", Limits::default());
    keep(&mut made, (1..=5).map(ended));
    assert_eq!((made.report().state, made.spool.is_durable()), (SpoolState::Degraded, false));
    assert_eq!(made.said.warnings(), 1);
    assert_eq!(deliver(&mut made), (1..=5).collect::<Vec<_>>());
    keep(&mut made, [ended(6)]);
    assert_eq!(made.said.warnings(), 1, "said once");
}

#[test]
fn a_directory_has_one_supervisor() {
    let folder = tempfile::tempdir().expect("a folder");
    let _first = at(folder.path());
    let second = spool::lock(folder.path());
    let own = std::process::id();
    assert!(matches!(&second, Err(SpoolError::InUse { pid, .. }) if *pid == own), "{second:?}");
    let text = second.err().map(|e| e.to_string()).unwrap_or_default();
    assert!(text.contains("in use by another supervisor") && text.contains("tracing_spool_dir"), "{text}");
}

#[test]
fn delivered_segments_are_kept_for_a_while_and_begins_outlive_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let bounds = Limits { bytes: 1 << 20, age: Duration::from_secs(3600) };
    let mut made = open_with(at(folder.path()), "x", bounds, Limits { bytes: 256 << 10, ..bounds });
    keep(&mut made, [begun(1)]);
    for id in 2..4000 {
        keep(&mut made, [sized(id, 1000)]);
        deliver(&mut made);
    }
    let bytes: u64 = segments(folder.path()).iter().map(|p| fs::metadata(p).expect("there").len()).sum();
    assert!((100_000..600_000).contains(&bytes), "{bytes}");
    drop(made);
    let mut next = in_folder(folder.path(), "next");
    keep(&mut next, []);
    assert_eq!(deliver(&mut next), [1], "the span that never ended, though its segment is long gone");
}
