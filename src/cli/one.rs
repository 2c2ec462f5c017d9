//! One process of a running supervisor, line by line: `status NAME`. Reads and tells.

use super::ask::Target;
use super::control::{encoded, field, read, row};
use super::fault::Fault;
use super::say::say;
use super::status::{self, StatusArguments};
use super::table::moment;
use crate::exit;
use serde_json::Value;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// Runs `status`: of one process where it is named, else of everything. 0: shown. 1: there is none of that name.
pub(super) fn run(config: Option<PathBuf>, arguments: &StatusArguments) -> Result<u8, Fault> {
    let Some(name) = &arguments.name else { return status::run(config, arguments) };
    let client = Target { socket: arguments.socket.clone(), config }.client()?;
    let answer = read(&client, client.get(&format!("/api/v1/processes/{}", encoded(name))))?;
    let process = field(&answer, "process");
    say(if arguments.json { format!("{process}\n") } else { described(process, SystemTime::now()) });
    Ok(exit::OK)
}

/// A process in a line for each thing that there is to say of it, then a line for each instance.
fn described(process: &Value, now: SystemTime) -> String {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let [name, kind, state, scale, restarts, uptime] = row(process, now);
    let of = |key: &str| match field(process, key) {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let run = |key: &str| Some(moment(field(process, key))).filter(|run| run != "-");
    let lines = [
        ("name", Some(name)),
        ("type", Some(kind)),
        ("state", Some(state)),
        ("scale", Some(scale)),
        ("max_scale", of("max_scale")),
        ("restarts", Some(restarts)),
        ("uptime", Some(uptime)),
        ("cpu_percent", of("cpu_percent")),
        ("memory_rss_bytes", of("memory_rss_bytes")),
        ("schedule", of("schedule")),
        ("schedule_state", of("schedule_state")),
        ("next_run", run("next_run")),
        ("last_run", run("last_run")),
        ("last_exit_code", of("last_exit_code")),
    ];
    let mut text: String = lines
        .into_iter()
        .filter_map(|(key, value)| Some(format!("{:<18}{}\n", format!("{key}:"), value?)))
        .collect();
    for instance in field(process, "instances").as_array().into_iter().flatten() {
        let word = |key: &str| field(instance, key).as_str().unwrap_or_default().to_owned();
        let pid = field(instance, "pid").as_i64().filter(|pid| *pid > 0);
        let pid = pid.map(|pid| format!(", pid {pid}")).unwrap_or_default();
        let restarts = field(instance, "restart_count").as_u64().unwrap_or_default();
        text += &format!("{:<18}{}{pid}, restarts {restarts}\n", format!("{}:", word("id")), word("state"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::time::Duration;

    #[test]
    fn a_process_is_described_line_by_line() {
        let process = json!({
            "name": "web", "type": "longrun", "state": "running", "scale": 2, "max_scale": 4,
            "instances": [
                {"id": "web-0", "state": "running", "pid": 7, "started_at": 40, "restart_count": 2},
                {"id": "web-1", "state": "backoff", "pid": 0, "started_at": 0, "restart_count": 1},
            ],
        });
        let text = described(&process, UNIX_EPOCH + Duration::from_secs(100));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[..3],
            ["name:             web", "type:             longrun", "state:            running"]
        );
        assert_eq!(
            lines[3..7],
            ["scale:            2", "max_scale:        4", "restarts:         3", "uptime:           1m00s"]
        );
        assert_eq!(
            lines[7..],
            ["web-0:            running, pid 7, restarts 2", "web-1:            backoff, restarts 1"]
        );
    }
}
