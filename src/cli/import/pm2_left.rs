//! What of a PM2 app has no key here, and which keys are of no matter. Texts only.

use super::model::Process;
use serde_json::Value as Json;

/// What has no key here.
pub(super) fn left(app: &Json, process: &mut Process) {
    let Some(keys) = app.as_object() else { return };
    let mut left = Vec::new();
    for (key, value) in keys {
        let off =
            matches!(value, Json::Null | Json::Bool(false)) || value.as_array().is_some_and(Vec::is_empty);
        match key.as_str() {
            _ if off => {}
            "wait_ready" | "listen_timeout" => {
                left.push(format!("{key} (it was told by process.send; write health_check)"))
            }
            key if key.starts_with("env_") => {
                left.push(format!("{key} (write a file for each environment, and env_file)"))
            }
            "out_file" | "error_file" | "log_file" | "output" | "error" | "log" => {
                left.push(format!("{key} (all output goes to standard output)"));
            }
            key if KNOWN.contains(&key) => {}
            key => left.push(key.to_owned()),
        }
    }
    if !left.is_empty() {
        process.note(format!("left out: {}", left.join(", ")));
    }
}

/// Keys that are read above, or are of no matter here.
const KNOWN: [&str; 48] = [
    "watch",
    "max_memory_restart",
    "maxMemoryRestart",
    "cron_restart",
    "cron",
    "name",
    "script",
    "exec",
    "args",
    "interpreter",
    "exec_interpreter",
    "interpreter_args",
    "interpreterArgs",
    "node_args",
    "nodeArgs",
    "cwd",
    "uid",
    "user",
    "gid",
    "instances",
    "exec_mode",
    "env",
    "autorestart",
    "max_restarts",
    "maxRestarts",
    "min_uptime",
    "minUptime",
    "restart_delay",
    "exp_backoff_restart_delay",
    "stop_exit_codes",
    "kill_timeout",
    "killTimeout",
    "increment_var",
    "ignore_watch",
    "watch_options",
    "watch_delay",
    "merge_logs",
    "combine_logs",
    "log_date_format",
    "time",
    "log_type",
    "source_map_support",
    "vizion",
    "pmx",
    "namespace",
    "treekill",
    "force",
    "instance_var",
];
