//! What signals to the supervisor mean: the built-in ones, the `signals:` map, relays and bursts.

use crate::support::procfs::alive;
use crate::support::supervisor::run;
use crate::support::{LONG, Sandbox, Supervisor, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};

/// SIGRTMIN + 3 as programs count: glibc keeps 32 and 33 (signal(7)).
const RTMIN_3: i32 = 34 + 3;

#[test]
fn term_int_and_quit_stop() {
    for signal in [Signal::TERM, Signal::INT, Signal::QUIT] {
        let sandbox = Sandbox::new();
        let config = sandbox.config(json!({}), json!({"c": {"command": sandbox.polite("c")}}));
        let mut supervisor = Supervisor::start(&sandbox, &config);
        sandbox.started("c", 1);
        supervisor.signal(signal);
        assert_eq!(supervisor.ended(), 0, "{signal:?}");
        assert_eq!(
            sandbox.story(),
            ["c start", "c end"],
            "{signal:?}: the process was asked, with its own signal"
        );
    }
}

#[test]
fn sighup_says_that_reload_is_not_there_and_changes_nothing() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(json!({}), json!({"c": {"command": sandbox.worker("c")}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let pid = sandbox.started("c", 1);
    supervisor.signal(Signal::HUP);
    wait_until(LONG, "a word about reload", || {
        (supervisor.stdout() + &supervisor.stderr()).to_lowercase().contains("reload")
    });
    assert!(alive(pid) && supervisor.runs());
    assert_eq!(supervisor.stop(), 0);
    assert_eq!(sandbox.story(), ["c start"]);
}

#[test]
fn what_nothing_is_bound_to_changes_nothing() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(json!({}), json!({"c": {"command": sandbox.worker("c")}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let pid = sandbox.started("c", 1);
    // The C library's own too, timers, limits, and what a power supply says.
    for number in [13, 14, 16, 23, 24, 25, 26, 27, 28, 29, 30, 32, 33, 34, RTMIN_3, 64] {
        supervisor.signal_number(number);
    }
    supervisor.signal(Signal::USR2);
    wait_until(LONG, "it goes on", || supervisor.stdout().contains("flushing"));
    assert!(alive(pid) && supervisor.runs());
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn sigusr2_flushes_and_changes_nothing() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(json!({}), json!({"c": {"command": sandbox.worker("c")}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let pid = sandbox.started("c", 1);
    supervisor.signal(Signal::USR2);
    wait_until(LONG, "the flush is told", || {
        (supervisor.stdout() + &supervisor.stderr()).to_lowercase().contains("flush")
    });
    assert!(alive(pid) && supervisor.runs());
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn the_map_binds_any_signal_also_real_time_ones() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(
        json!({"signals": {"SIGRTMIN+3": "stop", "SIGUSR2": "restart:web", "SIGHUP": "ignore", "SIGTERM": "ignore"}}),
        json!({"web": {"command": sandbox.worker("web")}, "db": {"command": sandbox.worker("db")}}),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let (web, db) = (sandbox.started("web", 1), sandbox.started("db", 1));
    for ignored in [Signal::HUP, Signal::TERM] {
        supervisor.signal(ignored);
    }
    supervisor.signal(Signal::USR2);
    assert_ne!(sandbox.started("web", 2), web, "web was restarted");
    assert!(alive(db), "db was not");
    supervisor.signal_number(RTMIN_3);
    assert_eq!(supervisor.ended(), 0);
    assert_eq!(sandbox.events_of("db", "start").len(), 1);
}

/// A script that tells of each of these signals, by name and number.
fn listener(sandbox: &Sandbox, signals: &[(&str, i32)]) -> Value {
    let traps: String = signals.iter().map(|(name, n)| format!("trap 'emit c {name}' {n}\n")).collect();
    sandbox.script("c", &format!("{traps}emit c start\nwhile :; do sleep 0.02; done"))
}

#[test]
fn a_relay_hands_the_signal_on() {
    let sandbox = Sandbox::new();
    let heard = [("winch", 28), ("usr1", 10), ("rt", RTMIN_3)];
    let config = sandbox.config(
        json!({"signals": {"WINCH": "relay:c", "10": "relay:c", "RTMIN+3": "relay:c"}}),
        json!({"c": {"command": listener(&sandbox, &heard)}}),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("c", 1);
    for (name, number) in heard {
        supervisor.signal_number(number);
        sandbox.seen("c", name, 1);
    }
    assert_eq!(supervisor.stop(), 0);
    assert_eq!(sandbox.events_of("c", "start").len(), 1, "SIGUSR1 was relayed, not taken for a restart");
}

#[test]
fn ten_thousand_signals_lose_none_of_another_kind() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(
        json!({"signals": {"WINCH": "relay:c", "USR2": "relay:c", "RTMIN+3": "relay:c"}}),
        json!({"c": {"command": listener(&sandbox, &[("winch", 28), ("usr2", 12), ("rt", RTMIN_3)])}}),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let pid = sandbox.started("c", 1);
    for round in 0..10_000 {
        supervisor.signal(Signal::WINCH);
        match round {
            3_000 => supervisor.signal(Signal::USR2),
            6_000 => supervisor.signal_number(RTMIN_3),
            _ => {}
        }
    }
    for name in ["winch", "usr2", "rt"] {
        sandbox.seen("c", name, 1);
    }
    assert!(alive(pid) && supervisor.runs());
    assert_eq!(supervisor.stop(), 0, "the stop is heard behind the burst");
}

#[test]
fn what_tells_of_a_fault_is_survived_when_somebody_sends_it() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(json!({}), json!({"c": {"command": sandbox.worker("c")}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let pid = sandbox.started("c", 1);
    for signal in [4, 5, 6, 7, 8, 11, 31] {
        supervisor.signal_number(signal);
        supervisor.signal_number(signal);
    }
    assert!(alive(pid) && supervisor.runs());
    assert_eq!(supervisor.stop(), 0, "and the stop is heard after them");
}

#[test]
fn a_binding_that_cannot_work_is_an_error() {
    let cases = [
        ("SIGKILL", "stop", "SIGKILL"),
        ("SIGSTOP", "ignore", "SIGSTOP"),
        ("SIGNONSENSE", "stop", "SIGNONSENSE"),
        ("SIGUSR1", "restart:nobody", "nobody"),
        ("SIGUSR1", "relay:", "relay"),
        ("SIGUSR1", "explode", "explode"),
    ];
    for (signal, action, word) in cases {
        let sandbox = Sandbox::new();
        let config = sandbox
            .config(json!({"signals": {signal: action}}), json!({"c": {"command": sandbox.worker("c")}}));
        let (code, text) = run(&sandbox, &["check-config", "--config", &config.display().to_string()]);
        assert!(code != 0 && code < 126, "{signal}: {action} passes with {code}: {text}");
        assert!(text.contains(word), "{signal}: {action}: {text}");
    }
}

#[test]
fn children_start_with_nothing_blocked_ignored_or_inherited() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(json!({}), json!({"c": {"command": sandbox.worker("c")}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let pid = sandbox.started("c", 1);
    wait_until(LONG, "exec", || crate::support::procfs::command_line(pid).starts_with("sleep"));
    for key in ["SigBlk", "SigIgn", "SigCgt"] {
        let mask = crate::support::procfs::status(pid, key).expect("the child lives");
        assert_eq!(u64::from_str_radix(&mask, 16), Ok(0), "{key}");
    }
    // A program that has just begun has its libraries open for a moment; what it has inherited stays.
    wait_until(LONG, "no descriptor but the three", || {
        let open = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        let mut open: Vec<_> = open.map(|entry| entry.file_name()).collect();
        open.sort();
        open == ["0", "1", "2"]
    });
    assert_eq!(supervisor.stop(), 0);
}
