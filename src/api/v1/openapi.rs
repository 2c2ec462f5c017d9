//! The document of the API (OpenAPI 3.1), made of the table that its router is made of: what is routed is in it. Owns how it
//! is written; the shapes of answers stand in `schemas.json`, and the tests hold every answer that they see to it.

use super::table::{BASE, Gives, Kind, Param, Route};
use serde_json::{Map, Value, json};

/// What answers look like.
const SCHEMAS: &str = include_str!("schemas.json");

/// What every route may answer: nonsense, nobody known, not enough, too much at a time, a fault of ours, a supervisor that is
/// busy.
const ALWAYS: [u16; 6] = [400, 401, 403, 429, 500, 503];
/// And one with a body.
const WITH_BODY: [u16; 2] = [413, 415];

/// The document.
pub(super) fn document(table: &[Route]) -> String {
    let mut paths = Map::new();
    for route in table {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Value::Object(path) = path {
            path.insert(route.method.to_owned(), operation(route));
        }
    }
    let schemas: Value = serde_json::from_str(SCHEMAS).unwrap_or_default();
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "phpeek-pm",
            "description": "The management API of a supervisor.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": BASE }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        },
    });
    format!("{document:#}\n")
}

fn operation(route: &Route) -> Value {
    let in_path = names(route.path).map(|name| {
        let schema = if name == "id" {
            json!({ "type": "integer", "minimum": 0 })
        } else {
            json!({ "type": "string" })
        };
        json!({ "name": name, "in": "path", "required": true, "schema": schema })
    });
    let parameters: Vec<Value> = in_path.chain(route.query.iter().map(parameter)).collect();
    let mut shown = json!({
        "operationId": id(route),
        "summary": route.about,
        "parameters": parameters,
        "responses": responses(route),
        "security": route.needs.map_or_else(|| json!([]), |_| json!([{ "token": [] }])),
    });
    if let Value::Object(shown) = &mut shown {
        if let Some((schema, required)) = route.body {
            let content = json!({ "application/json": { "schema": schema_of(schema) } });
            shown.insert("requestBody".to_owned(), json!({ "required": required, "content": content }));
        }
        if let Some(role) = route.needs {
            shown.insert("x-role".to_owned(), Value::from(role.as_str()));
        }
    }
    shown
}

fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|step| step.strip_prefix('{')?.strip_suffix('}'))
}

/// `post_processes_name_start`
fn id(route: &Route) -> String {
    let path = route.path.replace(['/', '.'], "_").replace(['{', '}'], "");
    format!("{}{path}", route.method)
}

fn parameter((name, kind, about): &Param) -> Value {
    let schema = match kind {
        Kind::Text => json!({ "type": "string" }),
        Kind::Needed => json!({ "type": "string", "minLength": 1 }),
        Kind::From(least) => json!({ "type": "integer", "minimum": least }),
        Kind::Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Kind::Seconds => json!({ "type": "number", "minimum": 0 }),
        // An empty one is none.
        Kind::Word(words) => {
            json!({ "type": "string", "enum": words.iter().chain([&""]).collect::<Vec<_>>() })
        }
    };
    let required = matches!(kind, Kind::Needed);
    json!({ "name": name, "in": "query", "required": required, "description": about, "schema": schema })
}

fn responses(route: &Route) -> Value {
    let mut all = Map::new();
    for (status, gives) in &route.gives {
        let content = match gives {
            Gives::Json(schema) => json!({ "application/json": { "schema": schema_of(schema) } }),
            Gives::Events => json!({ "text/event-stream": { "schema": { "type": "string" } } }),
        };
        let mut answer = json!({ "description": reason(*status), "content": content });
        if let (202, Value::Object(answer)) = (status, &mut answer) {
            answer.insert("headers".to_owned(), json!({ "Location": { "schema": { "type": "string" } } }));
        }
        all.insert(status.to_string(), answer);
    }
    let with_body = WITH_BODY.iter().filter(|_| route.body.is_some());
    for status in ALWAYS.iter().chain(with_body).chain(route.refuses) {
        let mut content = json!({ "application/json": { "schema": schema_of("Error") } });
        // Access lists say it in plain text, as PHPeek PM does.
        if let (400 | 403, Value::Object(content)) = (status, &mut content) {
            content.insert("text/plain".to_owned(), json!({ "schema": { "type": "string" } }));
        }
        all.insert(status.to_string(), json!({ "description": reason(*status), "content": content }));
    }
    Value::Object(all)
}

fn schema_of(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn reason(status: u16) -> &'static str {
    http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default()
}
