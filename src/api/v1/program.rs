//! What a process is configured as, in the words of the configuration, for those who ask: sent back by PUT it is understood.
//! Shows no secret: of variables there is the name alone, and of arguments that name a secret there is no value.
//! What a specification does not tell comes from elsewhere: see `filled`.

use phpeek_core::budget::Attempts;
use phpeek_core::spec::{CheckSpec, InitialState, ProcessKind, ProcessSpec, Question, RestartPolicy, Role};
use phpeek_settings::secret::{HIDDEN, arguments, holds_credentials};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The configuration of a process.
pub(super) fn config(spec: &ProcessSpec) -> Value {
    let program = &spec.program;
    let policy = RestartPolicy::WORDS.iter().find(|(_, policy)| *policy == spec.restart.policy);
    let env = program.env.iter().filter(|(name, _)| !is_made_here(spec.kind, name));
    let env: Map<String, Value> = env.map(|(name, _)| (name.clone(), Value::from(HIDDEN))).collect();
    let depends: Map<String, Value> = spec
        .depends_on
        .iter()
        .map(|on| (on.process.as_str().to_owned(), json!({ "condition": on.condition.as_str() })))
        .collect();
    let initial = InitialState::WORDS.iter().find(|(_, initial)| *initial == spec.initial);
    let kind = if spec.kind == ProcessKind::Scheduled { ProcessKind::LongRun } else { spec.kind };
    let mut config = json!({
        "enabled": true,
        "type": kind.as_str(),
        "initial_state": initial.map(|(word, _)| *word),
        "command": arguments(program.command.argv()),
        "working_dir": program.working_dir,
        "user": program.user,
        "group": program.group,
        "env": env,
        "stdout": program.output.stdout,
        "stderr": program.output.stderr,
        "scale": spec.scale.get(),
        "max_scale": spec.max_scale,
        "restart": policy.map(|(word, _)| *word),
        "max_restart_attempts": match spec.restart.attempts {
            Attempts::AtMost(most) => i64::from(most),
            Attempts::Unlimited => -1,
        },
        "restart_backoff_initial": time(spec.restart.backoff.initial()),
        "restart_backoff_max": time(spec.restart.backoff.max()),
        "essential": spec.essential,
        "depends_on": depends,
        "shutdown": {
            "signal": spec.stop.signal.to_string(),
            "timeout": time(spec.stop.grace),
            "kill_signal": spec.stop.kill_signal.to_string(),
            "kill_timeout": time(spec.stop.kill_grace),
        },
    });
    if let Value::Object(config) = &mut config {
        config.extend(health(spec));
        config.extend(schedule(spec));
        let port = program.numbering.port_base;
        config.extend(port.map(|port| ("port_base".to_owned(), Value::from(port.get()))));
    }
    config
}

/// Seconds, or what takes less than whole ones with its unit.
fn time(time: Duration) -> Value {
    match time.subsec_nanos() {
        0 => Value::from(time.as_secs()),
        _ => Value::from(format!("{}ms", time.as_millis())),
    }
}

/// What each job is told by the supervisor.
fn is_made_here(kind: ProcessKind, name: &str) -> bool {
    let rest = ["PHPEEK_PM_", "CBOX_INIT_"].iter().find_map(|family| name.strip_prefix(family));
    kind == ProcessKind::Scheduled && matches!(rest, Some("PROCESS" | "SCHEDULE" | "SCHEDULED"))
}

/// `health_check` where one check says it all, else `health`.
fn health(spec: &ProcessSpec) -> Option<(String, Value)> {
    let with_mode = |check: &CheckSpec| {
        let mut shown = check_of(check);
        shown.insert("mode".to_owned(), Value::from(check.role.as_str()));
        ("health_check".to_owned(), Value::from(shown))
    };
    match spec.health.as_deref()? {
        [check] if check.role != Role::Startup => Some(with_mode(check)),
        checks => {
            let each = checks.iter().map(|check| (check.role.as_str().to_owned(), check_of(check).into()));
            Some(("health".to_owned(), Value::Object(each.collect())))
        }
    }
}

fn check_of(check: &CheckSpec) -> Map<String, Value> {
    let own = match &check.question {
        Question::Tcp(address) => json!({ "address": &**address }),
        Question::Http(http) => {
            json!({ "url": if holds_credentials(&http.url) { HIDDEN } else { &http.url } })
        }
        Question::Exec(program) => json!({ "command": arguments(program.command.argv()) }),
        Question::Grpc(grpc) => json!({ "address": grpc.address, "service": grpc.service }),
        Question::Log(log) => json!({ "pattern": log.pattern }),
        Question::Notify(_) => json!({}),
    };
    let Value::Object(mut all) = own else { return Map::new() };
    all.insert("type".to_owned(), Value::from(check.question.as_str()));
    if !check.question.is_told() {
        for (key, value) in [
            ("initial_delay", time(check.initial_delay)),
            ("period", time(check.period)),
            ("timeout", time(check.timeout)),
            ("failure_threshold", Value::from(check.failure_threshold)),
            ("success_threshold", Value::from(check.success_threshold)),
        ] {
            all.insert(key.to_owned(), value);
        }
    }
    all
}

fn schedule(spec: &ProcessSpec) -> Vec<(String, Value)> {
    let Some(schedule) = &spec.schedule else { return Vec::new() };
    let all = [
        ("schedule", Some(Value::from(schedule.text.as_str()))),
        ("schedule_timezone", super::runs::zone(schedule).map(Value::from)),
        ("schedule_timeout", schedule.timeout.map(|most| Value::from(format!("{}ms", most.as_millis())))),
        ("schedule_max_concurrent", Some(Value::from(schedule.at_once))),
    ];
    all.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}
