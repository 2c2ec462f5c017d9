//! `config/php-fpm/tracing.conf` in a pool of the real php-fpm: its workers know the trace that started it, with the
//! environment cleared as it is by default, and nothing else of the environment.

use crate::day::{SPAWN, START, START_PROCESS, traced};
use crate::fastcgi;
use crate::otelcol::Collector;
use crate::support::otlp::Trace;
use crate::support::php_fpm;
use crate::support::supervisor::Launch;
use crate::support::{LONG, Sandbox, wait_for};
use rustix::process::geteuid;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn repository(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// One start of php-fpm, one request: what a worker saw of its environment, and all spans.
fn request(context: &str, include: bool) -> (Value, Trace) {
    let collector = Collector::start(&[]);
    let sandbox = Sandbox::new();
    fs::set_permissions(sandbox.dir(), fs::Permissions::from_mode(0o755)).expect("our folder");
    let socket = sandbox.path("fpm.sock");
    let preset = repository("config/php-fpm/tracing.conf");
    let include = if include { format!("include = {}\n", preset.display()) } else { String::new() };
    // Only root may, and must, say who the workers are.
    let user = if geteuid().is_root() { "user = www-data\ngroup = www-data\n" } else { "" };
    let pool = sandbox.write(
        "fpm.conf",
        &format!(
            "[global]\ndaemonize = no\nerror_log = /proc/self/fd/2\n[www]\n{user}listen = {}\npm = static\n\
             pm.max_children = 1\n{include}",
            socket.display()
        ),
    );
    // The workers need not be able to read the repository.
    let script = sandbox.write("work.php", include_str!("children/work.php"));
    let config = sandbox.config(
        traced("otlp-grpc", &collector.endpoint()),
        json!({"php-fpm": {
            "command": [php_fpm(), "-F", "-y", pool],
            "tracing_context": context,
            "shutdown": {"signal": "SIGQUIT"},
            "env": {
                "OTEL_SERVICE_NAME": "php",
                "OTEL_EXPORTER_OTLP_ENDPOINT": format!("http://127.0.0.1:{}", collector.http),
                "SECRET": "not for workers",
            },
        }}),
    );
    let mut supervisor = Launch::new(&sandbox).serve(&config);
    let answer = wait_for(LONG, "an answer of php-fpm", || fastcgi::get(&socket, &script).ok());
    collector.wait(START, 1);
    let trace = collector.trace();
    assert_eq!(supervisor.stop(), 0);
    let (_, body) = answer.split_once("\r\n\r\n").expect("headers and body");
    let seen: Value = serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {answer}"));
    assert!(seen["SECRET"].is_null(), "the rest of the environment stays hidden: {seen}");
    // The worker has sent its span before it answered.
    let spans =
        if include.is_empty() { trace } else { Trace([trace.0, collector.wait("php work", 1)].concat()) };
    (seen, spans)
}

#[test]
fn under_parent_a_worker_is_a_child_of_the_spawn() {
    let (seen, trace) = request("parent", true);
    let spawn = trace.children(&trace.of(START_PROCESS, "php-fpm")).into_iter().find(|s| s.name == SPAWN);
    let spawn = spawn.expect("it was spawned");
    assert_eq!(seen["TRACEPARENT"], format!("00-{}-{}-01", spawn.trace, spawn.id));
    assert_eq!((&seen["PHPEEK_PM_PROCESS_NAME"], &seen["BAGGAGE"]), (&json!("php-fpm"), &json!("")));
    let work = trace.named("php work").remove(0);
    assert_eq!((&work.trace, &work.parent), (&spawn.trace, &spawn.id));
    assert_eq!(work.resource.get("service.name").map(String::as_str), Some("php"));
}

#[test]
fn by_default_a_worker_knows_the_trace_of_the_start_and_has_no_parent() {
    let (seen, trace) = request("auto", true);
    assert_eq!(seen["TRACEPARENT"], "");
    let attributes = seen["OTEL_RESOURCE_ATTRIBUTES"].as_str().expect("they are set");
    let start = trace.one(START).trace;
    for wanted in ["service.instance.id=php-fpm-0", &format!("process_manager.start.trace_id={start}")] {
        assert!(attributes.split(',').any(|a| a == wanted), "{wanted} is not in {attributes}");
    }
    assert!(trace.named("php work")[0].parent.is_empty());
}

#[test]
fn without_the_preset_php_fpm_hides_it_all() {
    let (seen, _) = request("parent", false);
    for name in ["TRACEPARENT", "OTEL_RESOURCE_ATTRIBUTES", "PHPEEK_PM_PROCESS_NAME"] {
        assert!(seen[name].is_null(), "{name}: {seen}");
    }
}
