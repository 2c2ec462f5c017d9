//! What a process finds around it: what somebody has told the supervisor alone is not there.

use crate::support::procfs::signal;
use crate::support::supervisor::Launch;
use crate::support::{Sandbox, Supervisor};
use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};
use serde_json::json;
use std::fs;

/// What systemd tells its service (sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3), systemd.exec(5)).
pub(super) const FOR_THE_SERVICE: [&str; 11] = [
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "JOURNAL_STREAM",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_FDNAMES",
    "LISTEN_PIDFDID",
    "MAINPID",
    "FDSTORE",
    "SYSTEMD_EXEC_PID",
];

#[test]
fn what_systemd_tells_its_service_does_not_reach_processes() {
    let sandbox = Sandbox::new();
    let look = |name: &str| {
        sandbox.script(name, &format!("env > \"$SANDBOX/{name}.env\"\nemit {name} start\nexec sleep 1000"))
    };
    let config = sandbox.config(
        json!({}),
        json!({
            "plain": {"command": look("plain")},
            "own": {"command": look("own"), "env": {"NOTIFY_SOCKET": "/run/own.sock"}},
        }),
    );
    let mut launch = Launch::new(&sandbox).env("ORDINARY", "inherited");
    for name in FOR_THE_SERVICE {
        // Nothing listens there: whoever takes it for its own would fail.
        launch = launch.env(name, if name == "NOTIFY_SOCKET" { "/nonexistent/notify" } else { "1" });
    }
    let mut supervisor = launch.serve(&config);
    let found = |process: &str| {
        sandbox.started(process, 1);
        let text = fs::read_to_string(sandbox.path(&format!("{process}.env"))).expect("what it found");
        assert!(text.lines().any(|line| line == "ORDINARY=inherited"), "{text}");
        let told =
            |line: &&str| line.split_once('=').is_some_and(|(name, _)| FOR_THE_SERVICE.contains(&name));
        text.lines().filter(told).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(found("plain"), Vec::<String>::new());
    assert_eq!(found("own"), ["NOTIFY_SOCKET=/run/own.sock"], "what its configuration says is its own");
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn a_limit_of_open_files_that_somebody_lowers_ends_no_restart() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(json!({}), json!({"a": {"command": sandbox.worker("a")}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let first = sandbox.started("a", 1);
    let lower = Rlimit { current: Some(200), maximum: Some(200) };
    prlimit(Pid::from_raw(supervisor.pid()), Resource::Nofile, lower).expect("less may always be had");
    assert!(signal(first, Signal::KILL), "it runs");
    sandbox.started("a", 2);
    assert_eq!(supervisor.stop(), 0);
}
