//! What a process is configured as beside what its specification tells, as it is written, for those who ask: its hooks,
//! output, bounds and whatever else is known here alone. Hides what may be a secret; judges nothing.

use super::secret;
use super::tree::{Node, Value};
use phpeek_settings::secret::{HIDDEN, arguments};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Keys of a process that its specification tells of with all that they hold.
const TOLD: [&str; 22] = [
    "enabled",
    "command",
    "type",
    "initial_state",
    "scale",
    "max_scale",
    "working_dir",
    "user",
    "group",
    "env",
    "stdout",
    "stderr",
    "restart",
    "max_restart_attempts",
    "restart_backoff_initial",
    "restart_backoff_max",
    "essential",
    "schedule",
    "schedule_timezone",
    "schedule_timeout",
    "schedule_max_concurrent",
    "port_base",
];

/// By process, of those that have any. Cheap to clone.
#[derive(Clone, Default)]
pub struct Written(pub Arc<BTreeMap<String, Json>>);

/// It is for showing: two configurations that act alike are alike, however they are written.
impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Written")
    }
}

/// Of all processes of this tree.
pub(crate) fn written(root: &Node) -> Written {
    let all = root.get("processes").map_or(&[][..], Node::entries);
    let of_each = all.iter().filter_map(|process| {
        // Its specification has the variables of the file and those that are written as one.
        let with_env = process.node.get("env_file").is_some();
        let wanted = |key: &str| !TOLD.contains(&key) || (key == "env" && with_env);
        let keys = process.node.entries().iter().filter(|entry| wanted(&entry.key));
        let more: Map<String, Json> =
            keys.map(|entry| (entry.key.clone(), json(&entry.node, &entry.key))).collect();
        (!more.is_empty()).then(|| (process.key.clone(), Json::Object(more)))
    });
    Written(Arc::new(of_each.collect()))
}

fn json(node: &Node, path: &str) -> Json {
    match &node.value {
        Value::Null | Value::Emptied => Json::Null,
        Value::Scalar(text) if hidden(path, text) => Json::from(HIDDEN),
        Value::Scalar(text) => scalar(text),
        // A word of a command is a text, whatever it looks like.
        Value::List(items) if path.ends_with("command") && !secret::in_path(path) => {
            let words: Vec<&str> = items.iter().map(|item| item.text().unwrap_or_default()).collect();
            Json::from(arguments(&words))
        }
        Value::List(items) => items.iter().map(|item| json(item, path)).collect(),
        Value::Map(entries) => {
            let each = |entry: &super::tree::Entry| {
                (entry.key.clone(), json(&entry.node, &format!("{path}.{}", entry.key)))
            };
            Json::Object(entries.iter().map(each).collect())
        }
    }
}

/// The address of a monitor is all that it takes to tell it something.
fn hidden(path: &str, text: &str) -> bool {
    secret::in_path(path)
        || secret::in_value(text)
        || (path.starts_with("heartbeat.") && path.ends_with("url"))
}

/// As it would be written.
fn scalar(text: &str) -> Json {
    match text {
        "true" => Json::Bool(true),
        "false" => Json::Bool(false),
        _ => match text.parse::<i64>() {
            Ok(number) if number.to_string() == text => Json::from(number),
            _ => Json::from(text),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::Place;
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_specification_does_not_tell_is_shown_as_it_is_written_without_secrets() {
        let root = Node::from_json(
            json!({"processes": {
                "plain": {"command": ["x"], "scale": 2},
                "web": {
                    "command": ["x"], "env": {"A": "hunter2"}, "limits": {"nofile": 1024}, "umask": "0027",
                    "memory": {"soft": "256MB"}, "logging": {"json": {"enabled": true}, "labels": {"team": "shop"}},
                    "hooks": {"pre_start": [{"command": ["y", "--token", "hunter2", "z"], "env": {"K": "hunter2"}}]},
                    "heartbeat": {"url": "https://hc.example.com/hunter2"},
                    "depends_on": {"db": {"condition": "ready", "timeout": "1m"}},
                },
                "filed": {"command": ["x"], "env": {"A": "hunter2"}, "env_file": "a.env"},
            }}),
            &Place::Nowhere,
        );
        let shown = written(&root);
        let wanted = json!({
            "web": {
                "limits": {"nofile": 1024}, "umask": "0027",
                "memory": {"soft": "256MB"}, "logging": {"json": {"enabled": true}, "labels": {"team": "shop"}},
                "hooks": {"pre_start": [{"command": ["y", "--token", "***", "z"], "env": {"K": "***"}}]},
                "heartbeat": {"url": "***"},
                "depends_on": {"db": {"condition": "ready", "timeout": "1m"}},
            },
            "filed": {"env": {"A": "***"}, "env_file": "a.env"},
        });
        assert_eq!(json!(*shown.0), wanted);
    }
}
