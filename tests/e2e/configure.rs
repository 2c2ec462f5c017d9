//! Another configuration over the management API and by `plan`: processes that come, change and go touch no other, and
//! the file is written only where nothing would be lost.

use crate::support::procfs::alive;
use crate::support::supervisor::run;
use crate::support::web::{Ask, Reply, own_address};
use crate::support::{LONG, Sandbox, Supervisor, wait_for, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// A supervisor with an API.
struct Api {
    // First, so that it has ended and shown its log before the folder goes.
    supervisor: Supervisor,
    sandbox: Sandbox,
    at: SocketAddr,
    config: PathBuf,
}

impl Api {
    fn with(exec: bool, processes: impl FnOnce(&Sandbox) -> Value) -> Self {
        let sandbox = Sandbox::new();
        let at = own_address();
        let config = sandbox.config(Self::global(&sandbox, at, exec), processes(&sandbox));
        let supervisor = Supervisor::start(&sandbox, &config);
        wait_for(LONG, "the API answers", || Ask::get("/api/v1/health").tcp(at).ok());
        Self { supervisor, sandbox, at, config }
    }

    fn global(sandbox: &Sandbox, at: SocketAddr, exec: bool) -> Value {
        json!({
            "api_enabled": true, "api_host": at.ip(), "api_port": at.port(), "api_allow_exec": exec,
            "control_socket": sandbox.path("c.sock"),
        })
    }

    fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Reply {
        let ask = Ask::of(method, &format!("/api/v1{path}"));
        let ask = body.into_iter().fold(ask, Ask::body);
        ask.tcp(self.at).expect("an answer")
    }

    fn names(&self) -> Vec<String> {
        let list = self.ask("GET", "/processes", None).json();
        let all = list["processes"].as_array().expect("a list");
        all.iter().map(|process| process["name"].as_str().expect("a name").to_owned()).collect()
    }
}

#[test]
fn a_process_is_added_changed_and_removed_and_no_other_is_touched() {
    let api = Api::with(true, |s| json!({"keeper": {"command": s.worker("keeper")}}));
    let keeper = api.sandbox.started("keeper", 1);
    let process = |more: Value| {
        let mut process = json!({"command": api.sandbox.worker("new"), "env": {"API_TOKEN": "hunter2"}});
        process.as_object_mut().expect("a map").extend(more.as_object().expect("a map").clone());
        process
    };
    let new = |process: Value| json!({"name": "new", "process": process});
    let added = api.ask("POST", "/processes", Some(new(process(json!({"scale": 2})))));
    assert_eq!((added.status, &added.json()["status"]), (201, &json!("created")), "{}", added.body);
    api.sandbox.started("new", 2);
    assert_eq!(api.names(), ["keeper", "new"]);
    assert_eq!(api.ask("POST", "/processes", Some(new(process(json!({}))))).status, 409);
    // What is hidden stays as it is when the answer is sent back.
    let hidden = json!({"process": process(json!({"scale": 2, "env": {"API_TOKEN": "***", "K": "v"}}))});
    let changed = api.ask("PUT", "/processes/new", Some(hidden));
    assert_eq!((changed.status, &changed.json()["status"]), (200, &json!("updated")), "{}", changed.body);
    let fourth = api.sandbox.started("new", 4);
    let environment = fs::read_to_string(format!("/proc/{fourth}/environ")).expect("it runs");
    assert!(environment.contains("API_TOKEN=hunter2") && environment.contains("K=v"), "{environment}");
    let removed = api.ask("DELETE", "/processes/new", None);
    assert_eq!((removed.status, &removed.json()["status"]), (200, &json!("removed")), "{}", removed.body);
    wait_until(LONG, "it is gone", || !alive(fourth));
    assert_eq!((api.names(), api.ask("DELETE", "/processes/new", None).status), (vec!["keeper".into()], 404));
    assert_eq!(api.ask("PUT", "/processes/new", Some(json!({"process": process(json!({}))}))).status, 404);
    assert!(alive(keeper) && api.sandbox.events_of("keeper", "start").len() == 1);
}

#[test]
fn what_is_shown_of_a_process_is_understood_when_it_is_sent_back() {
    let api = Api::with(true, |s| {
        json!({
            "keeper": {"command": s.worker("keeper")},
            "w": {
                "command": s.worker("w"), "max_scale": 7, "depends_on": ["keeper"], "env": {"K": "v"}, "port_base": 4000,
                "restart": "on-failure", "max_restart_attempts": 9, "restart_backoff_initial": "250ms",
                "shutdown": {"timeout": 2, "signal": "SIGTERM"},
                "health_check": {"type": "exec", "command": ["true"], "period": 3, "failure_threshold": 5, "mode": "readiness"},
                "limits": {"nofile": 1024}, "umask": "0027", "memory": {"soft": "1GB"}, "watch": ["src"], "max_unavailable": 2,
                "logging": {"json": {"enabled": true}, "labels": {"team": "shop"}, "min_level": "info"},
                "hooks": {"post_stop": [{"command": ["true", "--token", "hunter2"], "env": {"API_TOKEN": "hunter2"}}]},
            },
            "filed": {"command": s.worker("filed"), "env_file": s.write("a.env", "FROM_FILE=1\n"), "env": {"OWN": "2"}},
            "job": {"command": ["true"], "schedule": "0 3 * * *", "schedule_timezone": "Europe/Berlin", "schedule_timeout": "90s"},
        })
    });
    api.sandbox.started("w", 1);
    api.sandbox.started("filed", 1);
    for name in ["w", "job", "filed"] {
        let path = format!("/processes/{name}");
        let before = api.ask("GET", &path, None).json()["config"].clone();
        let put = api.ask("PUT", &path, Some(json!({"process": before})));
        assert_eq!(put.status, 200, "{}: {before}", put.body);
        let after = api.ask("GET", &path, None).json()["config"].clone();
        assert_eq!(after, before, "nothing that is shown was lost");
    }
    for name in ["w", "filed"] {
        assert_eq!(
            api.sandbox.events_of(name, "start").len(),
            1,
            "{name}: what means the same restarts nothing"
        );
    }
    let config = api.ask("GET", "/processes/w", None).json()["config"].clone();
    assert_eq!(config["limits"], json!({"nofile": 1024}));
    assert_eq!((&config["umask"], &config["memory"]["soft"]), (&json!("0027"), &json!("1GB")));
    assert_eq!(
        (&config["logging"]["labels"]["team"], &config["max_unavailable"]),
        (&json!("shop"), &json!(2))
    );
    let hook = &config["hooks"]["post_stop"][0];
    assert_eq!(
        (&hook["command"], &hook["env"]),
        (&json!(["true", "--token", "***"]), &json!({"API_TOKEN": "***"}))
    );
    // What comes by a reload is shown, too.
    let file = fs::read_to_string(&api.config).expect("the configuration");
    fs::write(&api.config, file.replace("\"shop\"", "\"depot\"")).expect("the configuration");
    assert_eq!(api.ask("POST", "/config/reload", None).status, 200);
    let team = api.ask("GET", "/processes/w", None).json()["config"]["logging"]["labels"]["team"].clone();
    assert_eq!(team, "depot");
    let check = &config["health_check"];
    assert_eq!(
        (&config["max_scale"], &check["period"], &check["mode"]),
        (&json!(7), &json!(3), &json!("readiness"))
    );
    assert_eq!((&config["restart_backoff_initial"], &config["port_base"]), (&json!("250ms"), &json!(4000)));
    assert_eq!(api.ask("GET", "/processes/job", None).json()["config"]["schedule_timezone"], "Europe/Berlin");
}

#[test]
fn what_is_no_process_is_refused_with_its_path_and_nothing_is_changed() {
    let api = Api::with(true, |s| json!({"keeper": {"command": s.worker("keeper")}}));
    api.sandbox.started("keeper", 1);
    for (body, status, part) in [
        (json!({"process": {"command": ["true"]}}), 400, "name"),
        (json!({"name": "x"}), 400, "process"),
        (json!({"name": "a b/c", "process": {"command": ["true"]}}), 400, "name"),
        (json!([]), 400, "object"),
        (json!({"name": "x", "process": {"command": []}}), 422, "processes.x.command"),
        (json!({"name": "x", "process": {"command": ["true"], "scale": -1}}), 422, "processes.x.scale"),
        (json!({"name": "x", "process": {"command": ["true"], "depends_on": ["zz"]}}), 422, "zz"),
        (
            json!({"name": "x", "process": {"command": ["true"], "env": {"A": "***"}}}),
            422,
            "processes.x.env.A",
        ),
        (
            json!({"name": "x", "process": {"command": ["true"], "retart": "never"}}),
            422,
            "processes.x.retart",
        ),
        (json!({"name": "x", "process": {"command": ["/nonexistent/x"]}}), 500, "could not be brought up"),
    ] {
        let reply = api.ask("POST", "/processes", Some(body.clone()));
        assert!(
            reply.status == status && reply.body.contains(part),
            "{body}: {} {}",
            reply.status,
            reply.body
        );
        assert_eq!(api.names(), ["keeper"], "{body}");
    }
    let short = Api::with(false, |s| json!({"keeper": {"command": s.worker("keeper")}}));
    let body = json!({"name": "x", "process": {"command": ["true"]}});
    let reply = short.ask("POST", "/processes", Some(body));
    assert!(reply.status == 403 && reply.body.contains("api_allow_exec"), "{}", reply.body);
    assert_eq!(short.ask("DELETE", "/processes/nobody", None).status, 404, "to remove needs no such right");
}

#[test]
fn the_file_is_written_for_its_owner_alone_and_read_back_it_changes_nothing() {
    let mut api = Api::with(true, |s| json!({"keeper": {"command": s.worker("keeper")}}));
    let keeper = api.sandbox.started("keeper", 1);
    let before = fs::read_to_string(&api.config).expect("it is there");
    assert_eq!(api.ask("POST", "/config/save", None).json()["status"], "saved");
    assert_eq!(fs::read_to_string(&api.config).expect("it is there"), before, "there was nothing to write");
    let new = json!({"name": "new", "process": {"command": api.sandbox.worker("new")}});
    assert_eq!(api.ask("POST", "/processes", Some(new)).status, 201);
    let new = api.sandbox.started("new", 1);
    let saved = api.ask("POST", "/config/save", None);
    assert_eq!(saved.status, 200, "{}", saved.body);
    let mode = fs::metadata(&api.config).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let reloaded = api.ask("POST", "/config/reload", None);
    assert_eq!((reloaded.status, &reloaded.json()["status"]), (200, &json!("reloaded")), "{}", reloaded.body);
    assert!(alive(keeper) && alive(new), "what is written is what runs");
    // Somebody edits the file: what would be written over is theirs.
    fs::write(&api.config, before).expect("it is written");
    assert_eq!(api.ask("POST", "/config/save", None).status, 409);
    assert_eq!(api.ask("DELETE", "/processes/new", None).status, 409, "it is not what runs any more");
    assert_eq!(api.ask("POST", "/config/reload", None).status, 200);
    wait_until(LONG, "the file says that there is none", || !alive(new));
    assert_eq!(api.supervisor.stop(), 0);
}

#[test]
fn a_scale_is_shown_as_configured_and_written_to_the_file() {
    let mut api = Api::with(
        true,
        |s| json!({"w": {"command": s.worker("w")}, "job": {"command": s.worker("job"), "schedule": "0 0 1 1 *"}}),
    );
    api.sandbox.started("w", 1);
    let scale = |to: u32| {
        let reply = api.ask("POST", "/processes/w/scale", Some(json!({ "desired": to })));
        assert_eq!(reply.status, 200, "{}", reply.body);
        let shown = api.ask("GET", "/processes/w", None).json();
        assert_eq!((&shown["process"]["scale"], &shown["config"]["scale"]), (&json!(to), &json!(to)));
    };
    let saved = || {
        let reply = api.ask("POST", "/config/save", None);
        assert_eq!(reply.status, 200, "{}", reply.body);
        let text = fs::read_to_string(&api.config).expect("it is there");
        text.lines().find_map(|line| line.trim().strip_prefix("scale: ")?.parse::<u32>().ok())
    };
    assert_eq!(saved(), None, "there is nothing to write");
    for to in [3, 1, 2] {
        scale(to);
        assert_eq!(saved(), Some(to));
        assert_eq!(saved(), Some(to), "and nothing more to write");
    }
    let before = api.sandbox.events().len();
    assert_eq!(api.ask("POST", "/config/reload", None).status, 200);
    let shown = api.ask("GET", "/processes/w", None).json();
    assert_eq!((&shown["process"]["scale"], &shown["config"]["scale"]), (&json!(2), &json!(2)));
    assert_eq!(api.sandbox.events().len(), before, "what is written is what runs");
    assert_eq!(api.supervisor.stop(), 0);
}

#[test]
fn a_plan_is_shown_and_nothing_is_done() {
    let sandbox = Sandbox::new();
    let of = |name: &str| json!({"command": sandbox.polite(name)});
    let global = json!({"control_socket": sandbox.path("c.sock")});
    let config =
        sandbox.config(global, json!({"same": of("same"), "change": of("change"), "drop": of("drop")}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let pids = ["same", "change", "drop"].map(|name| sandbox.started(name, 1));
    let changed = json!({"command": sandbox.polite("change"), "env": {"K": "v"}});
    let global = json!({"restart_backoff_initial": "10ms", "restart_backoff_max": "10ms"});
    let next =
        json!({"global": global, "processes": {"same": of("same"), "change": changed, "fresh": of("fresh")}});
    let next = sandbox.write("next.yaml", &next.to_string());
    let (config, next) = (config.display().to_string(), next.display().to_string());
    let ask = |words: &[&str]| run(&sandbox, &[&["--config", &config, "plan"], words].concat());
    let (code, text) = ask(&[&next, "--json"]);
    let plan: Value = serde_json::from_str(&text).expect("JSON");
    let steps: Vec<_> = plan["steps"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|step| format!("{} {} {}", step["action"], step["process"], step["keys"]).replace('"', ""))
        .collect();
    assert_eq!(
        (code, steps),
        (0, ["stop drop []", "restart change [env]", "start fresh []"].map(String::from).to_vec())
    );
    assert_eq!((&plan["untouched"], &plan["at_next_start"]), (&json!(1), &json!(["global.control_socket"])));
    let (code, text) = ask(&[&next]);
    assert!(code == 0 && text.contains("One process stays as it is."), "{text}");
    let (code, text) = ask(&[&config]);
    let nothing = "A reload would do nothing.\n3 processes stay as they are.\n";
    assert!(code == 0 && text.starts_with(nothing), "{text}");
    sandbox.write("bad.yaml", "processes: {a: {command: [x], depends_on: [zz]}}\n");
    let (code, text) = ask(&[&sandbox.path("bad.yaml").display().to_string()]);
    assert!(code == 1 && text.contains("zz"), "{code} {text}");
    assert!(pids.iter().all(|pid| alive(*pid)) && sandbox.events().len() == 3, "nothing is touched");
    supervisor.signal(Signal::TERM);
    assert_eq!(supervisor.ended(), 0);
}
