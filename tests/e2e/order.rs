//! Start along `depends_on`, stop in reverse.

use crate::support::supervisor::{Launch, program};
use crate::support::{LONG, Sandbox, Supervisor, wait_until};
use serde_json::json;

#[test]
fn processes_start_after_what_they_depend_on_and_stop_before_it() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(
        json!({}),
        json!({
            "app": {"command": sandbox.polite("app"), "depends_on": ["cache", "db"]},
            "cache": {"command": sandbox.polite("cache"), "depends_on": ["db"]},
            "db": {"command": sandbox.polite("db")},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("app", 1);
    sandbox.started("cache", 1);
    sandbox.started("db", 1);
    assert_eq!(supervisor.stop(), 0, "all ended well");
    let ends: Vec<_> = sandbox.story().into_iter().filter(|e| e.ends_with("end")).collect();
    assert_eq!(ends, ["app end", "cache end", "db end"], "each stops before what it depends on");
    assert_eq!(supervisor.leftovers(), Vec::<String>::new());
}

#[test]
fn a_oneshot_gates_its_dependents_and_nobody_else() {
    let sandbox = Sandbox::new();
    let gate = sandbox
        .script("migrate", &format!("emit migrate start\n{}\nemit migrate end", Sandbox::until_open("go")));
    let config = sandbox.config(
        json!({}),
        json!({
            "migrate": {"type": "oneshot", "command": gate},
            "app": {"command": sandbox.worker("app"), "depends_on": ["migrate"]},
            "free": {"command": sandbox.worker("free")},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("migrate", 1);
    sandbox.started("free", 1);
    assert!(sandbox.events_of("app", "start").is_empty(), "app waits for the oneshot");
    sandbox.write("go", "");
    sandbox.started("app", 1);
    let story = sandbox.story();
    let at = |what: &str| story.iter().position(|e| e == what).expect("it was reported");
    assert!(at("migrate end") < at("app start"), "{story:?}");
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn instances_have_their_numbers_and_the_documented_variables() {
    let sandbox = Sandbox::new();
    let body =
        "emit web \"$PHPEEK_PM_PROCESS_NAME $PHPEEK_PM_INSTANCE_ID $CBOX_INIT_INSTANCE_ID\"\nexec sleep 1000";
    let config =
        sandbox.config(json!({}), json!({"web": {"command": sandbox.script("web", body), "scale": 3}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    wait_until(LONG, "three instances", || sandbox.events().len() == 3);
    let mut told = sandbox.story();
    told.sort();
    assert_eq!(told, ["web web web-0 web-0", "web web web-1 web-1", "web web web-2 web-2"]);
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn a_check_in_a_process_knows_the_variables_of_its_instance() {
    let sandbox = Sandbox::new();
    let inner = sandbox.write("inner.yaml", "processes: {app: {command: [sleep, '1']}}\n");
    let check = format!("{} check-config --strict --config {}", program().display(), inner.display());
    let script = |name: &str| sandbox.script(name, &format!("{check} >&2; emit {name} ended $?"));
    let hook = json!({"command": script("hook")});
    let job = json!({
        "command": script("check"), "type": "oneshot", "port_base": 4000, "hooks": {"pre_start": [hook]},
    });
    let config = sandbox.config(json!({}), json!({"check": job}));
    // Asked for it, serve takes the options of Cbox Init too.
    let mut supervisor =
        Launch::new(&sandbox).arg("--skip-permission-setup").arg("--skip-runtime-validation").serve(&config);
    assert_eq!(supervisor.ended(), 0, "{}", supervisor.stdout());
    assert_eq!(sandbox.story(), ["hook ended 0", "check ended 0"], "{}", supervisor.stdout());
}

#[test]
fn what_is_stopped_or_disabled_is_not_started_and_holds_nobody_up() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(
        json!({}),
        json!({
            "later": {"command": sandbox.worker("later"), "initial_state": "stopped"},
            "off": {"command": sandbox.worker("off"), "enabled": false},
            "app": {"command": sandbox.worker("app"), "depends_on": ["later"]},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("app", 1);
    assert_eq!(supervisor.stop(), 0);
    assert_eq!(sandbox.story(), ["app start"], "nothing but app ran");
}

#[test]
fn a_first_line_stands_after_the_start_of_its_run() {
    let sandbox = Sandbox::new();
    let scale = 40;
    let config = sandbox.config(
        json!({"max_process_scale": scale}),
        json!({"quick": {"command": ["echo", "first line"], "restart": "never", "scale": scale}}),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let said = |record: &serde_json::Value, text: &str| record["process"] == "quick" && record["msg"] == text;
    wait_until(LONG, "all have written", || {
        supervisor.records().iter().filter(|r| said(r, "first line")).count() == scale
    });
    assert_eq!(supervisor.ended(), 0, "all have ended");
    let records = supervisor.records();
    for instance in 0..scale {
        let of = |text: &str| {
            let id = format!("quick-{instance}");
            records.iter().position(|r| said(r, text) && r["instance_id"] == id.as_str())
        };
        assert!(of("started").is_some() && of("started") < of("first line"), "{instance}: {records:#?}");
    }
}
