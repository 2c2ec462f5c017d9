//! Holds answers of the API to its document: what a route may answer, and how that looks. Reads `config/openapi.json`, which
//! another test keeps fresh. Called for every answer that a test sees.

use serde_json::Value;
use std::sync::OnceLock;

fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/config/openapi.json");
        serde_json::from_str(&std::fs::read_to_string(path).expect("the document")).expect("JSON")
    })
}

/// What is wrong with this answer, by the document. What is no route of it is none of its business.
pub fn fault(method: &str, path: &str, (status, head, body): (u16, &str, &str)) -> Option<String> {
    let path = path.strip_prefix("/api/v1")?.split('?').next()?;
    let paths = document()["paths"].as_object()?;
    // Steps that are written win over those that are named.
    let fitting = paths.iter().filter(|(known, _)| fits(known, path));
    let (_, known) = fitting.min_by_key(|(known, _)| known.matches('{').count())?;
    let method = if method == "HEAD" { "get".to_owned() } else { method.to_lowercase() };
    let Some(operation) = known.get(&method) else {
        return (status != 405 && !matches!(status, 400 | 401 | 403 | 404 | 429))
            .then(|| format!("{status} to a method that is not there"));
    };
    let Some(answer) = operation["responses"].get(status.to_string()) else {
        return Some(format!("nobody has said that it may answer {status}"));
    };
    let kind = head.lines().find_map(|line| line.strip_prefix("content-type:")).unwrap_or_default();
    let Some(content) = answer["content"].get(kind.split(';').next().unwrap_or_default().trim()) else {
        return Some(format!("nobody has said that {status} may be {kind:?}"));
    };
    if body.is_empty() || !kind.contains("json") {
        return None;
    }
    match serde_json::from_str(body) {
        Ok(value) => wrong(&content["schema"], &value, "").err(),
        Err(error) => Some(format!("no JSON: {error}")),
    }
}

fn fits(known: &str, path: &str) -> bool {
    let (known, path): (Vec<_>, Vec<_>) = (known.split('/').collect(), path.split('/').collect());
    let same = |(a, b): (&&str, &&str)| a == b || (a.starts_with('{') && !b.is_empty());
    known.len() == path.len() && known.iter().zip(&path).all(same)
}

/// Holds a value to a schema, as far as the schemas of answers go.
fn wrong(schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap_or_default();
        return wrong(&document()["components"]["schemas"][name], value, at);
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return Err(format!("{at}: a schema without a type")),
    };
    let is = |kind: &&str| match *kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        _ => value.is_null(),
    };
    if !kinds.iter().any(is) {
        return Err(format!("{at}: {value} is not {kinds:?}"));
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        return Err(format!("{at}: {value} is none of {}", schema["enum"]));
    }
    for needed in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(needed).is_none() {
            return Err(format!("{at}: {needed} is missing in {value}"));
        }
    }
    for (key, inner) in value.as_object().into_iter().flatten() {
        match schema["properties"].get(key) {
            Some(schema) => wrong(schema, inner, &format!("{at}.{key}"))?,
            // Where nothing is said of what is inside, anything may be.
            None if schema["properties"].is_null() || schema["x-more"].is_boolean() => {}
            None => return Err(format!("{at}: nobody has said that {key} may be there")),
        }
    }
    value
        .as_array()
        .into_iter()
        .flatten()
        .try_for_each(|item| wrong(&schema["items"], item, &format!("{at}[]")))
}
