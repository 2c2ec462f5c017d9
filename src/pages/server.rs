//! The listener of the pages and its thread. Owns the bounds of what clients can hold: connections, heads, time. One
//! request a connection: who looks every few seconds gains nothing by holding one, and nobody can hold one for long.

use super::page::{Inquiry, Page, Shown};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use phpeek_os::threads::ThreadRuntime;
use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{sleep, timeout};

/// Connections at a time; who comes later waits in the kernel's queue.
const CONNECTIONS: usize = 64;
/// For the head of a request.
const HEAD_LIMIT: Duration = Duration::from_secs(5);
/// For a whole connection, with an answer that is read slowly.
const LIMIT: Duration = Duration::from_secs(30);
/// Bytes of a head; hyper takes no less than 8192.
const HEAD_BYTES: usize = 16 << 10;
const HEADERS: usize = 64;
/// After accept(2) has failed: descriptors or memory are short.
const BREATH: Duration = Duration::from_millis(200);
/// Questions that may wait for the supervision thread.
const WAITING: usize = 16;

const SERVER: &str = concat!("phpeek-pm/", env!("CARGO_PKG_VERSION"));

/// A port that is ours, and what is shown there.
#[derive(Debug)]
pub struct Door {
    listener: TcpListener,
    pages: Vec<(String, Page)>,
}

impl Door {
    /// Takes the port; each page by its path.
    ///
    /// # Errors
    /// When the address is not ours, or somebody else has the port.
    pub fn open(address: SocketAddr, pages: Vec<(String, Page)>) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener, pages })
    }
}

/// Shows the pages from now on, in a thread that runs `first` before anything else. Give the inquiries to somebody who
/// answers. The thread ends with the program.
///
/// # Errors
/// When the system gives no thread.
pub fn serve(doors: Vec<Door>, first: fn()) -> io::Result<mpsc::Receiver<Inquiry>> {
    let (supervision, inquiries) = mpsc::channel(WAITING);
    let runtime = ThreadRuntime::new()?;
    let entered = runtime.enter();
    let mut opened = Vec::new();
    for Door { listener, pages } in doors {
        opened.push((tokio::net::TcpListener::from_std(listener)?, Arc::new(pages)));
    }
    drop(entered);
    let serve = move || {
        first();
        runtime.block_on(async {
            let places = Arc::new(Semaphore::new(CONNECTIONS));
            let all: Vec<_> = opened
                .into_iter()
                .map(|(listener, pages)| {
                    tokio::spawn(accept(listener, pages, supervision.clone(), places.clone()))
                })
                .collect();
            for one in all {
                drop(one.await); // each goes on for ever
            }
        });
    };
    std::thread::Builder::new().name("pages".to_owned()).spawn(serve)?;
    Ok(inquiries)
}

type Pages = Arc<Vec<(String, Page)>>;

async fn accept(
    listener: tokio::net::TcpListener,
    pages: Pages,
    supervision: mpsc::Sender<Inquiry>,
    places: Arc<Semaphore>,
) {
    while let Ok(place) = places.clone().acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(BREATH).await;
            continue;
        };
        let (pages, supervision) = (pages.clone(), supervision.clone());
        tokio::spawn(async move {
            // What goes wrong here is the client's affair: it went away, was too slow, or spoke no HTTP.
            drop(timeout(LIMIT, connection(stream, pages, supervision)).await);
            drop(place);
        });
    }
}

async fn connection(stream: TcpStream, pages: Pages, supervision: mpsc::Sender<Inquiry>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let (pages, supervision) = (pages.clone(), supervision.clone());
        async move { Ok::<_, Infallible>(answer(&request, &pages, &supervision).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    drop(connection.await);
}

async fn answer(
    request: &Request<Incoming>,
    pages: &Pages,
    supervision: &mpsc::Sender<Inquiry>,
) -> Response<Full<Bytes>> {
    let path = request.uri().path();
    let page = pages.iter().find(|(own, _)| own == path).map(|(_, page)| *page);
    let known = matches!(*request.method(), Method::GET | Method::HEAD);
    let shown = match page {
        Some(page) if known => page.show(supervision).await,
        Some(_) => Shown::error(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD"),
        None => {
            let all: Vec<_> = pages.iter().map(|(path, _)| path.as_str()).collect();
            Shown::error(StatusCode::NOT_FOUND, &format!("there is {}", all.join(", ")))
        }
    };
    let mut response = Response::new(Full::new(shown.body));
    *response.status_mut() = shown.status;
    let headers = response.headers_mut();
    let text = http::HeaderValue::from_static;
    headers.insert(header::CONTENT_TYPE, text(shown.kind));
    headers.insert(header::CACHE_CONTROL, text("no-store"));
    headers.insert(header::SERVER, text(SERVER));
    if shown.status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(header::ALLOW, text("GET, HEAD"));
    }
    response
}
