//! Schedules that are asked and told: over the management API, and by the commands `schedule` and `history`; with what
//! is remembered of jobs and oneshots.

use super::api_orders::Api;
use crate::support::supervisor::run;
use crate::support::{LONG, Sandbox, Supervisor, wait_until};
use serde_json::{Value, json};

/// Once a year: only a trigger runs it.
const NEVER: &str = "0 0 1 1 *";

fn with(body: &'static str, more: Value) -> Api {
    Api::with(|s| {
        let mut job = json!({"command": s.script("job", body), "schedule": NEVER});
        job.as_object_mut().expect("a map").extend(more.as_object().expect("a map").clone());
        json!({"job": job, "keeper": {"command": s.worker("keeper")}})
    })
}

fn history(api: &Api) -> Vec<Value> {
    api.get("processes/job/schedule/history").json()["history"].as_array().expect("entries").clone()
}

#[test]
fn a_trigger_runs_a_job_once_and_its_end_can_be_waited_for() {
    let api = with("emit job ran\necho spoken\nexit 42", json!({}));
    let reply = api.post("job/schedule/trigger?sync=true", None);
    let told = reply.json();
    assert_eq!((reply.status, &told["status"], &told["exit_code"]), (200, &json!("completed"), &json!(42)));
    let entry = history(&api).remove(0);
    assert_eq!(
        (&entry["exit_code"], &entry["success"], &entry["triggered"]),
        (&json!(42), &json!(false), &json!("manual"))
    );
    assert_eq!(api.sandbox().events_of("job", "ran").len(), 1);
    wait_until(LONG, "its last line is known", || history(&api)[0]["output"] == "spoken");
    let process = api.process("job");
    assert_eq!((&process["run_count"], &process["last_exit_code"]), (&json!(1), &json!(42)));
    assert_eq!((&process["schedule_state"], &process["state"]), (&json!("idle"), &json!("scheduled")));
    assert_eq!(api.post("job/schedule/trigger?sync=true", None).status, 200);
    let process = api.process("job");
    assert_eq!(process["instances"][0]["restart_count"], 0, "a run of a job is no restart");
    let stats = api.get("processes/job/schedule").json()["schedule"]["stats"].clone();
    assert_eq!((&stats["total_executions"], &stats["failure_count"]), (&json!(2), &json!(2)));
}

#[test]
fn one_that_runs_refuses_another_and_a_stopped_schedule_everything() {
    let api = with("emit job start\nuntil [ -e \"$SANDBOX/go\" ]; do sleep 0.05; done", json!({}));
    let reply = api.post("job/schedule/trigger", None);
    assert_eq!((reply.status, &reply.json()["status"]), (202, &json!("triggered")), "{}", reply.body);
    api.sandbox().started("job", 1);
    assert_eq!(api.get("processes/job/schedule").json()["schedule"]["state"], "executing");
    assert_eq!(api.post("job/schedule/trigger", None).status, 409);
    assert_eq!(history(&api)[0]["outcome"], "running");
    assert_eq!(api.post("job/start", None).status, 409, "it goes by the clock");
    assert_eq!(api.post("keeper/schedule/trigger", None).status, 404);
    assert_eq!(api.post("nobody/schedule/pause", None).status, 404);
    api.sandbox().write("go", "");
    wait_until(LONG, "it is over", || api.process("job")["schedule_state"] == "idle");
    assert_eq!(api.post("job/stop", None).status, 200);
    for action in ["trigger", "pause", "resume"] {
        assert_eq!(api.post(&format!("job/schedule/{action}"), None).status, 409, "{action}");
    }
    let started = api.post("job/start", None);
    assert_eq!(started.status, 200, "what somebody has stopped can be started again: {}", started.body);
    assert_eq!(api.post("job/schedule/trigger?sync=true", None).json()["exit_code"], 0);
}

#[test]
fn a_schedule_that_somebody_starts_has_to_be_up_no_more_than_any_other() {
    let sandbox = Sandbox::new();
    let socket = sandbox.path("c.sock");
    let job =
        json!({"command": sandbox.script("job", "exit 42"), "schedule": NEVER, "initial_state": "stopped"});
    let keeper = json!({"command": sandbox.worker("keeper")});
    let config = sandbox.config(json!({"control_socket": socket}), json!({"job": job, "keeper": keeper}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let socket = socket.to_str().expect("a plain path");
    let ask = |words: &[&str]| run(&sandbox, &[words, &["--socket", socket]].concat());
    assert_eq!(ask(&["status", "--wait", "20"]).0, 0);
    let trigger = &["schedule", "trigger", "job"][..];
    for (orders, wanted) in
        [(&["start", "job"][..], 0), (trigger, 1), (&["stop", "job"], 0), (&["start", "job"], 0)]
    {
        assert_eq!(ask(orders).0, wanted, "{orders:?}");
        let (code, text) = ask(&["status"]);
        assert_eq!(code, 0, "behind {orders:?}: {text}");
    }
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn a_paused_schedule_begins_nothing_and_makes_up_for_one_tick() {
    let api = with("emit job ran", json!({"schedule": "* * * * * *", "schedule_catch_up": "latest"}));
    assert_eq!(api.post("job/schedule/resume", None).status, 409, "it is not paused");
    api.sandbox().seen("job", "ran", 1);
    assert_eq!(api.post("job/schedule/pause", None).json()["status"], "paused");
    assert_eq!(api.post("job/schedule/pause", None).status, 200, "what is so already is no fault");
    wait_until(LONG, "what ran is over", || api.process("job")["schedule_state"] == "paused");
    let shown = api.get("processes/job/schedule").json()["schedule"].clone();
    assert!(shown["next_run"].is_null(), "{shown}");
    let before = history(&api).len();
    let runs = api.sandbox().events_of("job", "ran").len();
    crate::support::let_pass(std::time::Duration::from_millis(2500));
    assert_eq!(api.sandbox().events_of("job", "ran").len(), runs, "paused");
    assert_eq!(history(&api).len(), before);
    assert_eq!(api.post("job/schedule/resume", None).json()["status"], "resumed");
    api.sandbox().seen("job", "ran", runs + 1);
    wait_until(LONG, "one was made up for", || history(&api).iter().any(|e| e["triggered"] == "catch_up"));
    let skipped = history(&api).into_iter().find(|e| e["outcome"] == "skipped").expect("the older one");
    assert_eq!(skipped["skip_reason"], "missed", "{skipped}");
}

#[test]
fn the_history_is_bounded_and_oneshots_have_their_own() {
    let sandbox = Sandbox::new();
    let socket = sandbox.path("c.sock");
    let job = sandbox.script("job", "emit job ran\nexit \"$(count 'job ran')\"");
    let config = sandbox.config(
        json!({"control_socket": socket, "schedule_history_size": 3}),
        json!({
            "job": {"command": job, "schedule": NEVER},
            "migrate": {"type": "oneshot", "command": ["/bin/sh", "-c", "echo done; exit 0"]},
            "broken": {"type": "oneshot", "command": ["/bin/sh", "-c", "echo bad >&2; exit 3"]},
            "keeper": {"command": sandbox.worker("keeper")},
        }),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("keeper", 1);
    let socket = socket.to_str().expect("a plain path");
    let ask = |words: &[&str]| run(&sandbox, &[words, &["--socket", socket]].concat());
    assert_eq!(ask(&["status", "--wait", "30"]).0, 1, "one has failed");
    for n in 1..=5 {
        let (code, text) = ask(&["schedule", "trigger", "job"]);
        assert!(code == 1 && text.contains(&format!("exit code {n}")), "{code}: {text}");
    }
    let (code, text) = ask(&["history", "job", "--json"]);
    let runs: Value = serde_json::from_str(&text).expect("JSON");
    let codes: Vec<_> =
        runs["runs"].as_array().expect("runs").iter().map(|run| run["exit_code"].clone()).collect();
    assert_eq!((code, codes), (0, vec![json!(5), json!(4), json!(3)]), "{text}");
    wait_until(LONG, "last words are known", || ask(&["history", "broken"]).1.contains("exit code 3: bad"));
    let (_, text) = ask(&["history", "--errors", "--since", "1h"]);
    assert!(text.contains("broken") && !text.contains("migrate"), "{text}");
    let (_, text) = ask(&["history", "migrate"]);
    assert!(text.contains("startup") && text.contains("succeeded"), "{text}");
    assert_eq!(ask(&["history", "nobody"]).0, 1);
    let (code, text) = ask(&["list"]);
    let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    assert!(
        text.lines().next().is_some_and(|titles| titles.ends_with("NEXT RUN             LAST RUN")),
        "{text}"
    );
    assert!(code == 1 && line("job").matches('-').count() >= 4, "next and last, each with its date: {text}");
    assert!(line("keeper").ends_with("-"), "it has no schedule: {text}");
    let (_, text) = ask(&["status"]);
    assert!(text.contains("\njob runs next at 20") && text.contains(", ran last at 20"), "{text}");
    let (code, text) = ask(&["schedule", "list"]);
    assert!(code == 0 && text.contains(NEVER) && text.contains("failed (5)"), "{text}");
    assert_eq!(ask(&["schedule", "pause", "job"]), (0, "job: paused\n".to_owned()));
    assert_eq!(ask(&["schedule", "resume", "job"]), (0, "job: resumed\n".to_owned()));
    assert_eq!(ask(&["schedule", "resume", "job"]).0, 1, "it is not paused");
    assert_eq!(supervisor.stop(), 0);
}
