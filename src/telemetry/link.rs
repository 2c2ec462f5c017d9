//! The connection to a receiver, for gRPC and HTTP alike: kept while it is sound, made anew when it is not. Owns the rule
//! that only a connection over which an answer has come is used again: one that was silent, broke or was given up in the
//! middle is closed, so a connection that is open and dead is left after one request. Lives on the telemetry arbiter.

use super::connect::{ConnectError, Connector, Pulse, Stream};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::cell::RefCell;
use std::future::Future;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// What requests carry.
pub(super) type Body = tonic::body::Body;

/// While a request is open the receiver is asked whether it is there, so that one with a long timeout does not wait for
/// nobody. Not more often, and not when idle: servers of grpc-go turn away who asks too much.
const PING: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(10));

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The connection broke.
    #[error("the connection broke")]
    Broken(#[source] Cause),
    /// The receiver is silent.
    #[error("no reply within {} ms", .0.as_millis())]
    Silent(Duration),
}

/// What broke a connection.
pub(super) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Lost {
    /// It was not sent: the connection had been closed.
    #[error("the connection was closed")]
    Unsent(#[source] Cause),
    /// It may have been sent.
    #[error("the connection broke")]
    Broken(#[source] Cause),
}

impl From<TrySendError<Request<Body>>> for Lost {
    fn from(mut error: TrySendError<Request<Body>>) -> Self {
        match error.take_message() {
            Some(_) => Self::Unsent(error.into_error().into()),
            None => Self::Broken(error.into_error().into()),
        }
    }
}

/// One protocol over a connection.
pub(super) trait Wire: Sized {
    /// Whether the other side says something as soon as it has the connection.
    const SPEAKS_FIRST: bool;
    /// Begins to speak over `stream`; what is spawned into `task` ends with it.
    async fn begin(stream: Stream, task: &mut JoinSet<()>) -> Result<Self, hyper::Error>;
    /// Waits until a request can be sent.
    async fn ready(&mut self) -> Result<(), hyper::Error>;
}

/// HTTP/1.1, for OTLP/HTTP and Zipkin.
pub(super) struct Http1(http1::SendRequest<Body>);

/// HTTP/2, for gRPC. Clones share the connection.
#[derive(Clone)]
pub(super) struct Http2(http2::SendRequest<Body>);

impl Wire for Http1 {
    const SPEAKS_FIRST: bool = false;

    async fn begin(stream: Stream, task: &mut JoinSet<()>) -> Result<Self, hyper::Error> {
        let (wire, connection) = http1::handshake(stream).await?;
        // What ends it is what the request over it gets to know.
        task.spawn(async move { drop(connection.await) });
        Ok(Self(wire))
    }

    async fn ready(&mut self) -> Result<(), hyper::Error> {
        self.0.ready().await
    }
}

impl Wire for Http2 {
    /// RFC 9113, section 3.4: SETTINGS.
    const SPEAKS_FIRST: bool = true;

    async fn begin(stream: Stream, task: &mut JoinSet<()>) -> Result<Self, hyper::Error> {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder.timer(TokioTimer::new()).keep_alive_interval(PING.0).keep_alive_timeout(PING.1);
        let (wire, connection) = builder.keep_alive_while_idle(false).handshake(stream).await?;
        task.spawn(async move { drop(connection.await) });
        Ok(Self(wire))
    }

    async fn ready(&mut self) -> Result<(), hyper::Error> {
        self.0.ready().await
    }
}

impl Http1 {
    /// Sends; gives the head of the answer.
    pub(super) async fn send(&mut self, request: Request<Body>) -> Result<Response<Incoming>, Lost> {
        self.0.try_send_request(request).await.map_err(Lost::from)
    }
}

impl Http2 {
    /// Sends; gives the head of the answer.
    pub(super) fn send(
        &mut self,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response<Incoming>, Lost>> + 'static {
        let answer = self.0.try_send_request(request);
        async { answer.await.map_err(Lost::from) }
    }
}

/// A connection and the task that drives it; dropping it closes the connection.
struct Open<W> {
    wire: W,
    peer: Option<SocketAddr>,
    _task: JoinSet<()>,
}

/// The connection to one receiver. Clones share it.
pub(super) struct Link<W> {
    connector: Connector,
    kept: Rc<RefCell<Option<Open<W>>>>,
    /// Of the connection that was made last, once there is one.
    pulse: Rc<RefCell<Option<Pulse>>>,
}

impl<W> Clone for Link<W> {
    fn clone(&self) -> Self {
        Self { connector: self.connector.clone(), kept: self.kept.clone(), pulse: self.pulse.clone() }
    }
}

impl<W: Wire> Link<W> {
    /// Not connected.
    pub(super) fn new(connector: Connector) -> Self {
        Self { connector, kept: Rc::default(), pulse: Rc::default() }
    }

    /// Whether whoever is at the other end may be at work: there is a connection, and where the protocol begins with
    /// the word of the other side, it has come.
    pub(super) fn is_alive(&self) -> bool {
        self.pulse.borrow().as_ref().is_some_and(|pulse| !W::SPEAKS_FIRST || pulse.beats())
    }

    async fn open(&self) -> Result<Open<W>, Failure> {
        self.pulse.take();
        let stream = self.connector.connect().await?;
        self.pulse.replace(Some(stream.pulse()));
        let (peer, mut task) = (stream.peer(), JoinSet::new());
        let wire = W::begin(stream, &mut task).await.map_err(|e| Failure::Broken(e.into()))?;
        Ok(Open { wire, peer, _task: task })
    }

    /// One exchange. `ask` sends and reads all of the answer; it is asked again when its request was not sent, because
    /// the receiver had closed the connection that was kept. `limit` is for the exchange, without the connecting.
    pub(super) async fn exchange<T>(
        &self,
        limit: Duration,
        ask: impl AsyncFn(&mut W) -> Result<T, Lost>,
    ) -> Result<T, Failure> {
        loop {
            let kept = self.kept.take();
            let (mut open, used) = match kept {
                Some(open) => (open, true),
                None => (self.open().await?, false),
            };
            let attempt = async {
                open.wire.ready().await.map_err(|e| Lost::Unsent(e.into()))?;
                ask(&mut open.wire).await
            };
            match timeout(limit, attempt).await {
                Ok(Ok(answer)) => {
                    self.connector.trust(open.peer);
                    self.kept.replace(Some(open));
                    return Ok(answer);
                }
                Ok(Err(Lost::Unsent(_))) if used => {}
                Ok(Err(Lost::Unsent(cause) | Lost::Broken(cause))) => return Err(Failure::Broken(cause)),
                Err(_) => return Err(Failure::Silent(limit)),
            }
        }
    }
}
