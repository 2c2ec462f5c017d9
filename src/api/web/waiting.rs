//! Takes connections at each way in and has their requests judged and answered, until the end. Owns how many there are
//! at a time; who comes later waits in the kernel's queue.

use super::super::answering::Answering;
use super::super::door::{Carried, Door};
use super::super::patience::Patient;
use super::super::wire;
use super::bound::Tcp;
use super::guard::{Guard, Peer, Way};
use super::tls::Tls;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::Response;
use futures_util::future::{join_all, select};
use http::Request;
use hyper::body::Incoming;
use phpeek_actors::ports::Level;
use phpeek_os::peer::peer;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};
use tower_service::Service as _;

/// Connections by TCP at a time, and by the socket.
const TCP: u32 = 256;
const UNIX: u32 = 64;
/// After accept(2) has failed: descriptors or memory are short.
const BREATH: Duration = Duration::from_millis(200);

/// What all ways in share.
pub(super) struct House {
    pub(super) guard: Guard,
    pub(super) answering: Answering,
}

/// A way in, on its way to the thread.
pub(super) enum Entrance {
    Tcp(Box<Tcp>),
    Unix(Carried),
}

struct Serving {
    house: House,
    router: Router,
    closing: watch::Receiver<bool>,
}

/// Takes connections until `closing`, then waits until the last has ended.
pub(super) async fn serve(
    house: House,
    entrances: Vec<Entrance>,
    make: impl FnOnce(watch::Receiver<bool>) -> Router,
    closing: watch::Receiver<bool>,
) {
    let router = make(closing.clone()).layer(DefaultBodyLimit::max(house.guard.rules.max_body));
    let serving = Arc::new(Serving { house, router, closing: closing.clone() });
    let all = entrances.into_iter().map(|entrance| at(serving.clone(), entrance));
    join_all(all).await;
}

async fn at(serving: Arc<Serving>, entrance: Entrance) {
    let most = if matches!(entrance, Entrance::Tcp(_)) { TCP } else { UNIX };
    let places = Arc::new(Semaphore::new(most as usize));
    {
        let mut closing = serving.closing.clone();
        let closed = closing.wait_for(|closing| *closing);
        let accepting = async {
            match entrance {
                Entrance::Tcp(tcp) => by_tcp(&serving, tcp, &places).await,
                Entrance::Unix(carried) => by_socket(&serving, carried, &places).await,
            }
        };
        select(pin!(accepting), pin!(closed)).await;
    }
    // Nobody closes it; an error would end the wait all the same.
    drop(places.acquire_many(most).await);
}

impl Serving {
    fn say(&self, level: Level, message: &str) {
        self.house.answering.say(level, message);
    }

    async fn cannot(&self, what: &str, error: &std::io::Error) {
        self.say(Level::Warn, &format!("cannot {what}: {error}"));
        sleep(BREATH).await;
    }
}

async fn by_tcp(serving: &Arc<Serving>, tcp: Box<Tcp>, places: &Arc<Semaphore>) {
    let Tcp { socket, tls, way } = *tcp;
    let socket = loop {
        match socket.try_clone().and_then(TcpListener::from_std) {
            Ok(socket) => break socket,
            Err(error) => serving.cannot("watch its port", &error).await,
        }
    };
    let (way, tls) = (Arc::new(way), tls.map(Arc::new));
    serving
        .house
        .answering
        .on_and_on(async || accept(serving, &socket, (&way, tls.as_ref()), places).await)
        .await;
}

/// Takes connections for as long as there are places to be had.
async fn accept(
    serving: &Arc<Serving>,
    socket: &TcpListener,
    (way, tls): (&Arc<Way>, Option<&Arc<Tls>>),
    places: &Arc<Semaphore>,
) {
    while let Ok(place) = places.clone().acquire_owned().await {
        match socket.accept().await {
            Ok((stream, from)) => {
                drop(stream.set_nodelay(true)); // slower without, and no worse
                let peer = Peer::Tcp(from.ip().to_canonical());
                let (serving, way, tls) = (serving.clone(), way.clone(), tls.cloned());
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => encrypted(serving, &tls, stream, peer, way, place).await,
                        None => answer_all(serving, stream, peer, way, place).await,
                    }
                });
            }
            Err(error) => serving.cannot("take a connection", &error).await,
        }
    }
}

async fn encrypted(
    serving: Arc<Serving>,
    tls: &Tls,
    stream: TcpStream,
    peer: Peer,
    way: Arc<Way>,
    place: OwnedSemaphorePermit,
) {
    let (acceptor, files) = tls.acceptor();
    if let Err(unusable) = files {
        serving.say(Level::Warn, &format!("the files of TLS have changed and are not used: {unusable}"));
    }
    let shaking = acceptor.accept(Patient::new(stream, wire::WRITE_LIMIT));
    match timeout(wire::HEAD_LIMIT, shaking).await {
        Ok(Ok(stream)) => answer_all(serving, stream, peer, way, place).await,
        Ok(Err(error)) => serving.say(Level::Debug, &format!("{peer}: no handshake: {error}")),
        Err(_) => serving.say(Level::Debug, &format!("{peer}: no handshake in time")),
    }
}

async fn by_socket(serving: &Arc<Serving>, carried: Carried, places: &Arc<Semaphore>) {
    let mut door = Door::open(carried, async |error| serving.cannot("watch its socket", &error).await).await;
    serving.house.answering.on_and_on(async || accept_own(serving, &mut door, places).await).await;
}

/// The same of a socket, for ourselves and root.
async fn accept_own(serving: &Arc<Serving>, door: &mut Door, places: &Arc<Semaphore>) {
    let own = rustix::process::geteuid().as_raw();
    while let Ok(place) = places.clone().acquire_owned().await {
        match door.next().await {
            Ok(stream) => match peer(&stream) {
                Ok(known) if known.uid == 0 || known.uid == own => {
                    let (serving, peer) = (serving.clone(), Peer::Unix(known.uid));
                    tokio::spawn(answer_all::<UnixStream>(serving, stream, peer, Arc::default(), place));
                }
                // The file's mode keeps others out; who comes in all the same is told nothing.
                _ => serving.say(Level::Warn, "refused a connection of another user"),
            },
            Err(error) => serving.cannot("take a connection", &error).await,
        }
    }
}

/// Answers the requests of one connection.
async fn answer_all<S>(
    serving: Arc<Serving>,
    stream: S,
    peer: Peer,
    way: Arc<Way>,
    place: OwnedSemaphorePermit,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let closing = serving.closing.clone();
    let answer = |request: Request<Incoming>| {
        let (serving, way) = (serving.clone(), way.clone());
        async move { answer(&serving, &way, peer, request).await }
    };
    wire::serve(stream, answer, closing).await;
    drop(place);
}

async fn answer(serving: &Serving, way: &Way, peer: Peer, mut request: Request<Incoming>) -> Response {
    let House { guard, answering } = &serving.house;
    let asked = answering.asked(&request);
    let response = match guard.judge(way, peer, &request) {
        Err(refused) => *refused,
        Ok(who) => {
            request.extensions_mut().insert(who.peer);
            request.extensions_mut().insert(who.granted);
            let (method, path) = (request.method().clone(), request.uri().path().to_owned());
            let response = answering.of_routes(serving.router.clone().call(request)).await;
            guard.answered(who, (&method, &path), &response);
            response
        }
    };
    answering.given(asked, format_args!("{peer}: "), &response);
    response
}
