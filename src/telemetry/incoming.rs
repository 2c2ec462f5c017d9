//! The context that this supervisor was started under: TRACEPARENT and TRACESTATE of its environment (specification
//! `context/env-carriers`). Reads what it is given; validates by the propagator's own rules. Called once at the start.

use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use phpeek_settings::env::Lookup;

/// The variables that the propagator may ask for, with its own names for them.
const KEYS: [(&str, &str); 2] = [("traceparent", "TRACEPARENT"), ("tracestate", "TRACESTATE")];

/// What of the environment the propagator may see, by its own names.
struct Values(Vec<(&'static str, String)>);

impl Extractor for Values {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| *name == key).map(|(_, value)| value.as_str())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| *name).collect()
    }
}

/// The span that started this supervisor, or [`SpanContext::NONE`] when none is named or it is malformed.
#[must_use]
pub fn incoming_context(env: Lookup<'_>) -> SpanContext {
    // Level 1 of W3C Trace Context, by the letter: the propagator takes `+` for a digit, and flags of one digit.
    if !env(KEYS[0].1).is_some_and(|parent| is_well_formed(parent.trim())) {
        return SpanContext::NONE;
    }
    let values = KEYS.iter().filter_map(|(key, variable)| Some((*key, env(variable)?))).collect();
    let context = TraceContextPropagator::new().extract(&Values(values));
    context.span().span_context().clone()
}

/// W3C Trace Context, section 3.2.2: a version, an id of 32 and one of 16 digits, flags of two, all of them hexadecimal
/// and in lower case. A version to come may say more behind that.
fn is_well_formed(parent: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let mut parts = parent.splitn(5, '-');
    let fixed = [2, 32, 16, 2].map(|length| parts.next().filter(|part| part.len() == length && digits(part)));
    let [Some(version), Some(trace), Some(span), Some(_)] = fixed else { return false };
    let rest = parts.next();
    let named = |id: &str| id.bytes().any(|b| b != b'0');
    version != "ff" && (version != "00" || rest.is_none()) && named(trace) && named(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_is_the_parent_and_a_malformed_one_is_none() {
        let with = |value: &'static str| {
            incoming_context(&move |name| (name == "TRACEPARENT").then(|| value.to_owned()))
        };
        let context = with("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        assert_eq!(context.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(context.span_id().to_string(), "b7ad6b7169203331");
        assert!(context.is_sampled());
        const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
        const SPAN: &str = "b7ad6b7169203331";
        let later = format!("cc-{TRACE}-{SPAN}-01-what-comes");
        assert!(is_well_formed(&later), "a version to come says more");
        for bad in [
            String::new(),
            "00-0-0-01".to_owned(),
            "garbage".to_owned(),
            format!("00-{}-{SPAN}-01", "0".repeat(32)),
            format!("00-{TRACE}-{}-01", "0".repeat(16)),
            format!("00-+{}-{SPAN}-01", &TRACE[1..]),
            format!("00-{TRACE}-+{}-01", &SPAN[1..]),
            format!("00-{TRACE}-{SPAN}-1"),
            format!("00-{TRACE}-{SPAN}-+1"),
            format!("00-{TRACE}-{SPAN}-01-more"),
            format!("00-{TRACE}-{SPAN}-01-"),
            format!("00-{TRACE}-{SPAN}"),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("0-{TRACE}-{SPAN}-01"),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00 {TRACE}-{SPAN}-01"),
        ] {
            let context = incoming_context(&|name| (name == "TRACEPARENT").then(|| bad.clone()));
            assert!(!context.is_valid(), "{bad}");
        }
    }
}
