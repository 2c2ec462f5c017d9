//! Which traces are recorded: a rate at the root, consistent with the threshold that is written into `tracestate`
//! (specification `trace/tracestate-probability-sampling`), so that backends count right. Owns the decision at the
//! head of a trace; the one at its end is [`phpeek_core::tail`].

use opentelemetry::trace::{Link, SpanKind, TraceContextExt, TraceId, TraceState};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, SamplingResult, ShouldSample};
use phpeek_actors::telemetry::{Sift, Unsampled};
use phpeek_core::tail::CallersDecision;
use phpeek_settings::sampling::Sampling;

/// What sifts spans on their way to the store.
#[must_use]
pub fn sift(of: &Sampling) -> Sift {
    of.tail().map_or_else(Sift::everything, |rules| Sift::by_trace(rules, of.caller))
}

/// Whether spans of traces that the rate left out are made at all.
#[must_use]
pub fn unsampled(of: &Sampling) -> Unsampled {
    if of.tail().is_some() { Unsampled::Queued } else { Unsampled::Ignored }
}

/// The sampler of the provider.
#[must_use]
pub fn sampler(of: &Sampling) -> Box<dyn ShouldSample> {
    match (of.rate, of.caller, of.tail()) {
        // Nothing means nothing, also when whoever started us samples.
        (rate, _, None) if rate <= 0.0 => Box::new(Sampler::AlwaysOff),
        (rate, CallersDecision::Stands, _) if rate >= 1.0 => {
            Box::new(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)))
        }
        (rate, CallersDecision::Ignored, _) if rate >= 1.0 => Box::new(Sampler::AlwaysOn),
        (rate, caller, tail) => {
            let left_out = if tail.is_some() { SamplingDecision::RecordOnly } else { SamplingDecision::Drop };
            let threshold = Threshold::of(rate);
            Box::new(RateSampler { threshold, state: threshold.state(), caller, left_out })
        }
    }
}

/// A trace is chosen when the low 56 bits of its id, which are random, reach this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Threshold(u64);

impl Threshold {
    const RANGE: f64 = (1u64 << 56) as f64;

    fn of(rate: f64) -> Self {
        // 53 bits of a double are more than the six digits that are written of it below.
        let exact = ((1.0 - rate.clamp(0.0, 1.0)) * Self::RANGE) as u64;
        // Rounded to six hexadecimal digits: what is written is what is done.
        let step = 1u64 << 32;
        Self(exact.saturating_add(step / 2) / step * step)
    }

    fn chooses(self, trace: TraceId) -> bool {
        let low = u128::from_be_bytes(trace.to_bytes()) & ((1 << 56) - 1);
        low >= u128::from(self.0)
    }

    /// `ot=th:…`: 14 hexadecimal digits without the zeros at their end.
    fn state(self) -> TraceState {
        let digits = format!("{:014x}", self.0);
        let digits = match digits.trim_end_matches('0') {
            "" => "0",
            short => short,
        };
        TraceState::from_key_value([("ot", format!("th:{digits}"))]).unwrap_or_default()
    }
}

/// Chooses by the rate at the root of a trace, and follows the root below it.
#[derive(Debug, Clone)]
struct RateSampler {
    threshold: Threshold,
    state: TraceState,
    caller: CallersDecision,
    left_out: SamplingDecision,
}

impl ShouldSample for RateSampler {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        _: &str,
        _: &SpanKind,
        _: &[KeyValue],
        _: &[Link],
    ) -> SamplingResult {
        let decided = |decision: &SamplingDecision, trace_state: TraceState| SamplingResult {
            decision: decision.clone(),
            attributes: Vec::new(),
            trace_state,
        };
        let parent = parent.map(|context| context.span().span_context().clone()).filter(|p| p.is_valid());
        let above = parent.as_ref().map(|p| p.trace_state().clone()).unwrap_or_default();
        match parent {
            Some(p) if !p.is_remote() || self.caller == CallersDecision::Stands => match p.is_sampled() {
                true => decided(&SamplingDecision::RecordAndSample, above),
                false => decided(&self.left_out, above),
            },
            _ if self.threshold.chooses(trace_id) => {
                let value = self.state.get("ot").unwrap_or_default().to_owned();
                let state = above.insert("ot", value).unwrap_or_else(|_| self.state.clone());
                decided(&SamplingDecision::RecordAndSample, state)
            }
            _ => decided(&self.left_out, above),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::trace::{SpanContext, SpanId, TraceFlags};

    fn under(remote: bool, sampled: bool) -> Context {
        let flags = if sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
        let parent = SpanContext::new(TraceId::from(7), SpanId::from(1), flags, remote, TraceState::NONE);
        Context::new().with_remote_span_context(parent)
    }

    fn decide(sampling: Sampling, parent: Option<&Context>, trace: u128) -> SamplingResult {
        let kind = SpanKind::Internal;
        sampler(&sampling).should_sample(parent, TraceId::from(trace), "x", &kind, &[], &[])
    }

    #[test]
    fn the_threshold_is_written_as_the_specification_says() {
        for (rate, written) in [(0.5, "th:8"), (0.25, "th:c"), (1.0, "th:0"), (0.01, "th:fd70a4")] {
            assert_eq!(Threshold::of(rate).state().get("ot"), Some(written), "{rate}");
        }
    }

    #[test]
    fn the_rate_is_what_is_chosen() {
        for rate in [0.01, 0.1, 0.5] {
            let threshold = Threshold::of(rate);
            let mut random = fastrand::Rng::with_seed(7);
            let chosen = (0..100_000).filter(|_| threshold.chooses(TraceId::from(random.u128(..)))).count();
            let wanted = rate * 100_000.0;
            assert!((chosen as f64 - wanted).abs() < 5.0 * wanted.sqrt(), "{rate}: {chosen}");
        }
    }

    #[test]
    fn the_head_decides_and_the_rest_follows() {
        use SamplingDecision::{Drop, RecordAndSample, RecordOnly};
        let half = Sampling { rate: 0.5, keep_errors: false, ..Sampling::default() };
        let keeping = Sampling { keep_errors: true, ..half };
        let (high, low) = (u128::MAX >> 72, 5);
        assert_eq!(decide(half, None, high).decision, RecordAndSample);
        assert_eq!(decide(half, None, high).trace_state.get("ot"), Some("th:8"));
        assert_eq!(decide(half, None, low).decision, Drop);
        assert_eq!(decide(keeping, None, low).decision, RecordOnly);
        assert_eq!(decide(half, Some(&under(true, true)), low).decision, RecordAndSample);
        assert_eq!(decide(half, Some(&under(true, false)), high).decision, Drop);
        assert_eq!(decide(keeping, Some(&under(false, false)), high).decision, RecordOnly);
        let alone = Sampling { caller: CallersDecision::Ignored, ..half };
        assert_eq!(decide(alone, Some(&under(true, false)), high).decision, RecordAndSample);
        let nothing = Sampling { rate: 0.0, keep_errors: false, ..half };
        assert_eq!(decide(nothing, Some(&under(true, true)), high).decision, Drop);
    }
}
