//! What the server of metrics answers: the page at its path, and `/health`. Asks supervision for the state of one
//! moment; an answer that does not come is told as such.

use super::federate::{Federation, Gathered};
use super::format::Format;
use super::ourselves;
use super::page::{Prefix, write};
use super::requests::Requests;
use super::resources::Resources;
use super::snapshot::Snapshot;
use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, Method, StatusCode, header};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// A supervision thread that is busy for so long is not well.
const PATIENCE: Duration = Duration::from_secs(5);
/// Questions that may wait for the supervision thread.
const WAITING: usize = 4;

/// Of the time that a reader has, what is for others.
const SHARE: f64 = 0.8;

const PLAIN: &str = "text/plain; charset=utf-8";

/// Somebody reads: he is to be given the state of this moment.
pub type Asked = oneshot::Sender<Snapshot>;

/// A way to ask the supervision thread, and where it is heard.
#[must_use]
pub fn channel() -> (mpsc::Sender<Asked>, mpsc::Receiver<Asked>) {
    mpsc::channel(WAITING)
}

/// What is shown, and where.
pub struct Shown {
    /// The path of the page.
    pub path: String,
    /// What names begin with.
    pub prefix: Prefix,
    /// What instances use, where that is looked at.
    pub resources: Option<Resources>,
    /// What the API has answered.
    pub requests: Requests,
    /// Other exporters, where there are some.
    pub federation: Option<Federation>,
}

/// The routes.
pub fn router(shown: Shown, supervision: mpsc::Sender<Asked>) -> Router {
    let shown = Arc::new(shown);
    // By comparison: a path that somebody has configured is no pattern.
    Router::new().fallback(move |request: Request| {
        let (shown, supervision) = (shown.clone(), supervision.clone());
        async move { answer(&shown, &supervision, request).await }
    })
}

async fn answer(shown: &Shown, supervision: &mpsc::Sender<Asked>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    let path = head.uri.path();
    let known = path == shown.path || path == "/health";
    if !known {
        let text = format!("there is {} and /health\n", shown.path);
        return (StatusCode::NOT_FOUND, text).into_response();
    }
    if !matches!(head.method, Method::GET | Method::HEAD) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")], "only GET and HEAD\n")
            .into_response();
    }
    if path != shown.path {
        return ([(header::CONTENT_TYPE, PLAIN)], "OK\n").into_response();
    }
    let accept = head.headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let format = Format::accepted(&accept.collect::<Vec<_>>().join(","));
    // First: what is ours is then of the moment in which it is shown.
    let gathered = match &shown.federation {
        Some(federation) => federation.gather(patience(&head.headers)).await,
        None => Gathered::default(),
    };
    let Some(snapshot) = ask(supervision).await else {
        let text = "the supervisor does not answer: it is busy, or it ends\n";
        return (StatusCode::SERVICE_UNAVAILABLE, text).into_response();
    };
    let beside = (shown.resources.as_ref(), &shown.requests, gathered.standings());
    match write(shown.prefix, snapshot, beside, format) {
        Ok(mut page) => {
            gathered.append(&mut page, &ourselves::text(), format);
            ([(header::CONTENT_TYPE, format.content_type())], page).into_response()
        }
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "the page could not be written\n").into_response(),
    }
}

/// How long we may wait for others, for a Prometheus that says how long it waits for us.
fn patience(headers: &HeaderMap) -> Option<Duration> {
    let said = headers.get("x-prometheus-scrape-timeout-seconds")?.to_str().ok()?;
    let seconds = said.parse::<f64>().ok()?;
    Duration::try_from_secs_f64(seconds * SHARE).ok()
}

/// `None` when there is no answer, or not in time.
async fn ask(supervision: &mpsc::Sender<Asked>) -> Option<Snapshot> {
    let (reply, answer) = oneshot::channel();
    let asked = async {
        supervision.send(reply).await.ok()?;
        answer.await.ok()
    };
    tokio::time::timeout(PATIENCE, asked).await.ok().flatten()
}
