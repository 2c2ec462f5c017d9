//! The JSON schema of the YAML, for editors; made from the same keys that the check uses. Called by a test, which
//! keeps `config/schema.json` fresh.

use super::keys::{Key, Kind, ROOT, SECRET_FILE};
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
    let properties: Map<String, Value> = keys.iter().map(|k| (k.name.to_owned(), of(&k.kind))).collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false, "patternProperties": { "^x-": {} } })
}

/// A value that may also be written as a substitution.
fn or_variable(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "string", "pattern": "\\$\\{" }] })
}

fn of(kind: &Kind) -> Value {
    match kind {
        Kind::Bool => or_variable(json!({ "type": "boolean" })),
        Kind::Int(min, max) => or_variable(json!({ "type": "integer", "minimum": min, "maximum": max })),
        Kind::Float(min, max) => or_variable(json!({ "type": "number", "minimum": min, "maximum": max })),
        Kind::OneOf(words) => or_variable(json!({ "enum": words })),
        Kind::Time(min, max) => json!({ "anyOf": [
            { "type": "number", "minimum": min, "maximum": max }, { "type": "string" }] }),
        Kind::TimeOrOff | Kind::Signal => json!({ "type": ["number", "string"] }),
        Kind::Text | Kind::Guard => json!({ "type": ["string", "number", "boolean"] }),
        Kind::Cron | Kind::Zone | Kind::Size | Kind::Regex => json!({ "type": "string" }),
        Kind::Secret => {
            let file = json!({
                "type": "object",
                "properties": { SECRET_FILE: { "type": "string" } },
                "required": [SECRET_FILE],
                "additionalProperties": false,
            });
            json!({ "anyOf": [{ "type": ["string", "number", "boolean"] }, file] })
        }
        Kind::List(item) => or_variable(json!({ "type": "array", "items": of(item) })),
        Kind::Command => or_variable(json!({ "type": "array", "minItems": 1, "items": of(&Kind::Text) })),
        Kind::Map(keys) => object(keys),
        Kind::MapOf(value) => or_variable(json!({ "type": "object", "additionalProperties": of(value) })),
        Kind::Depends => json!({ "anyOf": [
            { "type": "array", "items": { "type": "string" } },
            { "type": "object", "additionalProperties": { "type": ["object", "null"],
                "properties": { "condition": { "enum": ["started", "completed"] } } } }] }),
    }
}
