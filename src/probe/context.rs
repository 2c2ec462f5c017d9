//! W3C trace context, as headers of who is asked.

use http::HeaderMap;
use opentelemetry::trace::SpanContext;

/// Tells who is asked which span asks; nothing when there is none.
pub(super) fn tell(headers: &mut HeaderMap, context: &SpanContext) {
    if !context.is_valid() {
        return;
    }
    let flags = context.trace_flags().to_u8();
    let parent = format!("00-{}-{}-{flags:02x}", context.trace_id(), context.span_id());
    let state = context.trace_state().header();
    let all = [("traceparent", parent), ("tracestate", state)];
    for (name, value) in all.into_iter().filter(|(_, value)| !value.is_empty()) {
        if let Ok(value) = value.parse() {
            headers.insert(name, value);
        }
    }
}
