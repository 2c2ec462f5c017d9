//! A span on the supervision thread: start, four attributes, end, queue; sampled (without and with a spool, which is told
//! of the beginning too), not sampled, and off. The bars are 0.5 µs, 0.2 µs and 5 ns. Called by the criterion main of this directory.

use criterion::Criterion;
use opentelemetry::trace::{SpanContext, TracerProvider as _};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, Span, SpanData, SpanProcessor};
use phpeek_actors::clock::Clock;
use phpeek_actors::telemetry::Queue;
use phpeek_actors::trace::{Tracing, names};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The queue of the real processor, emptied where the actor would: no wake is counted.
#[derive(Debug)]
struct Queueing(Arc<Queue>);

impl SpanProcessor for Queueing {
    fn on_start(&self, _: &mut Span, _: &opentelemetry::Context) {}
    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() {
            let _wanted = self.0.push(span);
            if self.0.len() >= 4096 {
                drop(self.0.take(Vec::with_capacity(4096)));
            }
        }
    }
    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }
    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Measures the cases.
pub(crate) fn bench(c: &mut Criterion) {
    let clock = Clock::starting_at(SystemTime::now());
    let with = |sampler| {
        let processor = Queueing(Arc::new(Queue::new(16_384)));
        let provider =
            SdkTracerProvider::builder().with_sampler(sampler).with_span_processor(processor).build();
        Tracing::new(provider.tracer("phpeek-pm"), clock)
    };
    let parent_based = |root| Sampler::ParentBased(Box::new(root));
    let spooled = || {
        let queue = Arc::new(Queue::new(16_384));
        let provider = SdkTracerProvider::builder()
            .with_sampler(parent_based(Sampler::AlwaysOn))
            .with_span_processor(Queueing(queue.clone()))
            .build();
        Tracing::new(provider.tracer("phpeek-pm"), clock).telling_begins(queue)
    };
    let cases = [
        ("span/sampled", with(parent_based(Sampler::AlwaysOn))),
        ("span/sampled_and_begun", spooled()),
        ("span/not_sampled", with(parent_based(Sampler::AlwaysOff))),
        ("span/off", Tracing::off(clock)),
    ];
    for (name, tracing) in cases {
        let root = tracing.open(names::SPAN_START, &SpanContext::NONE, Duration::ZERO);
        let parent = root.context();
        c.bench_function(name, |b| {
            b.iter(|| {
                let mut span = tracing.open(names::SPAN_SPAWN, black_box(&parent), Duration::from_millis(1));
                span.set(names::PROCESS_NAME, "php-fpm");
                span.set(names::PROCESS_PID, 4711);
                span.set(names::PROCESS_ARGS_COUNT, 3);
                span.set(names::PROCESS_INCARNATION, 1);
                span.ok(Duration::from_millis(2));
            });
        });
        root.end(Duration::from_millis(3));
    }
}
