//! The JSON schema of the YAML, for editors; made from the key tables.

use super::keys::{CONDITIONS, DEPENDENCY, Key, Kind, ROOT, SECRET_FILE, Standing};
use super::value;
use serde_json::{Map, Value, json};

/// The schema as pretty JSON with a final newline.
#[must_use]
pub fn schema_json() -> String {
    let mut root = object(ROOT);
    if let Value::Object(map) = &mut root {
        map.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
        map.insert("title".into(), json!("phpeek-pm configuration"));
    }
    format!("{root:#}\n")
}

fn object(keys: &[Key]) -> Value {
    let properties: Map<String, Value> = keys.iter().map(|k| (k.name.to_owned(), property(k))).collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false, "patternProperties": { "^x-": {} } })
}

/// Within a block that is announced nothing acts, though the same keys do in another.
fn announce(schema: &mut Value) {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for below in properties.into_iter().flat_map(Map::values_mut) {
        announce(below);
        if below["x-standing"] == "acts" {
            below["x-standing"] = json!("later");
        }
    }
}

/// A key: its kind, with what it means, its default, whether it acts, and what a change of it takes.
fn property(key: &Key) -> Value {
    let mut schema = of(&key.kind);
    if key.later() {
        announce(&mut schema);
    }
    if let Value::Object(map) = &mut schema {
        map.insert("description".into(), json!(key.about));
        if !key.default.is_empty() {
            map.insert("default".into(), typed(key));
        }
        let standing = match key.standing {
            Standing::Works => "acts",
            Standing::Later => "later",
            Standing::Idle => "no effect",
        };
        map.insert("x-standing".into(), json!(standing));
        map.insert("x-reload".into(), json!(key.reload.as_str()));
    }
    schema
}

/// The default as JSON has it.
fn typed(key: &Key) -> Value {
    match key.kind {
        Kind::Bool => json!(value::truth(key.default)),
        Kind::Int(..) => json!(value::int(key.default)),
        Kind::Float(..) => json!(value::float(key.default)),
        Kind::List(_) | Kind::Files | Kind::FilesOr(_) | Kind::Depends => {
            serde_json::from_str(key.default).unwrap_or_default()
        }
        _ => json!(key.default),
    }
}

/// A value that may also be written as a substitution.
fn or_variable(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "string", "pattern": "\\$\\{" }] })
}

fn any(of: &[Value]) -> Value {
    json!({ "anyOf": of })
}

fn of(kind: &Kind) -> Value {
    let text = || json!({ "type": ["string", "number", "boolean"] });
    match kind {
        Kind::Bool => or_variable(json!({ "type": "boolean" })),
        Kind::Int(min, max) => or_variable(json!({ "type": "integer", "minimum": min, "maximum": max })),
        Kind::Float(min, max) => or_variable(json!({ "type": "number", "minimum": min, "maximum": max })),
        Kind::OneOf(words) => or_variable(json!({ "enum": words })),
        Kind::Time(min, max) => {
            any(&[json!({ "type": "number", "minimum": min, "maximum": max }), json!({ "type": "string" })])
        }
        Kind::TimeOrOff | Kind::Signal | Kind::Size | Kind::Share | Kind::Limit | Kind::Umask => {
            json!({ "type": ["number", "string"] })
        }
        Kind::Text | Kind::Guard => text(),
        Kind::Cron | Kind::Zone | Kind::Regex | Kind::Capability | Kind::Network => {
            json!({ "type": "string" })
        }
        Kind::Secret => {
            let file = json!({
                "type": "object",
                "properties": { SECRET_FILE: { "type": "string" } },
                "required": [SECRET_FILE],
                "additionalProperties": false,
            });
            any(&[text(), file])
        }
        Kind::List(item) => or_variable(json!({ "type": "array", "items": of(item) })),
        Kind::Statuses => {
            let one = || json!({ "type": ["integer", "string"] });
            any(&[one(), json!({ "type": "array", "items": one() })])
        }
        Kind::Files => files(),
        Kind::FilesOr(keys) => any(&[files(), object(keys)]),
        Kind::Command => or_variable(json!({ "type": "array", "minItems": 1, "items": text() })),
        Kind::Map(keys) => object(keys),
        Kind::MapOf(value) => or_variable(json!({ "type": "object", "additionalProperties": of(value) })),
        Kind::Depends => {
            let names = json!({ "type": "array", "items": { "type": "string" } });
            let one = any(&[json!({ "type": "null" }), json!({ "enum": CONDITIONS }), object(DEPENDENCY)]);
            any(&[names, json!({ "type": "object", "additionalProperties": one })])
        }
    }
}

fn files() -> Value {
    any(&[json!({ "type": "string" }), json!({ "type": "array", "items": { "type": "string" } })])
}
