//! Takes connections at each way in and has their requests judged and answered, until the end. Owns how many there are
//! at a time; who comes later waits in the kernel's queue.

use super::super::answering::Answering;
use super::super::door::{Carried, Door};
use super::super::patience::Patient;
use super::super::wire;
use super::bound::Tcp;
use super::guard::{Guard, Peer, Way};
use super::idle::{Guest, Idle};
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
/// A connection that is asked to leave has gone by then, or another one is asked.
const SOON: Duration = Duration::from_millis(50);
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

/// The places of one way in.
struct Places {
    free: Arc<Semaphore>,
    idle: Idle,
}

/// Whoever has a place, and may have to leave it while he says nothing.
struct Visit {
    guest: Guest,
    _place: OwnedSemaphorePermit,
}

impl Places {
    /// A place for who has come, in time that of a connection that says nothing. None when there are none any more.
    async fn visit(&self) -> Option<Visit> {
        let place = match self.free.clone().try_acquire_owned() {
            Ok(free) => free,
            Err(_) => self.freed().await?,
        };
        Some(Visit { guest: self.idle.guest(), _place: place })
    }

    async fn freed(&self) -> Option<OwnedSemaphorePermit> {
        while self.idle.let_one_go() {
            if let Ok(place) = timeout(SOON, self.free.clone().acquire_owned()).await {
                return place.ok();
            }
        }
        self.free.clone().acquire_owned().await.ok()
    }
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
    let places = Places { free: Arc::new(Semaphore::new(most as usize)), idle: Idle::default() };
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
    drop(places.free.acquire_many(most).await);
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

async fn by_tcp(serving: &Arc<Serving>, tcp: Box<Tcp>, places: &Places) {
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
    places: &Places,
) {
    loop {
        match socket.accept().await {
            Ok((stream, from)) => {
                // First the connection, then its place: nobody leaves for who has not come.
                let Some(visit) = places.visit().await else { return };
                drop(stream.set_nodelay(true)); // slower without, and no worse
                let peer = Peer::Tcp(from.ip().to_canonical());
                let (serving, way, tls) = (serving.clone(), way.clone(), tls.cloned());
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => encrypted(serving, &tls, stream, peer, way, visit).await,
                        None => answer_all(serving, stream, peer, way, visit).await,
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
    visit: Visit,
) {
    let (acceptor, files) = tls.acceptor();
    if let Err(unusable) = files {
        serving.say(Level::Warn, &format!("the files of TLS have changed and are not used: {unusable}"));
    }
    let shaking = acceptor.accept(Patient::new(stream, wire::WRITE_LIMIT));
    match timeout(wire::HEAD_LIMIT, shaking).await {
        Ok(Ok(stream)) => answer_all(serving, stream, peer, way, visit).await,
        Ok(Err(error)) => serving.say(Level::Debug, &format!("{peer}: no handshake: {error}")),
        Err(_) => serving.say(Level::Debug, &format!("{peer}: no handshake in time")),
    }
}

async fn by_socket(serving: &Arc<Serving>, carried: Carried, places: &Places) {
    let mut door = Door::open(carried, async |error| serving.cannot("watch its socket", &error).await).await;
    serving.house.answering.on_and_on(async || accept_own(serving, &mut door, places).await).await;
}

/// The same of a socket, for ourselves and root.
async fn accept_own(serving: &Arc<Serving>, door: &mut Door, places: &Places) {
    let own = rustix::process::geteuid().as_raw();
    loop {
        match door.next().await {
            Ok(stream) => match peer(&stream) {
                Ok(known) if known.uid == 0 || known.uid == own => {
                    let Some(visit) = places.visit().await else { return };
                    let (serving, peer) = (serving.clone(), Peer::Unix(known.uid));
                    tokio::spawn(answer_all::<UnixStream>(serving, stream, peer, Arc::default(), visit));
                }
                // The file's mode keeps others out; who comes in all the same is told nothing.
                _ => serving.say(Level::Warn, "refused a connection of another user"),
            },
            Err(error) => serving.cannot("take a connection", &error).await,
        }
    }
}

/// Answers the requests of one connection.
async fn answer_all<S>(serving: Arc<Serving>, stream: S, peer: Peer, way: Arc<Way>, visit: Visit)
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let closing = serving.closing.clone();
    let answer = |request: Request<Incoming>| {
        let (serving, way, guest) = (serving.clone(), way.clone(), &visit.guest);
        async move {
            guest.asks();
            let response = answer(&serving, &way, peer, request).await;
            guest.is_silent();
            response
        }
    };
    wire::serve(stream, answer, closing, visit.guest.leaves()).await;
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
