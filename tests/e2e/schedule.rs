//! Jobs by the clock, with real programs: they run at their ticks, in traces of their own, and are stopped with the rest.

use super::traces::traced;
use crate::support::otlp::{Manner, Outcome, Receiver};
use crate::support::{Sandbox, Supervisor};
use serde_json::json;

#[test]
fn a_job_of_each_second_runs_in_traces_of_their_own() {
    let receiver = Receiver::start(Manner::Takes);
    let sandbox = Sandbox::new();
    let body = "emit job \"$PHPEEK_PM_PROCESS,$PHPEEK_PM_SCHEDULED,$KEPT\"\nemit parent \"$TRACEPARENT\"";
    let job = json!({
        "command": sandbox.script("job", body), "schedule": "* * * * * *", "env": {"KEPT": "yes"},
    });
    let config = sandbox.config(traced(&receiver.endpoint()), json!({"job": job}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.seen("job", "job,true,yes", 2);
    let runs = receiver.wait("schedule.run", 2);
    assert_eq!(supervisor.stop(), 0, "a system of jobs alone goes on until it is stopped");
    let (trace, first) = (receiver.spans(), runs.first().expect("it was waited for"));
    assert_eq!((first.get("schedule.cron"), first.get("schedule.trigger")), ("* * * * * *", "schedule"));
    assert_eq!((first.outcome, first.get("process.exit.code")), (Outcome::Ok, "0"));
    let told: Vec<String> =
        sandbox.events().into_iter().filter(|e| e.who == "parent").map(|e| e.what).collect();
    let parent = format!("00-{}-{}-01", first.trace, first.id);
    assert!(told.contains(&parent), "{parent} is not in {told:?}");
    assert!(trace.children(first).iter().any(|span| span.name == "process.spawn"));
    assert_eq!(trace.orphans(), Vec::<String>::new());
    assert_eq!(supervisor.leftovers(), Vec::<String>::new());
}

#[test]
fn a_job_that_runs_is_stopped_with_the_rest() {
    let sandbox = Sandbox::new();
    let job = json!({"command": sandbox.worker("job"), "schedule": "* * * * * *"});
    let config = sandbox.config(json!({}), json!({"job": job}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("job", 1);
    assert_eq!(supervisor.stop(), 0);
    assert_eq!(sandbox.events_of("job", "start").len(), 1, "ticks while it runs are skipped");
    assert_eq!(supervisor.leftovers(), Vec::<String>::new());
}
