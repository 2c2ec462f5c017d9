//! No report repeats a secret, and what a zero wait and the names of exporters mean.

use crate::{read, refused, valid};
use phpeek_pm::cli::check::{Detail, human, json};
use phpeek_pm::config::{Finding, Severity, Strictness};
use std::time::Duration;

#[test]
fn no_report_repeats_a_secret() {
    for text in [
        "global: {api_auth: hunter2, log_level: hunter}\nprocesses: {a: {command: [x]}}",
        "global:\n  api_auth: \"hunter2\\0\"\nprocesses: {a: {command: [x]}}",
        "global:\n  api_auth: [hunter2]\nprocesses: {a: {command: [x]}}",
        "global:\n  api_auth:\n    hunter2: {\n  x",
        "global: {tracing_exporter: otlp-grpc, tracing_endpoint: 'http://u:hunter2@h:4317'}\nprocesses: {a: {command: [x]}}",
        "global: {tracing_exporter: otlp-grpc, tracing_endpoint: 'u:hunter2@h'}\nprocesses: {a: {command: [x]}}",
        "processes: {a: {command: [x], env: {A: '${hunter2'}}}",
        "processes:\n  a:\n    command: [x]\n    env:\n      A: \"hunter2\n  b",
        "processes:\n  a:\n    command: [x]\n    env:\n      A: [hunter2]\n",
        "processes: {a: {command: [x], DB_PASSWORD: hunter2}}",
        "processes: {a: {command: [x], heartbeat: {headers: {X: [hunter2]}}}}",
        "processes: {a: {command: [x], heartbeat: {\n  headers: {X: 1,\n  Y: [hunter2]}}}}",
        "processes: {a: {command: [x, '--token=hunter2', '${V'], scale: x}}",
    ] {
        let report = read(text, &[("PHPEEK_PM_GLOBAL_API_AUTH", "[hunter2 x")]).report;
        let all = human(&report, Detail::Full, Strictness::Usual) + &json(&report, Strictness::Usual);
        assert!(report.findings.iter().any(|f| f.severity != Severity::Suggestion), "{text}");
        assert!(!all.contains("hunter2"), "{text}\n{all}");
    }
    let shown = read("processes: {a: {command: [x], scale: many}}", &[]).report;
    assert!(human(&shown, Detail::Full, Strictness::Usual).contains("1 | processes"));
}

#[test]
fn no_report_repeats_a_secret_of_tracing() {
    let grpc = "tracing_enabled: true, tracing_exporter: otlp-grpc";
    for keys in [
        "tracing_headers: {authorization: [hunter2]}",
        "tracing_headers: {authorization: {hunter2: }}",
        "tracing_headers: {authorization: {file: /etc/hostname, hunter2: x}}",
        "tracing_headers: hunter2",
        "tracing_headers: {authorization: 'hunter2'}",
        "tracing_headers: {x-team: hunter2, log_level: [x]}",
        "tracing_headers: {\n    x-team: hunter2,\n    x-other: [x]}",
        "tracing_proxy: 'http://u:hunter2@[p'",
        "tracing_proxy: [hunter2]",
        "tracing_proxy: {hunter2: x}",
        "tracing_failover: ['u:hunter2@h']",
        "tracing_failover: ['hunter2@x://h']",
        "tracing_endpoint: 'http://h:4317/?key=hunter2'",
        "tracing_client_cert_file: /etc/hostname, tracing_client_key_file: '-----BEGIN PRIVATE KEY----- hunter2'",
    ] {
        let text = format!("global: {{{grpc}, {keys}}}\nprocesses: {{a: {{command: [x]}}}}\n");
        let loaded = read(&text, &[]);
        let report = &loaded.report;
        let all = human(report, Detail::Full, Strictness::Usual) + &json(report, Strictness::Usual);
        assert!(report.findings.iter().any(|f| f.severity != Severity::Suggestion), "{text}\n{all}");
        assert!(!all.contains("hunter2"), "{text}\n{all}");
    }
    let sound = "global: {tracing_enabled: true, tracing_exporter: zipkin, tracing_endpoint: 'https://h/v1?Api-Key=hunter2'}\n\
        processes: {a: {command: [x]}}\n";
    let loaded = read(sound, &[]);
    let all = human(&loaded.report, Detail::Full, Strictness::Usual) + &format!("{:?}", loaded.configuration);
    assert!(loaded.configuration.is_some() && !all.contains("hunter2"), "{all}");
}

#[test]
fn the_exporters_that_others_write_are_known_and_no_other() {
    let with = |name: &str, on: bool| {
        format!(
            "global: {{tracing_enabled: {on}, tracing_exporter: {name}}}\nprocesses: {{a: {{command: [x]}}}}\n"
        )
    };
    for name in ["jaeger", "zipkin", "otlp-http", "otlp-grpc", "otlp", "stdout"] {
        for on in [false, true] {
            let loaded = read(&with(name, on), &[]);
            assert!(loaded.configuration.is_some_and(|c| c.tracing.is_some() == on), "{name}");
            assert_eq!(loaded.report.of(Severity::Warning).count(), 0, "{name}");
        }
    }
    assert!(refused(&with("carrier-pigeon", false), &[]).contains("no exporter"));
}

#[test]
fn no_wait_between_runs_has_a_floor_and_a_warning() {
    for global in [
        "restart_backoff: 0",
        "restart_backoff_initial: 0s, max_restart_attempts: -1",
        "restart_backoff_max: 0",
    ] {
        let text = format!("global: {{{global}}}\nprocesses: {{a: {{command: [x]}}}}\n");
        let backoff = valid(&text, &[]).spec.processes[0].restart.backoff;
        assert_eq!(
            (backoff.initial(), backoff.max()),
            (Duration::from_millis(10), Duration::from_millis(10))
        );
        let report = read(&text, &[]).report;
        let of_backoff = |finding: &&Finding| finding.path.starts_with("global.restart_backoff");
        assert_eq!(report.of(Severity::Warning).filter(of_backoff).count(), 1, "{global}");
    }
    let text =
        "global: {restart_backoff_initial: 1ms, restart_backoff_max: 1ms}\nprocesses: {a: {command: [x]}}\n";
    assert_eq!(valid(text, &[]).spec.processes[0].restart.backoff.initial(), Duration::from_millis(1));
}

#[test]
fn keys_of_later_are_one_warning() {
    let full = include_str!("../../config/full.yaml");
    assert_eq!(read(full, &[]).report.of(Severity::Warning).count(), 0, "what is off needs no word");
    let on = full.replace("enabled: false # whether pools", "enabled: true # whether pools");
    let on = on.replace("health_check_strict: false", "health_check_strict: true");
    let report = read(&on, &[]).report;
    let said: Vec<&str> = report.of(Severity::Warning).map(|w| w.message.as_str()).collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(report.of(Severity::Error).count(), 0);
}

#[test]
fn what_serde_yaml_reads_is_not_refused_when_there_is_something_to_say() {
    let text = "processes: {\na: {command: [x], env: {DB_PASSWORD: p}}\n}\n";
    let loaded = read(text, &[]);
    assert!(loaded.configuration.is_some(), "{:?}", loaded.report.findings);
    assert_eq!(loaded.report.of(Severity::Warning).count(), 1);
}
