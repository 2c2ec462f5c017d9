//! What attackers of other supervisors have got through with (peers' advisories), each against the real program: names of
//! users, pages of others, forms, invented addresses, what a process inherits, what is created, and texts made for
//! backtracking.

use crate::support::supervisor::{Launch, Supervisor, run};
use crate::support::web::{Ask, own_address};
use crate::support::{LONG, Sandbox, wait_for, wait_until};
use serde_json::{Value, json};
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;

/// A supervisor with an API, and one process.
fn with(more: Value, process: Value) -> (Supervisor, Sandbox, SocketAddr) {
    let (sandbox, at) = (Sandbox::new(), own_address());
    let mut global = json!({
        "api_enabled": true, "api_host": at.ip(), "api_port": at.port(), "api_socket": sandbox.path("api.sock"),
        "control_socket": sandbox.path("control.sock"),
    });
    global.as_object_mut().expect("a map").extend(more.as_object().expect("a map").clone());
    let config = sandbox.config(global, json!({"w": process}));
    let supervisor = Supervisor::start(&sandbox, &config);
    wait_for(LONG, "the API answers", || Ask::get("/api/v1/health").tcp(at).ok());
    (supervisor, sandbox, at)
}

/// CVE-2017-1000082, CVE-2020-13776: names that read as a number, or as none, ran as root.
#[test]
fn a_user_that_is_none_is_nobody_and_least_of_all_root() {
    let odd = [
        "0day",
        "0x0",
        "ümlaut",
        "4294967295",
        "4294967296",
        "99999999999999999999",
        "-1",
        "+0",
        "root ",
        "../root",
        "nobody:root",
        "no-such-user",
    ];
    // One at a time: the first that cannot be started ends the boot, and the others need not have their turn.
    for user in odd {
        let sandbox = Sandbox::new();
        let process = json!({"command": sandbox.worker("odd"), "user": user, "restart": "never"});
        let config = sandbox.config(json!({"control_socket": "none"}), json!({"p": process}));
        let mut supervisor = Supervisor::start(&sandbox, &config);
        assert_ne!(supervisor.ended(), 0, "{user:?}");
        let named = format!("{user:?}").replace('"', "\\\"");
        assert!(supervisor.stdout().contains(&named), "{user:?} is not named: {}", supervisor.stdout());
        assert!(sandbox.events_of("odd", "start").is_empty(), "{user:?} has run");
    }
}

/// GHSA-5gm3-9crp-6g3v: a page whose name leads to us by DNS; streams too.
#[test]
fn no_page_of_others_reads_or_changes_anything() {
    let (_supervisor, sandbox, at) = with(
        json!({"tracing_enabled": true, "tracing_exporter": "none"}),
        json!({"command": ["sleep", "1000"]}),
    );
    let foreign = [("Host", "evil.example"), ("Origin", "http://evil.example"), ("Origin", "null")];
    for (name, value) in foreign {
        for path in
            ["/processes", "/logs", "/logs/stream", "/events", "/traces/stream", "/openapi.json", "/history"]
        {
            let reply = Ask::get(&format!("/api/v1{path}")).header(name, value).tcp(at).expect("an answer");
            assert_eq!(reply.status, 403, "{name}: {value}: {path}: {}", reply.body);
        }
        for (method, path) in [
            ("POST", "/processes/w/stop"),
            ("POST", "/restart"),
            ("DELETE", "/processes/w"),
            ("POST", "/config/reload"),
        ] {
            let ask = Ask::of(method, &format!("/api/v1{path}")).body("{}").header(name, value);
            assert_eq!(ask.tcp(at).expect("an answer").status, 403, "{name}: {value}: {method} {path}");
        }
    }
    // CVE-2016-7067: a form of a page changes nothing, whatever it calls itself.
    for kind in [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "text/plain;charset=utf-8",
    ] {
        let ask = Ask::of("POST", "/api/v1/processes/w/scale").header("Content-Type", kind);
        assert_eq!(ask.tcp(at).expect("an answer").status, 415, "{kind}");
    }
    let socket = sandbox.path("api.sock");
    let list = Ask::get("/api/v1/processes").unix(&socket).expect("an answer").json();
    assert_eq!(list["processes"][0]["state"], "running", "nothing was changed");
}

/// A browser that knows the token, as a dashboard's does, is asked by a page of somebody else.
#[test]
fn a_token_opens_nothing_to_pages_of_others() {
    let (_supervisor, _sandbox, at) =
        with(json!({"api_auth": "hunter2hunter2"}), json!({"command": ["sleep", "1000"]}));
    let ask = |method: &str, path: &str| {
        Ask::of(method, &format!("/api/v1{path}")).header("Authorization", "Bearer hunter2hunter2")
    };
    for (name, value) in
        [("Origin", "http://evil.example"), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site")]
    {
        for (method, path) in [("GET", "/processes"), ("GET", "/events"), ("POST", "/processes/w/stop")] {
            let reply = ask(method, path).header(name, value).tcp(at).expect("an answer");
            assert_eq!(reply.status, 403, "{name}: {value}: {method} {path}: {}", reply.body);
        }
    }
    let form = ask("POST", "/processes/w/scale").header("Content-Type", "application/x-www-form-urlencoded");
    assert_eq!(form.tcp(at).expect("an answer").status, 415);
    // Whoever shows the token himself may call us as he likes, and is no page.
    let named = ask("GET", "/processes").header("Host", "supervisor.example").tcp(at).expect("an answer");
    assert_eq!(named.status, 200, "{}", named.body);
    assert_eq!(named.json()["processes"][0]["state"], "running", "nothing was changed");
}

/// cbox 2.4.0: each invented address had a bucket of its own.
#[test]
fn who_invents_addresses_is_limited_as_who_he_is() {
    let (_supervisor, _sandbox, at) = with(json!({}), json!({"command": ["sleep", "1000"]}));
    let told = (0..600).filter(|number| {
        let address = format!("10.0.{}.{}", number / 250, number % 250);
        let ask = ["X-Forwarded-For", "X-Real-IP"]
            .into_iter()
            .fold(Ask::get("/api/v1/health"), |ask, name| ask.header(name, &address));
        let ask = ask.header("Forwarded", &format!("for={address}"));
        ask.tcp(at).expect("an answer").status == 429
    });
    assert!(told.count() > 0, "nobody was told to slow down");
}

/// CVE-2016-10156, and what children must not inherit: keys, sockets, descriptors.
#[test]
fn a_process_inherits_no_key_and_no_descriptor_and_nothing_is_open_to_others() {
    let sandbox = Sandbox::new();
    let look = "env > \"$SANDBOX/env\"; emit w start; exec sleep 1000";
    let global = json!({
        "control_socket": sandbox.path("control.sock"), "api_socket": sandbox.path("api.sock"),
        "tracing_enabled": true, "tracing_exporter": "none", "tracing_spool_dir": sandbox.path("spool"),
        "readiness": {"enabled": true, "path": sandbox.path("ready")},
    });
    let own =
        json!({"command": sandbox.script("w", look), "env": {"OTEL_EXPORTER_OTLP_TRACES_HEADERS": "own=1"}});
    let config = sandbox
        .config(global, json!({"w": own, "fds": {"type": "oneshot", "command": ["ls", "/proc/self/fd"]}}));
    let given = [
        ("PHPEEK_PM_API_AUTH", "s3cret-1"),
        ("CBOX_INIT_GLOBAL_API_AUTH", "s3cret-2"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=s3cret-3"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "authorization=s3cret-4"),
        ("BAGGAGE", "key=s3cret-5"),
        ("PLAIN", "plain"),
    ];
    let launch =
        given.into_iter().fold(Launch::new(&sandbox), |launch, (name, value)| launch.env(name, value));
    let mut supervisor = launch.serve(&config);
    sandbox.started("w", 1);
    let read = |name: &str| fs::read_to_string(sandbox.path(name)).expect("it was written");
    let env = read("env");
    assert!(!env.contains("s3cret"), "{env}");
    assert!(env.contains("PLAIN=plain") && env.contains("OTEL_EXPORTER_OTLP_TRACES_HEADERS=own=1"), "{env}");
    wait_until(LONG, "it is ready", || sandbox.path("ready").exists());
    let fds = || {
        let text = supervisor.stdout();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let own = lines.filter(|line| line["process"] == "fds" && line["stream"] == "stdout");
        own.filter_map(|line| line["msg"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    wait_until(LONG, "its descriptors", || fds().len() >= 4);
    assert_eq!(fds(), ["0", "1", "2", "3"], "the last is the directory that is listed");
    for (name, most) in [("control.sock", 0o600), ("api.sock", 0o600), ("spool", 0o700), ("ready", 0o644)] {
        let mode = fs::metadata(sandbox.path(name)).expect(name).permissions().mode() & 0o7777;
        assert_eq!(mode & !most, 0, "{name}: {mode:o}");
    }
    for entry in fs::read_dir(sandbox.path("spool")).expect("it is there") {
        let entry = entry.expect("an entry");
        assert_eq!(entry.metadata().expect("its mode").permissions().mode() & 0o077, 0, "{entry:?}");
    }
    assert_eq!(supervisor.stop(), 0);
}

/// CVE-2025-5891, CVE-2022-37516: expressions that backtrack for ever elsewhere, on lines made for them.
#[test]
fn expressions_take_linear_time_on_lines_made_for_them() {
    let line = "awk 'BEGIN { for (i = 0; i < 20; i++) { for (j = 0; j < 50000; j++) printf \"aaaaaaaaaaaaaaaaaaaa\"; print \"!\" } print \"at last\" }'";
    let logging = json!({
        "redaction": {"enabled": true, "patterns": [{"name": "a", "pattern": "(a+)+$", "replacement": "x"}]},
        "multiline": {"enabled": true, "pattern": "^(a|aa)*b"},
        "level_detection": {"enabled": true, "patterns": {"error": "(.*a){25}b"}},
        "filters": {"exclude": ["(a*)*c"]},
    });
    let sandbox = Sandbox::new();
    let process = json!({"command": sandbox.script("w", &format!("{line}\nemit w start\nexec sleep 1000")), "logging": logging});
    let global = json!({"control_socket": sandbox.path("control.sock"), "log_level": "debug"});
    let mut supervisor = Supervisor::start(&sandbox, &sandbox.config(global, json!({"w": process})));
    sandbox.started("w", 1);
    wait_until(LONG, "the last line", || supervisor.stdout().contains("at last"));
    let (code, text) =
        run(&sandbox, &["status", "--socket", &sandbox.path("control.sock").display().to_string()]);
    assert_eq!(code, 0, "{text}");
    assert_eq!(supervisor.stop(), 0);
}
