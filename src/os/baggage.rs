//! The baggage that the supervisor was given (W3C Baggage), as it may be handed on. Pure.

use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry_sdk::propagation::BaggagePropagator;
use std::collections::HashMap;

/// Baggage as the propagator writes it again, its members in order; `None` when there is no sound member.
pub(super) fn normalised(text: &str) -> Option<String> {
    let propagator = BaggagePropagator::new();
    let carrier = HashMap::from([("baggage".to_owned(), text.to_owned())]);
    let context = propagator.extract_with_context(&Context::new(), &carrier);
    let mut written = HashMap::new();
    propagator.inject_context(&context, &mut written);
    let mut members: Vec<&str> =
        written.get("baggage")?.split(',').map(str::trim).filter(|m| !m.is_empty()).collect();
    members.sort_unstable();
    (!members.is_empty()).then(|| members.join(","))
}
