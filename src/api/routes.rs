//! The routes of the control socket. Each asks a desk or the newest spans and answers with JSON or OTLP; none touches
//! supervision itself. The management API merges its own routes into this router (`axum::Router::merge`) and shares
//! the desks.

use super::answers::Routed;
use super::desk::{Desks, Inquiry};
use super::query::Query;
use super::refusal::{Refusal, json_of, written};
use super::traces::{self, FRAMES, PROTOBUF, TraceSource};
use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use http::{StatusCode, header};
use phpeek_core::outlook::Outlook;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::time::{Instant, timeout, timeout_at};

/// Traces that `/traces` gives when nobody says how many, and the most that it gives.
const TRACES: (usize, usize) = (20, 10_000);
/// How long `/status?wait=` waits at most: a day. The connection counts among those that may be open.
const LONGEST_WAIT: Duration = Duration::from_hours(24);
/// How long reading a file may take.
const PLAN: Duration = Duration::from_secs(15);
/// Hexadecimal digits of a trace id.
const ID_DIGITS: usize = 32;

/// What the routes share.
pub(super) struct Shared {
    pub(super) desks: Desks,
    pub(super) supervision: mpsc::Sender<Inquiry>,
    pub(super) outlook: watch::Receiver<Outlook>,
    pub(super) traces: Option<Arc<dyn TraceSource>>,
    /// True once the supervisor ends.
    pub(super) closing: watch::Receiver<bool>,
    /// Places for answers that take long, fewer than there are connections: the rest stays free for short ones.
    pub(super) long: Arc<Semaphore>,
}

impl Shared {
    fn long_place(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        self.long.clone().try_acquire_owned().map_err(|_| {
            let message = "too many commands wait or follow: end one of them, or try again later";
            Refusal(StatusCode::SERVICE_UNAVAILABLE, message.to_owned())
        })
    }
}

type Shares = State<Arc<Shared>>;

/// All routes.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    let routes: [(&'static str, MethodRouter<Arc<Shared>>); 8] = [
        ("/status", get(status)),
        ("/plan", get(plan)),
        ("/telemetry", get(telemetry)),
        ("/telemetry/flush", post(flush)),
        ("/traces", get(newest)),
        ("/traces/follow", get(follow)),
        ("/traces/unfinished", get(unfinished)),
        ("/traces/{prefix}", get(one)),
    ];
    let all = routes.into_iter().fold(Router::new(), |router, (path, route)| {
        router.route(
            path,
            route.route_layer(map_response(async move |mut response: Response| {
                response.extensions_mut().insert(Routed(path));
                response
            })),
        )
    });
    all.fallback(async || {
        let message = "there is nothing at this path: see GET /status, /telemetry, /traces, and for the management API \
                       GET /api/v1/openapi.json";
        Refusal::not_found(message)
    })
    .method_not_allowed_fallback(async || Refusal::method())
    .with_state(shared)
}

/// The router for somebody who may ask nothing.
pub(super) fn refusing() -> Router {
    Router::new().fallback(async || {
        let message = "only root and the user that the supervisor runs as may use the control socket";
        Refusal(StatusCode::FORBIDDEN, message.to_owned())
    })
}

/// The state of everything; with `?wait=SECONDS`, once all is up or will not be, or the time is over.
async fn status(State(shared): Shares, RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    let wait = Query::of(query.as_deref())?.wait(LONGEST_WAIT)?;
    let _place = if wait.is_zero() { None } else { Some(shared.long_place()?) };
    let until = Instant::now() + wait;
    let mut outlook = shared.outlook.clone();
    loop {
        // An error: the board is gone, or the time is over. Either way the answer is what it is now.
        let settled = outlook.wait_for(|p| *p != Outlook::Coming);
        let last = !matches!(timeout_at(until, settled).await, Ok(Ok(_)));
        let status = shared.desks.status.ask().await?;
        if last || status.settled {
            return written(&status.body);
        }
    }
}

/// What a reload of `?file=PATH` would do. Whoever may ask here is root or the user of the supervisor, who reads the file.
async fn plan(State(shared): Shares, RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    let query = Query::of(query.as_deref())?;
    let Some(file) = query.get("file").map(PathBuf::from).filter(|file| file.is_absolute()) else {
        return Err(Refusal::bad("file wants an absolute path"));
    };
    let (reply, replied) = oneshot::channel();
    let asking = async {
        shared.supervision.send(Inquiry::Plan(file, reply)).await.ok()?;
        replied.await.ok()
    };
    match timeout(PLAN, asking).await.ok().flatten() {
        Some(Ok(plan)) => json_of(&plan),
        Some(Err(why)) => Err(Refusal(StatusCode::UNPROCESSABLE_ENTITY, why)),
        None => {
            Err(Refusal(StatusCode::SERVICE_UNAVAILABLE, "the supervisor ends, or a file hangs".to_owned()))
        }
    }
}

async fn telemetry(State(shared): Shares) -> Result<Response, Refusal> {
    json_of(&*shared.desks.telemetry.ask().await?)
}

/// Asks for a flush. What cannot be delivered stays queued, and the report tells.
async fn flush(State(shared): Shares) -> Result<Response, Refusal> {
    shared.desks.flush.ask().await?;
    let body = json!({ "flush": "requested" }).to_string() + "\n";
    Ok((StatusCode::ACCEPTED, [(header::CONTENT_TYPE, "application/json")], body).into_response())
}

fn source(shared: &Shared) -> Result<&Arc<dyn TraceSource>, Refusal> {
    let off = "no spans are kept: tracing is off; set global.tracing_enabled: true";
    shared.traces.as_ref().ok_or_else(|| Refusal(StatusCode::SERVICE_UNAVAILABLE, off.to_owned()))
}

fn protobuf(request: Vec<u8>, nothing: impl FnOnce() -> String) -> Result<Response, Refusal> {
    if request.is_empty() {
        return Err(Refusal(StatusCode::NOT_FOUND, nothing()));
    }
    Ok(([(header::CONTENT_TYPE, PROTOBUF)], request).into_response())
}

async fn newest(State(shared): Shares, RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    let source = source(&shared)?;
    let limit = match Query::of(query.as_deref())?.number("limit") {
        None => TRACES.0,
        Some(text) => text.parse::<usize>().map_err(|_| Refusal::bad("limit wants a whole number from 0"))?,
    };
    let limit = limit.min(TRACES.1);
    protobuf(source.traces(limit), || "no span has ended yet".to_owned())
}

async fn one(State(shared): Shares, Path(prefix): Path<String>) -> Result<Response, Refusal> {
    let source = source(&shared)?;
    let prefix = prefix.to_ascii_lowercase();
    if prefix.len() > ID_DIGITS || !prefix.bytes().all(|b| b.is_ascii_hexdigit()) {
        let message = "a trace id is up to 32 hexadecimal digits".to_owned();
        return Err(Refusal(StatusCode::BAD_REQUEST, message));
    }
    protobuf(source.trace(&prefix), || format!("no trace that is kept has an id that begins with {prefix}"))
}

/// Which traces go on; who asks for one afterwards knows whether it is whole.
async fn unfinished(State(shared): Shares) -> Result<Response, Refusal> {
    json_of(&source(&shared)?.unfinished())
}

async fn follow(State(shared): Shares) -> Result<Response, Refusal> {
    let source = source(&shared)?.clone();
    let body = traces::follow(source, shared.closing.clone(), shared.long_place()?);
    Ok(([(header::CONTENT_TYPE, FRAMES)], body).into_response())
}
