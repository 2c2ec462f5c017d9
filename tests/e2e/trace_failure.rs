//! A receiver that is absent, silent or refusing changes nothing but the spans that arrive.

use crate::support::otlp::{Manner, Receiver};
use crate::support::procfs::signal;
use crate::support::{Sandbox, Supervisor};
use crate::traces::traced;
use rustix::process::Signal;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// What a person would notice of one run.
#[derive(Debug, Clone, Copy)]
struct Felt {
    up: Duration,
    back: Duration,
    asked: Duration,
    gone: Duration,
}

/// Start of two processes, a kill, a stop.
fn live(settings: Value) -> (Felt, String) {
    let sandbox = Sandbox::new();
    let config = sandbox.config(
        settings,
        json!({
            "db": {"command": sandbox.polite("db"), "restart": "always"},
            "app": {"command": sandbox.polite("app"), "depends_on": ["db"]},
        }),
    );
    let began = Instant::now();
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("app", 1);
    let up = began.elapsed();
    let began = Instant::now();
    assert!(signal(sandbox.started("db", 1), Signal::KILL));
    sandbox.started("db", 2);
    let back = began.elapsed();
    let began = Instant::now();
    supervisor.signal(Signal::TERM);
    sandbox.seen("db", "end", 1);
    let asked = began.elapsed();
    assert_eq!(supervisor.ended(), 0, "telemetry never changes the exit code");
    let felt = Felt { up, back, asked, gone: began.elapsed() };
    (felt, supervisor.stdout() + &supervisor.stderr())
}

/// The median of five runs for each time.
fn typical(settings: &Value) -> (Felt, String) {
    let runs: Vec<_> = (0..5).map(|_| live(settings.clone())).collect();
    let middle = |of: fn(&Felt) -> Duration| {
        let mut times: Vec<_> = runs.iter().map(|(felt, _)| of(felt)).collect();
        times.sort_unstable();
        times[2]
    };
    let felt = Felt {
        up: middle(|f| f.up),
        back: middle(|f| f.back),
        asked: middle(|f| f.asked),
        gone: middle(|f| f.gone),
    };
    (felt, runs[0].1.clone())
}

#[test]
fn a_bad_receiver_delays_neither_start_nor_restart_nor_stop() {
    let (off, _) = typical(&json!({}));
    let absent =
        TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").to_string();
    let silent = Receiver::start(Manner::Hangs);
    let refusing = Receiver::start(Manner::Refuses);
    for (name, endpoint) in
        [("absent", absent), ("silent", silent.endpoint()), ("refusing", refusing.endpoint())]
    {
        let (felt, said) = typical(&traced(&endpoint));
        // Half a second is far above the noise of a busy machine, and far below any time-out of an exporter.
        let slack = Duration::from_millis(500);
        for (what, with, without) in
            [("up", felt.up, off.up), ("back", felt.back, off.back), ("asked", felt.asked, off.asked)]
        {
            assert!(with <= without + slack, "{name}: {what} took {with:?}, without tracing {without:?}");
        }
        // The last flush is bounded: far less than an exporter's own time-out of 10 s.
        assert!(felt.gone <= off.gone + Duration::from_secs(5), "{name}: the end took {:?}", felt.gone);
        assert!(said.to_lowercase().contains("span"), "{name}: what was lost is said:\n{said}");
    }
    assert!(silent.requests() > 0 && refusing.requests() > 0, "the receivers were tried");
}
