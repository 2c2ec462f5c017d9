//! SIGUSR1: every long-running process is restarted, in dependency order, one instance at a time.

use crate::support::otlp::{Manner, Outcome, Receiver};
use crate::support::supervisor::run;
use crate::support::{LONG, Sandbox, Supervisor, wait_until};
use crate::traces::traced;
use rustix::process::Signal;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A worker that reports each instance. Its end takes a while, so that a successor which is up has long reported when
/// the next one ends.
fn reporter(sandbox: &Sandbox, name: &str) -> Value {
    let body = "I=$PHPEEK_PM_INSTANCE_ID\ntrap 'sleep 0.3; emit $I end; exit 0' TERM\nemit $I start\nwhile :; do sleep 0.02; done";
    sandbox.script(name, body)
}

#[test]
fn never_are_two_instances_down_and_all_is_one_trace() {
    let receiver = Receiver::start(Manner::Takes);
    let sandbox = Sandbox::new();
    let config = sandbox.config(
        traced(&receiver.endpoint()),
        json!({
            "app": {"command": reporter(&sandbox, "app"), "scale": 3, "depends_on": ["db", "once"]},
            "db": {"command": reporter(&sandbox, "db"), "scale": 2},
            "once": {"type": "oneshot", "command": sandbox.script("once", "emit once start")},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let all = ["db-0", "db-1", "app-0", "app-1", "app-2"];
    for id in all {
        sandbox.started(id, 1);
    }
    let before = sandbox.events().len();
    supervisor.signal(Signal::USR1);
    for id in all {
        sandbox.started(id, 2);
    }

    let story = sandbox.events().split_off(before);
    let mut down = BTreeSet::new();
    for event in &story {
        match event.what.as_str() {
            "end" => assert!(down.insert(event.who.clone())),
            _ => assert!(down.remove(&event.who), "{} started without having ended", event.who),
        }
        assert!(down.len() <= 1, "{down:?} are down together: {story:?}");
    }
    let order: Vec<_> =
        story.iter().filter(|e| e.what == "end").map(|e| e.who.split('-').next().unwrap_or("")).collect();
    assert_eq!(order, ["db", "db", "app", "app", "app"], "what others depend on comes first");
    assert_eq!(sandbox.events_of("once", "start").len(), 1, "a oneshot is not run again");

    assert_eq!(supervisor.stop(), 0);
    let trace = receiver.spans();
    let restarts = trace.named("process_manager.restart_process");
    let traces: BTreeSet<_> = restarts.iter().map(|s| s.trace.as_str()).collect();
    assert_eq!(traces.len(), 1, "one signal, one trace");
    let reasons: BTreeSet<_> = restarts.iter().map(|s| s.get("restart.reason")).collect();
    assert_eq!(reasons, BTreeSet::from(["signal"]));
    let names: BTreeSet<_> = restarts.iter().map(|s| s.get("process.name")).collect();
    assert_eq!(names, BTreeSet::from(["app", "db"]));
    let spawned = trace.named("process.spawn").into_iter().filter(|s| traces.contains(s.trace.as_str()));
    assert_eq!(spawned.count(), 5, "each instance was started once in that trace");
    assert_eq!(trace.orphans(), Vec::<String>::new());
}

#[test]
fn a_rolling_restart_goes_on_with_a_worker_that_does_not_listen() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(
        json!({}),
        json!({"c": {"command": sandbox.stubborn("c"), "scale": 2, "shutdown": {"timeout": 1}}}),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("c", 2);
    supervisor.signal(Signal::USR1);
    sandbox.started("c", 4);
    supervisor.stop();
    assert_eq!(supervisor.leftovers(), Vec::<String>::new());
}

#[test]
fn a_stop_ends_a_rolling_restart() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(json!({}), json!({"c": {"command": reporter(&sandbox, "c"), "scale": 4}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    for id in ["c-0", "c-1", "c-2", "c-3"] {
        sandbox.started(id, 1);
    }
    supervisor.signal(Signal::USR1);
    sandbox.seen("c-0", "end", 1);
    assert_eq!(supervisor.stop(), 0);
    assert!(sandbox.events_of("c-3", "start").len() == 1, "the last one was not started again");
    assert_eq!(supervisor.leftovers(), Vec::<String>::new());
}

#[test]
fn in_a_restart_of_everything_each_takes_part_as_it_is_configured() {
    let sandbox = Sandbox::new();
    let own = "trap 'emit own reloaded' USR2\nemit own start\nwhile :; do sleep 0.02; done";
    let config = sandbox.config(
        json!({}),
        json!({
            "own": {"command": sandbox.script("own", own), "reload": {"signal": "SIGUSR2"}},
            "db": {"command": sandbox.worker("db"), "rolling": false},
            "web": {"command": sandbox.worker("web"), "scale": 3, "max_unavailable": "70%"},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("own", 1);
    sandbox.started("db", 1);
    sandbox.started("web", 3);
    supervisor.signal(Signal::USR1);
    sandbox.started("web", 6);
    sandbox.seen("own", "reloaded", 1);
    wait_until(LONG, "the restart is over", || supervisor.stdout().contains("rolling restart is complete"));
    let starts = |who: &str| sandbox.events_of(who, "start").len();
    assert_eq!((starts("own"), starts("db"), starts("web")), (1, 1, 6));
    supervisor.signal(Signal::TERM);
    assert_eq!(supervisor.ended(), 0);
}

#[test]
fn by_a_command_some_or_all_are_restarted_and_who_waits_long_hears_how_far_it_is() {
    let sandbox = Sandbox::new();
    let own = "trap 'emit own reloaded' USR2\nemit own start\nwhile :; do sleep 0.02; done";
    let slow = "trap 'sleep 1.3; exit 0' TERM\nemit web start\nwhile :; do sleep 0.02; done";
    let config = sandbox.config(
        json!({"control_socket": sandbox.path("c.sock")}),
        json!({
            "web": {"command": sandbox.script("web", slow), "depends_on": ["db"]},
            "db": {"command": sandbox.worker("db"), "rolling": false},
            "own": {"command": sandbox.script("own", own), "reload": {"signal": "SIGUSR2"}},
            "other": {"command": sandbox.worker("other")},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    for name in ["web", "db", "own", "other"] {
        sandbox.started(name, 1);
    }
    let file = config.display().to_string();
    let ask = |words: &[&str]| run(&sandbox, &[&["restart"], words, &["--config", &file]].concat());
    let (code, text) = ask(&["--rolling", "web", "own", "db"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("db-0: running") && text.contains("web-0: stopping"), "{text}");
    assert!(text.starts_with("restarted\n") && !text.contains("other-0"), "{text}");
    sandbox.seen("own", "reloaded", 1);
    let starts = |who: &str| sandbox.events_of(who, "start").len();
    assert_eq!(["web", "db", "own", "other"].map(starts), [2, 2, 1, 1]);
    let order: Vec<_> = sandbox.events().into_iter().filter(|e| e.what == "start").map(|e| e.who).collect();
    let last = |who: &str| order.iter().rposition(|w| w == who);
    assert!(last("db") < last("web"), "what others depend on comes first: {order:?}");
    let (code, text) = ask(&["--rolling", "other", "nobody"]);
    assert!(code == 1 && text.contains("\"nobody\" not found; `phpeek-pm list` names"), "{text}");
    assert_eq!(starts("other"), 1, "one that is not there is a reason to restart none");
    let (code, text) = ask(&["--rolling", "--json"]);
    assert!(code == 0 && text.contains("\"status\":\"restarted\""), "{text}");
    assert_eq!(["web", "db", "own", "other"].map(starts), [3, 2, 1, 2], "db takes no part in one of all");
    assert_eq!(ask(&[]).0, 64, "somebody has to be named");
    assert_eq!(ask(&["web", "other"]).0, 0);
    assert_eq!(["web", "other"].map(starts), [4, 3]);
    supervisor.signal(Signal::TERM);
    assert_eq!(supervisor.ended(), 0);
}

#[test]
fn a_process_reloads_itself_by_a_command_for_each_instance_and_one_that_fails_ends_the_deploy() {
    let receiver = Receiver::start(Manner::Takes);
    let sandbox = Sandbox::new();
    let reload = sandbox.script(
        "reload",
        "emit reload \"$PHPEEK_PM_INSTANCE_ID $OWN $1\"\n[ ! -e \"$SANDBOX/broken\" ] || { echo it is broken >&2; exit 3; }",
    );
    let reload: Value =
        reload.as_array().expect("a command").iter().cloned().chain([json!("{{port}}")]).collect();
    let mut global = traced(&receiver.endpoint());
    global["control_socket"] = json!(sandbox.path("c.sock"));
    let config = sandbox.config(
        global,
        json!({
            "own": {
                "command": sandbox.worker("own"), "scale": 2, "port_base": 4000, "env": {"OWN": "mine"},
                "reload": {"command": reload, "timeout": 10},
            },
            "web": {"command": sandbox.worker("web"), "depends_on": ["own"]},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("own", 2);
    sandbox.started("web", 1);
    let file = config.display().to_string();
    let deploy = || run(&sandbox, &["restart", "--rolling", "--config", &file]);
    let (code, text) = deploy();
    assert_eq!(code, 0, "{text}");
    sandbox.started("web", 2); // its program may come to its first line a moment after it is up
    let starts = |who: &str| sandbox.events_of(who, "start").len();
    assert_eq!((starts("own"), starts("web")), (2, 2), "who reloads itself is not restarted");
    let told: Vec<String> = sandbox.story().into_iter().filter(|line| line.starts_with("reload")).collect();
    assert_eq!(told, ["reload own-0 mine 4000", "reload own-1 mine 4001"], "one after the other");
    sandbox.write("broken", "");
    let (code, text) = deploy();
    assert_eq!(code, 1, "{text}");
    assert_eq!((starts("own"), starts("web")), (2, 2), "a deploy that has failed goes no further");
    assert_eq!(supervisor.stop(), 0);
    let said = supervisor.stdout();
    assert!(said.contains("could not reload itself") && said.contains("it is broken"), "{said}");
    let trace = receiver.spans();
    let reloads: Vec<_> = trace.named("process_manager.restart_process");
    let reloads: Vec<_> = reloads.iter().filter(|span| span.get("process.name") == "own").collect();
    let outcomes: Vec<_> = reloads.iter().map(|span| span.outcome).collect();
    assert_eq!(outcomes, [Outcome::Ok, Outcome::Error], "{reloads:?}");
    for (span, hooks) in reloads.iter().zip([2, 1]) {
        assert_eq!(span.get("reload.command"), "/bin/sh", "{span:?}");
        let below = trace.children(span);
        let ran: Vec<_> = below.iter().filter(|span| span.name == "hook.execute").collect();
        assert!(ran.iter().all(|hook| hook.get("hook.type") == "reload"), "{below:?}");
        assert_eq!(ran.len(), hooks, "{below:?}");
    }
    assert_eq!(trace.orphans(), Vec::<String>::new());
}

#[test]
fn a_deploy_goes_on_when_what_reloads_itself_is_ready_again_and_ends_when_it_is_not() {
    let receiver = Receiver::start(Manner::Takes);
    let sandbox = Sandbox::new();
    let mut global = traced(&receiver.endpoint());
    global["control_socket"] = json!(sandbox.path("c.sock"));
    let dies = "trap 'sleep 0.3; exit 1' HUP\nemit dies start\nwhile :; do sleep 0.02; done";
    let slow = "trap 'rm -f \"$SANDBOX/up\"; (sleep 2; emit slow ready; : > \"$SANDBOX/up\") &' HUP\n\
                : > \"$SANDBOX/up\"\nemit slow start\nwhile :; do sleep 0.02; done";
    let up = sandbox.script("up", "[ -e \"$SANDBOX/up\" ]");
    let config = sandbox.config(
        global,
        json!({
            "slow": {
                "command": sandbox.script("slow", slow), "reload": {"signal": "SIGHUP", "timeout": 20},
                "health_check": {"type": "exec", "command": up, "mode": "readiness", "period": 1, "timeout": 1},
            },
            "dies": {"command": sandbox.script("dies", dies), "reload": {"signal": "SIGHUP"}, "depends_on": ["slow"]},
            "web": {"command": sandbox.worker("web"), "depends_on": ["dies"]},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("web", 1);
    let file = config.display().to_string();
    let (code, text) = run(&sandbox, &["restart", "--rolling", "--config", &file]);
    assert_eq!(code, 1, "{text}");
    assert_eq!(sandbox.events_of("slow", "ready").len(), 1, "the next had its turn once it was ready again");
    assert_eq!(sandbox.events_of("slow", "start").len(), 1);
    assert_eq!(sandbox.events_of("web", "start").len(), 1, "a deploy that has failed goes no further");
    assert_eq!(supervisor.stop(), 0);
    let said = supervisor.stdout();
    assert!(said.contains("could not reload itself: it ended soon after"), "{said}");
    let trace = receiver.spans();
    for (name, outcome) in [("slow", Outcome::Ok), ("dies", Outcome::Error)] {
        let restarts = trace.named("process_manager.restart_process");
        let mut own = restarts.iter().filter(|span| span.get("process.name") == name);
        let span = own.find(|span| span.get("reload.signal") == "SIGHUP").expect("its reload is a span");
        assert_eq!(span.outcome, outcome, "{span:?}");
        let waits: Vec<_> =
            trace.children(span).into_iter().filter(|s| s.name == "process.wait_ready").collect();
        assert_eq!(waits.iter().map(|s| s.outcome).collect::<Vec<_>>(), [outcome], "{waits:?}");
    }
    assert_eq!(trace.orphans(), Vec::<String>::new());
}
