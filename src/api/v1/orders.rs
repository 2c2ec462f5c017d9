//! Orders to processes over HTTP: reads what is asked for, hands it to supervision, and tells what came of it: at once
//! where that is soon, else as an operation that can be asked for. Changes nothing itself.

use super::super::change::Change;
use super::super::desk::Inquiry;
use super::super::order::{Answer, Begun, Heard, Order, What, Wish};
use super::super::refusal::{Refusal, json_of};
use super::super::web::Peer;
use super::query::{self, Query};
use super::shape;
use super::shared::{Shared, missing};
use super::table::{Kind, Route};
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{FromRequestParts, MatchedPath, Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use phpeek_core::name::ProcessName;
use phpeek_core::signal::Signal;
use phpeek_settings::web::Role;
use serde_json::{Map, Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// For the supervision thread to take an order.
const PATIENCE: Duration = Duration::from_secs(5);
/// For an operation to be over before it is told as one that is under way: clients give up after 10 s.
pub(super) const SOON: Duration = Duration::from_secs(6);
/// How long `?wait=` waits at most.
pub(super) const LONGEST_WAIT: Duration = Duration::from_hours(1);
pub(super) type Name = Result<Path<String>, PathRejection>;
pub(super) type Body = Result<Bytes, BytesRejection>;

/// A request, as far as each order wants to know it.
pub(super) struct Asked {
    pub(super) shared: Arc<Shared>,
    pub(super) heard: Heard,
}

impl FromRequestParts<Arc<Shared>> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Infallible> {
        let header = |name: &str| parts.headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let peer = parts.extensions.get::<Peer>().map(ToString::to_string);
        let route = parts.extensions.get::<MatchedPath>().map(|path| path.as_str().to_owned());
        let heard = Heard {
            method: parts.method.to_string(),
            route: route.unwrap_or_default(),
            path: parts.uri.path().to_owned(),
            here: peer.is_none(),
            client: peer.unwrap_or_else(|| "control socket".to_owned()),
            traceparent: header("traceparent"),
            tracestate: header("tracestate"),
        };
        Ok(Self { shared: shared.clone(), heard })
    }
}

/// The routes of orders.
pub(super) fn routes() -> Vec<Route> {
    const ORDER: &[u16] = &[404, 409, 422];
    let one = |route: Route, about| route.does(about).refuses(ORDER);
    vec![
        one(Route::post("/processes/{name}/start", Role::Control, start), "Start a process."),
        one(
            Route::post("/processes/{name}/stop", Role::Control, stop),
            "Stop a process until somebody starts it.",
        ),
        one(Route::post("/processes/{name}/restart", Role::Control, restart), "Restart a process."),
        one(
            Route::post("/processes/{name}/scale", Role::Control, scale),
            "Change how many instances there are.",
        )
        .takes("Scale"),
        one(Route::post("/processes/{name}/signal", Role::Control, signal), "Send a signal to the leaders.")
            .takes("Signal"),
        one(
            Route::post("/restart", Role::Control, rolling),
            "Restart everything, or some, one after the other.",
        )
        .may_take("Restart"),
        Route::get("/operations/{id}", Role::Read, operation)
            .tells("What has come of an operation.", "Operation")
            .with(&[("wait", Kind::Seconds, "how long to wait for its end, at most an hour")])
            .refuses(&[404]),
    ]
}

/// What an answer says of what was done.
pub(super) struct Told {
    pub(super) status: StatusCode,
    pub(super) word: &'static str,
    pub(super) more: Map<String, Value>,
}

pub(super) fn told(word: &'static str) -> Told {
    Told { status: StatusCode::OK, word, more: Map::new() }
}

async fn start(asked: Asked, name: Name) -> Result<Response, Refusal> {
    give(asked, name, Wish::Start, told("started")).await
}

async fn stop(asked: Asked, name: Name) -> Result<Response, Refusal> {
    give(asked, name, Wish::Stop, told("stopped")).await
}

async fn restart(asked: Asked, name: Name) -> Result<Response, Refusal> {
    give(asked, name, Wish::Restart, told("restarted")).await
}

/// A rolling restart of those that the body names; of everything when there is none, or it names nobody.
async fn rolling(asked: Asked, body: Body) -> Result<Response, Refusal> {
    let body = match body {
        Ok(empty) if empty.is_empty() => Map::new(),
        body => object(body)?,
    };
    let names = named_in(&body)?;
    let Asked { shared, heard } = asked;
    let begun = shared.order(Order { what: What::Rolling(names), heard }).await?;
    over_soon(begun, SOON, Told { more: body, ..told("restarted") }).await
}

/// The processes that are named for a rolling restart.
fn named_in(body: &Map<String, Value>) -> Result<Vec<ProcessName>, Refusal> {
    let wrong = || Refusal::bad("name processes, or none for all: {\"processes\": [\"web\", \"queue\"]}");
    if body.keys().any(|key| key != "processes") {
        return Err(wrong());
    }
    let Some(list) = body.get("processes") else { return Ok(Vec::new()) };
    let list = list.as_array().filter(|list| !list.is_empty()).ok_or_else(wrong)?;
    list.iter().map(|name| query::name(name.as_str().ok_or_else(wrong)?)).collect()
}

async fn scale(asked: Asked, name: Name, body: Body) -> Result<Response, Refusal> {
    let (wish, more) = scale_of(&object(body)?)?;
    give(asked, name, wish, Told { more, ..told("scaled") }).await
}

async fn signal(asked: Asked, name: Name, body: Body) -> Result<Response, Refusal> {
    let body = object(body)?;
    let text = body.get("signal").and_then(Value::as_str);
    let text = text.ok_or_else(|| Refusal::bad("name a signal: {\"signal\": \"SIGUSR1\"}"))?;
    let signal = Signal::parse(text).map_err(|error| Refusal::bad(error.to_string()))?;
    let more = Map::from_iter([("signal".to_owned(), Value::from(signal.to_string()))]);
    give(asked, name, Wish::Signal(signal), Told { more, ..told("signalled") }).await
}

/// The object of a body.
pub(super) fn object(body: Body) -> Result<Map<String, Value>, Refusal> {
    let body = body.map_err(|rejection| Refusal(rejection.status(), rejection.body_text()))?;
    match serde_json::from_slice(&body) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Refusal::bad("the body must be a JSON object")),
        Err(error) => Err(Refusal::bad(format!("the body is no JSON: {error}"))),
    }
}

/// How many instances are asked for, in one of the documented forms, and what the answer repeats of it.
fn scale_of(body: &Map<String, Value>) -> Result<(Wish, Map<String, Value>), Refusal> {
    let given: Vec<_> =
        ["desired", "scale", "delta"].into_iter().filter_map(|key| Some((key, body.get(key)?))).collect();
    let &[(key, value)] = given.as_slice() else {
        return Err(Refusal::bad("write either {\"desired\": N} or {\"delta\": N}"));
    };
    let out = || {
        Refusal::bad(format!("{key} must be a whole number{}", if key == "delta" { "" } else { " from 0" }))
    };
    let wish = match key {
        "delta" => Wish::ScaleBy(value.as_i64().and_then(|by| i32::try_from(by).ok()).ok_or_else(out)?),
        _ => Wish::ScaleTo(value.as_u64().and_then(|to| u32::try_from(to).ok()).ok_or_else(out)?),
    };
    let key = if key == "scale" { "desired" } else { key };
    Ok((wish, Map::from_iter([(key.to_owned(), value.clone())])))
}

/// Gives an order and waits a moment for what comes of it.
pub(super) async fn give(asked: Asked, name: Name, wish: Wish, mut told: Told) -> Result<Response, Refusal> {
    let (process, begun) = begin(asked, name, wish).await?;
    told.more.insert("process".to_owned(), Value::from(process.as_str()));
    over_soon(begun, SOON, told).await
}

/// Gives an order, to the process of this name.
pub(super) async fn begin(asked: Asked, name: Name, wish: Wish) -> Result<(ProcessName, Begun), Refusal> {
    let Asked { shared, heard } = asked;
    let Path(name) = name.map_err(|_| Refusal::bad("the name is no text"))?;
    // Who has no such name cannot be a process.
    let process = ProcessName::new(&name).map_err(|_| missing(&name))?;
    shape::known(&shared.seen().await?.view, &name).ok_or_else(|| missing(&name))?;
    let begun = shared.order(Order { what: What::One(process.clone(), wish), heard }).await?;
    Ok((process, begun))
}

/// Waits a moment for what comes of an operation.
pub(super) async fn over_soon(begun: Begun, soon: Duration, told: Told) -> Result<Response, Refusal> {
    let Begun { operation, end } = begun;
    let mut body = told.more;
    match timeout(soon, end).await {
        Ok(Ok(Answer::Done)) => {
            body.insert("status".to_owned(), Value::from(told.word));
            Ok((told.status, json_of(&body)?).into_response())
        }
        Ok(answer) => Err(refusal(answer.ok())),
        Err(_) => under_way("accepted", operation, body),
    }
}

/// What is said of an order that was not done.
pub(super) fn refusal(answer: Option<Answer>) -> Refusal {
    let status = answer.as_ref().map_or(503, Answer::status);
    let message = match answer {
        None => "the supervisor ends".to_owned(),
        Some(Answer::Refused(_, why) | Answer::Failed(why)) => why,
        Some(Answer::Interrupted) => "something else was asked for meanwhile".to_owned(),
        Some(Answer::Done) => "it was done".to_owned(),
    };
    Refusal(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), message)
}

/// An operation that takes long: how it can be asked for.
pub(super) fn under_way(
    status: &'static str,
    operation: u64,
    mut body: Map<String, Value>,
) -> Result<Response, Refusal> {
    let at = format!("/api/v1/operations/{operation}");
    body.insert("status".to_owned(), Value::from(status));
    body.insert("operation".to_owned(), Value::from(operation));
    let mut response = (StatusCode::ACCEPTED, json_of(&body)?).into_response();
    if let Ok(at) = HeaderValue::from_str(&at) {
        response.headers_mut().insert(header::LOCATION, at);
    }
    Ok(response)
}

/// What has come of an operation; with `?wait=SECONDS`, once it is over or the time is.
async fn operation(
    State(shared): State<Arc<Shared>>,
    id: Result<Path<u64>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let Path(id) = id.map_err(|_| Refusal::bad("an operation is a number"))?;
    let wait = Query::of(query.as_deref())?.wait(LONGEST_WAIT)?;
    let begun = shared
        .operation(id)
        .await?
        .ok_or_else(|| Refusal::not_found(format!("there is no operation {id}, or it was long ago")))?;
    let mut end = begun.end;
    let answer = match end.try_recv() {
        Ok(answer) => Some(answer),
        Err(oneshot::error::TryRecvError::Closed) => None,
        Err(oneshot::error::TryRecvError::Empty) => match timeout(wait, end).await {
            Ok(answer) => answer.ok(),
            Err(_) => return json_of(&json!({ "operation": id, "status": "running" })),
        },
    };
    let status = match &answer {
        Some(Answer::Done) => "done",
        Some(Answer::Refused(..)) => "refused",
        Some(Answer::Failed(_)) => "failed",
        Some(Answer::Interrupted) | None => "interrupted",
    };
    let error = (status != "done").then(|| refusal(answer).1);
    json_of(&json!({ "operation": id, "status": status, "error": error }))
}

impl Shared {
    /// Gives an order to the supervision thread.
    async fn order(&self, order: Order) -> Result<Begun, Refusal> {
        let (reply, replied) = oneshot::channel();
        self.put(Inquiry::Order(Box::new(order), reply), replied).await
    }

    /// Asks for an operation of before.
    async fn operation(&self, id: u64) -> Result<Option<Begun>, Refusal> {
        let (reply, replied) = oneshot::channel();
        self.put(Inquiry::Operation(id, reply), replied).await
    }

    /// Asks for another configuration.
    pub(super) async fn change(&self, change: Change, heard: Heard) -> Result<Begun, Refusal> {
        let (reply, replied) = oneshot::channel();
        self.put(Inquiry::Change(Box::new((change, heard)), reply), replied).await
    }

    /// Asks the supervision thread.
    pub(super) async fn put<T>(&self, inquiry: Inquiry, replied: oneshot::Receiver<T>) -> Result<T, Refusal> {
        let asking = async {
            self.supervision.send(inquiry).await.ok()?;
            replied.await.ok()
        };
        let silent = || {
            Refusal(
                StatusCode::SERVICE_UNAVAILABLE,
                "the supervisor does not answer: it is busy, or about to end".to_owned(),
            )
        };
        timeout(PATIENCE, asking).await.ok().flatten().ok_or_else(silent)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;

    #[test]
    fn both_documented_forms_of_a_scale_are_read_and_nothing_else() {
        for (body, wanted) in [
            (r#"{"desired": 5}"#, Some(Wish::ScaleTo(5))),
            (r#"{"scale": 0}"#, Some(Wish::ScaleTo(0))),
            (r#"{"delta": -2}"#, Some(Wish::ScaleBy(-2))),
            (r#"{"desired": -1}"#, None),
            (r#"{"desired": 1.5}"#, None),
            (r#"{"desired": "5"}"#, None),
            (r#"{"desired": 4294967296}"#, None),
            (r#"{"desired": 1, "delta": 1}"#, None),
            (r"{}", None),
        ] {
            let Value::Object(map) = serde_json::from_str(body).expect("JSON") else { panic!("an object") };
            assert_eq!(scale_of(&map).ok().map(|(wish, _)| wish), wanted, "{body}");
        }
    }

    #[test]
    fn every_end_has_its_status() {
        let of = |answer| refusal(answer).0.as_u16();
        assert_eq!(of(None), 503);
        assert_eq!(of(Some(Answer::Refused(409, String::new()))), 409);
        assert_eq!((of(Some(Answer::Failed(String::new()))), of(Some(Answer::Interrupted))), (500, 409));
    }
}
