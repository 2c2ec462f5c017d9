//! The way of a span from the queue to a receiver, and of a line from its pipe to standard output: `cargo bench --bench
//! pipeline [-- SPANS]`; with `-- lines` that of a line alone. Prints what each part costs the telemetry arbiter, with the
//! spool and without, how fast a backlog is delivered, how long `trace last` reads, and what a line costs.
//!
//! Bars: 250,000 spans/s on one core of the arbiter, of which the spool takes at most 30 %; a backlog of 1,000,000 at
//! 100,000 spans/s; 1 µs a span for the decision about whole traces; 100 ms for the newest trace of 1,000,000 spans;
//! 500,000 lines/s of 100 bytes on one core with redaction and levels.

#![allow(clippy::print_stdout, reason = "it is a program that prints figures")]
#![allow(clippy::expect_used, clippy::disallowed_methods, reason = "a bench may fail, and waits")]

mod backlog;
mod cpu;
mod figures;
mod lines;
mod sink;
mod tail;
mod throughput;

fn main() {
    let count = std::env::args().filter_map(|a| a.parse().ok()).next().unwrap_or(100_000);
    // `cargo test` and `cargo bench` without a filter pass other arguments; `--test` asks for next to nothing.
    let (count, backlog) =
        if std::env::args().any(|a| a == "--test") { (1000, 2000) } else { (count, 1_000_000) };
    lines::run(backlog);
    if std::env::args().any(|a| a == "lines") {
        return;
    }
    throughput::run(count);
    tail::run(count);
    backlog::run(backlog);
}
