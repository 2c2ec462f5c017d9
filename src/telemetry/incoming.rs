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
    let values = KEYS.iter().filter_map(|(key, variable)| Some((*key, env(variable)?))).collect();
    let context = TraceContextPropagator::new().extract(&Values(values));
    context.span().span_context().clone()
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
        for bad in ["", "00-0-0-01", "garbage", "00-00000000000000000000000000000000-b7ad6b7169203331-01"] {
            assert!(!with(bad).is_valid(), "{bad}");
        }
    }
}
