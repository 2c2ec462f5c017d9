//! Server-sent events: what happens, as it happens, to a reader who may be slow (HTML, 9.2). Owns the framing, the sign of
//! life while nothing comes, and the end; never gathers more than one piece for a reader.

use super::refusal::Refusal;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::future::{Either, select};
use futures_util::stream;
use http::{HeaderMap, StatusCode, header};
use serde::Serialize;
use serde_json::json;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;

/// Between two signs of life: proxies close what is silent for a minute.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// A piece is handed over at this size.
const PIECE: usize = 64 << 10;
/// What a reader is told who has read another supervisor.
pub(super) const GAP: &str =
    "another supervisor has begun since: what the one before has said after this id is not here";
/// How a reader names the last event that it has seen.
const LAST_EVENT: &str = "last-event-id";

/// Streams at a time of a server that others reach.
const STREAMS: usize = 128;

/// What is needed to serve streams.
pub struct Places {
    /// How many there may be at a time.
    pub(super) free: Arc<Semaphore>,
    /// True once the supervisor ends.
    pub(super) closing: watch::Receiver<bool>,
}

/// Events as text.
#[derive(Default)]
pub(super) struct Written(String);

/// Whether more events may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum More {
    /// Some.
    MayCome,
    /// None.
    Never,
}

/// Where events come from. What was not written yet when a call is given up comes with the next one.
pub(super) trait Source: Send + 'static {
    /// Writes what is there now, or at least the beginning of it.
    fn write(&mut self, out: &mut Written) -> More;

    /// Waits until there is something to write, or nothing more will come.
    fn wait(&mut self) -> impl Future<Output = More> + Send;
}

impl Written {
    /// An event with a number, by which a reader goes on after it.
    pub(super) fn event(&mut self, name: &str, id: u64, data: &impl Serialize) {
        self.0 += &format!("id: {id}\n");
        self.unnumbered(name, data);
    }

    /// An event that a reader does not go on from.
    pub(super) fn unnumbered(&mut self, name: &str, data: &impl Serialize) {
        // Whatever is in a text, JSON has no newline of its own.
        if let Ok(data) = serde_json::to_string(data) {
            self.0 += &format!("event: {name}\ndata: {data}\n\n");
        }
    }

    /// The reader was at an event of another supervisor.
    pub(super) fn gap(&mut self) {
        self.unnumbered("gap", &json!({ "gap": GAP }));
    }

    /// So many were lost here; `at_most` where nobody knows better.
    pub(super) fn lost(&mut self, count: u64, at_most: bool) {
        let mut data = json!({ "lost": count });
        if at_most {
            data = json!({ "lost": count, "at_most": true });
        }
        self.unnumbered("lost", &data);
    }

    /// What is written so far.
    #[cfg(test)]
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// Whether it is enough for one piece.
    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= PIECE
    }
}

/// The number of the last event that the reader has seen, in the header of the standard or in the query.
pub(super) fn last_seen(headers: &HeaderMap, query: Option<&str>) -> Result<Option<u64>, Refusal> {
    let header = headers.get(LAST_EVENT).map(|value| value.to_str().unwrap_or("?"));
    let Some(text) = header.or(query).filter(|text| !text.is_empty()) else { return Ok(None) };
    let number =
        text.parse().map_err(|_| Refusal::bad("Last-Event-ID wants the id of an event of this stream"));
    number.map(Some)
}

impl Places {
    /// Of a server that others reach; `closing` is true once it ends.
    #[must_use]
    pub fn new(closing: watch::Receiver<bool>) -> Self {
        Self { free: Arc::new(Semaphore::new(STREAMS)), closing }
    }

    /// The answer that streams what comes of this, as long as there is a place.
    pub(super) fn stream<S: Source>(&self, source: impl FnOnce() -> S) -> Result<Response, Refusal> {
        let place = self.free.clone().try_acquire_owned().map_err(|_| {
            let message = "too many streams are open: end one of them, or try again later";
            Refusal(StatusCode::SERVICE_UNAVAILABLE, message.to_owned())
        })?;
        let head = [
            (header::CONTENT_TYPE, "text/event-stream"),
            (header::CACHE_CONTROL, "no-store"),
            (header::HeaderName::from_static("x-accel-buffering"), "no"),
        ];
        let closing = self.closing.clone();
        let streaming =
            Streaming { source: source(), closing, more: More::MayCome, begun: false, _place: place };
        let body = Body::from_stream(stream::unfold(streaming, |mut streaming| async {
            let piece = streaming.piece().await?;
            Some((Ok::<_, Infallible>(piece), streaming))
        }));
        Ok((head, body).into_response())
    }
}

struct Streaming<S> {
    source: S,
    closing: watch::Receiver<bool>,
    more: More,
    begun: bool,
    _place: OwnedSemaphorePermit,
}

impl<S: Source> Streaming<S> {
    async fn piece(&mut self) -> Option<Bytes> {
        // It goes out at once: some readers wait for it before they say that they are connected.
        if !std::mem::replace(&mut self.begun, true) {
            return Some(Bytes::from_static(b": ok\n\n"));
        }
        while self.more == More::MayCome {
            // At the end, one more look: the last events may have come just before.
            let last = *self.closing.borrow();
            let mut out = Written::default();
            self.more = self.source.write(&mut out);
            if !out.0.is_empty() {
                return Some(out.0.into());
            }
            if last || self.more == More::Never {
                return None;
            }
            let closed = self.closing.changed();
            match timeout(HEARTBEAT, select(pin!(self.source.wait()), pin!(closed))).await {
                Ok(Either::Left((more, _))) => self.more = more,
                Ok(Either::Right((Ok(()), _))) => {}
                Ok(Either::Right((Err(_), _))) => return None, // the server is gone
                Err(_) => return Some(Bytes::from_static(b": alive\n\n")),
            }
        }
        None
    }
}
