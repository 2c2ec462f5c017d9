//! `explain NAME` of a running supervisor: why the process is as it is, what it waits for, what comes next, and what its
//! last restart was for. Puts together what the supervisor says when it is asked; decides nothing.

use super::ask::Target;
use super::control::{encoded, field, read};
use super::fault::Fault;
use super::say::say;
use super::table::{moment, span, times};
use crate::exit;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use phpeek_api::client::{Client, ClientError};
use phpeek_api::snapshot::{InstanceSnapshot, Snapshot};
use phpeek_core::names;
use phpeek_viewer::text::Charset;
use phpeek_viewer::{Span, Trace, autopsy_lines};
use prost::Message as _;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// Newest traces that are looked through for the last restart.
const LOOKED_THROUGH: usize = 1000;

/// What there is to say of a process.
struct Why {
    process: Value,
    /// What follows an end of its own.
    policy: String,
    instances: Vec<InstanceSnapshot>,
    waits: Vec<Wait>,
    restart: Option<Restart>,
    /// Whether the supervisor could say what there was.
    traced: bool,
}

/// Something that it needs of another.
struct Wait {
    process: String,
    condition: String,
    state: String,
    met: bool,
}

/// Its newest restart.
struct Restart {
    trace: String,
    reason: String,
    ago_s: f64,
    /// What asked for it, the first cause first.
    under: Vec<String>,
    lines: Vec<String>,
}

/// Asks the supervisor. `None`: there is none.
pub(super) fn run(target: &Target, name: &str, as_json: bool) -> Result<Option<u8>, Fault> {
    let client = match target.client() {
        Ok(client) => client,
        Err(ClientError::NotRunning { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let why = match ask(&client, name) {
        Err(Fault::Client(ClientError::NotRunning { .. })) => return Ok(None),
        why => why?,
    };
    say(if as_json { format!("{}\n", object(&why)) } else { text(&why) });
    Ok(Some(exit::OK))
}

fn ask(client: &Client, name: &str) -> Result<Why, Fault> {
    let process = read(client, client.get(&format!("/api/v1/processes/{}", encoded(name))))?;
    let list = read(client, client.get("/api/v1/processes"))?;
    let snapshot: Option<Snapshot> = serde_json::from_slice(&client.get("/status")?).ok();
    let own = snapshot.and_then(|all| all.processes.into_iter().find(|process| process.name == name));
    let waits = waits(field(&process, "config"), field(&list, "processes"));
    // Without tracing nothing is known of the past.
    let traces = client.get(&format!("/traces?limit={LOOKED_THROUGH}")).ok();
    let traces = traces.and_then(|bytes| ExportTraceServiceRequest::decode(bytes).ok());
    let traced = traces.is_some();
    let restart = traces.and_then(|request| newest_restart(&Trace::all(&request), name));
    let restarted = match field(field(&process, "process"), "type").as_str() {
        Some("longrun") => field(field(&process, "config"), "restart").as_str(),
        _ => None,
    };
    let policy = restarted.unwrap_or("never").to_owned();
    let process = field(&process, "process").clone();
    let instances = own.map(|own| own.instances).unwrap_or_default();
    Ok(Why { process, policy, instances, waits, restart, traced })
}

fn waits(config: &Value, all: &Value) -> Vec<Wait> {
    let all = all.as_array().map(Vec::as_slice).unwrap_or_default();
    let needs = field(config, "depends_on").as_object().into_iter().flatten();
    let wait = |(name, edge): (&String, &Value)| {
        let other = all.iter().find(|other| field(other, "name") == name.as_str()).unwrap_or(&Value::Null);
        let text = |of: &Value, key: &str| field(of, key).as_str().unwrap_or_default().to_owned();
        let (condition, state) = (text(edge, "condition"), text(other, "state"));
        let instances = field(other, "instances").as_array().map(Vec::as_slice).unwrap_or_default();
        let met = match condition.as_str() {
            "started" => instances.iter().any(|instance| field(instance, "state") == "running"),
            "completed" => matches!(state.as_str(), "completed" | "failed"),
            "completed_successfully" => state == "completed",
            _ => !instances.is_empty() && instances.iter().all(|instance| field(instance, "ready") == true),
        };
        Wait { process: name.clone(), condition, state, met }
    };
    needs.map(wait).collect()
}

fn newest_restart(traces: &[Trace], name: &str) -> Option<Restart> {
    let is_its = |span: &&Span| {
        span.name.starts_with(names::SPAN_RESTART_PROCESS)
            && span.attribute(names::PROCESS_NAME).as_deref() == Some(name)
    };
    let found = traces.iter().rev().find_map(|trace| Some((trace, trace.spans.iter().rfind(is_its)?)));
    let (trace, restart) = found?;
    let mut under = Vec::new();
    let mut at = restart.parent;
    while let Some(parent) = at.and_then(|at| trace.spans.get(at)) {
        under.insert(0, parent.title());
        at = parent.parent;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    Some(Restart {
        trace: trace.id.clone(),
        reason: restart.attribute(names::RESTART_REASON).unwrap_or_else(|| "unknown".to_owned()),
        ago_s: (now - restart.start as f64 / 1e9).max(0.0),
        under,
        lines: autopsy_lines(restart, Charset::Unicode),
    })
}

/// What follows from the state of an instance, unless something else happens.
fn next(why: &Why, state: &str) -> String {
    let text = |key: &str| field(&why.process, key).as_str().unwrap_or_default().to_owned();
    let name = text("name");
    let unmet: Vec<&str> =
        why.waits.iter().filter(|wait| !wait.met).map(|wait| wait.process.as_str()).collect();
    let scheduled = text("type") == "scheduled";
    match state {
        "running" if scheduled => format!("when it ends: {}", by_the_clock(why, &name)),
        "failed" if scheduled => format!("its last run failed; {}", by_the_clock(why, &name)),
        "completed" | "stopped" if scheduled => by_the_clock(why, &name),
        "running" if why.policy == "never" => "when it ends, it is not started again".to_owned(),
        "running" if why.policy == "on-failure" => "when it fails, it is started again".to_owned(),
        "running" => "when it ends, it is started again".to_owned(),
        "unready" => "it runs, and its health checks have not said yet that it is ready".to_owned(),
        "starting" => "it is being started".to_owned(),
        "backoff" => "it is started again when its wait is over".to_owned(),
        "stopping" => "it is being stopped".to_owned(),
        "draining" => "its leader has ended, and what is left of it is waited for".to_owned(),
        "failed" => format!("it stays as it is: `phpeek-pm start {name}` starts it again"),
        "completed" => "it has ended, as it was meant to".to_owned(),
        "stopped" if !unmet.is_empty() => format!("it may be started once {} is so far", unmet.join(", ")),
        "stopped" => format!("nobody starts it before `phpeek-pm start {name}`"),
        other => format!("it is {other}"),
    }
}

/// What its schedule does next.
fn by_the_clock(why: &Why, name: &str) -> String {
    match (field(&why.process, "schedule_state").as_str(), moment(field(&why.process, "next_run")).as_str()) {
        (Some("paused"), _) => {
            format!("its schedule is paused: `phpeek-pm schedule resume {name}` lets it begin jobs again")
        }
        (Some("stopped"), _) => {
            format!("its schedule is stopped: `phpeek-pm start {name}` lets it begin jobs again")
        }
        (_, "-") => "its schedule starts it".to_owned(),
        (_, next) => format!("its schedule starts it at {next}"),
    }
}

/// Why nothing is told of a restart.
fn no_restart(why: &Why) -> &'static str {
    let restarted = why.instances.iter().any(|instance| instance.restarts > 0);
    match (restarted, why.traced) {
        (true, false) => {
            "what its last restart was for is not remembered: tracing is off (global.tracing_enabled)"
        }
        (true, true) => "its last restart is not remembered any more",
        (false, _) => "no restart of it is remembered",
    }
}

fn text(why: &Why) -> String {
    let of = |key: &str| field(&why.process, key).as_str().unwrap_or_default();
    let mut text = format!("{} ({}): {}\n", of("name"), of("type"), of("state"));
    for instance in &why.instances {
        let mut line = format!("  {}: {}", instance.id, instance.state);
        if let Some(pid) = instance.pid {
            line += &format!(", pid {pid}");
        }
        if let Some(uptime) = instance.uptime_s {
            line += &format!(", up {}", span(uptime));
        }
        if instance.restarts > 0 {
            line += &format!(", restarted {}", times(instance.restarts.into()));
        }
        if let Some(last) = &instance.last_exit {
            line += &format!(", the run before ended with {last}");
        }
        text += &format!("{line}\n    next: {}\n", next(why, &instance.state));
    }
    for wait in &why.waits {
        let so = if wait.met { "it is so" } else { "not so yet" };
        text += &format!("  needs {} ({}): {}, {so}\n", wait.process, wait.condition, wait.state);
    }
    match &why.restart {
        None => text += &format!("  {}\n", no_restart(why)),
        Some(restart) => {
            text += &format!("  last restart, {} ago: {}\n", span(restart.ago_s), restart.reason);
            let under = restart.under.iter().map(|title| format!("because of {title}"));
            under.chain(restart.lines.iter().cloned()).for_each(|line| text += &format!("    {line}\n"));
            text += &format!("    phpeek-pm trace show {}\n", restart.trace);
        }
    }
    text
}

fn object(why: &Why) -> Value {
    let instance = |instance: &InstanceSnapshot| {
        let mut object = json!(instance);
        if let Some(object) = object.as_object_mut() {
            object.insert("next".to_owned(), next(why, &instance.state).into());
        }
        object
    };
    let wait = |wait: &Wait| json!({"process": wait.process, "condition": wait.condition, "state": wait.state, "met": wait.met});
    let restart = why.restart.as_ref().map(|restart| {
        json!({
            "trace_id": restart.trace, "reason": restart.reason, "ago_s": restart.ago_s,
            "under": restart.under, "autopsy": restart.lines,
        })
    });
    json!({
        "name": field(&why.process, "name"), "type": field(&why.process, "type"),
        "state": field(&why.process, "state"),
        "instances": why.instances.iter().map(instance).collect::<Vec<_>>(),
        "waits_for": why.waits.iter().map(wait).collect::<Vec<_>>(),
        "last_restart": restart,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_need_is_judged_by_its_condition() {
        let config = json!({"depends_on": {
            "up": {"condition": "ready"}, "slow": {"condition": "ready"}, "runs": {"condition": "started"},
            "job": {"condition": "completed_successfully"}, "bad": {"condition": "completed"},
            "gone": {"condition": "ready"},
        }});
        let process = |name: &str, state: &str, ready: bool| json!({"name": name, "state": state, "instances": [{"state": state, "ready": ready}]});
        let all = json!([
            process("up", "running", true),
            process("slow", "running", false),
            process("runs", "running", false),
            process("job", "failed", false),
            process("bad", "failed", false),
        ]);
        let told: Vec<_> = waits(&config, &all).into_iter().map(|wait| (wait.process, wait.met)).collect();
        let wanted =
            [("bad", true), ("gone", false), ("job", false), ("runs", true), ("slow", false), ("up", true)];
        assert_eq!(told, wanted.map(|(name, met)| (name.to_owned(), met)));
    }
}
