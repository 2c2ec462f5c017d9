//! The management API as PHPeek PM documents it, below `/api/v1`: the same routes on TCP, on its socket and on the control
//! socket. Owns paths, methods and the shape of answers; who may ask is judged before it sees a request. Asks supervision
//! by message, and never waits within it.

mod configure;
mod events;
mod history;
mod logs;
mod orders;
mod program;
mod query;
mod runs;
mod schedule;
mod shape;
mod shared;
mod table;
mod used;

use super::desk::{Desk, Inquiry};
pub use super::live::Places;
use super::refusal::{Refusal, json_of};
use super::view::Changes;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header;
use phpeek_actors::events::EventSource;
use phpeek_actors::lines::LineSource;
use phpeek_settings::web::Role;
use serde_json::json;
use shared::{Seen, Shared, missing};
use std::sync::{Arc, Mutex};
use table::Route;
use tokio::sync::mpsc;
pub use used::{History, Used};

/// Where the API lies.
pub const BASE: &str = "/api/v1";
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
}

/// The routes, on the runtime of this thread.
pub fn router(
    supervision: &mpsc::Sender<Inquiry>,
    changes: Changes,
    sources: Sources,
    places: Places,
) -> Router {
    let desk = Desk::open(supervision.clone(), Inquiry::Status, Seen::new);
    let supervision = supervision.clone();
    let Sources { lines, events, history } = sources;
    let shared =
        Shared { supervision, desk, changes, last: Mutex::default(), lines, events, history, places };
    let routes = table::router(table())
        .route("/processes/", table::anything(nameless))
        .route("/processes/{name}/", table::anything(nothing_to_do))
        .route("/processes/{name}/{action}", table::anything(action))
        .fallback(async || Refusal::not_found("there is nothing at this path: see GET /api/v1/processes"))
        .method_not_allowed_fallback(async || Refusal::method())
        .with_state(Arc::new(shared));
    Router::new().nest(BASE, routes)
}

/// Every route that does something.
fn table() -> Vec<Route> {
    let own = vec![
        Route::get("/health", None, health),
        Route::get("/processes", Role::Read, list),
        Route::get("/processes/{name}", Role::Read, one),
    ];
    let rooms = [
        orders::routes(),
        configure::routes(),
        logs::routes(),
        schedule::routes(),
        history::routes(),
        events::routes(),
    ];
    own.into_iter().chain(rooms.into_iter().flatten()).collect()
}

async fn health() -> Result<Response, Refusal> {
    json_of(&json!({ "status": "healthy" }))
}

async fn list(State(shared): State<Arc<Shared>>) -> Result<Response, Refusal> {
    let seen = shared.seen().await?;
    let made = seen.list.get_or_init(|| {
        let list = json!({ "processes": shape::processes(&seen.view) });
        serde_json::to_vec(&list).map(Bytes::from).map_err(|error| error.to_string())
    });
    let body = made.clone().map_err(|why| Refusal(http::StatusCode::INTERNAL_SERVER_ERROR, why))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

async fn one(
    State(shared): State<Arc<Shared>>,
    name: Result<Path<String>, PathRejection>,
) -> Result<Response, Refusal> {
    let Path(name) = name.map_err(|_| Refusal::bad("the name is no text"))?;
    let seen = shared.seen().await?;
    let (process, spec) = shape::process(&seen.view, &name).ok_or_else(|| missing(&name))?;
    json_of(&json!({ "process": process, "config": program::config(spec) }))
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
    shape::process(&seen.view, &name).ok_or_else(|| missing(&name))?;
    Err(Refusal::bad(format!("unknown action {action:?}")))
}
