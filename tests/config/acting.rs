//! What the key tables say of a key is so: one that acts changes the configuration, one that is announced or idle does
//! not, and each says the same by its variable.

use crate::read;
use phpeek_pm::config::schema_json;
use serde_json::{Value, json};

/// A scalar key: its path, its schema.
type Scalar = (Vec<String>, Value);

fn scalars(schema: &Value, path: &[String], all: &mut Vec<Scalar>) {
    for (name, below) in schema["properties"].as_object().into_iter().flatten() {
        let mut path = path.to_vec();
        path.push(name.clone());
        if below["properties"].is_object() {
            scalars(below, &path, all);
        } else {
            all.push((path, below.clone()));
        }
    }
}

/// A value that the key takes and that is not its default; nothing for lists and mappings, which are tested by name.
fn another(schema: &Value) -> Option<Value> {
    let forms: Vec<&Value> = schema["anyOf"].as_array().map_or(vec![schema], |any| any.iter().collect());
    let default = &schema["default"];
    let first = forms.first()?;
    match first["type"].as_str() {
        Some("boolean") => Some(json!(default != &json!(true))),
        Some("integer") => (0..20).map(|n| json!(n)).find(|n| n != default && in_bounds(n, first)),
        Some("number") => {
            [0.25, 17.0].map(|n| json!(n)).into_iter().find(|n| n != default && in_bounds(n, first))
        }
        _ => first["enum"].as_array()?.iter().find(|word| *word != default && !word.is_null()).cloned(),
    }
}

fn in_bounds(n: &Value, schema: &Value) -> bool {
    let of = |key: &str| schema[key].as_f64();
    let n = n.as_f64().expect("a number");
    of("minimum").is_none_or(|least| n >= least) && of("maximum").is_none_or(|most| n <= most)
}

/// Texts, signals, sizes, lists and mappings that their keys take; and what cannot be told by a type.
fn by_name(path: &str) -> Option<Value> {
    Some(match path {
        "log_buffer" => json!("3MB"),
        "logging.files" => json!({"own": {"path": "/other.log", "rotate": {"max_age": "7h"}}}),
        "control_socket" => json!("/run/other.sock"),
        "api_max_request_body" => json!(7),
        "api_host" | "metrics_host" => json!("127.0.0.2"),
        "metrics_path" => json!("/other"),
        "api_socket" => json!("/run/other-api.sock"),
        "api_auth" => json!("other"),
        "api_tokens" => json!([{"token": "other", "role": "read"}]),
        "metrics_federate" => json!([{"name": "other", "url": "http://127.0.0.1:1/metrics"}]),
        "signals" => json!({"USR1": "stop"}),
        "tracing_exporter" => json!("zipkin"),
        "tracing_endpoint" => json!("other:1"),
        "otlp_logs_endpoint" | "otlp_metrics_endpoint" => json!("other:1"),
        "otlp_metrics_interval" => json!("7s"),
        "tracing_failover" => json!(["http://other:1"]),
        "tracing_headers" => json!({"x-a": "b"}),
        "tracing_proxy" => json!("http://proxy:1"),
        "tracing_service_name" => json!("shop"),
        "tracing_spool_dir" => json!("/tmp/other/spool"),
        "tracing_spool_max_age" | "history_max_age" => json!("2h"),
        "tracing_file" => json!("/tmp/other.jsonl"),
        "tracing_file_max_size" => json!("3MB"),
        "tracing_server_name" => json!("other.example"),
        "restart_stability_window" => json!("7s"),
        "working_dir" => json!("/tmp"),
        "user" | "group" => json!("nobody"),
        "command" => json!(["other"]),
        "env" => json!({"A": "b"}),
        "depends_on" => json!(["other"]),
        "shutdown.signal" | "shutdown.kill_signal" => json!("SIGUSR2"),
        "max_restart_attempts" => json!(7),
        "max_unavailable" => json!("25%"),
        "restart" => json!("never"),
        "schedule" => json!("0 3 * * *"),
        "schedule_timezone" => json!("Europe/Copenhagen"),
        "schedule_timeout" => json!("3s"),
        "log_patience" => json!("3s"),
        "log_on_full" => json!("drop"),
        "pdeathsig" => json!("SIGKILL"),
        "logging.min_level" => json!("error"),
        "logging.labels" => json!({"team": "shop"}),
        "logging.filters.exclude" | "logging.filters.include" => json!(["x"]),
        "success_codes" => json!([0, 3]),
        "recycle_codes" => json!([12]),
        "shutdown.kill_timeout" => json!(7),
        "umask" => json!("0027"),
        "memory.soft" | "memory.hard" => json!("32MB"),
        "watch" => json!(["src"]),
        "groups" => json!(["daemon"]),
        "capabilities.bounding" | "capabilities.ambient" => json!(["CAP_KILL"]),
        limit if limit.starts_with("limits.") => json!("7:unlimited"),
        _ => return None,
    })
}

/// Blocks whose keys act together: each has a test of its own (`logging.rs`, `web.rs`, `readiness.rs`, `heartbeat.rs`).
const TOGETHER: [&str; 13] = [
    "api_tokens.",
    "metrics_federate.",
    "heartbeat.",
    "logging.redaction.",
    "logging.multiline.",
    "logging.json.",
    "logging.level_detection.",
    "api_tls.",
    "api_acl.",
    "metrics_tls.",
    "metrics_acl.",
    "readiness.",
    "watch.",
];

/// Keys that are judged together with others, or need a file that is there: each has a test of its own.
const OTHERS: [&str; 12] = [
    "version",
    "include",
    "env_file",
    "tracing_enabled",
    "tracing_use_tls",
    "tracing_ca_file",
    "tracing_client_cert_file",
    "tracing_client_key_file",
    "tracing_protocol",
    "max_scale",
    "max_process_scale",
    "enabled",
];

fn nested(path: &[String], value: &Value) -> Value {
    path.iter().rev().fold(value.clone(), |inner, key| json!({ key.as_str(): inner }))
}

/// A file with these keys, and what they need beside them; the folder of the file exporter is there.
fn file_with(global: &Value, app: &Value) -> Value {
    let mut whole = json!({
        "global": {"tracing_enabled": true, "tracing_exporter": "otlp-http", "tracing_use_tls": true},
        "processes": {"app": {"command": ["x"]}, "other": {"command": ["x"]}},
    });
    merge(&mut whole["global"], global);
    if app.as_object().is_some_and(|app| app.keys().any(|key| key.starts_with("schedule_"))) {
        whole["processes"]["app"]["schedule"] = json!("* * * * *");
    }
    merge(&mut whole["processes"]["app"], app);
    let of_file = global.as_object().is_some_and(|g| g.keys().any(|k| k.starts_with("tracing_file")));
    if of_file {
        whole["global"]["tracing_exporter"] = json!("file");
        let file = &mut whole["global"]["tracing_file"];
        *file = if file.is_null() { json!("/tmp/t.jsonl") } else { file.clone() };
    }
    for feature in ["api_", "metrics_", "resource_metrics_"] {
        let (mut keys, enabled) =
            (global.as_object().into_iter().flat_map(serde_json::Map::keys), format!("{feature}enabled"));
        if keys.any(|key| key.starts_with(feature) && *key != enabled) {
            whole["global"][enabled] = json!(true);
        }
    }
    for signal in ["otlp_logs", "otlp_metrics"] {
        let mut keys = global.as_object().into_iter().flat_map(serde_json::Map::keys);
        if keys.any(|key| key.starts_with(signal) && key != signal) {
            whole["global"][signal] = json!(true);
        }
    }
    if global["tracing_endpoint"].is_string()
        || global["tracing_failover"].is_array()
        || global["tracing_exporter"].is_string()
    {
        whole["global"]["tracing_use_tls"] = json!(false);
    }
    whole
}

/// What comes of a file and of variables, as a text.
fn read_as(whole: &Value, vars: &[(&str, &str)]) -> Option<String> {
    let loaded = read(&whole.to_string(), vars);
    assert!(loaded.configuration.is_some(), "{whole} {vars:?}: {:?}", loaded.report.findings);
    loaded.configuration.map(|c| format!("{c:?}"))
}

/// The configuration with these keys, as a text.
fn with(global: &Value, app: &Value) -> Option<String> {
    read_as(&file_with(global, app), &[])
}

/// The same, with the one key given by its variable instead of the file.
fn by_override(of_global: bool, path: &[String], value: &Value) -> Option<String> {
    let (keys, none) = (nested(path, value), json!({}));
    let mut whole = if of_global { file_with(&keys, &none) } else { file_with(&none, &keys) };
    let mut at = if of_global { &mut whole["global"] } else { &mut whole["processes"]["app"] };
    let (last, blocks) = path.split_last().expect("a path");
    for block in blocks {
        at = &mut at[block.as_str()];
    }
    at.as_object_mut().expect("a block").remove(last);
    let name = path.join("_").to_ascii_uppercase().replace('-', "_");
    let name =
        if of_global { format!("PHPEEK_PM_GLOBAL_{name}") } else { format!("CBOX_INIT_PROCESS_APP_{name}") };
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    read_as(&whole, &[(&name, &text)])
}

fn merge(into: &mut Value, from: &Value) {
    for (key, value) in from.as_object().into_iter().flatten() {
        into[key] = value.clone();
    }
}

#[test]
fn a_key_that_acts_changes_the_configuration_and_any_other_does_not() {
    let schema: Value = serde_json::from_str(&schema_json()).expect("JSON");
    let process = &schema["properties"]["processes"]["anyOf"][0]["additionalProperties"];
    let (mut global, mut own) = (Vec::new(), Vec::new());
    scalars(&schema["properties"]["global"], &[], &mut global);
    scalars(process, &[], &mut own);
    let none = json!({});
    let plain = with(&none, &none);
    let of_schedule = with(&none, &json!({"schedule": "* * * * *"}));
    let of_file = with(&json!({"tracing_file_max_files": 5}), &none);
    let of_api = with(&json!({"api_port": 9180}), &none);
    let of_metrics = with(&json!({"metrics_port": 9090}), &none);
    let of_sent = with(&json!({"otlp_metrics": true}), &none);
    let of_logs = with(&json!({"otlp_logs": true}), &none);
    let of_resources = with(&json!({"resource_metrics_interval": 5}), &none);
    let mut counts = [0, 0];
    let all = global.iter().map(|key| (true, key)).chain(own.iter().map(|key| (false, key)));
    for (of_global, (path, schema)) in all {
        let name = path.join(".");
        let acts = schema["x-standing"] == "acts";
        let whole = matches!(path[0].as_str(), "health_check" | "health" | "reload" | "hooks")
            || name.contains("hook");
        let together = TOGETHER.iter().any(|block| name.starts_with(block));
        if OTHERS.contains(&name.as_str()) || whole || together {
            continue;
        }
        let Some(value) = by_name(&name).or_else(|| another(schema)) else {
            assert!(!acts, "{name} acts, and no test knows a value of it: {schema}");
            continue;
        };
        let keys = nested(path, &value);
        let after = if of_global { with(&keys, &none) } else { with(&none, &keys) };
        let before = match path[0].as_str() {
            "otlp_logs_endpoint" => &of_logs,
            "otlp_metrics_endpoint" | "otlp_metrics_interval" => &of_sent,
            "api_enabled" | "metrics_enabled" | "resource_metrics_enabled" => &plain,
            key if key.starts_with("tracing_file") => &of_file,
            key if key.starts_with("api_") => &of_api,
            key if key.starts_with("metrics_") => &of_metrics,
            key if key.starts_with("resource_metrics_") => &of_resources,
            key if key.starts_with("schedule_") && !of_global => &of_schedule,
            _ => &plain,
        };
        assert_eq!(after != *before, acts, "{name}: {value} ({})", schema["x-standing"]);
        assert_eq!(by_override(of_global, path, &value), after, "{name}: {value} by its variable");
        counts[usize::from(acts)] += 1;
    }
    assert!(counts[0] > 10 && counts[1] > 100, "{counts:?}");
}
