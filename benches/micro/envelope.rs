//! What it costs to hand a message to another actor in an [`Envelope`]: `do_send` and the handling of it, on one
//! arbiter, as the manager and its processes do. The same message without an envelope is the measure beside it.

use actix::{Actor, Addr, Context, Handler, Message, System};
use criterion::{Criterion, Throughput};
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use phpeek_actors::envelope::Envelope;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// A command of the size that processes get: a number and a pointer.
#[derive(Message)]
#[rtype(result = "()")]
struct Command {
    run: u64,
    reason: &'static str,
}

/// Counts what it handles, and tells when the last of a round has come.
struct Sink {
    left: u64,
    done: Arc<Notify>,
}

impl Actor for Sink {
    type Context = Context<Self>;
}

impl Sink {
    fn one(&mut self) {
        self.left -= 1;
        if self.left == 0 {
            self.done.notify_one();
        }
    }
}

/// Sets how many messages the next round has.
#[derive(Message)]
#[rtype(result = "()")]
struct Expect(u64);

impl Handler<Expect> for Sink {
    type Result = ();

    fn handle(&mut self, Expect(left): Expect, _: &mut Context<Self>) {
        self.left = left;
    }
}

impl Handler<Command> for Sink {
    type Result = ();

    fn handle(&mut self, command: Command, _: &mut Context<Self>) {
        black_box((command.run, command.reason));
        self.one();
    }
}

impl Handler<Envelope<Command>> for Sink {
    type Result = ();

    fn handle(&mut self, envelope: Envelope<Command>, _: &mut Context<Self>) {
        black_box((envelope.parent, envelope.message.run, envelope.message.reason));
        self.one();
    }
}

/// Messages that are in flight at once: the burst of a start of that many processes.
const BURST: u64 = 1000;

/// Time of `rounds` messages from one actor's side to another's handler, in bursts.
fn time_of(rounds: u64, send: impl Fn(&Addr<Sink>, u64)) -> Duration {
    let system = System::new();
    system.block_on(async {
        let done = Arc::new(Notify::new());
        let sink = Sink { left: 0, done: Arc::clone(&done) }.start();
        let (mut left, mut spent) = (rounds, Duration::ZERO);
        while left > 0 {
            let burst = left.min(BURST);
            let expected = sink.send(Expect(burst)).await;
            assert!(expected.is_ok(), "the sink lives as long as its address");
            let begin = Instant::now();
            for run in 0..burst {
                send(&sink, run);
            }
            done.notified().await;
            spent += begin.elapsed();
            left -= burst;
        }
        spent
    })
}

/// The group `envelope`.
pub(crate) fn bench(criterion: &mut Criterion) {
    let parent = SpanContext::new(
        TraceId::from(0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736),
        SpanId::from(0x00f0_67aa_0ba9_02b7),
        TraceFlags::SAMPLED,
        false,
        TraceState::NONE,
    );
    let command = |run| Command { run, reason: "crash" };
    let mut group = criterion.benchmark_group("envelope");
    group.throughput(Throughput::Elements(1));
    group.bench_function("bare message", |bencher| {
        bencher.iter_custom(|rounds| time_of(rounds, |sink, run| sink.do_send(command(run))));
    });
    group.bench_function("under a span", |bencher| {
        bencher.iter_custom(|rounds| {
            time_of(rounds, |sink, run| {
                sink.do_send(Envelope::under(parent.clone(), Duration::ZERO, command(run)))
            })
        });
    });
    group.bench_function("root", |bencher| {
        bencher.iter_custom(|rounds| {
            time_of(rounds, |sink, run| sink.do_send(Envelope::root(Duration::ZERO, command(run))))
        });
    });
    group.finish();
}
