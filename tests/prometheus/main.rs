//! The page of metrics, the alert rules and the dashboard, as a real Prometheus reads them. Needs prometheus and promtool,
//! which `tests/run` installs (feature `needs-prometheus`), and fails where they are not there.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may fail")]
#![allow(clippy::print_stderr, reason = "the harness shows what the supervisor said when a test fails")]
#![allow(clippy::disallowed_methods, reason = "tests start programs and read clocks")]

#[path = "../support/mod.rs"]
mod support;

use rustix::process::Signal;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;
use support::backend::{Running, free_port};
use support::otlp::{Manner, Receiver};
use support::supervisor::Supervisor;
use support::web::{Ask, own_address};
use support::{LONG, Sandbox, wait_for, wait_until};

/// The alert is about a rate over five minutes.
const ALERT: Duration = Duration::from_secs(120);

fn rules() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("config/prometheus/alerts.yaml")
}

/// A Prometheus that reads a page each second.
struct Prometheus {
    _running: Running,
    at: SocketAddr,
}

impl Prometheus {
    fn reads(sandbox: &Sandbox, page: SocketAddr, at: SocketAddr) -> Self {
        let config = json!({
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [rules()],
            "scrape_configs": [{"job_name": "phpeek-pm", "static_configs": [{"targets": [page.to_string()]}]}],
        });
        let file = sandbox.write("prometheus.yml", &config.to_string());
        let mut running = Running::start(
            Command::new("prometheus")
                .arg(format!("--config.file={}", file.display()))
                .arg(format!("--storage.tsdb.path={}", sandbox.path("tsdb").display()))
                .arg(format!("--web.listen-address={at}"))
                .arg("--enable-feature=exemplar-storage"),
        );
        running.listens(at.port());
        Self { _running: running, at }
    }

    fn ask(&self, path: &str) -> Value {
        let reply = Ask::get(path).tcp(self.at).ok();
        reply.filter(|reply| reply.status == 200).map_or(Value::Null, |reply| reply.json()["data"].clone())
    }

    /// The value of the one series of a query.
    fn value(&self, query: &str) -> Option<f64> {
        let found = self.ask(&format!("/api/v1/query?query={query}"));
        found["result"][0]["value"][1].as_str()?.parse().ok()
    }

    fn fires(&self, alert: &str) -> bool {
        let alerts = self.ask("/api/v1/alerts");
        let named = |one: &Value| one["labels"]["alertname"] == alert && one["state"] == "firing";
        alerts["alerts"].as_array().is_some_and(|all| all.iter().any(named))
    }
}

/// What a program of Prometheus says: its code, and all its words.
fn promtool(arguments: &[&str], input: Option<&PathBuf>) -> (bool, String) {
    let stdin = input.map_or_else(Stdio::null, |path| std::fs::File::open(path).expect("a file").into());
    let output =
        Command::new("promtool").args(arguments).stdin(stdin).output().expect("promtool is installed");
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

#[test]
fn the_rules_are_sound_and_name_series_that_there_are() {
    let (sound, said) = promtool(&["check", "rules", &rules().display().to_string()], None);
    assert!(sound, "{said}");
}

#[test]
fn a_prometheus_reads_the_page_and_its_alert_fires_when_the_collector_is_away() {
    let receiver = Receiver::start(Manner::Takes);
    let (sandbox, page) = (Sandbox::new(), own_address());
    let at = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let global = json!({
        "metrics_enabled": true, "metrics_host": page.ip(), "metrics_port": page.port(), "control_socket": "none",
        // Its own series, of every kind that there is, by way of our page.
        "metrics_federate": [{"name": "prometheus", "url": format!("http://{at}/metrics")}],
        "resource_metrics_enabled": true, "resource_metrics_interval": 1,
        "tracing_enabled": true, "tracing_exporter": "otlp-grpc", "tracing_endpoint": receiver.endpoint(),
    });
    let worker =
        json!({"command": sandbox.worker("w"), "scale": 4, "restart": "always", "max_restart_attempts": -1});
    let mut supervisor = Supervisor::start(&sandbox, &sandbox.config(global, json!({"w": worker})));
    sandbox.started("w", 4);
    let prometheus = Prometheus::reads(&sandbox, page, at);
    wait_until(LONG, "it is read", || prometheus.value("sum(phpeek_pm_process_up)").is_some_and(|n| n > 3.5));
    wait_until(LONG, "what is used is read", || {
        prometheus.value("sum(phpeek_pm_process_memory_bytes)").is_some_and(|bytes| bytes > 1e5)
    });
    wait_until(LONG, "what another exporter says is read", || {
        let up = prometheus.value("phpeek_pm_federate_up").is_some_and(|up| up > 0.5);
        up && [
            "go_goroutines",
            "prometheus_http_requests_total",
            "prometheus_engine_query_duration_seconds_count",
        ]
        .iter()
        .all(|series| prometheus.value(&format!("count({series})")).is_some_and(|n| n > 0.5))
    });
    // The page as it is: nothing is wrong with it but a name that is documented so.
    let text = wait_for(LONG, "the page", || Ask::get("/metrics").tcp(page).ok()).body;
    let (_, said) = promtool(&["check", "metrics"], Some(&sandbox.write("page", &text)));
    let wrong: Vec<_> = said.lines().filter(|line| !line.contains("manager_process_count")).collect();
    assert_eq!(wrong, Vec::<&str>::new());
    assert!(!prometheus.fires("HighTraceErrorRate"));
    // The newest restart can be looked up in the traces.
    supervisor.signal(Signal::USR1);
    sandbox.started("w", 8);
    let restart = receiver.wait("process_manager.restart_process", 1).remove(0);
    wait_until(LONG, "exemplars", || {
        let now = std::time::UNIX_EPOCH.elapsed().expect("a clock").as_secs();
        let span = format!("&start={}&end={}", now - 600, now + 600);
        let found =
            prometheus.ask(&format!("/api/v1/query_exemplars?query=phpeek_pm_process_restarts_total{span}"));
        found.to_string().contains("trace_id")
    });
    assert!(!restart.trace.is_empty());
    drop(receiver);
    supervisor.signal(Signal::USR1);
    sandbox.started("w", 12);
    wait_until(ALERT, "the alert fires", || prometheus.fires("HighTraceErrorRate"));
    wait_until(LONG, "it is down", || {
        prometheus.value("phpeek_pm_trace_receiver_up").is_some_and(|up| up < 0.5)
    });
    supervisor.stop();
}

/// The names of series in a text: what begins with our prefix.
fn names(text: &str) -> Vec<String> {
    let own = |word: &&str| word.starts_with("phpeek_pm_");
    let split = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    let bare = |word: &str| word.trim_end_matches("_bucket").to_owned();
    text.split(split).filter(own).map(bare).collect()
}

#[test]
fn rules_and_dashboard_name_only_series_of_the_program() {
    let source = |name: &str| {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/metrics/page");
        std::fs::read_to_string(root.join(name)).expect("a file")
    };
    let program = ["process.rs", "resources.rs", "system.rs"].map(source).concat();
    let dashboard = include_str!("../../config/grafana/phpeek-pm.json");
    let board: Value = serde_json::from_str(dashboard).expect("JSON");
    assert!(board["panels"].as_array().is_some_and(|all| all.len() > 10));
    let all = names(dashboard).into_iter().chain(names(&std::fs::read_to_string(rules()).expect("rules")));
    let mut seen = 0;
    for name in all {
        let bare = name.trim_start_matches("phpeek_pm_").trim_end_matches("_total").to_owned();
        assert!(program.contains(&format!("\"{bare}\"")), "{name} is no series");
        seen += 1;
    }
    assert!(seen > 20, "{seen}");
}
