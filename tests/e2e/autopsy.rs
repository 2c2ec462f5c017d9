//! What traces and log tell of deaths, with real processes: last words without secrets, who sent a signal, what was
//! used, the chain of causes, and a crash loop in few spans.

use crate::support::otlp::{Manner, Outcome, Receiver, Span, Trace};
use crate::support::procfs::signal;
use crate::support::{Sandbox, Supervisor};
use crate::traces::traced;
use rustix::process::Signal;
use serde_json::{Value, json};

const EXIT: &str = "process.exit";
const RESTART: &str = "process_manager.restart_process";
const SPAWN: &str = "process.spawn";

/// The last words that the log tells, as they were written to standard error.
fn last_words(supervisor: &Supervisor) -> Vec<String> {
    let of = |r: &Value| r["msg"].as_str().is_some_and(|m| m.starts_with("last words"));
    let all = supervisor.records().into_iter().filter(of);
    all.map(|r| r["stderr"].as_str().unwrap_or_default().to_owned()).collect()
}

fn ended(supervisor: &Supervisor) -> Vec<Value> {
    let is_end = |r: &Value| r["msg"].as_str().is_some_and(|m| m.starts_with("ended"));
    supervisor.records().into_iter().filter(is_end).collect()
}

fn number(span: &Span, key: &str) -> u64 {
    span.get(key).parse().unwrap_or_else(|_| panic!("{key} of {span:?}"))
}

#[test]
fn the_last_words_are_in_the_span_and_in_the_record_and_their_secrets_in_neither() {
    let receiver = Receiver::start(Manner::Takes);
    let sandbox = Sandbox::new();
    let body = "for i in 1 2 3 4 5 6 7 8; do echo \"step $i\" >&2; done\n\
                echo 'DB_PASSWORD=hunter2 in the environment' >&2\n\
                echo 'cannot reach postgres://app:s3cr3t@db:5432/app' >&2\n\
                printf 'fatal: no database' >&2\nexit 3";
    let config = sandbox.config(
        traced(&receiver.endpoint()),
        json!({"c": {
            "command": sandbox.script("c", body),
            "restart": "never",
            "logging": {"redaction": {"enabled": true, "patterns": [{"pattern": "step ([78])", "replacement": "s$1"}]}},
        }}),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    assert_eq!(supervisor.ended(), 3);
    let death = receiver.spans().one(EXIT);
    assert_eq!((death.outcome, death.get("error.type")), (Outcome::Error, "exit"));
    assert_eq!(death.get("process.exit.code"), "3");
    let expected = "step 2,step 3,step 4,step 5,step 6,s7,s8,\
                    DB_PASSWORD=**** in the environment,\
                    cannot reach postgres://app:****@db:5432/app,\
                    fatal: no database";
    assert_eq!(death.get("autopsy.stderr"), expected);
    assert_eq!(last_words(&supervisor), [expected.replace(',', "\n")]);
    let record = ended(&supervisor).remove(0);
    assert_eq!((&record["exit_code"], &record["level"]), (&json!(3), &json!("warn")));
}

#[test]
fn a_kill_from_outside_is_not_called_ours_and_what_was_used_is_plausible() {
    let receiver = Receiver::start(Manner::Takes);
    let sandbox = Sandbox::new();
    let hungry = "emit c start\ndd if=/dev/zero of=/dev/null bs=50M count=1 2>/dev/null\n\
                  emit c fed\nexec sleep 1000";
    let config = sandbox.config(
        traced(&receiver.endpoint()),
        json!({"c": {"command": sandbox.script("c", hungry), "restart": "always"}}),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let pid = sandbox.seen("c", "fed", 1)[0].pid;
    assert!(signal(pid, Signal::KILL));
    sandbox.seen("c", "fed", 2);
    assert_eq!(supervisor.stop(), 0);
    let trace = receiver.spans();
    let death = trace.one(EXIT);
    assert_eq!((death.get("process.exit.signal"), death.get("error.type")), ("SIGKILL", "SIGKILL"));
    assert_eq!(death.get("autopsy.signal_sender"), "other");
    assert_eq!((death.get("autopsy.oom"), death.get("process.exit.core")), ("", "false"));
    // dd was a child that the shell has waited for: its memory counts.
    let memory = number(&death, "autopsy.max_rss_bytes");
    assert!((50 << 20..400 << 20).contains(&memory), "{memory}");
    assert!(number(&death, "autopsy.page_faults.minor") > 0, "{death:?}");
    assert!(number(&death, "autopsy.uptime_ms") < 30_000, "{death:?}");
    let asked = ended(&supervisor).pop().expect("the end by the stop");
    assert_eq!((&asked["signal"], &asked["signal_sender"]), (&json!("SIGTERM"), &json!("supervisor")));
    assert!(asked["max_rss_bytes"].as_u64().is_some_and(|n| n > 50 << 20), "{asked}");
}

#[test]
fn who_sent_the_signal_is_in_the_trace_and_in_the_log() {
    let receiver = Receiver::start(Manner::Takes);
    let sandbox = Sandbox::new();
    let config = sandbox.config(traced(&receiver.endpoint()), json!({"c": {"command": sandbox.worker("c")}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("c", 1);
    receiver.wait("process_manager.start", 1);
    supervisor.signal(Signal::USR1);
    sandbox.started("c", 2);
    receiver.wait("process_manager.restart", 1);
    assert_eq!(supervisor.stop(), 0);
    let trace = receiver.spans();
    let me = std::process::id().to_string();
    for name in ["process_manager.restart", "process_manager.shutdown"] {
        let span = trace.one(name);
        assert_eq!(span.get("signal.sender.pid"), me, "{span:?}");
        assert!(!span.get("signal.sender.command").is_empty() && !span.get("signal.sender.uid").is_empty());
    }
    let records = supervisor.records();
    for message in ["rolling restart", "shutting down"] {
        let record = records.iter().find(|r| r["msg"] == message).expect(message);
        assert_eq!(record["sender_pid"], json!(std::process::id()), "{record}");
    }
}

/// From a restart back to the first spawn, by links alone; how many deaths lie between.
fn walk_back(trace: &Trace, newest: &Span) -> usize {
    let (mut at, mut deaths) = (newest.clone(), 0);
    while at.name == RESTART {
        let death = trace.linked(&at, "death");
        assert_eq!(death.name, EXIT);
        let spawn = trace.linked(&death, "previous_run");
        assert_eq!(spawn.name, SPAWN);
        let parent = trace.0.iter().find(|s| s.id == spawn.parent && s.trace == spawn.trace);
        at = parent.expect("the parent of the spawn").clone();
        deaths += 1;
    }
    assert_eq!(at.name, "process_manager.start_process");
    deaths
}

#[test]
fn the_chain_of_ten_crashes_can_be_walked_back() {
    let receiver = Receiver::start(Manner::Takes);
    let sandbox = Sandbox::new();
    let body =
        "emit c start\n[ \"$(grep -c 'c start' \"$SANDBOX/events\")\" -gt 10 ] && exec sleep 1000\nexit 7";
    let mut settings = traced(&receiver.endpoint());
    settings["max_restart_attempts"] = json!(20);
    let config =
        sandbox.config(settings, json!({"c": {"command": sandbox.script("c", body), "restart": "always"}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("c", 11);
    receiver.wait(RESTART, 10);
    assert_eq!(supervisor.stop(), 0);
    let trace = receiver.spans();
    let restarts = trace.named(RESTART);
    assert_eq!((restarts.len(), trace.named(EXIT).len()), (10, 10));
    assert_eq!(walk_back(&trace, restarts.last().expect("ten")), 10);
    for restart in &restarts {
        let share = trace.covered(restart);
        assert!(share >= 0.99, "children explain only {:.2} % of the restart", share * 100.0);
    }
}

#[test]
fn a_crash_loop_of_hundreds_is_told_in_few_spans_with_exact_counts() {
    let receiver = Receiver::start(Manner::Takes);
    let sandbox = Sandbox::new();
    let body = "emit c start\n[ \"$(grep -c 'c start' \"$SANDBOX/events\")\" -gt 300 ] && exec sleep 1000\n\
                echo dying >&2\nexit 7";
    let mut settings = traced(&receiver.endpoint());
    settings["max_restart_attempts"] = json!(-1);
    settings["restart_backoff_initial"] = json!("0");
    settings["restart_backoff_max"] = json!("0");
    let config =
        sandbox.config(settings, json!({"c": {"command": sandbox.script("c", body), "restart": "always"}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("c", 301);
    assert_eq!(supervisor.stop(), 0); // in the loop, as far as anyone knows: no run was stable
    let trace = receiver.spans();
    let restarts = trace.named(RESTART);
    let told = restarts.len();
    assert!((17..=30).contains(&told), "{told} restarts told");
    for name in [EXIT, SPAWN] {
        assert!(trace.named(name).len() <= told + 1, "{name}: {}", trace.named(name).len());
    }
    let (mut before, mut sum) = (0, 0);
    for restart in &restarts {
        let (count, folded) = (number(restart, "restart.count"), number(restart, "restart.folded"));
        assert_eq!(folded, count - before - 1, "{restart:?}");
        (before, sum) = (count, sum + folded + 1);
    }
    assert_eq!((before, sum), (300, 300), "each restart is told or counted once");
    let last = restarts.last().expect("the last");
    let spawn = trace.children(last).into_iter().find(|s| s.name == SPAWN).expect("its spawn");
    assert_eq!(spawn.get("process.incarnation"), "301");
    assert_eq!(walk_back(&trace, last), told);
    let ends = ended(&supervisor);
    assert_eq!(ends.len(), 301, "the log has them all");
    let words = last_words(&supervisor);
    assert!(words.iter().all(|w| w == "dying"), "{words:?}");
    // A death waits for them a tenth of a second at most: on a machine with no time for the reader a few stay unheard.
    assert!(words.len() >= 285, "nearly each with its last words: {} of 301", words.len());
}
