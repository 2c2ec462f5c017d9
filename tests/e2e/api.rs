//! The management API with the real program: what it answers, to whom, and what is left of it.

use crate::support::supervisor::{Supervisor, clean, program, run};
use crate::support::web::{Ask, own_address};
use crate::support::{LONG, Sandbox, openapi, procfs, wait_for, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// A supervisor with an API on a free port, its socket in the sandbox, and one worker, which is up.
struct Api {
    // First, so that it has ended and shown its log before the folder goes.
    supervisor: Supervisor,
    sandbox: Sandbox,
    at: SocketAddr,
}

impl Api {
    fn with(global: Value) -> Self {
        let sandbox = Sandbox::new();
        let at = own_address();
        let mut settings = json!({
            "api_enabled": true, "api_host": at.ip(), "api_port": at.port(),
            "api_socket": sandbox.path("api.sock"), "control_socket": "none",
        });
        if let (Some(all), Value::Object(more)) = (settings.as_object_mut(), global) {
            all.extend(more);
        }
        let worker = json!({"command": sandbox.worker("w"), "scale": 2, "env": {"DB_PASSWORD": "hunter2"}});
        let config = sandbox.config(settings, json!({"w": worker}));
        let supervisor = Supervisor::start(&sandbox, &config);
        sandbox.started("w", 2);
        wait_for(LONG, "the API answers", || Ask::get("/api/v1/health").tcp(at).ok());
        Self { supervisor, sandbox, at }
    }

    fn status(&self, ask: &Ask) -> u16 {
        ask.tcp(self.at).expect("an answer").status
    }
}

/// What `check-config` says of these keys.
fn judged(global: Value) -> (i32, String) {
    let sandbox = Sandbox::new();
    let config = sandbox.config(global, json!({"w": {"command": ["/bin/true"]}})).display().to_string();
    run(&sandbox, &["check-config", "--config", &config])
}

#[test]
fn the_state_is_told_and_secrets_are_not() {
    let mut api = Api::with(json!({}));
    let list = || Ask::get("/api/v1/processes").tcp(api.at).expect("an answer");
    wait_until(LONG, "both run", || {
        list().json()["processes"][0]["instances"]
            .as_array()
            .is_some_and(|all| all.iter().all(|i| i["state"] == "running"))
    });
    let all = list();
    let process = &all.json()["processes"][0];
    assert_eq!(
        (&process["name"], &process["scale"], &process["type"]),
        (&json!("w"), &json!(2), &json!("longrun"))
    );
    let pids: Vec<_> = api.sandbox.events_of("w", "start").iter().map(|event| json!(event.pid)).collect();
    let told: Vec<_> =
        process["instances"].as_array().expect("instances").iter().map(|i| i["pid"].clone()).collect();
    assert!(pids.iter().all(|pid| told.contains(pid)), "{pids:?} {told:?}");
    let one = Ask::get("/api/v1/processes/w").tcp(api.at).expect("an answer");
    assert_eq!(one.json()["config"]["env"]["DB_PASSWORD"], "***");
    assert!(!one.body.contains("hunter2") && !all.body.contains("hunter2"));
    // A change is seen at once: nothing that is older than a question answers it.
    let victim = i32::try_from(told[0].as_i64().expect("a pid")).expect("a pid");
    procfs::signal(victim, Signal::KILL);
    wait_until(LONG, "another pid", || list().json()["processes"][0]["instances"][0]["pid"] != told[0]);
    let socket = api.sandbox.path("api.sock");
    let mode = std::fs::metadata(&socket).expect("a socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(Ask::get("/api/v1/processes").unix(&socket).expect("an answer").status, 200);
    assert_eq!(api.supervisor.stop(), 0);
    assert!(!socket.exists(), "the socket goes with the supervisor");
}

#[test]
fn what_is_not_there_is_told_so() {
    let api = Api::with(json!({}));
    for (method, path, wanted) in [
        ("POST", "/health", 405),
        ("GET", "/processes/zz", 404),
        ("POST", "/processes/", 400),
        ("POST", "/processes/w/", 400),
        ("POST", "/processes/w/foo", 400),
        ("POST", "/processes/zz/foo", 404),
        ("PATCH", "/processes/w", 405),
        ("GET", "/processes/..", 404),
        ("GET", "/processes/%2e%2e", 404),
        ("GET", "/processes/w%2f..", 404),
        ("GET", "/processes/%00", 404),
        ("GET", "/processes/%ff", 400),
        ("GET", "/processes/w.spec.env", 404),
        ("GET", "/nothing", 404),
        ("GET", "/processes?limit=1", 400),
        ("GET", "/logs?limt=1", 400),
        ("GET", "/events?follow=maybe", 400),
        ("GET", "/oneshot/history?limit=10001", 400),
        ("POST", "/processes/w/stop?force=true", 400),
    ] {
        let reply = Ask::of(method, &format!("/api/v1{path}")).tcp(api.at).expect("an answer");
        assert_eq!(reply.status, wanted, "{method} {path}: {}", reply.body);
        assert!(reply.json()["error"].is_string(), "{method} {path}: {}", reply.body);
    }
    assert_eq!(api.status(&Ask::get("/api/v1/processes")), 200);
    assert_eq!(api.status(&Ask::get("/api/v1/health?nocache=1")), 200, "probes may say what they like");
    assert_eq!(api.sandbox.events_of("w", "start").len(), 2, "nothing was stopped");
}

#[test]
fn a_page_in_a_browser_may_not_ask() {
    let api = Api::with(json!({}));
    let list = || Ask::get("/api/v1/processes");
    assert_eq!(api.status(&list().header("Host", "evil.example")), 403);
    assert_eq!(api.status(&list().header("Origin", "http://evil.example")), 403);
    assert_eq!(api.status(&list().header("Host", &api.at.to_string())), 200);
}

#[test]
fn a_token_is_wanted_on_every_way_in_and_stands_in_no_log() {
    let mut api = Api::with(json!({"api_auth": "tok-1", "log_level": "debug"}));
    let list = || Ask::get("/api/v1/processes");
    let shown = list().header("Authorization", "Bearer tok-1");
    assert_eq!((api.status(&list()), api.status(&shown)), (401, 200));
    let socket = api.sandbox.path("api.sock");
    assert_eq!(list().unix(&socket).expect("an answer").status, 401);
    assert_eq!(shown.unix(&socket).expect("an answer").status, 200);
    assert_eq!(api.supervisor.stop(), 0);
    let log = api.supervisor.stdout();
    assert!(log.contains("GET /api/v1/processes: 401") && !log.contains("tok-1"), "{log}");
}

#[test]
fn what_would_be_open_to_all_is_refused_before_anything_starts() {
    for (global, words) in [
        (json!({"api_enabled": true, "api_host": "0.0.0.0"}), "api_auth"),
        (
            json!({"api_enabled": true, "api_host": "::", "api_acl": {"enabled": true, "allow_list": ["10.0.0.0/8"]}}),
            "api_auth",
        ),
        (json!({"api_enabled": true, "api_host": "example.com"}), "no address"),
        (json!({"api_enabled": true, "api_acl": {"enabled": true, "allow_list": ["nonsense"]}}), "nonsense"),
        (json!({"api_enabled": true, "api_tls": {"enabled": true}}), "cert_file"),
        (json!({"api_enabled": true, "api_auth": "two words"}), "token"),
        (json!({"api_socket": "relative.sock"}), "absolute"),
    ] {
        let (code, text) = judged(global.clone());
        assert!(code != 0 && text.contains(words), "{global}: {code}: {text}");
        assert!(!text.contains("two words"), "a token is in no report: {text}");
    }
    let (code, text) = judged(json!({"api_enabled": true, "api_host": "0.0.0.0", "api_auth": "tok-1"}));
    assert!(code == 0 && !text.contains("tok-1"), "{code}: {text}");
}

#[test]
fn a_port_that_is_taken_is_told_and_nothing_starts() {
    let sandbox = Sandbox::new();
    let at = own_address();
    let _taken = TcpListener::bind(at).expect("the port");
    let config = sandbox.config(
        json!({"api_enabled": true, "api_host": at.ip(), "api_port": at.port()}),
        json!({"w": {"command": sandbox.worker("w")}}),
    );
    let (code, text) = run(&sandbox, &["serve", "--config", &config.display().to_string()]);
    assert!(code == 73 && text.contains(&at.to_string()) && text.contains("api_enabled"), "{code}: {text}");
    assert!(sandbox.events().is_empty(), "nothing was started");
}

#[test]
fn an_audit_tells_who_was_refused_and_what_has_happened() {
    let mut api = Api::with(json!({"audit_enabled": true, "api_auth": "tok-1"}));
    assert_eq!(api.status(&Ask::get("/api/v1/processes")), 401);
    for path in ["/api/v1/config/save", "/api/v1/config/reload"] {
        let ask = Ask::of("POST", path).header("Authorization", "Bearer tok-1");
        assert_eq!(api.status(&ask), 200, "{path}");
    }
    let first = api.sandbox.events_of("w", "start")[0].pid;
    assert!(procfs::signal(first, Signal::KILL));
    api.sandbox.started("w", 3);
    assert_eq!(api.supervisor.stop(), 0);
    let text = api.supervisor.stdout();
    let records = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let kinds: Vec<String> =
        records.filter_map(|record| record["event_type"].as_str().map(str::to_owned)).collect();
    for kind in [
        "auth.failure",
        "process.start",
        "process.crash",
        "process.restart",
        "process.stop",
        "system.shutdown",
        "config.save",
        "config.reload",
    ] {
        assert!(kinds.iter().any(|told| told == kind), "{kind} is not in {kinds:?}");
    }
    assert!(!text.contains("tok-1"));
}

#[test]
fn a_command_has_its_token_from_a_variable() {
    let mut api = Api::with(json!({"api_auth": "tok-1"}));
    let socket = api.sandbox.path("api.sock").display().to_string();
    let list = |token: Option<(&str, &str)>| {
        let mut command = Command::new(program());
        clean(&mut command, &api.sandbox).args(["list", "--socket", &socket]).envs(token);
        command.output().expect("the program runs").status.code()
    };
    assert_eq!(list(None), Some(1));
    assert_eq!(list(Some(("PHPEEK_PM_API_AUTH", "other"))), Some(1));
    for name in ["PHPEEK_PM_API_AUTH", "CBOX_INIT_API_AUTH"] {
        assert_eq!(list(Some((name, "tok-1"))), Some(0), "{name}");
    }
    assert_eq!(api.supervisor.stop(), 0);
    assert!(!api.supervisor.stdout().contains("tok-1"));
}

#[test]
fn its_document_is_served_and_what_it_does_not_say_is_noticed() {
    let api = Api::with(json!({}));
    let served = Ask::get("/api/v1/openapi.json").tcp(api.at).expect("an answer");
    let published = concat!(env!("CARGO_MANIFEST_DIR"), "/config/openapi.json");
    assert_eq!(served.body, std::fs::read_to_string(published).expect("a file"));
    let json = "content-type: application/json";
    for (method, path, answer) in [
        ("GET", "/api/v1/processes", (200, json, "{}")),
        ("GET", "/api/v1/processes", (200, json, r#"{"processes": [], "more": 1}"#)),
        ("GET", "/api/v1/processes", (200, json, r#"{"processes": [7]}"#)),
        ("GET", "/api/v1/processes", (200, "content-type: text/plain", "")),
        ("GET", "/api/v1/processes", (418, json, r#"{"error": "x"}"#)),
        ("PUT", "/api/v1/health", (200, json, "{}")),
    ] {
        assert!(openapi::fault(method, path, answer).is_some(), "{method} {path} {answer:?}");
    }
    assert_eq!(openapi::fault("GET", "/api/v1/processes", (200, json, r#"{"processes": []}"#)), None);
}

#[test]
fn connections_that_say_nothing_lock_nobody_out() {
    let api = Api::with(json!({}));
    let silent: Vec<_> =
        (0..400).map(|_| std::net::TcpStream::connect(api.at).expect("a connection")).collect();
    let begun = std::time::Instant::now();
    assert_eq!(api.status(&Ask::get("/api/v1/health")), 200);
    // By themselves they would be let go after 5 s.
    assert!(begun.elapsed().as_secs() < 4, "{:?}", begun.elapsed());
    drop(silent);
}
