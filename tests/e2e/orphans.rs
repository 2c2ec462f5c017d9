//! Adopted processes: as a subreaper the supervisor takes orphans, reaps them all, and takes no status of its own
//! children for an orphan's.

use crate::support::procfs::{children_of, zombies_of};
use crate::support::{LONG, Sandbox, Supervisor, wait_until};
use serde_json::json;

/// A script that makes orphans which end at different times, then stays.
fn maker(count: usize) -> String {
    format!(
        "i=0\nwhile [ $i -lt {count} ]; do (sh -c \"sleep 0.0$((i % 9))\" &); i=$((i + 1)); done\nemit o start\nexec sleep 1000"
    )
}

#[test]
fn a_thousand_orphans_leave_no_zombie_and_take_no_status() {
    let sandbox = Sandbox::new();
    let short = "emit w start\nexit 0";
    let config = sandbox.config(
        json!({}),
        json!({
            "o": {"command": sandbox.script("o", &maker(1000))},
            "w": {"command": sandbox.script("w", short), "restart": "on-failure", "scale": 60},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("w", 60);
    sandbox.seen("o", "start", 1);
    let pid = supervisor.pid();
    wait_until(LONG, "only the maker is left, and no zombie", || {
        children_of(pid).len() == 1 && zombies_of(pid).is_empty()
    });
    assert_eq!(sandbox.events_of("w", "start").len(), 60, "a lost status would be a failure, and restarted");
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn a_daemon_is_asked_to_end_and_has_time_for_it() {
    let sandbox = Sandbox::new();
    let daemon = "trap 'sleep 0.2; emit d end; exit 0' TERM\nemit d start\nwhile :; do sleep 0.02; done";
    let daemon = sandbox.write(
        "d.sh",
        &format!("#!/bin/sh\nemit() {{ echo \"$*\" $$ >> \"$SANDBOX/events\"; }}\n{daemon}\n"),
    );
    let body = format!("setsid sh {} > /dev/null 2>&1 &\nemit o start", daemon.display());
    let config = sandbox.config(
        json!({}),
        json!({
            "o": {"type": "oneshot", "command": sandbox.script("o", &body)},
            "w": {"command": sandbox.worker("w"), "depends_on": ["o"]},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("w", 1);
    sandbox.started("d", 1);
    assert_eq!(supervisor.stop(), 0);
    assert_eq!(sandbox.events_of("d", "end").len(), 1, "it was asked, and it ended by itself");
    let told =
        supervisor.records().into_iter().find(|r| r["msg"].as_str().is_some_and(|m| m.contains("daemons")));
    assert_eq!(told.expect("it is told")["process"], "o", "by the process it came from");
}

#[test]
fn what_left_its_group_is_not_left_behind() {
    let sandbox = Sandbox::new();
    let body = "setsid sleep 888 &\nemit c start\nexec sleep 1000";
    let config = sandbox.config(json!({}), json!({"c": {"command": sandbox.script("c", body)}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("c", 1);
    supervisor.stop();
    assert_eq!(supervisor.leftovers(), Vec::<String>::new());
}

/// A program whose first thread ends while another goes on: the kernel shows it as a zombie, and it lives.
const WITHOUT_FIRST_THREAD: &str = r#"
import ctypes, os, signal, sys, threading
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
def say(what):
    with open(os.environ["SANDBOX"] + "/events", "a") as events:
        events.write(f"z {what} {os.getpid()}\n")
def live():
    while open(f"/proc/{os.getpid()}/stat").read().rsplit(") ")[1][0] != "Z":
        pass
    say("start")
    signal.sigwait([signal.SIGTERM])
    say("end")
    os._exit(0)
threading.Thread(target=live).start()
ctypes.CDLL(None).syscall(60 if os.uname().machine == "x86_64" else 93, 0)
"#;

#[test]
fn a_program_whose_first_thread_has_ended_is_asked_to_end_as_any_other() {
    let sandbox = Sandbox::new();
    let program = sandbox.write("z.py", WITHOUT_FIRST_THREAD);
    let body = format!(
        "python3 {} &\nuntil grep -q 'z start' \"$SANDBOX/events\"; do sleep 0.02; done",
        program.display()
    );
    let config = sandbox.config(
        json!({}),
        json!({
            "o": {"command": sandbox.script("o", &body), "restart": "never"},
            "w": {"command": sandbox.worker("w")},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("w", 1);
    sandbox.seen("z", "start", 1);
    sandbox.seen("z", "end", 1);
    assert_eq!(supervisor.stop(), 0);
    assert_eq!(supervisor.leftovers(), Vec::<String>::new());
}
