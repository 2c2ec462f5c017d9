//! One connection of HTTP to its end, whatever carries it. Owns the bounds of what a client can hold: head, time to send
//! it, time to take an answer. Knows no route.

use super::patience::Patient;
use axum::response::Response;
use futures_util::future::{Either, select};
use http::{HeaderValue, Request, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

/// For the head of a request, also the next one on the same connection.
pub(super) const HEAD_LIMIT: Duration = Duration::from_secs(5);
/// For a write that makes no progress.
pub(super) const WRITE_LIMIT: Duration = Duration::from_secs(10);
/// Bytes of a head; hyper takes no less than 8192.
const HEAD_BYTES: usize = 16 << 10;
const HEADERS: usize = 64;

/// What every answer says of who gives it.
pub(super) const SERVER: &str = concat!("phpeek-pm/", env!("CARGO_PKG_VERSION"));

/// Serves a connection until it ends, or has answered what is under way once `closing` or `leaves`.
pub(super) async fn serve<S, A, F>(
    stream: S,
    answer: A,
    mut closing: watch::Receiver<bool>,
    leaves: impl Future<Output = ()>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send,
    A: Fn(Request<Incoming>) -> F,
    F: Future<Output = Response>,
{
    let service = service_fn(|request| {
        let answer = answer(request);
        async move {
            let mut response = answer.await;
            response.headers_mut().insert(header::SERVER, HeaderValue::from_static(SERVER));
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(Patient::new(stream, WRITE_LIMIT)), service);
    let mut connection = pin!(connection);
    let ended = {
        let closed = closing.wait_for(|closing| *closing);
        let (closed, leaves) = (pin!(closed), pin!(leaves));
        matches!(select(connection.as_mut(), select(closed, leaves)).await, Either::Left(_))
    };
    if !ended {
        connection.as_mut().graceful_shutdown();
        // What goes wrong here is the client's affair: it went away, was too slow, or spoke no HTTP.
        drop(connection.await);
    }
}
