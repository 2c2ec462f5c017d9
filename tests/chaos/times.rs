//! How long a start, a restart and a stop take while the receiver fails, beside tracing off. A measurement and no test:
//! it holds nothing to a number. On a quiet machine, with the release program:
//!
//! `PHPEEK_PM_BIN=target/release/phpeek-pm cargo test --test chaos -- --ignored --nocapture times`

use crate::receiver::{Mood, Receiver, now_ns};
use crate::setting;
use crate::support::otlp::closed_port;
use crate::support::procfs::{alive, signal};
use crate::support::supervisor::Launch;
use crate::support::{LONG, Sandbox, wait_until};
use rustix::process::Signal;
use serde_json::json;
use std::fs;

const WORKERS: usize = 10;
const KILLS: usize = 5;

/// The states of the receiver; none is tracing off.
fn states() -> [(&'static str, Option<Option<Mood>>); 7] {
    [
        ("off", None),
        ("live", Some(Some(Mood::Healthy))),
        ("stopped", Some(None)),
        ("slow by 1 s", Some(Some(Mood::Slow))),
        ("unavailable", Some(Some(Mood::Code(tonic::Code::Unavailable)))),
        ("refusing", Some(Some(Mood::Code(tonic::Code::InvalidArgument)))),
        ("cut off", Some(Some(Mood::CutOff))),
    ]
}

/// Microseconds, in the order: start, restarts, processes stopped, exit.
type Times = [Vec<u64>; 4];

fn lines(sandbox: &Sandbox) -> Vec<(i32, u64)> {
    let text = fs::read_to_string(sandbox.path("lines")).unwrap_or_default();
    let parse =
        |line: &str| line.split_once(' ').and_then(|(pid, at)| Some((pid.parse().ok()?, at.parse().ok()?)));
    text.lines().filter_map(parse).collect()
}

fn round(state: Option<Option<Mood>>, receiver: &Receiver, times: &mut Times) {
    let sandbox = Sandbox::new();
    let endpoint = match state {
        Some(Some(mood)) => {
            receiver.set(mood);
            receiver.endpoint()
        }
        Some(None) | None => closed_port(),
    };
    let body = "echo \"$$ $(date +%s%N)\" >> \"$SANDBOX/lines\"\nexec sleep 1000";
    let config = sandbox.config(
        json!({
            "tracing_enabled": state.is_some(), "tracing_exporter": "otlp-grpc", "tracing_endpoint": endpoint,
            "tracing_spool_dir": sandbox.path("spool"), "max_restart_attempts": -1,
        }),
        json!({"w": {"command": sandbox.script("w", body), "scale": WORKERS, "restart": "always"}}),
    );
    let began = now_ns();
    let mut supervisor =
        Launch::new(&sandbox).env("OTEL_EXPORTER_OTLP_HEADERS", "x-generation=0").serve(&config);
    wait_until(LONG, "all workers", || lines(&sandbox).len() >= WORKERS);
    times[0].extend(lines(&sandbox).iter().map(|(_, at)| at - began).max());
    for n in 0..KILLS {
        let (pid, _) = lines(&sandbox)[n];
        let killed = now_ns();
        assert!(signal(pid, Signal::KILL));
        wait_until(LONG, "its successor", || lines(&sandbox).len() > WORKERS + n);
        times[1].push(lines(&sandbox)[WORKERS + n].1 - killed);
    }
    let workers: Vec<i32> = lines(&sandbox).iter().map(|(pid, _)| *pid).collect();
    let pid = supervisor.pid();
    let stopped = now_ns();
    supervisor.signal(Signal::TERM);
    while workers.iter().any(|pid| alive(*pid)) {
        std::thread::yield_now();
    }
    times[2].push(now_ns() - stopped);
    while alive(pid) {
        std::thread::yield_now();
    }
    times[3].push(now_ns() - stopped);
    assert_eq!(supervisor.ended(), 0);
}

#[test]
#[ignore = "a measurement: it needs a quiet machine and the release program"]
fn times() {
    let receiver = Receiver::start();
    let mut all: Vec<Times> = states().map(|_| Times::default()).into_iter().collect();
    for _ in 0..setting("TIMES_ROUNDS").unwrap_or(20) {
        // Interleaved, so that a busy minute of the machine meets all of them.
        for ((_, state), times) in states().into_iter().zip(&mut all) {
            round(state, &receiver, times);
        }
    }
    let median = |times: &mut Vec<u64>| {
        times.sort_unstable();
        times[times.len() / 2] / 1000
    };
    let base = all[0].each_mut().map(median);
    eprintln!("{:12} start, restart, processes stopped, exit: medians in us, and beside tracing off", "");
    for ((name, _), times) in states().into_iter().zip(&mut all) {
        let shown = times.each_mut().map(median).into_iter().zip(base);
        let shown =
            shown.map(|(us, off)| format!("{us:7} {:+6.1} %", (us as f64 / off as f64 - 1.0) * 100.0));
        eprintln!("{name:12} {}", shown.collect::<Vec<_>>().join("  "));
    }
}
