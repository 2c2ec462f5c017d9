//! PM2's ecosystem files: JSON, YAML, or a module of JavaScript that is a list. Texts only.

use super::model::{Imported, Process, Value, literal};
use super::pm2_left::left;
use super::script::{self, CLOSE, OPEN};
use serde_json::Value as Json;

/// The whole of it, or why it cannot be read.
pub(super) fn import(text: &str) -> Result<Imported, String> {
    let text = text.trim_start_matches('\u{FEFF}');
    let read = serde_json::from_str::<Json>(text);
    let by_hand = || phpeek_config::as_json(text).filter(|json| json.is_object() || json.is_array());
    let read = read.or_else(|error| by_hand().ok_or(error)).map(|json| (json, Vec::new()));
    let (json, computed) = read.or_else(|error| script::exported(text).ok_or(error)).map_err(|error| {
        format!(
            "it is neither JSON ({error}) nor a module that exports an object as it is written; what a program makes is written out by \
             `node -p 'JSON.stringify(require(\"./ecosystem.config.js\"))' > ecosystem.json`"
        )
    })?;
    let apps: Vec<&Json> = match json.get("apps").unwrap_or(&json) {
        Json::Array(apps) => apps.iter().collect(),
        one => vec![one],
    };
    let mut all = Imported::default();
    all.lost.extend(computed.iter().map(|source| format!("{source}: this is computed: write its value")));
    if json.get("deploy").is_some() {
        all.lost.push("deploy: deploying is not the business of a supervisor".to_owned());
    }
    all.global(
        "restart_backoff_initial",
        Value::plain("1s"),
        "PM2 restarts at once; here the wait doubles from this on",
    );
    for app in apps {
        match app_process(app) {
            Some(process) => {
                let name = all.add(process);
                if let Some(job) = restarter(app, &name) {
                    all.add(job);
                }
            }
            None => all.lost.push(format!("an app without a script is left out: {}", shown(app))),
        }
    }
    Ok(all)
}

/// A text that means itself, but for the variables that a module named.
fn own(text: &str) -> String {
    literal(text).replace(OPEN, "${").replace(CLOSE, "}")
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

fn app_process(app: &Json) -> Option<Process> {
    let any = |keys: &[&str]| keys.iter().find_map(|key| app.get(key));
    let script = any(&["script", "exec"]).and_then(text)?;
    let name = any(&["name"]).and_then(text).unwrap_or_else(|| super::words::name_of(&script));
    let mut process = Process::named(name);
    let command = command(app, &script, &mut process.notes);
    process.set("command", Value::List(command));
    instances(app, &mut process);
    if let Some(cwd) = any(&["cwd"]).and_then(text).filter(|cwd| cwd != "." && cwd != "./") {
        process.set("working_dir", Value::Text(own(&cwd)));
    }
    for (key, ours) in [("uid", "user"), ("user", "user"), ("gid", "group")] {
        if let Some(value) = any(&[key]).and_then(text)
            && process.get(ours).is_none()
        {
            process.set(ours, Value::Text(own(&value)));
        }
    }
    restarts(app, &mut process);
    let stop = any(&["kill_timeout", "killTimeout"]).and_then(time).unwrap_or_else(|| "1600ms".to_owned());
    process.set(
        "shutdown",
        Value::Map(vec![("signal", Value::plain("SIGINT")), ("timeout", Value::plain(stop))]),
    );
    for (key, value) in any(&["env"]).and_then(Json::as_object).into_iter().flatten() {
        // What the environment holds under the same name is inherited.
        let inherited = format!("{OPEN}{key}{CLOSE}");
        if let Some(value) = text(value).filter(|value| *value != inherited) {
            process.env.push((key.clone(), own(&value)));
        }
    }
    left(app, &mut process);
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
    // A script may be a whole line: "npm run start".
    let first = script.split(' ').next().unwrap_or_default();
    let line = script.contains(' ') && RUNNERS.contains(&first);
    let interpreter = match named.as_deref() {
        Some("none" | "") => None,
        _ if line => None,
        Some(named) => Some(named.to_owned()),
        None => guessed.map(str::to_owned),
    };
    let mut all = Vec::new();
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
        None if first == "node" => {
            script_words.splice(1..1, words_of);
        }
        None if !words_of.is_empty() => {
            notes.push(format!("left out, since there is no interpreter: {}", words_of.join(" ")))
        }
        None => {}
    }
    all.append(&mut script_words);
    all.extend(words(any(&["args"])));
    all.iter().map(|word| own(word)).collect()
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
    let codes = app.get("stop_exit_codes").is_some_and(|codes| !codes.is_null());
    let usual = if codes { "on-failure" } else { "always" };
    process.set("restart", Value::plain(if off { "never" } else { usual }));
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
    if let Some(codes) = any(&["stop_exit_codes"]).filter(|_| !off) {
        let codes = match codes {
            Json::Array(codes) => codes.iter().filter_map(text).collect::<Vec<_>>(),
            one => text(one).into_iter().collect(),
        };
        process.set_noted(
            "success_codes",
            Value::plain(format!("[{}]", codes.join(", "))),
            "stop_exit_codes",
        );
    }
    if let Some(bound) = any(&["max_memory_restart", "maxMemoryRestart"]).and_then(text) {
        let unit = if bound.ends_with(|c: char| c.is_ascii_digit()) { "B" } else { "" };
        let bound = bound.trim().to_ascii_uppercase().trim_end_matches('B').to_owned();
        let bound = if unit.is_empty() { format!("{bound}B") } else { bound };
        process.set("memory", Value::Map(vec![("soft", Value::plain(bound))]));
    }
    watch(app, process);
}

/// Files whose change restarts it.
fn watch(app: &Json, process: &mut Process) {
    let paths = match app.get("watch") {
        Some(Json::Bool(true)) => vec![".".to_owned()],
        Some(paths) => words(Some(paths)),
        None => Vec::new(),
    };
    if paths.is_empty() {
        return;
    }
    let usual = || vec!["node_modules".to_owned(), ".git".to_owned()];
    let ignored = match app.get("ignore_watch") {
        None => usual(),
        ignored => words(ignored),
    };
    let list = |paths: Vec<String>| Value::List(paths.iter().map(|path| own(path)).collect());
    let mut keys = vec![("paths", list(paths)), ("ignore", list(ignored))];
    if let Some(delay) = app.get("watch_delay").and_then(time) {
        keys.push(("debounce", Value::plain(delay)));
    }
    process.set("watch", Value::Map(keys));
}

/// What restarts it by the clock: a job beside it.
fn restarter(app: &Json, name: &str) -> Option<Process> {
    let clock = ["cron_restart", "cron"].iter().find_map(|key| app.get(*key)).and_then(text)?;
    let mut job = Process::named(format!("{name}-restart"));
    job.note(format!("cron_restart of {name}"));
    job.set("schedule", Value::Text(clock));
    job.set("command", Value::List(["phpeek-pm", "restart", name].map(str::to_owned).to_vec()));
    Some(job)
}

/// Programs that begin a line, and are no scripts.
const RUNNERS: [&str; 8] = ["node", "npm", "npx", "yarn", "pnpm", "bun", "deno", "python3"];

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
            {"name": "line", "script": "node dist/main.js", "node_args": "--x"},
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
            "command: [node, \"--x\", dist/main.js]",
            "user: node",
            "command: [python3, worker.py]",
            "scale: 3",
            "restart_stability_window: 10s",
            "max_restart_attempts: 10",
            "memory:\n      soft: 300MB",
            "watch:\n      paths: [src]\n      ignore: [node_modules, \".git\"]",
            "worker-restart:",
            "command: [phpeek-pm, restart, worker]",
        ] {
            assert!(yaml.contains(wanted), "{wanted}\n{yaml}");
        }
        let lost = all.lost.join("\n");
        for wanted in ["deploy", "empty"] {
            assert!(lost.contains(wanted), "{wanted}\n{lost}");
        }
        let by_hand =
            import("{'apps': [{name: 'x', script: \"a b.js\", watch: true,},]}").expect("nearly JSON");
        assert!(by_hand.yaml("pm2 x").contains("command: [node, \"a b.js\"]"), "{}", by_hand.yaml("pm2 x"));
        assert!(import("module.exports = make()").expect_err("no list").contains("JSON.stringify"));
        let module = "const x = 1;\nmodule.exports = {\n  // one\n  apps: [{ script: 'a.js', cwd: __dirname, stop_exit_codes: [0, 143],\n    env: { HOST: process.env.HOST, PORT: process.env.PORT || 80, N: make() } }]\n};\n";
        let all = import(module).expect("a list");
        let yaml = all.yaml("pm2 x");
        passes(&yaml);
        assert!(
            yaml.contains("PORT: \"${PORT:-80}\"") && !yaml.contains("HOST") && !yaml.contains("working_dir"),
            "{yaml}"
        );
        assert!(yaml.contains("restart: on-failure") && yaml.contains("success_codes: [0, 143]"), "{yaml}");
        assert!(all.lost.iter().any(|lost| lost.starts_with("make()")), "{:?}", all.lost);
    }
}
