//! Schedules over HTTP: what they do and have done, and pause, resume and trigger; and what oneshots have done. Changes
//! nothing itself.

use super::super::desk::Inquiry;
use super::super::order::{Answer, Begun, Wish};
use super::super::past::{Past, PastOf};
use super::super::refusal::{Refusal, json_of};
use super::orders::{Asked, LONGEST_WAIT, Name, begin, give, refusal, told, under_way};
use super::query::{self, Query};
use super::shared::{Shared, missing};
use super::table::{Gives, Kind, Route};
use super::{runs, shape};
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use phpeek_core::name::ProcessName;
use phpeek_settings::web::Role;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// A trigger that is refused is so within the time that messages take; one that is not runs, or has its turn.
const REFUSED: Duration = Duration::from_millis(200);
/// The routes of schedules and of the history.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/processes/{name}/schedule", Role::Read, status)
            .tells("The schedule of a process.", "ScheduleShown")
            .refuses(&[404]),
        Route::get("/processes/{name}/schedule/history", Role::Read, history)
            .tells("What its jobs have done, newest first.", "ScheduleHistory")
            .with(query::LIMITED)
            .refuses(&[404]),
        Route::post("/processes/{name}/schedule/pause", Role::Control, pause)
            .does("Begin no job by the clock.")
            .refuses(&[404, 409]),
        Route::post("/processes/{name}/schedule/resume", Role::Control, resume)
            .does("Begin jobs by the clock again.")
            .refuses(&[404, 409]),
        Route::post("/processes/{name}/schedule/trigger", Role::Control, trigger)
            .tells("Run a job now.", "Triggered")
            .or(202, Gives::Json("Begun"))
            .with(&[(
                "sync",
                Kind::Word(&["true", "false", "1", "0"]),
                "true: the answer comes with its end",
            )])
            .refuses(&[404, 409]),
        Route::get("/oneshot/history", Role::Read, oneshots)
            .tells("What oneshots have done, newest first.", "OneshotHistory")
            .with(query::LIMITED),
        Route::get("/history", Role::Read, everything)
            .tells("What jobs and oneshots have done, newest first.", "History")
            .with(query::LIMITED),
    ]
}

/// A process that goes by the clock.
async fn scheduled(shared: &Shared, name: Name) -> Result<(String, Value), Refusal> {
    let Path(name) = name.map_err(|_| Refusal::bad("the name is no text"))?;
    let seen = shared.seen().await?;
    let (_, spec) = shape::known(&seen.view, &name).ok_or_else(|| missing(&name))?;
    let (of, shown) = runs::shown(&seen.view, spec)
        .ok_or_else(|| Refusal::not_found(format!("process {name:?} has no schedule")))?;
    let schedule = runs::schedule(spec, of, shown);
    Ok((name, schedule))
}

async fn status(State(shared): State<Arc<Shared>>, name: Name) -> Result<Response, Refusal> {
    let (name, schedule) = scheduled(&shared, name).await?;
    json_of(&json!({ "process": name, "schedule": schedule }))
}

/// How many entries are wanted.
fn limit(RawQuery(query): &RawQuery) -> Result<usize, Refusal> {
    Query::of(query.as_deref())?.limit()
}

async fn history(
    State(shared): State<Arc<Shared>>,
    name: Name,
    query: RawQuery,
) -> Result<Response, Refusal> {
    let (name, _) = scheduled(&shared, name).await?;
    let limit = limit(&query)?;
    let process = ProcessName::new(&name).map_err(|_| missing(&name))?;
    let past = shared.past(PastOf::Jobs(process, limit)).await?;
    let history: Vec<Value> = past.jobs.iter().map(|(process, run)| runs::job(process, run)).collect();
    json_of(&json!({ "process": name, "limit": limit, "count": history.len(), "history": history }))
}

async fn oneshots(State(shared): State<Arc<Shared>>, RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    let limit = Query::of(query.as_deref())?.limit_in_bounds()?;
    let past = shared.past(PastOf::Oneshots(limit)).await?;
    let executions: Vec<Value> = past.oneshots.iter().map(runs::oneshot).collect();
    json_of(&json!({ "executions": executions, "count": executions.len(), "limit": limit }))
}

/// Jobs and oneshots together, the newest first.
async fn everything(State(shared): State<Arc<Shared>>, query: RawQuery) -> Result<Response, Refusal> {
    let limit = limit(&query)?;
    let Past { jobs, oneshots } = shared.past(PastOf::All(limit)).await?;
    let jobs = jobs.iter().map(|(process, run)| (run.began, runs::job(process, run)));
    let oneshots = oneshots.iter().map(|run| (run.began, runs::as_a_job(run)));
    let mut all: Vec<_> = jobs.chain(oneshots).collect();
    all.sort_by_key(|(began, _)| std::cmp::Reverse(*began));
    let all: Vec<Value> = all.into_iter().take(limit).map(|(_, run)| run).collect();
    json_of(&json!({ "runs": all, "count": all.len(), "limit": limit }))
}

async fn pause(asked: Asked, name: Name) -> Result<Response, Refusal> {
    give(asked, name, Wish::Pause, told("paused")).await
}

async fn resume(asked: Asked, name: Name) -> Result<Response, Refusal> {
    give(asked, name, Wish::Resume, told("resumed")).await
}

/// Runs a job now. With `?sync=true` the answer comes with its end.
async fn trigger(asked: Asked, name: Name, RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    let shared = asked.shared.clone();
    let waits = matches!(Query::of(query.as_deref())?.get("sync"), Some("true" | "1"));
    let (process, Begun { operation, end }) = begin(asked, name, Wish::Trigger).await?;
    let name = process.as_str().to_owned();
    let mut body = Map::from_iter([("process".to_owned(), Value::from(name))]);
    let patience = if waits { LONGEST_WAIT } else { REFUSED };
    let answer = match timeout(patience, end).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => return Err(refusal(None)),
        Err(_) => return under_way("triggered", operation, body),
    };
    if let Answer::Refused(..) = answer {
        return Err(refusal(Some(answer)));
    }
    if !waits {
        return under_way("triggered", operation, body);
    }
    let past = shared.past(PastOf::Job(process, operation)).await?;
    let Some((of, run)) = past.jobs.first() else { return Err(refusal(Some(answer))) };
    if let Value::Object(run) = runs::job(of, run) {
        body.insert("execution".to_owned(), Value::Object(run.clone()));
        let shown = ["exit_code", "success", "error"];
        body.extend(run.into_iter().filter(|(key, _)| shown.contains(&key.as_str())));
    }
    body.insert("status".to_owned(), Value::from("completed"));
    body.insert("operation".to_owned(), Value::from(operation));
    Ok((StatusCode::OK, json_of(&body)?).into_response())
}

impl Shared {
    /// What is remembered.
    async fn past(&self, of: PastOf) -> Result<Past, Refusal> {
        let (reply, replied) = oneshot::channel();
        self.put(Inquiry::Past(of, reply), replied).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_is_told_as_a_shell_does() {
        use phpeek_core::{outcome::Exit, signal::Signal};
        let killed = Exit::Signal { signal: Signal::TERM, core: false };
        assert_eq!(
            [runs::code(None), runs::code(Some(Exit::Code(42))), runs::code(Some(killed))],
            [json!(null), json!(42), json!(143)]
        );
    }
}
