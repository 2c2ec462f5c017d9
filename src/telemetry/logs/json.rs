//! What a program says in JSON of its own trace: ids under the names that libraries use. Owns those names; believes only
//! what can be an id.

use memchr::memmem;
use opentelemetry::trace::{SpanId, TraceId};
use serde_json::Value;

const TRACE: [&str; 4] = ["trace_id", "traceId", "trace.id", "traceid"];
const SPAN: [&str; 4] = ["span_id", "spanId", "span.id", "spanid"];
const FLAGS: [&str; 3] = ["trace_flags", "traceFlags", "trace.flags"];

/// The trace that a record belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Ids {
    pub(super) trace: Option<TraceId>,
    pub(super) span: Option<SpanId>,
    pub(super) flags: u8,
}

impl Ids {
    /// Takes what a field says; false: it is none of these.
    pub(super) fn take(&mut self, name: &str, value: &Value) -> bool {
        let text = value.as_str().unwrap_or_default();
        if TRACE.contains(&name) {
            let id = TraceId::from_hex(text).ok().filter(|id| text.len() == 32 && *id != TraceId::INVALID);
            self.trace = self.trace.or(id);
            return id.is_some();
        }
        if SPAN.contains(&name) {
            let id = SpanId::from_hex(text).ok().filter(|id| text.len() == 16 && *id != SpanId::INVALID);
            self.span = self.span.or(id);
            return id.is_some();
        }
        if FLAGS.contains(&name) {
            let flags = u8::from_str_radix(text, 16).ok();
            let flags = flags.or_else(|| value.as_u64().and_then(|flags| u8::try_from(flags).ok()));
            self.flags = flags.unwrap_or_default();
            return flags.is_some();
        }
        false
    }

    /// What stands in a line that is a JSON object. A line that names no trace is not parsed.
    pub(super) fn of_line(line: &[u8]) -> Self {
        let mut ids = Self::default();
        let named = |name: &str| memmem::find(line, name.as_bytes()).is_some();
        if line.first() != Some(&b'{') || !TRACE.iter().any(|name| named(name)) {
            return ids;
        }
        if let Ok(Value::Object(fields)) = serde_json::from_slice(line) {
            for (name, value) in &fields {
                ids.take(name, value);
            }
        }
        ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_and_nothing_else_is_believed() {
        let hex = "0af7651916cd43dd8448eb211c80319c";
        let line =
            format!(r#"{{"msg":"x","traceId":"{hex}","span_id":"b7ad6b7169203331","trace_flags":"01"}}"#);
        let ids = Ids::of_line(line.as_bytes());
        assert_eq!(ids.trace, TraceId::from_hex(hex).ok());
        assert_eq!((ids.span, ids.flags), (SpanId::from_hex("b7ad6b7169203331").ok(), 1));
        let zeros = "0".repeat(32);
        for no in [
            format!("trace_id={hex}"),
            format!(r#"{{"trace_id":"{zeros}"}}"#),
            format!(r#"{{"trace_id":"{hex}0"}}"#),
            r#"{"trace_id":"+af7651916cd43dd8448eb211c80319c"}"#.replace('+', "g"),
            r#"{"trace_id":7,"span_id":null}"#.to_owned(),
            r#"{"trace_id"#.to_owned(),
        ] {
            assert_eq!(Ids::of_line(no.as_bytes()), Ids::default(), "{no}");
        }
    }
}
