//! While the configuration is read: signals end the program. And what `check-config` says is what `serve` does.

use crate::support::supervisor::{Launch, clean, program};
use crate::support::{LONG, Sandbox, Supervisor, wait_until};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::Signal;
use serde_json::json;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Whether the program has a thread of this name.
fn has_thread(pid: i32, name: &str) -> bool {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    tasks
        .map(|task| fs::read_to_string(task.path().join("comm")))
        .any(|comm| comm.is_ok_and(|c| c.trim() == name))
}

#[test]
fn a_file_that_hangs_holds_nobody_up_who_wants_the_program_to_end() {
    for signal in [Signal::TERM, Signal::INT, Signal::QUIT] {
        let sandbox = Sandbox::new();
        let fifo = sandbox.path("fifo.yaml");
        mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a FIFO");
        // Without a name it is read as what a shell hands over; nobody writes to it, and its end never comes.
        let nameless = format!("exec 0<>{0}; rm {0}; exec \"$0\" \"$@\"", fifo.display());
        let through = Launch::new(&sandbox).through(&["/bin/sh", "-c", &nameless]);
        let mut supervisor = through.serve(Path::new("/dev/stdin"));
        wait_until(LONG, "it reads", || has_thread(supervisor.pid(), "config"));
        supervisor.signal(Signal::HUP);
        supervisor.signal(signal);
        assert_eq!(supervisor.ended(), 0, "{signal:?}");
        assert!(supervisor.stderr().contains("nothing was started"), "{}", supervisor.stderr());
    }
}

#[test]
fn what_check_config_accepts_serve_starts_whatever_the_variables_of_opentelemetry_hold() {
    for (exporter, variable, value) in [
        ("otlp-grpc", "OTEL_BSP_SCHEDULE_DELAY", "5s"),
        ("otlp-grpc", "OTEL_BSP_MAX_QUEUE_SIZE", "0"),
        ("none", "OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
        ("stdout", "OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
        ("otlp-http", "OTEL_EXPORTER_OTLP_HEADERS", "nonsense"),
        ("otlp-grpc", "ALL_PROXY", "socks5h://127.0.0.1:1080"),
    ] {
        let sandbox = Sandbox::new();
        let global =
            json!({"tracing_enabled": true, "tracing_exporter": exporter, "tracing_spool_dir": "none"});
        let config = sandbox.config(global, json!({"c": {"command": sandbox.worker("c")}}));
        let mut check = Command::new(program());
        let check = clean(&mut check, &sandbox).args(["check-config", "--config"]).arg(&config);
        let check = check.env(variable, value).output().expect("it runs");
        assert!(check.status.success(), "{variable}={value}: {check:?}");
        let mut supervisor = Launch::new(&sandbox).env(variable, value).serve(&config);
        sandbox.started("c", 1);
        assert_eq!(supervisor.stop(), 0, "{variable}={value}");
    }
}

#[test]
fn with_every_process_disabled_it_says_so_and_waits_to_be_stopped() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(json!({}), json!({"c": {"command": sandbox.worker("c"), "enabled": false}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    wait_until(LONG, "a word", || supervisor.stdout().contains("every process is disabled"));
    assert_eq!(supervisor.stop(), 0);
    assert_eq!(sandbox.story(), Vec::<String>::new());
}
