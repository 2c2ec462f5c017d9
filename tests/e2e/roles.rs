//! Tokens with roles: each may what its role may and nothing more, on the API and on the page of metrics; an audit names it.

use crate::support::supervisor::Supervisor;
use crate::support::web::{Ask, own_address};
use crate::support::{LONG, Sandbox, wait_for};
use serde_json::{Value, json};

/// The roles, the weakest first; the token of each is its name.
const ROLES: [&str; 4] = ["metrics", "read", "control", "admin"];

/// What may be asked, and the weakest role that may.
const ASKS: [(&str, &str, &str); 17] = [
    ("GET", "/metrics/history?process=w&instance=w-0", "metrics"),
    ("GET", "/processes", "read"),
    ("HEAD", "/processes", "read"),
    ("GET", "/processes/w", "read"),
    ("GET", "/processes/w/nonsense", "read"),
    ("GET", "/logs", "read"),
    ("GET", "/operations/1", "read"),
    ("GET", "/history", "read"),
    ("POST", "/processes/w/signal", "control"),
    ("POST", "/processes/w/scale", "control"),
    ("POST", "/processes/w/schedule/pause", "control"),
    ("POST", "/restart", "control"),
    ("POST", "/processes", "admin"),
    ("PUT", "/processes/w", "admin"),
    ("DELETE", "/processes/nobody", "admin"),
    ("POST", "/config/reload", "admin"),
    ("POST", "/config/save", "admin"),
];

#[test]
fn each_may_what_its_role_may_and_an_audit_names_it() {
    let sandbox = Sandbox::new();
    let (api, page) = (own_address(), own_address());
    let tokens: Vec<Value> = ROLES.iter().map(|role| json!({"token": role, "role": role})).collect();
    let global = json!({
        "api_enabled": true, "api_host": api.ip(), "api_port": api.port(), "api_auth": "root", "api_tokens": tokens,
        "metrics_enabled": true, "metrics_host": page.ip(), "metrics_port": page.port(),
        "control_socket": "none", "audit_enabled": true,
    });
    let config = sandbox.config(global, json!({"w": {"command": sandbox.worker("w")}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("w", 1);
    wait_for(LONG, "the API answers", || Ask::get("/api/v1/health").tcp(api).ok());
    let with = |ask: Ask, token: &str| ask.header("Authorization", &format!("Bearer {token}"));
    let rank = |role: &str| ROLES.iter().position(|known| *known == role).expect("a role");
    for (method, path, needed) in ASKS {
        let path = format!("/api/v1{path}");
        // A body that says nothing sensible: what may be asked is refused for that, and nothing is done.
        let ask = || Ask::of(method, &path).body("[]");
        for role in ROLES.into_iter().chain(["root"]) {
            let reply = with(ask(), role).tcp(api).expect("an answer");
            let may = role == "root" || rank(role) >= rank(needed);
            assert_eq!(reply.status != 403, may, "{role}: {method} {path}: {reply:?}");
            assert!(
                may || method == "HEAD" || reply.json()["error"].as_str().is_some_and(|e| e.contains(needed)),
                "{reply:?}"
            );
        }
        assert_eq!(ask().tcp(api).expect("an answer").status, 401, "{method} {path}");
        assert_eq!(with(ask(), "other").tcp(api).expect("an answer").status, 401, "{method} {path}");
    }
    for token in ROLES.into_iter().chain(["root"]) {
        assert_eq!(with(Ask::get("/metrics"), token).tcp(page).expect("an answer").status, 200, "{token}");
    }
    assert_eq!(with(Ask::get("/metrics"), "other").tcp(page).expect("an answer").status, 401);
    assert_eq!(Ask::get("/metrics").tcp(page).expect("an answer").status, 401);
    assert_eq!(Ask::get("/health").tcp(page).expect("an answer").status, 200, "open to all");
    assert_eq!(supervisor.stop(), 0);
    let log = supervisor.stdout();
    let records: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let told = |kind: &str, role: &str, status: &str| {
        records.iter().any(|r| r["event_type"] == kind && r["role"] == role && r["status"] == status)
    };
    assert!(told("auth.failure", "metrics", "denied") && told("api.request", "control", "failure"), "{log}");
    assert!(told("api.request", "admin", "success"), "{log}");
}
