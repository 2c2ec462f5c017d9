//! The spool on disks that fail: full, read-only from the start, read-only under way, and one that answers nothing.
//! In each, supervision goes on, the log says it once, and what the disk holds is kept. Needs root, a tmpfs, and for two
//! of them loop devices with ext4; fails where it has not got them. `tests/run` runs it, a plain `cargo test` does not
//! (feature `needs-root`).

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may fail")]
#![allow(clippy::print_stderr, reason = "the harness shows what the supervisor said when a test fails")]
#![allow(clippy::disallowed_methods, reason = "tests start programs and read clocks")]

mod disk;
#[path = "../support/mod.rs"]
mod support;

use disk::Disk;
use rustix::process::Signal;
use serde_json::{Value, json};
use std::fs;
use std::time::{Duration, Instant};
use support::otlp::{Manner, Receiver, closed_port};
use support::procfs::signal;
use support::wait::let_pass;
use support::{LONG, Sandbox, Supervisor, wait_until};

const SPAWN: &str = "process.spawn";
const WORKS_AGAIN: &str = "the spool directory can be written again";
const CANNOT: &str = "cannot be";

fn settings(sandbox: &Sandbox, endpoint: &str) -> Value {
    json!({
        "tracing_enabled": true, "tracing_exporter": "otlp-grpc", "tracing_endpoint": endpoint,
        "tracing_spool_dir": sandbox.path("disk/spool"), "max_restart_attempts": -1,
        // A loop of many restarts would be told in few spans: each run counts as stable here.
        "restart_stability_window": 0,
    })
}

fn start(sandbox: &Sandbox, endpoint: &str) -> Supervisor {
    let config = sandbox.config(
        settings(sandbox, endpoint),
        json!({"c": {"command": sandbox.worker("c"), "restart": "always"}}),
    );
    Supervisor::start(sandbox, &config)
}

/// Kills the worker so often, each time when it is back.
fn restarts(sandbox: &Sandbox, count: usize) {
    for _ in 0..count {
        let starts = sandbox.events_of("c", "start");
        assert!(signal(starts.last().expect("it was started").pid, Signal::KILL));
        sandbox.started("c", starts.len() + 1);
    }
}

/// How often something stands in the log.
fn said(supervisor: &Supervisor, what: &str) -> usize {
    supervisor.stdout().matches(what).count()
}

/// Every start that the worker told of is at the receiver, once.
fn all_arrived(sandbox: &Sandbox, receiver: &Receiver) {
    let spans = receiver.spans();
    let spawns = spans.named(SPAWN);
    for event in sandbox.events_of("c", "start") {
        let of_it = spawns.iter().filter(|s| s.get("process.pid") == event.pid.to_string()).count();
        assert_eq!(of_it, 1, "{event:?}");
    }
    assert_eq!(spans.orphans(), Vec::<String>::new());
}

/// A healthy run that delivers what is there.
fn deliver(sandbox: &Sandbox, receiver: &Receiver) {
    let starts = sandbox.events_of("c", "start").len();
    let mut supervisor = start(sandbox, &receiver.endpoint());
    sandbox.started("c", starts + 1);
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn a_full_disk_is_said_once_and_used_again_when_there_is_room() {
    let sandbox = Sandbox::new();
    let disk = Disk::tmpfs(&sandbox);
    let receiver = Receiver::start(Manner::Takes);
    let mut supervisor = start(&sandbox, &closed_port());
    sandbox.started("c", 1);
    disk.fill();
    // More than the rest of a page, which a full tmpfs still takes.
    restarts(&sandbox, 40);
    wait_until(LONG, "the word that the disk is full", || said(&supervisor, "No space left on device") == 1);
    restarts(&sandbox, 5);
    disk.empty();
    let begun = Instant::now();
    while said(&supervisor, WORKS_AGAIN) == 0 {
        assert!(begun.elapsed() < LONG, "the disk is not used again: {}", supervisor.stdout());
        restarts(&sandbox, 1);
    }
    assert_eq!((said(&supervisor, "No space left"), said(&supervisor, WORKS_AGAIN)), (1, 1));
    // What memory held meanwhile is on the disk too.
    let starts = sandbox.events_of("c", "start").len();
    wait_until(LONG, "all starts on the disk", || disk.count("process.args_count") >= starts);
    supervisor.signal(Signal::KILL);
    assert_eq!(supervisor.ended(), 137);
    drop(supervisor);
    deliver(&sandbox, &receiver);
    all_arrived(&sandbox, &receiver);
}

/// Delivered spans are kept for a while, but never in the way of others.
#[test]
fn a_small_disk_gives_up_what_was_delivered() {
    let sandbox = Sandbox::new();
    let disk = Disk::tmpfs(&sandbox);
    let receiver = Receiver::start(Manner::Takes);
    let mut supervisor = start(&sandbox, &receiver.endpoint());
    sandbox.started("c", 1);
    disk.fill_but(32 << 10);
    for _ in 0..10 {
        restarts(&sandbox, 12);
        receiver.wait(SPAWN, sandbox.events_of("c", "start").len());
    }
    // A burst may find it full; then it is used again.
    let begun = Instant::now();
    while said(&supervisor, "No space left on device") != said(&supervisor, WORKS_AGAIN) {
        assert!(begun.elapsed() < LONG, "the disk is not used again: {}", supervisor.stdout());
        restarts(&sandbox, 1);
        receiver.wait(SPAWN, sandbox.events_of("c", "start").len());
    }
    assert_eq!(said(&supervisor, "cannot be kept"), 0);
    assert_eq!(supervisor.stop(), 0);
    all_arrived(&sandbox, &receiver);
}

/// A disk that is full when the supervisor starts: what lies there is delivered, also of spans that never ended.
#[test]
fn a_start_on_a_full_disk_delivers_what_is_there() {
    let sandbox = Sandbox::new();
    let disk = Disk::tmpfs(&sandbox);
    let receiver = Receiver::start(Manner::Takes);
    let long = sandbox.script("job", "emit job start\nsleep 1000");
    let config = sandbox.config(
        settings(&sandbox, &closed_port()),
        json!({
            "job": {"type": "oneshot", "command": long},
            "c": {"command": sandbox.worker("c")},
            "later": {"command": sandbox.worker("later"), "depends_on": ["job"]},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("job", 1);
    sandbox.started("c", 1);
    let both = || disk.count("process_manager.wait_dependency") > 0 && disk.count("process.args_count") > 1;
    wait_until(LONG, "what has begun and what has ended on the disk", both);
    supervisor.signal(Signal::KILL);
    assert_eq!(supervisor.ended(), 137);
    drop(supervisor);
    disk.fill();
    deliver(&sandbox, &receiver);
    deliver(&sandbox, &receiver);
    all_arrived(&sandbox, &receiver);
    let boots = receiver.spans().named("process_manager.start");
    let cut = |s: &&support::otlp::Span| s.get("error.type") == "supervisor_killed";
    assert_eq!((boots.len(), boots.iter().filter(cut).count()), (3, 1));
}

#[test]
fn a_disk_that_is_read_only_from_the_start_is_memory() {
    let sandbox = Sandbox::new();
    let disk = Disk::tmpfs(&sandbox);
    disk.read_only();
    let receiver = Receiver::start(Manner::Takes);
    let mut supervisor = start(&sandbox, &receiver.endpoint());
    sandbox.started("c", 1);
    restarts(&sandbox, 5);
    receiver.wait(SPAWN, 6);
    assert_eq!(supervisor.stop(), 0);
    assert_eq!(said(&supervisor, "Read-only file system"), 1, "{}", supervisor.stdout());
    all_arrived(&sandbox, &receiver);
}

/// As ext4 turns itself read-only after an error of the device, with the segment open.
#[test]
fn a_disk_that_turns_read_only_is_said_once_and_nothing_is_lost_while_we_live() {
    let sandbox = Sandbox::new();
    let disk = Disk::ext4(&sandbox);
    let receiver = Receiver::start(Manner::Takes);
    let mut supervisor = start(&sandbox, &receiver.endpoint());
    sandbox.started("c", 1);
    restarts(&sandbox, 3);
    receiver.wait(SPAWN, 4);
    disk.break_it();
    restarts(&sandbox, 10);
    receiver.wait(SPAWN, 14);
    assert_eq!(supervisor.stop(), 0);
    assert_eq!(said(&supervisor, CANNOT), 1, "{}", supervisor.stdout());
    all_arrived(&sandbox, &receiver);
}

#[test]
fn a_disk_that_hangs_holds_nothing_up_but_telemetry() {
    let sandbox = Sandbox::new();
    let disk = Disk::ext4(&sandbox);
    let receiver = Receiver::start(Manner::Takes);
    let mut supervisor = start(&sandbox, &closed_port());
    sandbox.started("c", 1);
    let hang = disk.freeze();
    let frozen = Instant::now();
    restarts(&sandbox, 20);
    assert!(
        frozen.elapsed() < Duration::from_secs(10),
        "restarts waited for the disk: {:?}",
        frozen.elapsed()
    );
    let_pass(Duration::from_secs(10).saturating_sub(frozen.elapsed()));
    restarts(&sandbox, 1);
    drop(hang);
    restarts(&sandbox, 1);
    wait_until(LONG, "the last start on the disk", || disk.count("process.args_count") >= 23);
    supervisor.signal(Signal::KILL);
    assert_eq!(supervisor.ended(), 137);
    drop(supervisor);
    deliver(&sandbox, &receiver);
    all_arrived(&sandbox, &receiver);
}

/// The processes are stopped at once. The program itself cannot go before the kernel lets its thread go.
#[test]
fn a_stop_while_the_disk_hangs_stops_the_processes_at_once() {
    let sandbox = Sandbox::new();
    let disk = Disk::ext4(&sandbox);
    let config = sandbox.config(
        settings(&sandbox, &closed_port()),
        json!({"c": {"command": sandbox.polite("c"), "restart": "always"}}),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("c", 1);
    let hang = disk.freeze();
    let frozen = Instant::now();
    supervisor.signal(Signal::TERM);
    sandbox.seen("c", "end", 1);
    wait_until(LONG, "the last words", || said(&supervisor, "everything has stopped, exit code 0") == 1);
    assert!(
        frozen.elapsed() < Duration::from_secs(6),
        "the stop waited for the disk: {:?}",
        frozen.elapsed()
    );
    drop(hang);
    assert_eq!(supervisor.ended(), 0);
}

#[test]
fn a_start_on_a_disk_that_hangs_goes_on_without_it() {
    let sandbox = Sandbox::new();
    let disk = Disk::ext4(&sandbox);
    let receiver = Receiver::start(Manner::Takes);
    let hang = disk.freeze();
    let frozen = Instant::now();
    let mut supervisor = start(&sandbox, &receiver.endpoint());
    sandbox.started("c", 1);
    assert!(
        frozen.elapsed() < Duration::from_secs(5),
        "the boot waited for the disk: {:?}",
        frozen.elapsed()
    );
    // Spans go out from memory meanwhile.
    receiver.wait(SPAWN, 1);
    drop(hang);
    let begun = Instant::now();
    while said(&supervisor, WORKS_AGAIN) == 0 {
        assert!(begun.elapsed() < LONG, "the disk is not used: {}", supervisor.stdout());
        restarts(&sandbox, 1);
    }
    assert_eq!(said(&supervisor, "does not answer"), 1);
    assert!(fs::exists(sandbox.path("disk/spool/lock")).expect("a directory"));
    assert_eq!(supervisor.stop(), 0);
    all_arrived(&sandbox, &receiver);
}
