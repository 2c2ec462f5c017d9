//! What a process is configured as, in the words of the configuration, for those who ask: sent back by PUT it is understood.
//! Shows no secret: of variables there is the name alone, and of arguments that name a secret there is no value.
//! What a specification does not tell comes from elsewhere: see `filled`.

use phpeek_core::budget::Attempts;
use phpeek_core::spec::{CheckSpec, InitialState, ProcessKind, ProcessSpec, Question, RestartPolicy, Role};
use phpeek_settings::secret;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// What stands for what is not shown.
pub(super) const HIDDEN: &str = "***";

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
        "command": shown(program.command.argv()),
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
        Question::Exec(program) => json!({ "command": shown(program.command.argv()) }),
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

/// Arguments without the secrets that their names tell of: `--password=…`, `--token …`, `user:password@host`.
fn shown(argv: &[String]) -> Vec<String> {
    let mut hide = false;
    let argument = |argument: &String| {
        let after_its_name = std::mem::take(&mut hide);
        if after_its_name && !argument.starts_with('-') {
            return HIDDEN.to_owned();
        }
        match argument.split_once('=') {
            Some((name, _)) if secret::word(name).is_some() => format!("{name}={HIDDEN}"),
            None if argument.starts_with('-') && secret::word(argument).is_some() => {
                hide = true;
                argument.clone()
            }
            _ if holds_credentials(argument) => HIDDEN.to_owned(),
            _ => argument.clone(),
        }
    };
    argv.iter().map(argument).collect()
}

/// `scheme://user:password@host`, or a text that speaks of a secret, as a script does.
fn holds_credentials(argument: &str) -> bool {
    let in_url = argument.split_once("://").is_some_and(|(_, rest)| {
        let authority = rest.split('/').next().unwrap_or_default();
        authority.split_once('@').is_some_and(|(user, _)| user.contains(':'))
    });
    let speaks = argument.contains([' ', ':', '"', '\''])
        && argument.split(|c: char| !secret::is_part_of_a_name(c)).any(|name| secret::word(name).is_some());
    in_url || speaks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_that_name_a_secret_are_shown_without_it() {
        for (argv, wanted) in [
            (&["nginx", "-g", "daemon off;"][..], &["nginx", "-g", "daemon off;"][..]),
            (&["x", "--password=hunter2", "a"], &["x", "--password=***", "a"]),
            (&["x", "--api-key", "hunter2", "a"], &["x", "--api-key", "***", "a"]),
            (&["x", "--no-password", "-v"], &["x", "--no-password", "-v"]),
            (&["x", "redis://u:hunter2@h/0", "http://h/?a=b"], &["x", "***", "http://h/?a=b"]),
            (&["sh", "-c", "TOKEN=hunter2 run"], &["sh", "-c", "TOKEN=***"]),
            (&["sh", "-c", "A=1 TOKEN=hunter2 run"], &["sh", "-c", "***"]),
            (&["sh", "-c", "curl -H 'Authorization: Bearer hunter2'"], &["sh", "-c", "***"]),
        ] {
            let argv: Vec<String> = argv.iter().map(|&a| a.to_owned()).collect();
            assert_eq!(shown(&argv), wanted, "{argv:?}");
        }
    }
}
