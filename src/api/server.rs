//! The server behind the control socket: takes connections, sees who they are, and lets the routes answer. Owns the
//! bounds of what clients can hold: connections, heads, bodies, time. Runs on a thread of its own, started by the
//! first connection; supervision never waits for it.

use super::answering::Answering;
use super::desk::{Desks, Inquiry};
use super::door::Door;
use super::routes::{self, Shared};
use super::v1;
use super::view::Changes;
use super::web::Granted;
use super::wire;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::Response;
use futures_util::future::select;
use phpeek_actors::ports::Level;
use phpeek_core::outlook::Outlook;
use phpeek_os::peer::{Peer, peer};
use phpeek_settings::web::Role;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::sync::{Semaphore, mpsc, watch};
use tower_service::Service as _;

/// Connections at a time; who comes later waits in the kernel's queue.
const CONNECTIONS: u32 = 64;
/// Of these, how many may wait or follow.
const LONG: usize = 48;
/// Bytes of a body; what there is to ask needs none.
const BODY_BYTES: usize = 64 << 10;
/// After accept(2) has failed: descriptors or memory are short.
const BREATH: Duration = Duration::from_millis(200);
/// Refused connections are told of this often at most.
const SAY_AGAIN: Duration = Duration::from_secs(10);

/// Everything that the server has of the program.
pub(super) struct Around {
    pub(super) supervision: mpsc::Sender<Inquiry>,
    pub(super) outlook: watch::Receiver<Outlook>,
    pub(super) changes: Changes,
    pub(super) sources: v1::Sources,
    pub(super) closing: watch::Receiver<bool>,
    pub(super) answering: Answering,
}

struct Server {
    router: Router,
    refusing: Router,
    uid: u32,
    answering: Answering,
}

/// Takes connections until `closing`, the first of which may have been taken already; then waits until the last has ended.
pub(super) async fn serve(mut door: Door, mut first: Option<UnixStream>, around: Around) {
    let Around { supervision, outlook, changes, sources, closing, answering } = around;
    let traces = sources.traces.clone();
    let long = Arc::new(Semaphore::new(LONG));
    let desks = Desks::open(&supervision, &answering.panics);
    let streams = v1::Places { free: long.clone(), closing: closing.clone() };
    let shared =
        Shared { desks, supervision: supervision.clone(), outlook, traces, closing: closing.clone(), long };
    let router = v1::router(&supervision, changes, sources, (streams, &answering.panics))
        .merge(routes::router(Arc::new(shared)))
        .layer(DefaultBodyLimit::max(BODY_BYTES));
    let uid = rustix::process::geteuid().as_raw();
    let server = Arc::new(Server { router, refusing: routes::refusing(), uid, answering });
    let places = Arc::new(Semaphore::new(CONNECTIONS as usize));
    {
        let taking = async || accept_all(&server, &mut door, first.take(), &places, &closing).await;
        let accepting = server.answering.on_and_on(taking);
        let mut closed = closing.clone();
        let closed = closed.wait_for(|closing| *closing);
        select(pin!(accepting), pin!(closed)).await;
    }
    drop(door);
    // Nobody closes it; an error would end the wait all the same.
    drop(places.acquire_many(CONNECTIONS).await);
}

async fn accept_all(
    server: &Arc<Server>,
    door: &mut Door,
    mut waiting: Option<UnixStream>,
    places: &Arc<Semaphore>,
    closing: &watch::Receiver<bool>,
) {
    let mut refused = Refused::default();
    while let Ok(place) = places.clone().acquire_owned().await {
        let stream = match waiting.take() {
            Some(first) => first,
            None => match door.next().await {
                Ok(stream) => stream,
                Err(error) => {
                    server.answering.say(Level::Warn, &format!("cannot take a connection: {error}"));
                    tokio::time::sleep(BREATH).await;
                    continue;
                }
            },
        };
        let peer = peer(&stream).ok();
        let welcome = peer.is_some_and(|p| p.uid == 0 || p.uid == server.uid);
        if !welcome {
            refused.one_more(server, peer);
        }
        let (server, closing) = (server.clone(), closing.clone());
        tokio::spawn(async move {
            connection(server, stream, welcome, closing).await;
            drop(place);
        });
    }
}

/// Serves one connection to its end.
async fn connection(server: Arc<Server>, stream: UnixStream, welcome: bool, closing: watch::Receiver<bool>) {
    let router = if welcome { &server.router } else { &server.refusing };
    wire::serve(stream, |request| answer(server.clone(), router.clone(), request), closing, pending()).await;
}

async fn answer(
    server: Arc<Server>,
    mut router: Router,
    mut request: http::Request<hyper::body::Incoming>,
) -> Response {
    let asked = server.answering.asked(&request);
    // Who may connect is root or our own user.
    request.extensions_mut().insert(Granted(Some(Role::Admin)));
    let response = server.answering.of_routes(router.call(request)).await;
    server.answering.given(asked, "", &response);
    response
}

/// Connections of others: the file's mode keeps them out, so each is worth a word, and many are not worth many.
#[derive(Default)]
struct Refused {
    count: u64,
    said: Option<tokio::time::Instant>,
}

impl Refused {
    fn one_more(&mut self, server: &Server, peer: Option<Peer>) {
        self.count += 1;
        let now = tokio::time::Instant::now();
        if self.said.is_some_and(|said| now - said < SAY_AGAIN) {
            return;
        }
        self.said = Some(now);
        let who = peer.map_or_else(|| "an unknown user".to_owned(), |p| format!("uid {}", p.uid));
        let message = format!("refused a connection of {who}; {} so far", self.count);
        server.answering.say(Level::Warn, &message);
    }
}
