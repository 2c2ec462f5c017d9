//! Hooks with real programs: their order, what they find in their environment, and that nothing of them is left.

use super::traces::traced;
use crate::support::otlp::{Manner, Outcome, Receiver};
use crate::support::supervisor::Launch;
use crate::support::{Sandbox, Supervisor};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Writes a configuration with hooks at the top level.
fn configured(sandbox: &Sandbox, global: Value, hooks: Value, processes: Value) -> PathBuf {
    let path = sandbox.config(global, processes);
    let text = std::fs::read_to_string(path).expect("it was just written");
    let mut document: Value = serde_json::from_str(&text).expect("it is JSON");
    document["hooks"] = hooks;
    sandbox.write("config.yaml", &document.to_string())
}

fn emits(sandbox: &Sandbox, name: &str) -> Value {
    json!({"name": name, "command": sandbox.script(name, &format!("emit {name} ran"))})
}

#[test]
fn hooks_run_around_everything_in_their_order() {
    let sandbox = Sandbox::new();
    let hook = |name: &str| emits(&sandbox, name);
    let found = sandbox.script("env", "emit env \"$PHPEEK_PM_HOOK_NAME,$CBOX_INIT_HOOK_NAME,$K,$(pwd)\"");
    // A process is up once its program runs, not once that program has said so: here the hook waits for its word.
    let after_start = sandbox.script("up", "await_turn 'c start' up; emit up ran");
    let lists = json!({
        "pre-start": [hook("one"), {"name": "a name", "command": found, "env": {"K": "v"}, "working_dir": "/usr"}],
        "post-start": [{"name": "up", "command": after_start}],
        "pre-stop": [hook("before")],
        "post-stop": [hook("after")],
    });
    let processes = json!({"c": {"command": sandbox.polite("c")}});
    let config = configured(&sandbox, json!({}), lists, processes);
    let variables =
        [("CBOX_INIT_HOOK_PRE_START_7_COMMAND", "/bin/sh, -c, echo \"seven ran 0\" >> \"$SANDBOX/events\"")];
    let mut supervisor =
        variables.iter().fold(Launch::new(&sandbox), |l, (k, v)| l.env(k, *v)).serve(&config);
    sandbox.seen("up", "ran", 1);
    assert_eq!(supervisor.stop(), 0);
    let wanted = [
        "one ran",
        "env a name,a name,v,/usr",
        "seven ran",
        "c start",
        "up ran",
        "before ran",
        "c end",
        "after ran",
    ];
    assert_eq!(sandbox.story(), wanted);
    let seen = supervisor.records();
    assert!(
        seen.iter()
            .any(|r| r["msg"] == "hook succeeded" && r["hook"] == "one" && r["hook_type"] == "pre_start")
    );
    assert_eq!(supervisor.leftovers(), Vec::<String>::new());
}

#[test]
fn what_a_hook_says_is_a_record_with_its_name_before_its_end() {
    let sandbox = Sandbox::new();
    let says = sandbox.script("says", "echo of the hook\necho to stderr >&2\nexit 4");
    let lists = json!({"pre-start": [{"name": "says", "command": says}]});
    let config = configured(&sandbox, json!({}), lists, json!({"c": {"command": sandbox.worker("c")}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    assert_eq!(supervisor.ended(), 4, "the boot ends with the code of what failed it");
    let records = supervisor.records();
    let place = |wanted: &dyn Fn(&Value) -> bool| records.iter().position(wanted).expect("such a record");
    let line = place(&|r| r["msg"] == "of the hook" && r["hook"] == "says" && r["stream"] == "stdout");
    let other = place(&|r| r["msg"] == "to stderr" && r["hook"] == "says" && r["stream"] == "stderr");
    let end =
        place(&|r| r["msg"] == "hook failed: exit code 4" && r["level"] == "error" && r["exit_code"] == 4);
    let start = place(&|r| r["msg"] == "hook started" && r["hook"] == "says");
    assert!(start < line.min(other) && line.max(other) < end, "in the order of what happened: {records:?}");
    assert!(records[line]["process"].is_null(), "it belongs to no process");
    assert!(sandbox.events().is_empty(), "nothing was started");
}

#[test]
fn a_timeout_ends_the_whole_group_and_a_signal_ends_the_wait() {
    let sandbox = Sandbox::new();
    let hangs = sandbox.script("hangs", "emit hangs start\nsleep 888 &\nsleep 999");
    let short = json!({"pre-start": [{"command": hangs, "timeout": "300ms"}]});
    let processes = json!({"c": {"command": sandbox.worker("c")}});
    let config = configured(&sandbox, json!({}), short, processes.clone());
    let mut supervisor = Supervisor::start(&sandbox, &config);
    assert_eq!(supervisor.ended(), 1);
    assert_eq!(supervisor.leftovers(), Vec::<String>::new());

    let lists =
        json!({"pre-start": [{"command": hangs, "timeout": 600}], "post-stop": [emits(&sandbox, "after")]});
    let config = configured(&sandbox, json!({}), lists, processes);
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.seen("hangs", "start", 2);
    supervisor.signal(Signal::TERM);
    assert_eq!(supervisor.ended(), 0);
    assert_eq!(sandbox.story(), ["hangs start", "hangs start", "after ran"], "nothing else was started");
    assert_eq!(supervisor.leftovers(), Vec::<String>::new());
}

#[test]
fn each_hook_is_a_span_and_is_told_which() {
    let receiver = Receiver::start(Manner::Takes);
    let sandbox = Sandbox::new();
    let tells = sandbox.script("tells", "emit tells \"$TRACEPARENT\"");
    let lists = json!({
        "pre-start": [{"name": "tells", "command": tells}],
        "post-stop": [{"name": "gone", "command": ["/nonexistent/hook"], "retry": 1}],
    });
    let processes = json!({"c": {"command": sandbox.worker("c")}});
    let config = configured(&sandbox, traced(&receiver.endpoint()), lists, processes);
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("c", 1);
    assert_eq!(supervisor.stop(), 0, "a hook after everything fails nothing");
    receiver.wait("process_manager.shutdown", 1);
    let trace = receiver.spans();
    let of = |name: &str| {
        trace.named("hook.execute").into_iter().find(|s| s.get("hook.name") == name).expect("a span")
    };
    let (start, shutdown) = (trace.one("process_manager.start"), trace.one("process_manager.shutdown"));
    let (first, last) = (of("tells"), of("gone"));
    assert_eq!(sandbox.events()[0].what, format!("00-{}-{}-01", first.trace, first.id));
    assert_eq!((&first.parent, first.outcome), (&start.id, Outcome::Ok));
    assert_eq!(
        (first.get("hook.type"), first.get("hook.attempts"), first.get("process.exit.code")),
        ("pre_start", "1", "0")
    );
    assert_eq!(
        (&last.parent, last.get("hook.attempts"), last.get("error.type")),
        (&shutdown.id, "2", "not_found")
    );
    assert!(trace.covered(&start) >= 0.99, "no time is dark");
    assert_eq!(trace.orphans(), Vec::<String>::new());
}

#[test]
fn hooks_of_a_process_run_around_each_of_its_runs() {
    let sandbox = Sandbox::new();
    let own = |name: &str| {
        // A process is up once its program runs, not once that program has said so: a hook waits for its word.
        let waits = if name == "up" { "await_turn 'c start' up; " } else { "" };
        let body = format!("{waits}emit {name} \"$PHPEEK_PM_INSTANCE_ID\"");
        json!({"name": name, "command": sandbox.script(name, &body)})
    };
    let hooks = json!({
        "pre_start": [own("before")], "post_start": [own("up")], "pre_stop": [own("leave")], "post_stop": [own("after")],
    });
    let shutdown = json!({"pre_stop_hook": own("last")});
    let processes = json!({"c": {"command": sandbox.polite("c"), "hooks": hooks, "shutdown": shutdown}});
    let config = sandbox.config(json!({}), processes);
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.seen("up", "c-0", 1);
    supervisor.signal(Signal::USR1);
    sandbox.seen("up", "c-0", 2);
    assert_eq!(supervisor.stop(), 0);
    let run = ["before c-0", "c start", "up c-0", "leave c-0", "last c-0", "c end", "after c-0"];
    assert_eq!(sandbox.story(), [run, run].concat());
    assert_eq!(supervisor.leftovers(), Vec::<String>::new());
}

#[test]
fn a_process_whose_hook_fails_is_not_started() {
    let sandbox = Sandbox::new();
    let fails = json!([{"name": "check", "command": sandbox.script("check", "exit 23")}]);
    let processes = json!({"c": {"command": sandbox.worker("c"), "hooks": {"pre_start": fails}}});
    let config = sandbox.config(json!({}), processes);
    let mut supervisor = Supervisor::start(&sandbox, &config);
    assert_eq!(supervisor.ended(), 23);
    assert!(sandbox.events().is_empty());
    let errors = supervisor.records().into_iter().filter(|r| r["level"] == "error").collect::<Vec<_>>();
    assert_eq!(errors[0]["msg"], "hook failed: exit code 23");
    assert_eq!((&errors[0]["process"], &errors[0]["hook"]), (&json!("c"), &json!("check")));
    let last = "boot failed, exit code 23: process \"c\" could not be started: the pre_start hook \"check\" failed: exit code 23";
    assert_eq!(errors[1]["msg"], last);
    assert_eq!(errors.len(), 2, "one failure, told once, and the last line of the program");
}
