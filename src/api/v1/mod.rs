//! The management API as PHPeek PM documents it, below `/api/v1`: the same routes on TCP, on its socket and on the control
//! socket. Owns paths, methods and the shape of answers; who may ask is judged before it sees a request. Asks supervision
//! by message, and never waits within it.

mod configure;
mod events;
mod filled;
mod history;
mod logs;
mod openapi;
mod opening;
mod orders;
mod program;
mod query;
mod runs;
mod schedule;
mod shape;
mod shared;
mod spans;
mod table;
mod used;

use super::desk::{Desk, Inquiry};
pub use super::live::Places;
use super::refusal::{Refusal, json_of, written};
use super::traces::TraceSource;
use super::view::Changes;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header;
use phpeek_actors::events::EventSource;
use phpeek_actors::lines::LineSource;
use phpeek_actors::panics::Panics;
use phpeek_core::spec::ProcessKind;
use phpeek_settings::web::Role;
use serde_json::{Value, json};
use shared::{Seen, Shared, missing};
use std::sync::{Arc, Mutex, OnceLock};
use table::{BASE, Route};
use tokio::sync::mpsc;
pub use used::{History, Load, Loads, Used};

/// What is answered to everybody.
pub const OPEN: &[&str] = &["/api/v1/health"];

/// What is told as it happens.
#[derive(Clone)]
pub struct Sources {
    /// Lines of processes.
    pub lines: Arc<dyn LineSource>,
    /// What instances have used, where that is looked at.
    pub history: Option<Arc<dyn History>>,
    /// What happens.
    pub events: Arc<dyn EventSource>,
    /// Who keeps the newest spans; nobody when tracing is off.
    pub traces: Option<Arc<dyn TraceSource>>,
}

/// The routes, on the runtime of this thread.
pub fn router(
    supervision: &mpsc::Sender<Inquiry>,
    changes: Changes,
    sources: Sources,
    (places, panics): (Places, &Panics),
) -> Router {
    let desk = Desk::open(supervision.clone(), Inquiry::Status, (Seen::new, panics));
    let supervision = supervision.clone();
    let Sources { lines, events, history, traces } = sources;
    let shared =
        Shared { supervision, desk, changes, last: Mutex::default(), lines, events, history, traces, places };
    let routes = table::router(table())
        .route("/processes/", table::anything(nameless))
        .route("/processes/{name}/", table::anything(nothing_to_do))
        .route("/processes/{name}/{action}", table::anything(action))
        .fallback(async || Refusal::not_found("there is nothing at this path: see GET /api/v1/openapi.json"))
        .method_not_allowed_fallback(async || Refusal::method())
        .with_state(Arc::new(shared));
    Router::new().nest(BASE, routes)
}

/// Every route that does something.
fn table() -> Vec<Route> {
    let own = vec![
        Route::get("/health", None, health).tells("That it answers.", "Health"),
        Route::get("/openapi.json", Role::Read, openapi).tells("This document.", "OpenApi"),
        Route::get("/processes", Role::Read, list).tells("All processes, by name.", "ProcessList"),
        Route::get("/processes/{name}", Role::Read, one)
            .tells("A process, with its configuration.", "ProcessShown")
            .refuses(&[404]),
    ];
    let rooms = [
        orders::routes(),
        configure::routes(),
        logs::routes(),
        schedule::routes(),
        history::routes(),
        events::routes(),
        spans::routes(),
    ];
    own.into_iter().chain(rooms.into_iter().flatten()).collect()
}

/// What every answer of the API may be, for programs.
#[must_use]
pub fn document() -> String {
    openapi::document(&table())
}

async fn openapi() -> Response {
    static DOCUMENT: OnceLock<Bytes> = OnceLock::new();
    let body = DOCUMENT.get_or_init(|| document().into()).clone();
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

async fn health() -> Result<Response, Refusal> {
    json_of(&json!({ "status": "healthy" }))
}

async fn list(State(shared): State<Arc<Shared>>) -> Result<Response, Refusal> {
    let seen = shared.seen().await?;
    let made = seen.list.get_or_init(|| {
        let list = json!({ "processes": shape::processes(&seen.view, &shared.loads()) });
        serde_json::to_vec(&list).map(Bytes::from).map_err(|error| error.to_string())
    });
    written(made)
}

async fn one(
    State(shared): State<Arc<Shared>>,
    name: Result<Path<String>, PathRejection>,
) -> Result<Response, Refusal> {
    let Path(name) = name.map_err(|_| Refusal::bad("the name is no text"))?;
    let seen = shared.seen().await?;
    let (process, spec) = shape::process(&seen.view, &shared.loads(), &name).ok_or_else(|| missing(&name))?;
    let mut config = filled::config(spec, seen.view.written.get(&name));
    // What somebody has asked for is configured from then on, whatever the file says.
    if let Value::Object(config) = &mut config
        && spec.kind == ProcessKind::LongRun
        && process.scale > 0
    {
        config.insert("scale".to_owned(), process.scale.into());
    }
    json_of(&json!({ "process": process, "config": config }))
}

async fn nameless() -> Refusal {
    Refusal::bad("process name required: /api/v1/processes/NAME")
}

async fn nothing_to_do() -> Refusal {
    Refusal::bad("an action is required: /api/v1/processes/NAME/ACTION")
}

/// Of a process that is not there nothing can be asked; of others there is no such action.
async fn action(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, Refusal> {
    let Path((name, action)) = path.map_err(|_| Refusal::bad("the name is no text"))?;
    let seen = shared.seen().await?;
    shape::known(&seen.view, &name).ok_or_else(|| missing(&name))?;
    Err(Refusal::bad(format!("unknown action {action:?}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use serde_json::Value;

    #[test]
    fn every_shape_that_is_named_is_there_and_every_one_is_named() {
        let document: Value = serde_json::from_str(&document()).expect("JSON");
        let schemas = document["components"]["schemas"].as_object().expect("schemas");
        let text = document.to_string();
        let named = |name: &str| text.contains(&format!("\"#/components/schemas/{name}\""));
        assert!(schemas.keys().all(|name| named(name)), "not all of {:?} are used", schemas.keys());
        for name in text.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(schemas.contains_key(name), "{name}");
        }
    }

    #[test]
    fn every_route_is_described_and_says_what_it_answers() {
        for route in table() {
            let at = (route.method, route.path);
            assert!(
                !route.about.is_empty() && route.gives.iter().any(|(status, _)| *status == 200),
                "{at:?}"
            );
            assert!(route.needs.is_some() || OPEN.contains(&&*format!("/api/v1{}", route.path)), "{at:?}");
        }
    }
}
