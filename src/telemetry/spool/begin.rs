//! The record of a span that has begun, so that one whose end is never told arrives at the next start as ended in an
//! unknown way. Owns its format and what such a span says. Must never invent an end: it is the last sign of life.

use crate::encode;
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::SpanData;
use phpeek_actors::telemetry::Begun;
use phpeek_actors::trace::names;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// `error.type` of a span whose supervisor was killed.
pub const KILLED: &str = "supervisor_killed";
const MESSAGE: &str = "the supervisor was killed before this ended; the end time is its last sign of life";
/// Bits of the byte behind the ids: the parent is of another program; the span counts for itself alone.
const REMOTE: u8 = 1;
const ALONE: u8 = 2;

/// A span that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begin {
    trace: [u8; 16],
    /// Its id.
    pub span: [u8; 8],
    parent: [u8; 8],
    remote: bool,
    alone: bool,
    flags: u8,
    start_ns: u64,
    name: String,
    /// The process that it is about; empty when that is not known.
    pub about: String,
}

impl Begin {
    /// What the actors say of a beginning.
    #[must_use]
    pub fn new(begun: &Begun) -> Self {
        let since = begun.start.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            trace: begun.context.trace_id().to_bytes(),
            span: begun.context.span_id().to_bytes(),
            parent: begun.parent.to_bytes(),
            remote: begun.remote,
            alone: begun.context.trace_state().get("ot").is_some_and(|ot| ot.split(';').any(|p| p == "th:0")),
            flags: begun.context.trace_flags().to_u8(),
            start_ns: u64::try_from(since.as_nanos()).unwrap_or(u64::MAX),
            name: begun.name.to_owned(),
            about: String::new(),
        }
    }

    /// As a payload.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(48 + self.name.len() + self.about.len());
        out.extend_from_slice(&self.trace);
        out.extend_from_slice(&self.span);
        out.extend_from_slice(&self.parent);
        out.push(if self.remote { REMOTE } else { 0 } | if self.alone { ALONE } else { 0 });
        out.push(self.flags);
        out.extend_from_slice(&self.start_ns.to_le_bytes());
        // Names are constants of a few bytes, and texts are cut to 4 KiB before they come here.
        out.extend_from_slice(&u16::try_from(self.name.len()).unwrap_or(u16::MAX).to_le_bytes());
        out.extend_from_slice(self.name.as_bytes());
        out.extend_from_slice(self.about.as_bytes());
        out
    }

    /// From a payload; `None` when it is none.
    #[must_use]
    pub fn decode(payload: &[u8]) -> Option<Self> {
        let (trace, rest) = payload.split_first_chunk::<16>()?;
        let (span, rest) = rest.split_first_chunk::<8>()?;
        let (parent, rest) = rest.split_first_chunk::<8>()?;
        let ([remote, flags], rest) = rest.split_first_chunk::<2>()?;
        let (start, rest) = rest.split_first_chunk::<8>()?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let (name, about) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
        Some(Self {
            trace: *trace,
            span: *span,
            parent: *parent,
            remote: *remote & REMOTE != 0,
            alone: *remote & ALONE != 0,
            flags: *flags,
            start_ns: u64::from_le_bytes(*start),
            name: String::from_utf8(name.to_vec()).ok()?,
            about: String::from_utf8(about.to_vec()).ok()?,
        })
    }

    /// The span as it is told when its supervisor is gone: with its true beginning, as a failure.
    #[must_use]
    pub fn ended_unknown(self, last_sign: SystemTime) -> Vec<u8> {
        let start = UNIX_EPOCH + Duration::from_nanos(self.start_ns);
        let mut attributes =
            vec![KeyValue::new(names::ERROR, MESSAGE), KeyValue::new(names::ERROR_TYPE, KILLED)];
        if !self.about.is_empty() {
            attributes.insert(0, KeyValue::new(names::PROCESS_NAME, self.about));
        }
        encode::span(&SpanData {
            span_context: SpanContext::new(
                TraceId::from_bytes(self.trace),
                SpanId::from_bytes(self.span),
                TraceFlags::new(self.flags),
                false,
                if self.alone { alone() } else { TraceState::NONE },
            ),
            parent_span_id: SpanId::from_bytes(self.parent),
            parent_span_is_remote: self.remote,
            span_kind: SpanKind::Internal,
            name: self.name.into(),
            start_time: start,
            end_time: last_sign.max(start),
            attributes,
            dropped_attributes_count: 0,
            events: Default::default(),
            links: Default::default(),
            status: Status::error(MESSAGE),
            instrumentation_scope: InstrumentationScope::default(),
        })
    }
}

/// The state of what counts for itself (specification `trace/tracestate-handling`).
fn alone() -> TraceState {
    TraceState::from_key_value([("ot", "th:0")]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use opentelemetry_proto::tonic::trace::v1::Span;
    use prost::Message as _;

    #[test]
    fn a_beginning_comes_back_and_ends_in_an_unknown_way() {
        let start = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let context =
            SpanContext::new(TraceId::from(7), SpanId::from(8), TraceFlags::SAMPLED, false, TraceState::NONE);
        let begun = Begun { context, parent: SpanId::from(9), remote: true, name: names::SPAN_START, start };
        let mut begin = Begin::new(&begun);
        begin.about = "web".to_owned();
        let payload = begin.encode();
        assert_eq!(Begin::decode(&payload), Some(begin.clone()));
        for length in 0..44 {
            assert_eq!(Begin::decode(&payload[..length]), None);
        }
        let bytes = begin.ended_unknown(start - Duration::from_secs(1));
        let span = Span::decode(bytes.as_slice()).expect("a span");
        assert_eq!(
            (span.name.as_str(), span.start_time_unix_nano),
            (names::SPAN_START, span.end_time_unix_nano)
        );
        assert_eq!((span.status.map(|s| s.code), span.attributes.len()), (Some(2), 3));
        assert_eq!((span.flags & 0x300, encode::span_id(&bytes)), (0x300, 8u64.to_be_bytes()));
    }
}
