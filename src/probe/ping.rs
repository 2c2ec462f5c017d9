//! Tells a monitor of a job: a request, tried again after a wait, and a record for each that was not taken. Owns a thread
//! that begins with the first one; nobody waits for it, and what it cannot take at once is told as lost.

use super::http;
use ::http::{Method, Uri};
use bytes::Bytes;
use phpeek_actors::clock::Clock;
use phpeek_actors::ports::{Level, LogRecord, LogSink};
use phpeek_core::name::ProcessName;
use phpeek_core::schedule::HeartbeatSpec;
use phpeek_os::threads::ThreadRuntime;
use std::cell::RefCell;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

/// Under way at a time: a monitor that takes none must not fill the memory.
const MOST: usize = 256;

/// What a monitor is told.
#[derive(Debug, Clone)]
pub struct Ping {
    /// Whose job it is about.
    pub process: ProcessName,
    /// `start`, `success` or `failure`.
    pub kind: &'static str,
    /// Where.
    pub url: String,
    /// In words, beside that.
    pub body: String,
    /// How.
    pub how: Arc<HeartbeatSpec>,
}

struct Work {
    ping: Ping,
    _permit: OwnedSemaphorePermit,
}

/// What the thread and whoever gives it work share.
#[derive(Clone)]
struct Shared {
    log: Arc<dyn LogSink>,
    clock: Clock,
    /// Those that no monitor has taken.
    lost: Arc<AtomicI64>,
}

/// Who tells. Lives on the supervision thread.
pub struct Pings {
    work: RefCell<Option<UnboundedSender<Work>>>,
    room: Arc<Semaphore>,
    shared: Shared,
    /// First thing in the thread: it must block all signals there.
    first: fn(),
}

impl Pings {
    /// Nothing runs before the first one.
    #[must_use]
    pub fn new(log: Arc<dyn LogSink>, clock: Clock, first: fn()) -> Self {
        let shared = Shared { log, clock, lost: Arc::default() };
        Self { work: RefCell::default(), room: Arc::new(Semaphore::new(MOST)), shared, first }
    }

    /// Tells a monitor, elsewhere. Returns at once.
    pub fn tell(&self, ping: Ping) {
        let Ok(permit) = self.room.clone().try_acquire_owned() else {
            return self.shared.failed(&ping, 0, "too many wait for their monitors");
        };
        let mut sender = self.work.borrow_mut();
        if sender.as_ref().is_none_or(UnboundedSender::is_closed) {
            *sender = begin(self.first, self.shared.clone()).ok();
        }
        let work = Work { ping, _permit: permit };
        let left = match &*sender {
            Some(sender) => sender.send(work).err().map(|lost| lost.0),
            None => Some(work),
        };
        if let Some(Work { ping, .. }) = left {
            self.shared.failed(&ping, 0, "no thread can be had");
        }
    }
}

fn begin(first: fn(), shared: Shared) -> io::Result<UnboundedSender<Work>> {
    let (sender, work) = unbounded_channel();
    let runtime = ThreadRuntime::new()?;
    std::thread::Builder::new().name("heartbeat".to_owned()).spawn(move || {
        first();
        runtime.block_on(serve(work, shared));
    })?;
    Ok(sender)
}

async fn serve(mut work: UnboundedReceiver<Work>, shared: Shared) {
    while let Some(work) = work.recv().await {
        let shared = shared.clone();
        tokio::spawn(async move { deliver(&work.ping, &shared).await });
    }
}

/// Tries until it is taken, or has been tried as often as it may.
async fn deliver(ping: &Ping, shared: &Shared) {
    let mut tried = 0;
    let why = loop {
        let why = match timeout(ping.how.timeout, once(ping)).await {
            Ok(Ok(200..=299)) => return,
            Ok(Ok(status)) => format!("status {status}"),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {:?}", ping.how.timeout),
        };
        if tried >= ping.how.retries {
            break why;
        }
        tried += 1;
        sleep(ping.how.delay).await;
    };
    shared.failed(ping, i64::from(tried) + 1, &why);
}

/// Redirects are not followed: a monitor that has moved is to be told.
async fn once(ping: &Ping) -> io::Result<u16> {
    let invalid = |error: String| io::Error::new(io::ErrorKind::InvalidInput, error);
    let url: Uri = ping.url.parse().map_err(|error| invalid(format!("{error}")))?;
    let method: Method = ping.how.method.parse().map_err(|error| invalid(format!("{error}")))?;
    let bodiless = method == Method::GET || method == Method::HEAD;
    let body = if bodiless { Bytes::new() } else { Bytes::from(ping.body.clone()) };
    let mut headers = ping.how.headers.clone();
    if !body.is_empty() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        headers.push(("content-type".to_owned(), "text/plain; charset=utf-8".to_owned()));
    }
    let request = http::plain(method, &url, &headers, body)?;
    Ok(http::exchange(&url, request).await?.status().as_u16())
}

impl Shared {
    fn failed(&self, ping: &Ping, attempts: i64, why: &str) {
        let lost = self.lost.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if self.log.enabled(Level::Warn) {
            self.log.log(LogRecord {
                at: self.clock.now(),
                level: Level::Warn,
                message: format!("heartbeat was not delivered: {why}").into(),
                process: Some(ping.process.clone()),
                instance: None,
                fields: vec![
                    ("heartbeat", ping.kind.into()),
                    ("attempts", attempts.into()),
                    ("lost", lost.into()),
                ],
            });
        }
    }
}
