//! What every answer of a server goes through: a panic of what makes it is an answer, too, and costs nobody else
//! anything; each is counted, and told where somebody wants to know.

use super::answers::{Answers, Routed};
use super::refusal::Refusal;
use axum::response::{IntoResponse, Response};
use http::{Method, Request, StatusCode};
use phpeek_actors::clock::Clock;
use phpeek_actors::panics::Panics;
use phpeek_actors::ports::{Level, LogRecord, LogSink};
use std::convert::Infallible;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// After a panic over connections: whatever it is must not keep a processor busy.
const BREATH: Duration = Duration::from_millis(200);

/// See the top of the file.
#[derive(Clone)]
pub(super) struct Answering {
    /// Whose answers they are: in records, and as the part that panics.
    pub(super) name: &'static str,
    pub(super) log: Arc<dyn LogSink>,
    pub(super) clock: Clock,
    pub(super) panics: Panics,
    /// Who counts.
    pub(super) answers: Option<Arc<dyn Answers>>,
}

/// What is remembered of a request until it has its answer.
pub(super) struct Asked {
    begun: Instant,
    method: Option<Method>,
    path: Option<String>,
}

impl Answering {
    pub(super) fn say(&self, level: Level, message: &str) {
        let Self { name, log, clock, .. } = self;
        if log.enabled(level) {
            let (at, message) = (clock.now(), format!("{name}: {message}").into());
            log.log(LogRecord { at, level, message, process: None, instance: None, fields: Vec::new() });
        }
    }

    /// Takes connections, also after a panic of what takes them.
    pub(super) async fn on_and_on(&self, mut taking: impl AsyncFnMut()) {
        while self.panics.caught_in(self.name, taking()).await.is_none() {
            sleep(BREATH).await;
        }
    }

    /// A request has come.
    pub(super) fn asked<B>(&self, request: &Request<B>) -> Asked {
        let told = self.log.enabled(Level::Debug);
        let known = told || self.answers.is_some();
        Asked {
            begun: Instant::now(),
            method: known.then(|| request.method().clone()),
            path: told.then(|| request.uri().path().to_owned()),
        }
    }

    /// The answer that the routes give.
    pub(super) async fn of_routes(
        &self,
        answering: impl Future<Output = Result<Response, Infallible>>,
    ) -> Response {
        match self.panics.caught_in(self.name, answering).await {
            Some(Ok(response)) => response,
            None => {
                let why = "internal error: a part of the supervisor has panicked, and goes on".to_owned();
                Refusal(StatusCode::INTERNAL_SERVER_ERROR, why).into_response()
            }
        }
    }

    /// It has its answer; `who` stands before it in a record.
    pub(super) fn given(&self, Asked { begun, method, path }: Asked, who: impl Display, response: &Response) {
        let Some(method) = method else { return };
        let status = response.status().as_u16();
        if let Some(answers) = &self.answers {
            let route = response.extensions().get().map_or("none", |Routed(route)| *route);
            answers.given(method.as_str(), route, status, begun.elapsed());
        }
        if let Some(path) = path {
            self.say(Level::Debug, &format!("{who}{method} {path}: {status}"));
        }
    }
}
