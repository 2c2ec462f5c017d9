//! A process that takes more memory than its cgroup has: the kernel kills it, and the trace says so. Needs root and a
//! memory controller, of version 2 or 1, where a cgroup can be made.

use super::support::otlp::{Manner, Receiver};
use super::support::procfs::signal;
use super::support::supervisor::Launch;
use super::support::{LONG, Sandbox, wait_until};
use rustix::process::Signal;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// Enough for the supervisor, too little for the process.
const LIMIT: &str = "134217728";

/// A cgroup with a limit; removed at the end, when nothing is in it any more.
struct Cgroup(PathBuf);

impl Cgroup {
    fn new() -> Self {
        let name = format!("phpeek-pm-test-{}", std::process::id());
        let v2 = Path::new("/sys/fs/cgroup");
        let controllers = fs::read_to_string(v2.join("cgroup.controllers")).unwrap_or_default();
        let (folder, limits) = if controllers.split_whitespace().any(|c| c == "memory") {
            fs::write(v2.join("cgroup.subtree_control"), "+memory").expect("the root may be changed");
            (v2.join(name), ["memory.max", "memory.swap.max"])
        } else {
            (v2.join("memory").join(name), ["memory.limit_in_bytes", "memory.swappiness"])
        };
        fs::create_dir(&folder).expect("a cgroup: this test needs root and a memory controller");
        fs::write(folder.join(limits[0]), LIMIT).expect("a limit");
        fs::write(folder.join(limits[1]), "0").ok(); // there may be no swap at all
        Self(folder)
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        fs::remove_dir(&self.0).ok();
    }
}

#[test]
fn a_process_that_the_memory_controller_has_killed_is_told_as_such() {
    let cgroup = Cgroup::new();
    let receiver = Receiver::start(Manner::Takes);
    let sandbox = Sandbox::new();
    let config = sandbox.config(
        json!({"tracing_enabled": true, "tracing_exporter": "otlp-grpc", "tracing_endpoint": receiver.endpoint()}),
        json!({
            // One line without an end.
            "hungry": {"command": ["tail", "/dev/zero"], "restart": "never"},
            "other": {"command": sandbox.worker("other"), "restart": "always"},
        }),
    );
    let mut supervisor = Launch::new(&sandbox).cgroup(&cgroup.0).serve(&config);
    let other = sandbox.started("other", 1);
    let death = receiver.wait("process.exit", 1).remove(0);
    assert_eq!((death.get("process.name"), death.get("error.type")), ("hungry", "oom_killed"));
    assert_eq!((death.get("autopsy.oom"), death.get("autopsy.signal_sender")), ("likely", "other"));
    assert_eq!((death.get("autopsy.oom_kills"), death.get("process.exit.signal")), ("1", "SIGKILL"));
    // A kill that came from elsewhere is not called one.
    assert!(signal(other, Signal::KILL));
    sandbox.started("other", 2);
    receiver.wait("process.exit", 2);
    assert_eq!(supervisor.stop(), 0);
    let killed = receiver.spans().of("process.exit", "other");
    assert_eq!((killed.get("error.type"), killed.get("autopsy.oom")), ("SIGKILL", ""));
    let records = supervisor.records();
    assert!(records.iter().any(|r| r["oom"] == "likely" && r["process"] == "hungry"), "{records:?}");
    drop(supervisor);
    let procs = cgroup.0.join("cgroup.procs");
    wait_until(LONG, "an empty cgroup", || fs::read_to_string(&procs).is_ok_and(|p| p.is_empty()));
}
