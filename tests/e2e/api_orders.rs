//! Orders over the management API with the real program: what they do, what they refuse, and what becomes of those that
//! take long.

use crate::support::supervisor::Supervisor;
use crate::support::web::{Ask, Reply, own_address};
use crate::support::{LONG, Sandbox, procfs, wait_for, wait_until};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// A supervisor with an API and these processes.
pub(super) struct Api {
    // First, so that it has ended and shown its log before the folder goes.
    _supervisor: Supervisor,
    sandbox: Sandbox,
    at: SocketAddr,
}

impl Api {
    pub(super) fn with(processes: impl FnOnce(&Sandbox) -> Value) -> Self {
        let sandbox = Sandbox::new();
        let at = own_address();
        let global = json!({
            "api_enabled": true, "api_host": at.ip(), "api_port": at.port(), "control_socket": "none",
        });
        let config = sandbox.config(global, processes(&sandbox));
        let supervisor = Supervisor::start(&sandbox, &config);
        wait_for(LONG, "the API answers", || Ask::get("/api/v1/health").tcp(at).ok());
        Self { _supervisor: supervisor, sandbox, at }
    }

    /// The answer to a GET below the API.
    pub(super) fn get(&self, path: &str) -> Reply {
        Ask::get(&format!("/api/v1/{path}")).tcp(self.at).expect("an answer")
    }

    pub(super) fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    pub(super) fn post(&self, path: &str, body: Option<Value>) -> Reply {
        let mut ask = Ask::of("POST", &format!("/api/v1/processes/{path}"));
        if let Some(body) = body {
            ask = ask.body(body);
        }
        ask.tcp(self.at).expect("an answer")
    }

    pub(super) fn process(&self, name: &str) -> Value {
        let reply = Ask::get(&format!("/api/v1/processes/{name}")).tcp(self.at).expect("an answer");
        reply.json()["process"].clone()
    }

    /// The instances that run.
    fn running(&self, name: &str) -> Vec<String> {
        let process = self.process(name);
        let all = process["instances"].as_array().expect("instances");
        let up = all.iter().filter(|instance| instance["state"] == "running");
        up.map(|instance| instance["id"].as_str().expect("an id").to_owned()).collect()
    }
}

#[test]
fn a_process_is_stopped_started_and_restarted() {
    let api =
        Api::with(|s| json!({"a": {"command": s.worker("a")}, "keeper": {"command": s.worker("keeper")}}));
    let first = api.sandbox.started("a", 1);
    wait_until(LONG, "it is up", || api.running("a") == ["a-0"]);
    let refused = api.post("a/start", None);
    assert_eq!(refused.status, 409, "{}", refused.body);
    let stopped = api.post("a/stop", None);
    assert_eq!((stopped.status, &stopped.json()["status"]), (200, &json!("stopped")), "{}", stopped.body);
    wait_until(LONG, "the program is gone", || !procfs::alive(first));
    assert_eq!(api.process("a")["state"], "stopped");
    assert_eq!(api.post("a/stop", None).status, 200, "what is so already is no fault");
    assert_eq!(api.post("a/start", None).json()["status"], "started");
    let second = api.sandbox.started("a", 2);
    let restarted = api.post("a/restart", None);
    assert_eq!((restarted.status, &restarted.json()["process"]), (200, &json!("a")), "{}", restarted.body);
    api.sandbox.started("a", 3);
    wait_until(LONG, "the second is gone", || !procfs::alive(second));
}

#[test]
fn a_process_is_scaled_within_its_bounds() {
    let api = Api::with(|s| {
        json!({
            "w": {"command": s.worker("w"), "max_scale": 3},
            "once": {"type": "oneshot", "command": ["/bin/sleep", "1000"], "restart": "never"},
            "keeper": {"command": s.worker("keeper")},
        })
    });
    api.sandbox.started("w", 1);
    let scaled = api.post("w/scale", Some(json!({"desired": 3})));
    assert_eq!((scaled.status, &scaled.json()["desired"]), (200, &json!(3)), "{}", scaled.body);
    wait_until(LONG, "three", || api.running("w") == ["w-0", "w-1", "w-2"]);
    assert_eq!(api.post("w/scale", Some(json!({"desired": 4}))).status, 422);
    assert_eq!(api.post("w/scale", Some(json!({"desired": -1}))).status, 400);
    assert_eq!(api.post("w/scale", Some(json!([]))).status, 400);
    assert_eq!(api.post("once/scale", Some(json!({"desired": 2}))).status, 422);
    assert_eq!(api.post("zz/scale", Some(json!({"desired": 2}))).status, 404);
    assert_eq!(api.post("w/scale", Some(json!({"delta": -1}))).status, 200);
    wait_until(LONG, "two", || api.running("w") == ["w-0", "w-1"]);
    assert_eq!(api.post("w/scale", Some(json!({"scale": 0}))).status, 200);
    wait_until(LONG, "none", || api.process("w")["state"] == "stopped");
    assert_eq!(api.post("w/signal", Some(json!({"signal": "USR1"}))).status, 409, "nobody is there");
    assert_eq!(api.post("w/signal", Some(json!({"signal": "NONSENSE"}))).status, 400);
}

#[test]
fn a_signal_reaches_its_process() {
    let heard = "trap 'emit p usr1' USR1\nemit p start\nwhile :; do sleep 0.05; done";
    let api = Api::with(|s| json!({"p": {"command": s.script("p", heard)}}));
    api.sandbox.started("p", 1);
    wait_until(LONG, "it is up", || api.running("p") == ["p-0"]);
    let reply = api.post("p/signal", Some(json!({"signal": "SIGUSR1"})));
    assert_eq!((reply.status, &reply.json()["status"]), (200, &json!("signalled")), "{}", reply.body);
    api.sandbox.seen("p", "usr1", 1);
}

#[test]
fn what_takes_long_is_an_operation_that_can_be_waited_for() {
    let slow = "trap 'emit s asked' TERM\nemit s start\nuntil [ -e \"$SANDBOX/go\" ]; do sleep 0.05; done";
    let api = Api::with(|s| {
        json!({
            "s": {"command": s.script("s", slow), "shutdown": {"timeout": 600}},
            "keeper": {"command": s.worker("keeper")},
        })
    });
    api.sandbox.started("s", 1);
    wait_until(LONG, "it is up", || api.running("s") == ["s-0"]);
    let reply = api.post("s/stop", None);
    assert_eq!((reply.status, &reply.json()["status"]), (202, &json!("accepted")), "{}", reply.body);
    let number = reply.json()["operation"].as_u64().expect("a number");
    assert!(reply.head.contains(&format!("location: /api/v1/operations/{number}")), "{}", reply.head);
    let ask = |query: &str| {
        Ask::get(&format!("/api/v1/operations/{number}{query}")).tcp(api.at).expect("an answer")
    };
    assert_eq!(ask("").json()["status"], "running");
    api.sandbox.write("go", "");
    assert_eq!(ask("?wait=600").json()["status"], "done");
    assert_eq!(ask("").json()["status"], "done", "it is remembered");
    for (path, wanted) in [("999999", 404), ("x", 400), ("1?wait=x", 400)] {
        let reply = Ask::get(&format!("/api/v1/operations/{path}")).tcp(api.at).expect("an answer");
        assert_eq!(reply.status, wanted, "{path}: {}", reply.body);
    }
}
