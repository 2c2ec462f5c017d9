//! PM2's ecosystem files, as JSON. Texts only.

use super::model::{Imported, Process, Value, literal};
use serde_json::Value as Json;

/// The whole of it, or why it cannot be read.
pub(super) fn import(text: &str) -> Result<Imported, String> {
    let text = text.trim_start_matches('\u{FEFF}');
    let read = serde_json::from_str::<Json>(text);
    let by_hand = || phpeek_config::as_json(text).filter(|json| json.is_object() || json.is_array());
    let json = read.or_else(|error| by_hand().ok_or(error)).map_err(|error| {
        format!(
            "it is no JSON ({error}); a file that is a program is written out by \
             `node -p 'JSON.stringify(require(\"./ecosystem.config.js\"))' > ecosystem.json`"
        )
    })?;
    let apps: Vec<&Json> = match json.get("apps").unwrap_or(&json) {
        Json::Array(apps) => apps.iter().collect(),
        one => vec![one],
    };
    let mut all = Imported::default();
    if json.get("deploy").is_some() {
        all.lost.push("deploy: deploying is not the business of a supervisor".to_owned());
    }
    all.global(
        "restart_backoff_initial",
        Value::plain("1s"),
        "PM2 restarts at once; here the wait doubles from this on",
    );
    for app in apps {
        match app_process(app, &mut all.lost) {
            Some(process) => {
                all.add(process);
            }
            None => all.lost.push(format!("an app without a script is left out: {}", shown(app))),
        }
    }
    Ok(all)
}

fn shown(json: &Json) -> String {
    json.to_string().chars().take(60).collect()
}

/// A text, or a number or truth as one.
fn text(json: &Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text.clone()),
        Json::Number(_) | Json::Bool(_) => Some(json.to_string()),
        _ => None,
    }
}

/// Words of a list, or of a line.
fn words(json: Option<&Json>) -> Vec<String> {
    match json {
        Some(Json::Array(items)) => items.iter().filter_map(text).collect(),
        Some(Json::String(line)) => shlex::split(line).unwrap_or_else(|| vec![line.clone()]),
        _ => Vec::new(),
    }
}

/// Milliseconds, or a text as `5s`.
fn time(json: &Json) -> Option<String> {
    match json {
        Json::String(text) if text.chars().all(|c| c.is_ascii_digit()) => Some(format!("{text}ms")),
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => number.as_u64().map(|ms| format!("{ms}ms")),
        _ => None,
    }
}

fn app_process(app: &Json, lost: &mut Vec<String>) -> Option<Process> {
    let any = |keys: &[&str]| keys.iter().find_map(|key| app.get(key));
    let script = any(&["script", "exec"]).and_then(text)?;
    let name = any(&["name"]).and_then(text).unwrap_or_else(|| super::words::name_of(&script));
    let mut process = Process::named(name);
    let command = command(app, &script, &mut process.notes);
    process.set("command", Value::List(command));
    instances(app, &mut process);
    if let Some(cwd) = any(&["cwd"]).and_then(text) {
        process.set("working_dir", Value::Text(literal(&cwd)));
    }
    for (key, ours) in [("uid", "user"), ("user", "user"), ("gid", "group")] {
        if let Some(value) = any(&[key]).and_then(text)
            && process.get(ours).is_none()
        {
            process.set(ours, Value::Text(literal(&value)));
        }
    }
    restarts(app, &mut process);
    let stop = any(&["kill_timeout", "killTimeout"]).and_then(time).unwrap_or_else(|| "1600ms".to_owned());
    process.set(
        "shutdown",
        Value::Map(vec![("signal", Value::plain("SIGINT")), ("timeout", Value::plain(stop))]),
    );
    for (key, value) in any(&["env"]).and_then(Json::as_object).into_iter().flatten() {
        if let Some(value) = text(value) {
            process.env.push((key.clone(), literal(&value)));
        }
    }
    left(app, &mut process, lost);
    Some(process)
}

fn command(app: &Json, script: &str, notes: &mut Vec<String>) -> Vec<String> {
    let any = |keys: &[&str]| keys.iter().find_map(|key| app.get(key));
    let named = any(&["interpreter", "exec_interpreter"]).and_then(text);
    let mut words_of = words(any(&["interpreter_args", "interpreterArgs", "node_args", "nodeArgs"]));
    let guessed = match script.rsplit_once('.').map(|(_, end)| end) {
        Some("js" | "cjs" | "mjs") => Some("node"),
        Some("ts") => Some("bun"),
        Some("py") => Some("python3"),
        Some("sh") => Some("bash"),
        Some("php") => Some("php"),
        Some("rb") => Some("ruby"),
        Some("pl") => Some("perl"),
        _ => None,
    };
    let interpreter = match named.as_deref() {
        Some("none" | "") => None,
        Some(named) => Some(named.to_owned()),
        None => guessed.map(str::to_owned),
    };
    let mut all = Vec::new();
    // A script may be a whole line: "npm run start".
    let mut script_words = if script.contains(' ') && interpreter.is_none() {
        words(Some(&Json::from(script)))
    } else {
        vec![script.to_owned()]
    };
    match interpreter {
        Some(interpreter) => {
            all.push(interpreter);
            all.append(&mut words_of);
        }
        None if !words_of.is_empty() => {
            notes.push(format!("left out, since there is no interpreter: {}", words_of.join(" ")))
        }
        None => {}
    }
    all.append(&mut script_words);
    all.extend(words(any(&["args"])));
    all.iter().map(|word| literal(word)).collect()
}

fn instances(app: &Json, process: &mut Process) {
    let cluster = app.get("exec_mode").and_then(text).is_some_and(|mode| mode.starts_with("cluster"));
    let wanted = app.get("instances").and_then(text);
    match wanted.as_deref() {
        None | Some("1") => {}
        Some("max" | "0" | "-1") => {
            process.set_noted(
                "scale",
                Value::plain("${INSTANCES:-2}"),
                "PM2 took as many as there are processors",
            );
        }
        Some(number) if number.parse::<u16>().is_ok() => process.set("scale", Value::plain(number)),
        Some(other) => process.note(format!("instances: {other} is left out")),
    }
    if cluster && process.get("scale").is_some() {
        process.note("cluster mode shared one port between the instances; here each listens for itself: on PORT, with port_base, or with SO_REUSEPORT");
    }
    if app.get("increment_var").and_then(text).as_deref() == Some("PORT")
        && let Some(port) = app.pointer("/env/PORT").and_then(text).filter(|port| port.parse::<u16>().is_ok())
    {
        process.set("port_base", Value::plain(port));
    }
}

fn restarts(app: &Json, process: &mut Process) {
    let any = |keys: &[&str]| keys.iter().find_map(|key| app.get(key));
    let off = any(&["autorestart"]).and_then(Json::as_bool) == Some(false);
    process.set("restart", Value::plain(if off { "never" } else { "always" }));
    let attempts = any(&["max_restarts", "maxRestarts"]).and_then(Json::as_u64).unwrap_or(16);
    if !off {
        process.set("max_restart_attempts", Value::plain(attempts.min(100)));
    }
    if let Some(window) = any(&["min_uptime", "minUptime"]).and_then(time) {
        process.set("restart_stability_window", Value::plain(window));
    }
    if let Some(delay) = any(&["restart_delay", "exp_backoff_restart_delay"]).and_then(time) {
        process.set("restart_backoff_initial", Value::plain(delay));
    }
    if let Some(codes) = any(&["stop_exit_codes"]) {
        let codes = match codes {
            Json::Array(codes) => codes.iter().filter_map(text).collect::<Vec<_>>(),
            one => text(one).into_iter().collect(),
        };
        process.note(format!(
            "stop_exit_codes {}: with `restart: on-failure` and success_codes it stays away after them",
            codes.join(", ")
        ));
    }
}

/// What has no key here.
fn left(app: &Json, process: &mut Process, lost: &mut Vec<String>) {
    let name = process.name.clone();
    let Some(keys) = app.as_object() else { return };
    let mut left = Vec::new();
    for (key, value) in keys {
        let off =
            matches!(value, Json::Null | Json::Bool(false)) || value.as_array().is_some_and(Vec::is_empty);
        match key.as_str() {
            _ if off => {}
            "watch" => lost.push(format!("{name}: watch: there is no restart when files change")),
            "max_memory_restart" | "maxMemoryRestart" => lost.push(format!(
                "{name}: max_memory_restart {}: see max_memory_mb and limits.as",
                text(value).unwrap_or_default()
            )),
            "cron_restart" | "cron" => lost.push(format!(
                "{name}: cron_restart {}: let a scheduled process run `phpeek-pm restart {name}`",
                text(value).unwrap_or_default()
            )),
            "wait_ready" | "listen_timeout" => left.push(format!("{key} (write health_check)")),
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
const KNOWN: [&str; 43] = [
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

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use crate::cli::import::checked::passes;

    #[test]
    fn apps_carry_over_and_the_rest_is_named() {
        let text = r#"{"apps": [
            {"name": "api", "script": "./dist/server.js", "args": "--port 3000 --name \"a b\"", "node_args": ["--max-old-space-size=512"],
             "instances": "max", "exec_mode": "cluster", "cwd": "/srv/api", "env": {"NODE_ENV": "production", "PORT": 3000, "X": "${y}"},
             "env_production": {"A": 1}, "max_memory_restart": "300M", "kill_timeout": 5000, "watch": false, "min_uptime": "10s",
             "error_file": "/var/log/e.log", "max_restarts": 10},
            {"name": "next", "script": "npm", "args": "run start", "autorestart": false, "uid": "node"},
            {"script": "worker.py", "instances": 3, "watch": ["src"], "cron_restart": "0 3 * * *"},
            {"name": "empty"}], "deploy": {}}"#;
        let all = import(text).expect("JSON");
        let yaml = all.yaml("pm2 ecosystem.json");
        passes(&yaml);
        for wanted in [
            "command: [node, \"--max-old-space-size=512\", \"./dist/server.js\", \"--port\", \"3000\", \"--name\", \"a b\"]",
            "scale: ${INSTANCES:-2}",
            "working_dir: /srv/api",
            "X: \"$${y}\"",
            "timeout: 5000ms",
            "signal: SIGINT",
            "restart: never",
            "command: [npm, run, start]",
            "user: node",
            "command: [python3, worker.py]",
            "scale: 3",
            "restart_stability_window: 10s",
            "max_restart_attempts: 10",
        ] {
            assert!(yaml.contains(wanted), "{wanted}\n{yaml}");
        }
        let lost = all.lost.join("\n");
        for wanted in ["deploy", "max_memory_restart 300M", "worker: watch", "cron_restart", "empty"] {
            assert!(lost.contains(wanted), "{wanted}\n{lost}");
        }
        let by_hand =
            import("{'apps': [{name: 'x', script: \"a b.js\", watch: true,},]}").expect("nearly JSON");
        assert!(by_hand.yaml("pm2 x").contains("command: [node, \"a b.js\"]"), "{}", by_hand.yaml("pm2 x"));
        assert!(import("module.exports = {}").expect_err("no JSON").contains("JSON.stringify"));
    }
}
