//! The way of a span from the queue to a receiver: `cargo bench --bench pipeline [-- SPANS]`. Prints what each part costs
//! the telemetry arbiter, with the spool and without, how fast a backlog is delivered, and how long `trace last` reads.
//!
//! Bars: 250,000 spans/s on one core of the arbiter, of which the spool takes at most 30 %; a backlog of 1,000,000 at
//! 100,000 spans/s; 1 µs a span for the decision about whole traces; 100 ms for the newest trace of 1,000,000 spans.

#![allow(clippy::print_stdout, reason = "it is a program that prints figures")]
#![allow(clippy::expect_used, clippy::disallowed_methods, reason = "a bench may fail, and waits")]

mod backlog;
mod cpu;
mod figures;
mod sink;
mod tail;
mod throughput;

fn main() {
    let count = std::env::args().filter_map(|a| a.parse().ok()).next().unwrap_or(100_000);
    // `cargo test` and `cargo bench` without a filter pass other arguments; `--test` asks for next to nothing.
    let (count, backlog) =
        if std::env::args().any(|a| a == "--test") { (1000, 2000) } else { (count, 1_000_000) };
    throughput::run(count);
    tail::run(count);
    backlog::run(backlog);
}
