//! The page of metrics with the real program: true values under the documented names, traces beside counts, nothing of
//! what is gone, and nobody who may not read.

use super::traces::traced;
use crate::support::otlp::{Manner, Receiver, closed_port};
use crate::support::supervisor::{Supervisor, run};
use crate::support::web::{Ask, Reply, own_address};
use crate::support::{LONG, Sandbox, wait_for, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;

const OPEN_METRICS: &str = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5";

/// A page that is served by a supervisor.
struct Page {
    // First, so that it has ended and shown its log before the folder goes.
    supervisor: Supervisor,
    at: SocketAddr,
}

/// The keys of a page at this address, and these.
fn keys(at: SocketAddr, more: &Value) -> Value {
    let mut keys = json!({
        "metrics_enabled": true, "metrics_host": at.ip(), "metrics_port": at.port(), "control_socket": "none",
    });
    if let (Some(all), Value::Object(more)) = (keys.as_object_mut(), more.clone()) {
        all.extend(more);
    }
    keys
}

impl Page {
    fn of(sandbox: &Sandbox, global: &Value, processes: Value) -> Self {
        let at = own_address();
        let supervisor = Supervisor::start(sandbox, &sandbox.config(keys(at, global), processes));
        wait_for(LONG, "the page is served", || Ask::get("/health").tcp(at).ok());
        Self { supervisor, at }
    }

    fn ask(&self, path: &str) -> Reply {
        Ask::get(path).tcp(self.at).expect("an answer")
    }

    /// The series by name and labels, as they stand there.
    fn series(&self) -> BTreeMap<String, f64> {
        let page = wait_for(LONG, "a page", || {
            let page = self.ask("/metrics");
            assert!(matches!(page.status, 200 | 429), "{page:?}"); // who looks all the time has to wait
            (page.status == 200).then_some(page)
        });
        let lines = page.body.lines().filter(|line| !line.starts_with('#'));
        lines
            .map(|line| {
                let (series, value) = line.rsplit_once(' ').expect("a value");
                (series.to_owned(), value.parse().expect("a number"))
            })
            .collect()
    }

    fn waits(&self, series: &str, wanted: f64) {
        let is = |value: &f64| (value - wanted).abs() < 1e-9;
        wait_until(LONG, &format!("{series} {wanted}"), || self.series().get(series).is_some_and(is));
    }
}

#[test]
fn what_happens_to_processes_is_counted_and_what_is_gone_has_no_series() {
    let sandbox = Sandbox::new();
    let check = sandbox.script("check", "exit 0");
    let crash = sandbox.script("crash", "emit crash start\nexit 3");
    let kept = json!({
        "command": sandbox.worker("w"), "scale": 2, "depends_on": ["once"],
        "hooks": {"pre_start": [{"name": "warm", "command": ["true"]}]},
        "health_check": {"type": "exec", "command": check, "period": 1, "initial_delay": 0},
    });
    let before = json!({
        "w": kept,
        "crash": {"command": crash, "restart": "always", "max_restart_attempts": 2},
        "once": {"type": "oneshot", "command": ["true"]},
        "job": {"command": ["true"], "schedule": "* * * * * *"},
    });
    let mut page = Page::of(&sandbox, &json!({}), before);
    for (series, wanted) in [
        ("phpeek_pm_process_up{name=\"w\",instance=\"w-1\"}", 1.0),
        ("phpeek_pm_process_ready{name=\"w\",instance=\"w-1\"}", 1.0),
        ("phpeek_pm_process_current_scale{name=\"w\"}", 2.0),
        ("phpeek_pm_health_check_status{name=\"w\",type=\"exec\"}", 1.0),
        ("phpeek_pm_hook_executions_total{name=\"warm\",type=\"pre_start\",status=\"success\"}", 2.0),
        ("phpeek_pm_process_restarts_total{name=\"crash\",reason=\"crash\"}", 2.0),
        ("phpeek_pm_process_failed{name=\"crash\",instance=\"crash-0\"}", 1.0),
        ("phpeek_pm_process_last_exit_code{name=\"crash\",instance=\"crash-0\"}", 3.0),
        ("phpeek_pm_process_last_exit_code{name=\"once\",instance=\"once-0\"}", 0.0),
        ("phpeek_pm_dependency_wait_seconds_count{name=\"w\",dependency=\"once\"}", 1.0),
        ("phpeek_pm_scheduled_task_last_exit_code{name=\"job\"}", 0.0),
        ("phpeek_pm_manager_process_count", 4.0),
    ] {
        page.waits(series, wanted);
    }
    let series = page.series();
    let value =
        |series_of: &str| *series.get(series_of).unwrap_or_else(|| panic!("{series_of} in {series:#?}"));
    let now = std::time::UNIX_EPOCH.elapsed().expect("a clock").as_secs_f64();
    assert!((now - value("phpeek_pm_process_start_time_seconds{name=\"w\",instance=\"w-0\"}")).abs() < 60.0);
    assert!((now - value("phpeek_pm_scheduled_task_next_run_timestamp{name=\"job\"}")).abs() < 60.0);
    assert!(value("phpeek_pm_scheduled_task_total{name=\"job\",status=\"success\"}") >= 1.0);
    assert!(!series.keys().any(|key| key.contains("instance=\"job-")), "jobs are no instances: {series:#?}");
    // One instance fewer, and nothing of the others.
    let mut fewer = kept;
    fewer["scale"] = json!(1);
    fewer["depends_on"] = json!([]);
    sandbox.config(keys(page.at, &json!({})), json!({"w": fewer}));
    page.supervisor.signal(Signal::HUP);
    page.waits("phpeek_pm_reloads_total{status=\"success\"}", 1.0);
    page.waits("phpeek_pm_process_desired_scale{name=\"w\"}", 1.0);
    wait_until(LONG, "nothing of what is gone", || {
        let gone = ["w-1\"", "\"crash\"", "\"once\"", "\"job\""];
        !page.series().keys().any(|key| gone.iter().any(|gone| key.contains(gone)))
    });
    assert_eq!(page.supervisor.stop(), 0);
}

#[test]
fn a_count_names_the_trace_that_has_raised_it() {
    let receiver = Receiver::start(Manner::Takes);
    let sandbox = Sandbox::new();
    let crash = sandbox.script("crash", "emit crash start\nexit 3");
    let processes = json!({
        "crash": {"command": crash, "restart": "always", "max_restart_attempts": 1},
        "w": {"command": sandbox.worker("w")},
    });
    let mut page = Page::of(&sandbox, &traced(&receiver.endpoint()), processes);
    let count = "phpeek_pm_process_restarts_total{name=\"crash\",reason=\"crash\"}";
    page.waits(count, 1.0);
    let shown = Ask::get("/metrics").header("Accept", OPEN_METRICS).tcp(page.at).expect("a page");
    assert!(
        shown.head.contains("content-type: application/openmetrics-text; version=1.0.0"),
        "{}",
        shown.head
    );
    assert!(shown.body.ends_with("# EOF\n"), "{}", shown.body);
    let line = shown.body.lines().find(|line| line.starts_with(count)).expect("the count");
    let restart = receiver.wait("process_manager.restart_process", 1).remove(0);
    let exemplar = format!("1 # {{trace_id=\"{}\",span_id=\"{}\"}} 1.0 ", restart.trace, restart.id);
    assert!(line.contains(&exemplar), "{line} does not name {exemplar}");
    page.waits("phpeek_pm_trace_receiver_up", 1.0);
    wait_until(LONG, "spans are counted", || {
        page.series().get("phpeek_pm_trace_spans_exported_total").is_some_and(|count| *count > 2.0)
    });
    assert!(page.series()["trace_errors_total"].abs() < 1e-9);
    assert_eq!(page.supervisor.stop(), 0);
}

#[test]
fn a_collector_that_is_away_is_counted_as_errors() {
    let sandbox = Sandbox::new();
    let processes = json!({"w": {"command": sandbox.worker("w")}});
    let mut page = Page::of(&sandbox, &traced(&closed_port()), processes);
    sandbox.started("w", 1);
    page.waits("phpeek_pm_trace_receiver_up", 0.0);
    wait_until(LONG, "errors", || page.series().get("trace_errors_total").is_some_and(|count| *count >= 1.0));
    page.supervisor.stop();
}

#[test]
fn path_prefix_and_methods_are_as_they_were_configured() {
    let sandbox = Sandbox::new();
    let global = json!({"metrics_path": "/m/{x}", "metrics_prefix": "cbox_init"});
    let mut page = Page::of(&sandbox, &global, json!({"w": {"command": sandbox.worker("w")}}));
    let shown = page.ask("/m/{x}");
    assert!(shown.status == 200 && shown.body.contains("\ncbox_init_process_up{name=\"w\""), "{shown:?}");
    assert!(!shown.body.contains("phpeek_pm_"), "{shown:?}");
    assert!(shown.head.contains("content-type: text/plain; version=0.0.4"), "{}", shown.head);
    let health = page.ask("/health");
    assert_eq!((health.status, health.body.trim()), (200, "OK"));
    assert_eq!(page.ask("/metrics").status, 404);
    let posted = Ask::of("POST", "/m/{x}").header("Content-Type", "application/json").tcp(page.at);
    assert_eq!(posted.expect("an answer").status, 405);
    assert_eq!(page.supervisor.stop(), 0);
}

#[test]
fn only_addresses_that_were_named_may_read_and_they_may_use_any_name() {
    let sandbox = Sandbox::new();
    let worker = json!({"w": {"command": sandbox.worker("w")}});
    let at = own_address();
    let acl = |list: &[String]| json!({"metrics_acl": {"enabled": true, "allow_list": list}});
    let config = sandbox.config(keys(at, &acl(&["10.0.0.0/8".to_owned()])), worker.clone());
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let refused = wait_for(LONG, "an answer", || Ask::get("/metrics").tcp(at).ok());
    assert_eq!(refused.status, 403);
    assert_eq!(supervisor.stop(), 0);
    let mut page = Page::of(&sandbox, &acl(&["127.0.0.0/8".to_owned()]), worker.clone());
    let named =
        |page: &Page| Ask::get("/metrics").header("Host", "app:9090").tcp(page.at).expect("an answer");
    assert_eq!(named(&page).status, 200);
    assert_eq!(page.supervisor.stop(), 0);
    let mut page = Page::of(&sandbox, &json!({}), worker);
    assert_eq!(named(&page).status, 403, "a page of somebody else may have such a name for us");
    assert_eq!(page.supervisor.stop(), 0);
}

#[test]
fn beyond_loopback_it_must_be_said_who_may_read() {
    for (more, fault) in [
        (json!({"metrics_host": "0.0.0.0"}), Some("metrics_acl")),
        (
            json!({"metrics_host": "::", "metrics_acl": {"enabled": true, "allow_list": []}}),
            Some("metrics_acl"),
        ),
        (
            json!({"metrics_host": "::", "metrics_acl": {"enabled": true, "mode": "deny"}}),
            Some("metrics_acl"),
        ),
        (json!({"metrics_host": "::", "metrics_acl": {"enabled": true, "allow_list": ["10.0.0.0/8"]}}), None),
        (json!({"metrics_path": "metrics"}), Some("metrics_path")),
        (json!({"metrics_path": "/health"}), Some("/health is taken")),
        (json!({"metrics_prefix": "mine"}), Some("metrics_prefix")),
    ] {
        let sandbox = Sandbox::new();
        let config = sandbox.config(keys(own_address(), &more), json!({"w": {"command": ["/bin/true"]}}));
        let (code, said) = run(&sandbox, &["check-config", "--config", &config.display().to_string()]);
        match fault {
            Some(fault) => assert!(code == 78 && said.contains(fault), "{more}: {code}: {said}"),
            None => assert_eq!(code, 0, "{more}: {said}"),
        }
    }
}

#[test]
fn what_instances_use_is_looked_at_and_kept() {
    let (sandbox, api) = (Sandbox::new(), own_address());
    let global = json!({
        "resource_metrics_enabled": true, "resource_metrics_interval": "100ms", "resource_metrics_max_samples": 3,
        "api_enabled": true, "api_host": api.ip(), "api_port": api.port(),
    });
    // The leader sleeps; what it has started works.
    let busy = "emit busy start\nsh -c 'while :; do :; done' &\nwait";
    let processes = json!({"busy": {"command": sandbox.script("busy", busy)}});
    let mut page = Page::of(&sandbox, &global, processes);
    sandbox.started("busy", 1);
    let of = "{process=\"busy\",instance=\"busy-0\"}";
    wait_until(LONG, "what it has started works", || {
        page.series().get(&format!("phpeek_pm_process_cpu_percent{of}")).is_some_and(|percent| *percent > 5.0)
    });
    let series = page.series();
    assert!(series[&format!("phpeek_pm_process_threads{of}")] > 1.5, "the whole tree: {series:#?}");
    let memory = "phpeek_pm_process_memory_bytes{process=\"busy\",instance=\"busy-0\",type=\"rss\"}";
    assert!(series[memory] > 1e5 && series[&format!("phpeek_pm_process_file_descriptors{of}")] > 1.5);
    let ask = |query: &str| Ask::get(&format!("/api/v1/metrics/history{query}")).tcp(api).expect("an answer");
    let history = wait_for(LONG, "as many samples as are kept", || {
        let history = ask("?process=busy&instance=busy-0").json();
        // The first look may come before what it starts.
        (history["samples"] == 3 && history["data"][0]["threads"].as_u64() > Some(1)).then_some(history)
    });
    let first = &history["data"][0];
    assert!(first["memory_rss_bytes"].as_u64() > Some(100_000), "{history}");
    assert!(history["data"][0]["timestamp"].as_str() < history["data"][2]["timestamp"].as_str(), "{history}");
    assert_eq!(ask("?process=busy&instance=busy-0&limit=1").json()["samples"], 1);
    for (query, status) in [
        ("", 400),
        ("?process=busy", 400),
        ("?process=busy&instance=busy-0&since=yesterday", 400),
        ("?process=busy&instance=busy-0&limit=10001", 400),
        ("?process=other&instance=other-0", 404),
        ("?process=busy&instance=busy-7", 404),
    ] {
        assert_eq!(ask(query).status, status, "{query}");
    }
    assert_eq!(page.supervisor.stop(), 0);
}

#[test]
fn what_the_api_answers_is_counted_and_timed_by_its_route() {
    let (sandbox, api) = (Sandbox::new(), own_address());
    let global = json!({"api_enabled": true, "api_host": api.ip(), "api_port": api.port()});
    let mut page = Page::of(&sandbox, &global, json!({"w": {"command": sandbox.worker("w")}}));
    sandbox.started("w", 1);
    for (method, path) in [
        ("GET", "/processes/w"),
        ("GET", "/processes/x"),
        ("GET", "/processes/y"),
        ("POST", "/processes/w/restart"),
        ("GET", "/nonsense/1"),
        ("GET", "/nonsense/2"),
    ] {
        Ask::of(method, &format!("/api/v1{path}")).tcp(api).expect("an answer");
    }
    let of = |method: &str, route: &str, status: u16| {
        format!("{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}}")
    };
    for (labels, count) in [
        (of("GET", "/processes/{name}", 200), 1.0),
        (of("GET", "/processes/{name}", 404), 2.0),
        (of("POST", "/processes/{name}/restart", 200), 1.0),
        (of("GET", "none", 404), 2.0),
    ] {
        page.waits(&format!("phpeek_pm_api_requests_total{labels}"), count);
        page.waits(&format!("phpeek_pm_api_request_duration_seconds_count{labels}"), count);
    }
    assert_eq!(page.supervisor.stop(), 0);
}
