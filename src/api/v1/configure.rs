//! Another configuration over HTTP: processes that are added, changed and removed, the file that is read again or
//! written. Reads what is asked for and tells what came of it. Judges no configuration: who reads the file does.

use super::super::change::Change;
use super::super::refusal::Refusal;
use super::orders::{Asked, Body, SOON, Told, object, over_soon, told};
use super::shared::missing;
use super::table::{Gives, Route};
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::response::Response;
use http::StatusCode;
use phpeek_core::name::ProcessName;
use phpeek_settings::web::Role;
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::time::Duration;

/// How long a reload is waited for; it goes on after that.
const RELOAD: Duration = Duration::from_secs(15);

type Name = Result<Path<String>, PathRejection>;

/// The routes; who lists processes and shows one has theirs at the same paths.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/processes", Role::Admin, add)
            .does("Add a process; wants api_allow_exec.")
            .or(201, Gives::Json("Done"))
            .takes("NewProcess")
            .refuses(&[409, 422]),
        Route::put("/processes/{name}", Role::Admin, change)
            .does("Run a process in another way; wants api_allow_exec.")
            .takes("Definition")
            .refuses(&[404, 409, 422]),
        Route::delete("/processes/{name}", Role::Admin, remove)
            .does("Stop a process and forget it.")
            .refuses(&[404, 409, 422]),
        Route::post("/config/reload", Role::Admin, reload)
            .does("Read the configuration again, or from now on another file.")
            .may_take("Reload")
            .refuses(&[409, 422]),
        Route::post("/config/save", Role::Admin, save)
            .does("Write to the file what was added, changed, removed and scaled.")
            .refuses(&[409]),
    ]
}

async fn add(asked: Asked, body: Body) -> Result<Response, Refusal> {
    let mut body = object(body)?;
    let Some(Value::String(name)) = body.remove("name").filter(|name| *name != "") else {
        return Err(Refusal::bad("name the process: {\"name\": \"NAME\", \"process\": {...}}"));
    };
    let process = definition(&mut body)?;
    let name = ProcessName::new(&name).map_err(|error| Refusal::bad(error.to_string()))?.to_string();
    let message = format!("process {name:?} was added");
    let more = Map::from_iter([("message".to_owned(), Value::from(message))]);
    let told = Told { status: StatusCode::CREATED, more, ..told("created") };
    make(asked, Change::Add(name.clone(), process), about(told, name)).await
}

async fn change(asked: Asked, name: Name, body: Body) -> Result<Response, Refusal> {
    let name = named(name)?;
    let process = definition(&mut object(body)?)?;
    make(asked, Change::Put(name.clone(), process), about(told("updated"), name)).await
}

async fn remove(asked: Asked, name: Name) -> Result<Response, Refusal> {
    let name = named(name)?;
    make(asked, Change::Remove(name.clone()), about(told("removed"), name)).await
}

async fn save(asked: Asked) -> Result<Response, Refusal> {
    make(asked, Change::Save, told("saved")).await
}

/// Reads the configuration again, or from now on another one; the answer comes once what has changed is done, or the time
/// for it is over.
async fn reload(asked: Asked, body: Body) -> Result<Response, Refusal> {
    let file = match body {
        Ok(empty) if empty.is_empty() => None,
        body => file_of(&object(body)?)?,
    };
    let begun = asked.shared.change(file.map_or(Change::Reload, Change::From), asked.heard).await?;
    over_soon(begun, RELOAD, told("reloaded")).await
}

/// The file that is to be read from now on.
fn file_of(body: &Map<String, Value>) -> Result<Option<PathBuf>, Refusal> {
    let wrong =
        || Refusal::bad("name the file by its absolute path: {\"file\": \"/etc/phpeek-pm/next.yaml\"}");
    if body.keys().any(|key| key != "file") {
        return Err(wrong());
    }
    let Some(file) = body.get("file") else { return Ok(None) };
    let file = PathBuf::from(file.as_str().ok_or_else(wrong)?);
    if file.is_absolute() { Ok(Some(file)) } else { Err(wrong()) }
}

async fn make(asked: Asked, change: Change, told: Told) -> Result<Response, Refusal> {
    let begun = asked.shared.change(change, asked.heard).await?;
    over_soon(begun, SOON, told).await
}

/// A name that a process can have: of others there is none.
fn named(name: Name) -> Result<String, Refusal> {
    let Path(name) = name.map_err(|_| Refusal::bad("the name is no text"))?;
    Ok(ProcessName::new(&name).map_err(|_| missing(&name))?.to_string())
}

/// What the process is to be.
fn definition(body: &mut Map<String, Value>) -> Result<Value, Refusal> {
    match body.remove("process") {
        Some(process @ Value::Object(_)) => Ok(process),
        _ => Err(Refusal::bad("say what it is: {\"process\": {\"command\": [...]}}")),
    }
}

fn about(mut told: Told, name: String) -> Told {
    told.more.insert("process".to_owned(), Value::from(name));
    told
}
