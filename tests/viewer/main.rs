//! `phpeek-pm trace` as a person uses it: the traces of a real run, read from the file that the exporter wrote. Needs
//! nothing installed but `/bin/sh`; what needs a browser lies in `tests/browser`.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may fail")]
#![allow(clippy::print_stderr, reason = "the harness shows what the supervisor said when a test fails")]
#![allow(clippy::disallowed_methods, reason = "tests start programs and read clocks")]

#[path = "../support/mod.rs"]
mod support;

mod commands;
mod following;

use serde_json::json;
use support::supervisor::Launch;
use support::{LONG, Sandbox, wait_until};

/// A sandbox with `traces.json`: a start of `web` after a oneshot, a crash of `flaky` and its restart, a shutdown.
fn told() -> Sandbox {
    let sandbox = Sandbox::new();
    let crash = "emit flaky start\nif [ ! -e \"$SANDBOX/crashed\" ]; then : >\"$SANDBOX/crashed\"; exit 3; fi\nexec sleep 1000";
    let config = sandbox.config(
        json!({"tracing_enabled": true, "tracing_exporter": "file", "tracing_file": sandbox.path("traces.json")}),
        json!({
            "migrate": {"type": "oneshot", "command": sandbox.script("migrate", "sleep 0.3")},
            "web": {"command": sandbox.worker("web"), "depends_on": ["migrate"]},
            "flaky": {"command": sandbox.script("flaky", crash), "depends_on": ["migrate"], "restart": "always"},
        }),
    );
    let mut supervisor = Launch::new(&sandbox).serve(&config);
    sandbox.started("web", 1);
    sandbox.started("flaky", 2);
    wait_until(LONG, "the restart is in the file", || {
        let text = std::fs::read_to_string(sandbox.path("traces.json")).unwrap_or_default();
        text.contains("process_manager.restart_process")
    });
    assert_eq!(supervisor.stop(), 0);
    sandbox
}
