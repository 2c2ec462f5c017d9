//! What the spool does with a directory of arbitrary segments: a law for any bytes. Bytes are a recipe and not a
//! segment, because no fuzzer guesses a checksum: records that are right stand beside ones that are not. Called by the
//! fuzz target `spool` and, with the kept corpus, by `tests/telemetry`.

use opentelemetry::InstrumentationScope;
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use phpeek_actors::clock::Clock;
use phpeek_actors::ports::{Level, LogRecord, LogSink};
use phpeek_actors::telemetry::{News, SpanStore};
use phpeek_pm::telemetry::encode::Origin;
use phpeek_pm::telemetry::recent::Recent;
use phpeek_pm::telemetry::spool::begin::Begin;
use phpeek_pm::telemetry::spool::record::{self, Kind, NoRecord};
use phpeek_pm::telemetry::spool::{self, Place, Spool, SpoolParts};
use phpeek_settings::tracing::Limits;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

/// An id that no recipe makes: it has eight bytes, theirs have one.
const OURS: u64 = 0x0123_4567_89ab_cdef;
const SEGMENTS: usize = 6;

struct Silent;

impl LogSink for Silent {
    fn enabled(&self, _: Level) -> bool {
        false
    }
    fn log(&self, _: LogRecord) {}
}

/// Hands out pieces of the input; zeros and nothing when it is used up.
struct Recipe<'a>(&'a [u8]);

impl<'a> Recipe<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn bytes(&mut self, most: usize) -> &'a [u8] {
        let wanted = usize::from(self.byte().unwrap_or_default()).min(most);
        let (taken, rest) = self.0.split_at(wanted.min(self.0.len()));
        self.0 = rest;
        taken
    }
}

fn origin(name: &str) -> Origin {
    let scope = InstrumentationScope::builder(name.to_owned()).build();
    Origin::new(&Resource::builder_empty().build(), &scope)
}

/// A span as the encoder lays it out: the ids at their places, then whatever.
fn span(id: u8, rest: &[u8]) -> Vec<u8> {
    let mut out = vec![0x0a, 16];
    out.extend_from_slice(&[id | 1; 16]);
    out.extend_from_slice(&[0x12, 8]);
    out.extend_from_slice(&[id; 8]);
    out.extend_from_slice(rest);
    out
}

fn begun(id: u8, rest: &[u8]) -> Vec<u8> {
    let mut out = vec![id | 1; 16];
    out.extend_from_slice(&[id; 8]);
    out.extend_from_slice(rest);
    out
}

/// The segments that a recipe makes.
fn segments(recipe: &[u8]) -> Vec<Vec<u8>> {
    let mut recipe = Recipe(recipe);
    let mut made = vec![Vec::new()];
    while let Some(step) = recipe.byte() {
        let more = made.len() < SEGMENTS;
        let Some(current) = made.last_mut() else { break };
        match step % 12 {
            0 => current.extend_from_slice(recipe.bytes(255)),
            1 | 2 => {
                let id = recipe.byte().unwrap_or_default();
                record::append(current, Kind::Span, &span(id, recipe.bytes(64)));
            }
            3 | 4 => {
                let id = recipe.byte().unwrap_or_default();
                record::append(current, Kind::Begun, &begun(id, recipe.bytes(64)));
            }
            5 => record::append(current, Kind::Gone, &[recipe.byte().unwrap_or_default(); 8]),
            6 => record::append_origin(
                current,
                &origin(if recipe.byte().unwrap_or_default() < 99 { "a" } else { "b" }),
            ),
            7 => {
                let kind = [Kind::Origin, Kind::Span, Kind::Begun, Kind::Gone]
                    [usize::from(recipe.byte().unwrap_or_default() % 4)];
                record::append(current, kind, recipe.bytes(255));
            }
            8 => {
                // A segment as one of ours begins.
                current.extend_from_slice(&record::header(u64::from(step), 9));
                record::append_origin(current, &origin("a"));
            }
            9 => {
                // Delivered up to here, or up to anywhere.
                let shift = usize::from(recipe.byte().unwrap_or_default());
                let end =
                    if shift < 128 { current.len() } else { (current.len() + shift).saturating_sub(190) };
                let slot = record::slot(end as u64, u64::from(recipe.byte().unwrap_or_default()));
                let place = record::SLOT as usize;
                if let Some(there) = current.get_mut(place..place + slot.len()) {
                    there.copy_from_slice(&slot);
                }
            }
            10 => {
                let place = usize::from(recipe.byte().unwrap_or_default()) * 3;
                let flip = recipe.byte().unwrap_or_default();
                if let Some(there) = current.get_mut(place) {
                    *there ^= flip;
                }
            }
            _ if more => made.push(Vec::new()),
            _ => {}
        }
    }
    made
}

/// What stands in some bytes can be read without a fault.
fn read(bytes: &[u8]) {
    for from in [0, record::HEADER as usize, 1] {
        let mut at = from;
        let why = loop {
            match record::at(bytes, at) {
                Ok(found) => {
                    assert!(found.end > at && found.end <= bytes.len());
                    if let Some(begin) = Begin::decode(&bytes[found.payload]) {
                        assert_eq!(Begin::decode(&begin.encode()), Some(begin));
                    }
                    at = found.end;
                }
                Err(why) => break why,
            }
        };
        assert!(matches!(why, NoRecord::End | NoRecord::Damaged));
    }
    let _whatever = (record::delivered(bytes), record::is_segment(bytes), record::origin(bytes));
    drop(Begin::decode(bytes).map(|begin| begin.ended_unknown(SystemTime::UNIX_EPOCH)));
}

fn open(folder: &Path) -> Option<Spool> {
    let parts = SpoolParts {
        signal: phpeek_core::otel::OtelSignal::Traces,
        history: Limits::HISTORY,
        place: Place::Directory(folder.to_owned(), Some(spool::lock(folder).ok()?)),
        limits: Limits::default(),
        origin: origin("ours"),
        recent: Some(Arc::new(Recent::new(origin("ours")))),
        report: Arc::default(),
        clock: Clock::starting_at(SystemTime::now()),
        log: Arc::new(Silent),
    };
    Some(Spool::new(parts))
}

fn ours() -> News {
    let id = (TraceId::from(7), SpanId::from(OURS));
    News::Ended(SpanData {
        span_context: SpanContext::new(id.0, id.1, TraceFlags::SAMPLED, false, TraceState::NONE),
        parent_span_id: SpanId::INVALID,
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: "process.spawn".into(),
        start_time: SystemTime::UNIX_EPOCH,
        end_time: SystemTime::UNIX_EPOCH,
        attributes: Vec::new(),
        dropped_attributes_count: 0,
        events: Default::default(),
        links: Default::default(),
        status: Status::Ok,
        instrumentation_scope: InstrumentationScope::default(),
    })
}

/// Opens the directory, adds a span, delivers everything, and opens it again.
///
/// # Panics
/// When a law does not hold.
pub(crate) fn law(recipe: &[u8], folder: &Path) {
    read(recipe);
    for (number, bytes) in segments(recipe).iter().enumerate() {
        read(bytes);
        fs::write(folder.join(format!("{:016x}.spans", number + 1)), bytes).expect("a segment");
    }
    let mut spool = open(folder).expect("nobody has it");
    spool.keep(&mut vec![ours()]);
    assert!(spool.is_durable(), "nothing that lies there keeps the spool from working");
    let all = spool.recovered() + 1;
    assert_eq!(spool.waiting() + spool.dropped().total(), all);
    let (mut delivered, mut found) = (0, false);
    let mut rounds = 0;
    while let Some(batch) = spool.batch(if rounds % 2 == 0 { 3 } else { 512 }) {
        rounds += 1;
        if rounds % 5 == 0 {
            spool.put_back();
            continue;
        }
        delivered += batch.spans;
        found |= batch.request.windows(8).any(|w| w == OURS.to_be_bytes());
        spool.settle();
    }
    assert_eq!(spool.waiting(), 0);
    assert_eq!(delivered + spool.dropped().total(), all, "every span is delivered or counted");
    assert!(found, "what was added comes out");
    drop(spool);
    let mut next = open(folder).expect("nobody has it");
    next.keep(&mut Vec::new());
    assert_eq!((next.recovered(), next.waiting()), (0, 0), "nothing comes twice");
}
