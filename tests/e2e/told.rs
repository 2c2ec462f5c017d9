//! What commands say of a supervisor, held against what is so: requests in lists of traces, files that are not there, jobs
//! that failed, warnings and their places.

use crate::support::supervisor::run;
use crate::support::{LONG, Sandbox, Supervisor, wait_for, wait_until};
use serde_json::json;
use std::path::Path;

fn asked(sandbox: &Sandbox, arguments: &[&str]) -> (i32, String) {
    let socket = sandbox.path("c.sock").display().to_string();
    run(sandbox, &[arguments, &["--socket", &socket]].concat())
}

#[test]
fn what_was_asked_for_is_found_and_listed_as_what_it_did() {
    let sandbox = Sandbox::new();
    let global = json!({"control_socket": sandbox.path("c.sock"), "tracing_enabled": true, "tracing_exporter": "none"});
    let config = sandbox.config(global, json!({"a": {"command": sandbox.worker("a")}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("a", 1);
    assert_eq!(asked(&sandbox, &["trace", "last", "--restart"]).0, 1, "there was none");
    for words in [
        &["restart", "a"][..],
        &["scale", "a", "2"],
        &["signal", "a", "CONT"],
        &["stop", "a"],
        &["start", "a"],
    ] {
        let (code, text) = asked(&sandbox, words);
        assert_eq!(code, 0, "{words:?}: {text}");
    }
    let text = wait_for(LONG, "all of them", || {
        let (_, text) = asked(&sandbox, &["trace", "list", "--width", "120"]);
        text.contains(" process_manager.start_process a (api.request)\n").then_some(text)
    });
    for done in ["restart a (manual)", "scale_process a", "stop_process a"] {
        assert!(text.contains(&format!(" process_manager.{done} (api.request)\n")), "{done}: {text}");
    }
    assert!(text.contains(" api.request POST /processes/a/signal\n"), "{text}");
    let (code, text) = asked(&sandbox, &["trace", "last", "--restart"]);
    assert!(code == 0 && text.contains("api.request") && text.contains("(manual)"), "{text}");
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn a_failed_job_is_no_process_that_has_failed_for_good() {
    let sandbox = Sandbox::new();
    let job = json!({"command": ["/bin/sh", "-c", "exit 3"], "schedule": "0 0 1 1 *"});
    let config = sandbox.config(
        json!({"control_socket": sandbox.path("c.sock")}),
        json!({"job": job, "keeper": {"command": sandbox.worker("keeper")}}),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("keeper", 1);
    assert_eq!(asked(&sandbox, &["status", "--wait", "30"]).0, 0);
    assert_eq!(asked(&sandbox, &["schedule", "trigger", "job"]).0, 1);
    let (code, text) = asked(&sandbox, &["status"]);
    assert!(code == 0 && text.starts_with("running (pid ") && !text.contains("for good"), "{text}");
    assert!(text.ends_with("; its last run failed: it ended with exit code 3\n"), "{text}");
    assert_eq!(asked(&sandbox, &["list"]).0, 0);
    let (_, text) = asked(&sandbox, &["explain", "job"]);
    assert!(text.contains("next: its last run failed; its schedule starts it at 20"), "{text}");
    assert_eq!(asked(&sandbox, &["schedule", "pause", "job"]).0, 0);
    let (_, text) = asked(&sandbox, &["explain", "job"]);
    assert!(text.contains("its schedule is paused: `phpeek-pm schedule resume job`"), "{text}");
    assert_eq!(asked(&sandbox, &["schedule", "resume", "job"]).0, 0);
    assert_eq!(asked(&sandbox, &["stop", "job"]).0, 0);
    let (_, text) = asked(&sandbox, &["explain", "job"]);
    assert!(text.contains("its schedule is stopped: `phpeek-pm start job`"), "{text}");
    let (_, text) = asked(&sandbox, &["schedule", "list"]);
    assert!(text.contains("  stopped  "), "{text}");
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn without_tracing_a_restart_is_not_denied() {
    let sandbox = Sandbox::new();
    let global = json!({"control_socket": sandbox.path("c.sock")});
    let config = sandbox.config(global, json!({"a": {"command": sandbox.worker("a")}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("a", 1);
    let (_, text) = asked(&sandbox, &["explain", "a"]);
    assert!(text.contains("no restart of it is remembered"), "{text}");
    assert_eq!(asked(&sandbox, &["restart", "a"]).0, 0);
    let (_, text) = asked(&sandbox, &["explain", "a"]);
    assert!(text.contains(", restarted once") && text.contains("tracing is off"), "{text}");
    assert!(!text.contains("no restart of it"), "{text}");
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn a_file_that_is_not_there_is_said_to_be_so() {
    let sandbox = Sandbox::new();
    let missing = "No such file or directory";
    for words in [&["status"][..], &["list"], &["trace", "spool", "list"]] {
        let (code, text) = run(&sandbox, &[&["--config", "none.yaml"], words].concat());
        assert!(code == 78 && text.contains("none.yaml cannot be read") && text.contains(missing), "{text}");
        assert!(!text.contains("has errors"), "{text}");
    }
    let (code, text) = run(&sandbox, &["trace", "analyze", "compare", "f.jsonl", "none.json"]);
    assert!(code == 66 && text.contains("cannot read f.jsonl") && text.contains(missing), "{code}: {text}");
}

#[test]
fn a_file_means_the_same_however_it_was_named_and_its_warnings_have_their_places() {
    let sandbox = Sandbox::new();
    let web = json!({"command": sandbox.worker("web"), "watch": ["src"], "health_check": {"type": "exec", "command": ["true"], "period": "500ms"}});
    let config = sandbox.config(json!({"control_socket": sandbox.path("c.sock")}), json!({"web": web}));
    let relative = config.strip_prefix(sandbox.dir()).expect("it lies there").to_owned();
    let mut supervisor = Supervisor::start(&sandbox, Path::new(&relative));
    sandbox.started("web", 1);
    let name = config.display().to_string();
    let (code, text) = asked(&sandbox, &["plan", &name]);
    assert!(code == 0 && text.starts_with("A reload would do nothing.\n"), "{text}");
    let place = format!("{name}:1:");
    let headed =
        |text: &str| text.contains(&place) && text.contains("processes.web.health_check.period: probes more");
    assert!(headed(&text), "{text}");
    assert_eq!(asked(&sandbox, &["reload", "--file", &name]).0, 0);
    wait_until(LONG, "the warning", || headed(&supervisor.stderr()) || headed(&supervisor.stdout()));
    assert_eq!(sandbox.events_of("web", "start").len(), 1, "nothing has changed");
    assert_eq!(supervisor.stop(), 0);
}
