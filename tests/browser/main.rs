//! The page of `trace --html` and the picture of `trace --svg` in a real browser: what a reader sees and does. Needs
//! Chromium; `tests/run` installs it. Pictures are kept in the target folder, under `tmp/browser`, to be looked at.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may fail")]
#![allow(clippy::print_stderr, reason = "the harness shows what the supervisor said when a test fails")]
#![allow(clippy::disallowed_methods, reason = "tests start programs and read clocks")]

#[path = "../support/mod.rs"]
mod support;

mod chromium;
mod page;

use serde_json::{Value, json};
use std::path::PathBuf;
use support::Sandbox;
use support::supervisor::{clean, program};

/// 2026-11-23T22:15:04Z.
const EPOCH: u64 = 1_795_472_104_000_000_000;

/// A span that began and ended so many milliseconds after the epoch.
fn span(name: &str, id: u32, parent: u32, (start, end): (u64, u64)) -> Value {
    let time = |at: u64| (EPOCH + at * 1_000_000).to_string();
    let id_of = |n: u32| if n == 0 { String::new() } else { format!("{n:016x}") };
    json!({
        "traceId": "4f2a".repeat(8), "spanId": id_of(id), "parentSpanId": id_of(parent), "name": name, "kind": 1,
        "startTimeUnixNano": time(start), "endTimeUnixNano": time(end),
    })
}

fn attribute(key: &str, text: &str) -> Value {
    json!({"key": key, "value": {"stringValue": text}})
}

/// A start of three processes; one fails, one has events.
fn start() -> Vec<Value> {
    let mut spans = vec![
        span("process_manager.start", 1, 0, (0, 1200)),
        span("process_manager.start_process", 2, 1, (0, 420)),
        span("process.spawn", 3, 2, (0, 20)),
        span("process.wait_ready", 4, 2, (20, 420)),
        span("process_manager.start_process", 5, 1, (0, 1200)),
        span("process_manager.wait_dependency", 6, 5, (0, 420)),
        span("process.spawn", 7, 5, (420, 1200)),
        span("process_manager.start_process", 8, 1, (400, 460)),
    ];
    for (at, process) in
        [(1, "database"), (2, "database"), (3, "database"), (4, "web"), (5, "web"), (6, "web"), (7, "worker")]
    {
        spans[at]["attributes"] = json!([attribute("process.name", process)]);
    }
    let probe = |at: u64| json!({"timeUnixNano": (EPOCH + at * 1_000_000).to_string(), "name": "probe_failed", "attributes": [attribute("error", "connection refused")]});
    spans[3]["events"] = json!([probe(120), probe(320)]);
    spans[7]["status"] = json!({"code": 2, "message": "no such file or directory: /usr/bin/wrker"});
    spans[0]["links"] = json!([{"traceId": "07".repeat(16), "spanId": "00000000000000aa"}]);
    spans
}

/// What `trace last` makes of these spans.
fn made(sandbox: &Sandbox, spans: &[Value], form: &str) -> PathBuf {
    let resource =
        json!({"attributes": [attribute("service.name", "shop"), attribute("host.name", "cart-7")]});
    let request = json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]});
    sandbox.write("traces.json", &request.to_string());
    let mut command = std::process::Command::new(program());
    let command = clean(&mut command, sandbox).args(["trace", "last", "--file", "traces.json", form]);
    let output = command.output().expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let path = sandbox.path(&format!("trace.{}", form.trim_start_matches('-')));
    std::fs::write(&path, output.stdout).expect("a file in the sandbox");
    path
}
