//! What a start finds in its spool directory: another supervisor, damage, the spans of a boot that failed.

use crate::support::otlp::{Manner, Outcome, Receiver, closed_port};
use crate::support::procfs::signal;
use crate::support::supervisor::{Launch, MISSING_PROGRAM};
use crate::support::{LONG, Sandbox, Supervisor, wait_until};
use crate::traces::traced;
use rustix::process::Signal;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

fn spooled(sandbox: &Sandbox, endpoint: &str) -> Value {
    let mut settings = traced(endpoint);
    settings["tracing_spool_dir"] = json!(sandbox.path("spool"));
    settings["max_restart_attempts"] = json!(-1);
    settings
}

fn segments(sandbox: &Sandbox) -> Vec<PathBuf> {
    let entries = fs::read_dir(sandbox.path("spool")).expect("a spool").map(|e| e.expect("an entry").path());
    let mut found: Vec<_> = entries.filter(|path| path.extension().is_some_and(|e| e == "spans")).collect();
    found.sort();
    found
}

/// Runs a worker with a receiver that is down, and kills the supervisor when `count` starts are on the disk.
fn killed(sandbox: &Sandbox, count: usize) {
    let config =
        sandbox.config(spooled(sandbox, &closed_port()), json!({"c": {"command": sandbox.worker("c")}}));
    let before = sandbox.events_of("c", "start").len();
    let mut supervisor = Supervisor::start(sandbox, &config);
    for n in before + 1..count {
        assert!(signal(sandbox.started("c", n), Signal::KILL));
    }
    sandbox.started("c", count);
    let spawns = || segments(sandbox).iter().map(|path| spawns_in(path)).sum::<usize>();
    wait_until(LONG, "the spawns on the disk", || spawns() >= count);
    supervisor.signal(Signal::KILL);
    assert_eq!(supervisor.ended(), 137);
}

/// Only the spans of spawns that have ended hold this attribute; the name is in beginnings too.
fn spawns_in(path: &Path) -> usize {
    let bytes = fs::read(path).unwrap_or_default();
    bytes.windows(b"process.args_count".len()).filter(|w| *w == b"process.args_count").count()
}

#[test]
fn a_second_supervisor_in_one_directory_is_told_so_and_starts_nothing() {
    let sandbox = Sandbox::new();
    let settings = spooled(&sandbox, &closed_port());
    let config = sandbox.config(settings, json!({"c": {"command": sandbox.worker("c")}}));
    let mut first = Supervisor::start(&sandbox, &config);
    sandbox.started("c", 1);
    let other = sandbox.path("other.yaml");
    std::fs::copy(&config, &other).expect("a copy");
    let (code, said) =
        crate::support::supervisor::run(&sandbox, &["serve", "--config", other.to_str().expect("text")]);
    assert_eq!(code, 73, "{said}");
    let pid = format!("(pid {})", first.pid());
    for part in ["in use by another supervisor", "tracing_spool_dir", &pid, "spool"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(first.stop(), 0);
    assert_eq!(sandbox.story(), ["c start"]);
}

/// Descriptors belong to supervision: a spool of many small segments must not take them, nor lose one for want of them.
#[test]
fn a_spool_of_many_segments_takes_no_descriptors_from_supervision() {
    let sandbox = Sandbox::new();
    killed(&sandbox, 1);
    let first = segments(&sandbox).pop().expect("a segment");
    for number in 2..=80 {
        fs::copy(&first, sandbox.path(&format!("spool/{number:016x}.spans"))).expect("copied");
    }
    let config =
        sandbox.config(spooled(&sandbox, &closed_port()), json!({"d": {"command": sandbox.worker("d")}}));
    let few = ["/bin/sh", "-c", "ulimit -n 48 && exec \"$@\"", "sh"];
    let mut supervisor = Launch::new(&sandbox).through(&few).serve(&config);
    sandbox.started("d", 1);
    wait_until(LONG, "what was found is told", || {
        supervisor.stdout().contains("of an earlier supervisor wait")
    });
    assert_eq!(supervisor.stop(), 0);
    assert!(segments(&sandbox).len() >= 80, "{:?}", segments(&sandbox));
    let said = supervisor.stdout();
    assert!(!said.contains("open files") && !said.contains("set aside"), "{said}");
}

#[test]
fn a_boot_that_failed_is_told_at_the_next_start() {
    let receiver = Receiver::start(Manner::Takes);
    let sandbox = Sandbox::new();
    let config = sandbox
        .config(spooled(&sandbox, &closed_port()), json!({"bad": {"command": ["/nonexistent/program-x"]}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    assert_eq!(supervisor.ended(), MISSING_PROGRAM);
    let config = sandbox
        .config(spooled(&sandbox, &receiver.endpoint()), json!({"c": {"command": sandbox.worker("c")}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("c", 1);
    assert_eq!(supervisor.stop(), 0);
    let trace = receiver.spans();
    let bad = trace.of("process_manager.start_process", "bad");
    assert_eq!(bad.outcome, Outcome::Error);
    assert!(bad.get("error").contains("program-x"), "{bad:?}");
    assert_eq!(trace.named("process_manager.start").len(), 2);
    assert_eq!(trace.orphans(), Vec::<String>::new());
}

#[test]
fn damage_is_said_once_and_costs_nothing_else() {
    let receiver = Receiver::start(Manner::Takes);
    let sandbox = Sandbox::new();
    killed(&sandbox, 3);
    killed(&sandbox, 6);
    let segments = segments(&sandbox);
    let [first, .., second] = segments.as_slice() else { panic!("one segment of each: {segments:?}") };
    // The first is corrupt in its last record, the second is torn in its last one.
    let mut bytes = fs::read(first).expect("a segment");
    let last = bytes.len() - 3;
    bytes[last] ^= 0x55;
    fs::write(first, bytes).expect("damaged");
    let bytes = fs::read(second).expect("a segment");
    fs::write(second, &bytes[..bytes.len() - 3]).expect("torn");
    fs::write(sandbox.path("spool/00000000000000aa.spans"), "no segment").expect("garbage");

    let config = sandbox
        .config(spooled(&sandbox, &receiver.endpoint()), json!({"c": {"command": sandbox.worker("c")}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("c", 7);
    assert_eq!(supervisor.stop(), 0);
    let trace = receiver.spans();
    let pids: Vec<String> =
        trace.named("process.spawn").iter().map(|s| s.get("process.pid").to_owned()).collect();
    let missing =
        sandbox.events_of("c", "start").iter().filter(|e| !pids.contains(&e.pid.to_string())).count();
    assert!(missing <= 2, "{missing} spawns are missing, and one record of each segment was damaged");
    for said in ["damaged at byte", "ends in the middle of a record", "00000000000000aa.spans is set aside"] {
        assert_eq!(supervisor.stdout().matches(said).count(), 1, "{said}: {}", supervisor.stdout());
    }
}
