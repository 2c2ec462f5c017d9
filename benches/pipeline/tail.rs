//! What the decision about whole traces costs a span, at a rate of 1 %.

use crate::cpu;
use crate::figures::rate;
use opentelemetry::InstrumentationScope;
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry_sdk::trace::SpanData;
use phpeek_actors::telemetry::{Begun, News, Sieve as _};
use phpeek_pm::telemetry::sampling::sift;
use phpeek_settings::sampling::Sampling;
use std::time::SystemTime;

/// Spans of a trace.
const SPANS: u64 = 8;

fn news(count: u64) -> Vec<News> {
    let at = SystemTime::now();
    let mut news = Vec::new();
    for trace in 1..=count / SPANS {
        let context = |span: u64| {
            let flags = if trace % 100 == 0 { TraceFlags::SAMPLED } else { TraceFlags::default() };
            let id = SpanId::from(trace * SPANS + span);
            SpanContext::new(TraceId::from(u128::from(trace)), id, flags, false, TraceState::NONE)
        };
        let parent = |span: u64| if span == 0 { SpanId::INVALID } else { SpanId::from(trace * SPANS) };
        for span in 0..SPANS {
            news.push(News::Begun(Begun {
                context: context(span),
                parent: parent(span),
                remote: false,
                name: "process.spawn",
                start: at,
            }));
        }
        for span in (0..SPANS).rev() {
            news.push(News::Ended(SpanData {
                span_context: context(span),
                parent_span_id: parent(span),
                parent_span_is_remote: false,
                span_kind: SpanKind::Internal,
                name: "process.spawn".into(),
                start_time: at,
                end_time: at,
                attributes: Vec::new(),
                dropped_attributes_count: 0,
                events: Default::default(),
                links: Default::default(),
                status: if trace % 50 == 0 { Status::error("x") } else { Status::Ok },
                instrumentation_scope: InstrumentationScope::default(),
            }));
        }
    }
    news
}

/// Prints the figure.
pub(crate) fn run(count: u64) {
    let mut sift = sift(&Sampling { rate: 0.01, ..Sampling::default() });
    let (mut news, mut kept) = (news(count), Vec::new());
    let spans = count / SPANS * SPANS;
    let before = cpu::of_this_thread();
    let left_out = sift.pass(&mut news, &mut kept);
    let time = cpu::of_this_thread().saturating_sub(before);
    println!(
        "keeping whole traces at 1 %: {} ns a span (bar 1000), {} spans/s, {left_out} of {spans} left out",
        time.as_nanos() / u128::from(spans.max(1)),
        rate(spans, time)
    );
}
