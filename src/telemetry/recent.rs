//! The newest spans, kept in memory for `phpeek-pm trace`: a ring of compressed chunks. Owns its bound; what falls out
//! is no loss, the exporter has its own copy. Must never hold the lock while it does more than copy. Filled by the
//! telemetry arbiter, read by the control socket.

use super::encode::{self, Origin};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use serde_json::Value;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Bytes of spans that gather before they are compressed.
const CHUNK: usize = 64 << 10;
/// Bytes of compressed chunks: about 20,000 spans.
const LIMIT: usize = 512 << 10;
/// Spans are much alike: the fastest level makes a tenth of them.
const LEVEL: i32 = 1;

/// The newest spans.
#[derive(Debug)]
pub struct Recent {
    origin: Origin,
    ring: Mutex<Ring>,
    /// How many spans have ever been kept.
    count: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Ring {
    /// Sealed chunks, the oldest first, each with the number of its first span.
    chunks: VecDeque<(u64, Vec<u8>)>,
    sealed: usize,
    /// Spans that are not compressed yet, each behind its length (u32, little endian).
    open: Vec<u8>,
    open_first: u64,
    next: u64,
}

impl Recent {
    /// Nothing yet, of the supervisor `origin`.
    #[must_use]
    pub fn new(origin: Origin) -> Self {
        Self { origin, ring: Mutex::default(), count: watch::Sender::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps encoded spans.
    pub fn keep<'a>(&self, spans: impl IntoIterator<Item = &'a [u8]>) {
        let mut ring = self.lock();
        for span in spans {
            ring.push(span);
        }
        let count = ring.next;
        drop(ring);
        self.count.send_replace(count);
    }

    /// Told the number of spans so far, whenever it has grown.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.count.subscribe()
    }

    /// The spans from number `from` on that are still kept, as an `ExportTraceServiceRequest`, and the number of the
    /// span that comes next.
    #[must_use]
    pub fn since(&self, from: u64) -> (Vec<u8>, u64) {
        let (spans, next) = self.spans(from);
        (self.request(spans.iter().map(Vec::as_slice)), next)
    }

    /// The spans from number `from` on that are still kept, at most so many, each with its number and as JSON of OTLP.
    #[must_use]
    pub fn json(&self, from: u64, most: usize) -> Vec<(u64, Value)> {
        let shown = |(number, span): (u64, Vec<u8>)| {
            // What was encoded here can be decoded here.
            let span = Span::decode(span.as_slice()).ok()?;
            Some((number, serde_json::to_value(span).ok()?))
        };
        self.numbered(from, most as u64).0.into_iter().filter_map(shown).collect()
    }

    /// All that is kept of the `limit` traces that were heard of last.
    #[must_use]
    pub fn traces(&self, limit: usize) -> Vec<u8> {
        let spans = self.spans(0).0;
        let mut last: HashMap<[u8; 16], usize> = HashMap::new();
        for (number, span) in spans.iter().enumerate() {
            last.insert(encode::trace_id(span), number);
        }
        let mut newest: Vec<_> = last.into_iter().collect();
        newest.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
        newest.truncate(limit);
        let wanted: HashMap<_, _> = newest.into_iter().collect();
        self.request(spans.iter().filter(|s| wanted.contains_key(&encode::trace_id(s))).map(Vec::as_slice))
    }

    /// All that is kept of the traces whose id, in lower-case hexadecimal, begins with `prefix`.
    #[must_use]
    pub fn trace(&self, prefix: &str) -> Vec<u8> {
        let spans = self.spans(0).0;
        let hex = |s: &[u8]| opentelemetry::trace::TraceId::from_bytes(encode::trace_id(s)).to_string();
        self.request(spans.iter().filter(|s| hex(s).starts_with(prefix)).map(Vec::as_slice))
    }

    fn request<'a>(&self, spans: impl Iterator<Item = &'a [u8]> + Clone) -> Vec<u8> {
        if spans.clone().next().is_none() { Vec::new() } else { encode::request(&self.origin, spans) }
    }

    fn spans(&self, from: u64) -> (Vec<Vec<u8>>, u64) {
        let (spans, next) = self.numbered(from, u64::MAX);
        (spans.into_iter().map(|(_, span)| span).collect(), next)
    }

    /// The oldest spans from number `from` on, at most so many. Copies what they are in under the lock, and no more of what is
    /// kept; decompresses without it.
    fn numbered(&self, from: u64, most: u64) -> (Vec<(u64, Vec<u8>)>, u64) {
        let (chunks, open, wanted, next) = {
            let ring = self.lock();
            let oldest = ring.chunks.front().map_or(ring.open_first, |(first, _)| *first);
            let wanted = from..from.max(oldest).saturating_add(most);
            let later = ring.chunks.iter().skip(1).map(|(first, _)| *first).chain([ring.open_first]);
            let each = ring.chunks.iter().zip(later).filter(|(_, end)| *end > from);
            let each = each.map(|(chunk, _)| chunk).take_while(|(first, _)| *first < wanted.end);
            let chunks: Vec<_> = each.cloned().collect();
            let open = (ring.open_first < wanted.end).then(|| (ring.open_first, ring.open.clone()));
            (chunks, open, wanted, ring.next)
        };
        let mut spans = Vec::new();
        let mut add = |first: u64, bytes: &[u8]| {
            let numbered = (first..).zip(split(bytes)).filter(|(number, _)| wanted.contains(number));
            spans.extend(numbered.map(|(number, span)| (number, span.to_vec())));
        };
        for (first, chunk) in chunks {
            // What was compressed here can be decompressed here; a chunk has at most CHUNK bytes and one span.
            add(first, &zstd::stream::decode_all(chunk.as_slice()).unwrap_or_default());
        }
        if let Some((first, bytes)) = open {
            add(first, &bytes);
        }
        (spans, next)
    }
}

impl Ring {
    fn push(&mut self, span: &[u8]) {
        let Ok(length) = u32::try_from(span.len()) else { return };
        self.open.extend_from_slice(&length.to_le_bytes());
        self.open.extend_from_slice(span);
        self.next += 1;
        if self.open.len() >= CHUNK {
            self.seal();
        }
    }

    fn seal(&mut self) {
        let open = std::mem::take(&mut self.open);
        let chunk = zstd::bulk::compress(&open, LEVEL).unwrap_or_default();
        self.sealed += chunk.len();
        self.chunks.push_back((self.open_first, chunk));
        self.open_first = self.next;
        while self.sealed > LIMIT {
            let Some((_, oldest)) = self.chunks.pop_front() else { break };
            self.sealed -= oldest.len();
        }
    }
}

/// The spans of a chunk.
fn split(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (span, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        bytes = rest;
        Some(span)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use opentelemetry::InstrumentationScope;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_sdk::Resource;

    fn span(trace: u8, id: u32, size: usize) -> Vec<u8> {
        let span = opentelemetry_proto::tonic::trace::v1::Span {
            trace_id: vec![trace; 16],
            span_id: (u64::from(id) + 1).to_be_bytes().to_vec(),
            name: (0..size).map(|_| fastrand::alphanumeric()).collect(),
            ..Default::default()
        };
        span.encode_to_vec()
    }

    fn ids(request: &[u8]) -> Vec<(u8, u64)> {
        let request = ExportTraceServiceRequest::decode(request).expect("a request");
        let spans = request.resource_spans.into_iter().flat_map(|r| r.scope_spans).flat_map(|s| s.spans);
        spans
            .map(|s| (s.trace_id[0], u64::from_be_bytes(s.span_id.try_into().expect("eight bytes")) - 1))
            .collect()
    }

    fn recent() -> Recent {
        let scope = InstrumentationScope::builder("x").build();
        Recent::new(Origin::new(&Resource::builder_empty().build(), &scope))
    }

    #[test]
    fn pieces_are_all_that_is_kept_in_order_and_each_within_its_bound() {
        let recent = recent();
        // Several chunks, and an open one.
        let spans: Vec<_> = (0..40).map(|id| span(1, id, CHUNK / 7)).collect();
        spans.iter().for_each(|span| recent.keep([span.as_slice()]));
        let all = recent.numbered(0, u64::MAX).0;
        let (last, _) = all.last().expect("some are kept");
        assert!(*last == 39 && all.len() > 7, "{}", all.len());
        for most in [1, 3, 8, 100] {
            let (mut from, mut pieces) = (0, Vec::new());
            loop {
                let piece = recent.numbered(from, most).0;
                assert!(piece.len() as u64 <= most);
                let Some((newest, _)) = piece.last() else { break };
                from = newest + 1;
                pieces.extend(piece);
            }
            assert_eq!(pieces, all, "{most}");
        }
    }

    #[test]
    fn the_newest_traces_are_given_whole() {
        let recent = recent();
        assert!(recent.traces(3).is_empty());
        for (trace, id) in [(1, 0), (2, 1), (1, 2), (3, 3)] {
            recent.keep([span(trace, id, 10).as_slice()]);
        }
        assert_eq!(ids(&recent.traces(2)), [(1, 0), (1, 2), (3, 3)]);
        assert_eq!(ids(&recent.trace("0202")), [(2, 1)]);
        assert_eq!(ids(&recent.since(2).0), [(1, 2), (3, 3)]);
        assert_eq!(recent.since(4), (Vec::new(), 4));
        assert_eq!(*recent.subscribe().borrow(), 4);
    }

    #[test]
    fn old_ones_fall_out_and_numbers_stay() {
        let recent = recent();
        for id in 0..2000 {
            recent.keep([span(7, id, 1000).as_slice()]);
        }
        let kept = ids(&recent.since(0).0);
        assert!((200..1200).contains(&kept.len()), "{}", kept.len());
        assert!(kept.windows(2).all(|w| w[1].1 == w[0].1 + 1), "no gap");
        assert_eq!(kept.last(), Some(&(7, 1999)));
        assert_eq!(ids(&recent.since(1990).0).len(), 10);
    }
}
