//! The client of the control socket: finds the supervisor that a command means, asks it, and says plainly when that
//! cannot be. Starts nothing and changes nothing.

use super::discover::{self, Discovery, Found};
use super::folder::Place;
use super::place;
use super::snapshot::Snapshot;
use super::socket;
use super::streams::Gathering;
use super::wire::SERVER;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use phpeek_os::environment;
use phpeek_os::peer::{is_stopped, peer};
use std::cell::Cell;
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{timeout, timeout_at};

pub use super::client_error::ClientError;
pub use super::streams::{Event, Events, Messages};

/// The variable that names the socket when no option does.
pub const VARIABLE: &str = "PHPEEK_PM_CONTROL_SOCKET";

/// The variables that hold a token, as PHPeek PM and Cbox Init have them.
const TOKENS: [&str; 2] = ["PHPEEK_PM_API_AUTH", "CBOX_INIT_API_AUTH"];

/// For an answer, with all that it takes: a busy supervisor takes connections within milliseconds, but may have much to
/// hand out.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);
/// Until it begins. One that is stopped, or hangs, begins with none.
const HEAD_LIMIT: Duration = Duration::from_secs(5);
/// For asking several who they are, all of them together.
const LISTING_LIMIT: Duration = Duration::from_secs(1);
/// As long as a supervisor lets anybody wait.
const LONGEST: Duration = Duration::from_hours(25);
/// The kernel takes no shorter limit for none at all.
const SHORTEST: Duration = Duration::from_millis(1);
/// Bytes of an answer: 100,000 instances in a status, and more than the spans that are kept.
const LARGEST_ANSWER: usize = 64 << 20;

/// Method, path and body of a request.
type Question<'a> = (Method, &'a str, Bytes);

/// The token of who asks, where a variable holds one that can be sent.
fn token() -> Option<HeaderValue> {
    let held = TOKENS.iter().find_map(|name| environment::text(name).filter(|token| !token.is_empty()))?;
    let mut value = HeaderValue::from_str(&format!("Bearer {held}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A way to ask one supervisor; each question has a connection of its own.
#[derive(Debug)]
pub struct Client {
    path: PathBuf,
    runtime: Arc<Runtime>,
    /// Who was connected to last.
    asked: Cell<Option<u32>>,
}

impl Client {
    /// Finds the supervisor: by the option, by `PHPEEK_PM_CONTROL_SOCKET`, by what `configured` says of the configuration,
    /// and by the rule of [`place`]; of several, the one that runs by this configuration file.
    ///
    /// # Errors
    /// [`ClientError`] when there is none, or it is not clear which.
    pub fn find(
        named: Option<PathBuf>,
        configured: impl FnOnce() -> Result<Option<PathBuf>, ClientError>,
        config: Option<&Path>,
    ) -> Result<Self, ClientError> {
        let by_variable = || environment::value(VARIABLE).filter(|v| !v.is_empty()).map(Into::into);
        let path = match named.or_else(by_variable) {
            Some(path) => path,
            None => match configured()? {
                Some(path) => path,
                None => by_rule(config)?,
            },
        };
        Self::at(path)
    }

    /// A client of the supervisor that listens here.
    ///
    /// # Errors
    /// When the system has no room for it.
    pub fn at(path: PathBuf) -> Result<Self, ClientError> {
        match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => Ok(Self { path, runtime: Arc::new(runtime), asked: Cell::default() }),
            Err(source) => Err(ClientError::System { path, source }),
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The body of the answer to a GET of this path.
    ///
    /// # Errors
    /// [`ClientError`]; `Refused` when the answer is one of failure.
    pub fn get(&self, path: &str) -> Result<Bytes, ClientError> {
        self.ask((Method::GET, path, Bytes::new()), HEAD_LIMIT, ANSWER_LIMIT)
    }

    /// The same within this time, whatever it is that takes long: the connection, or the answer.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn get_within(&self, path: &str, limit: Duration) -> Result<Bytes, ClientError> {
        self.ask((Method::GET, path, Bytes::new()), limit, limit)
    }

    /// The body of the answer to a POST of this JSON: the supervisor answers at once, or when what was asked for is so.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn order(&self, path: &str, json: String) -> Result<Bytes, ClientError> {
        self.order_within(path, json, ANSWER_LIMIT)
    }

    /// The same within this time.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn order_within(&self, path: &str, json: String, limit: Duration) -> Result<Bytes, ClientError> {
        let limit = limit.min(ANSWER_LIMIT);
        self.ask((Method::POST, path, json.into()), limit, limit)
    }

    fn ask(&self, what: Question<'_>, head: Duration, all: Duration) -> Result<Bytes, ClientError> {
        let (head, all) = (within(head), within(all));
        self.runtime.block_on(async {
            let body = self.by(head, self.open(what, head)).await?;
            self.by(all, self.whole(body)).await
        })
    }

    /// The messages of a stream, each of which stands behind its length (u32, little endian).
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn stream(&self, path: &str) -> Result<Messages, ClientError> {
        self.gathering(path).map(Messages)
    }

    /// The events of a stream.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn events(&self, path: &str) -> Result<Events, ClientError> {
        self.gathering(path).map(Events)
    }

    fn gathering(&self, path: &str) -> Result<Gathering, ClientError> {
        let until = within(HEAD_LIMIT);
        let open = self.open((Method::GET, path, Bytes::new()), until);
        let body = self.runtime.block_on(self.by(until, open))?;
        Ok(Gathering::new(self.runtime.clone(), body))
    }

    async fn by<T>(
        &self,
        until: Instant,
        answer: impl Future<Output = Result<T, ClientError>>,
    ) -> Result<T, ClientError> {
        timeout_at(until.into(), answer).await.unwrap_or_else(|_| Err(self.silent()))
    }

    /// Why it says nothing.
    fn silent(&self) -> ClientError {
        let path = self.path.clone();
        match self.asked.get().filter(|pid| is_stopped(*pid)) {
            Some(pid) => ClientError::Stopped { path, pid },
            None => ClientError::Silent(path),
        }
    }

    /// What comes of an order. Longer than for the head of any other answer is waited only for one that works on it.
    async fn unless_stopped<T>(&self, answer: impl Future<Output = T>) -> Result<T, ClientError> {
        let mut answer = std::pin::pin!(answer);
        match timeout(HEAD_LIMIT, &mut answer).await {
            Ok(answer) => Ok(answer),
            Err(_) => match self.silent() {
                stopped @ ClientError::Stopped { .. } => Err(stopped),
                _ => Ok(answer.await),
            },
        }
    }

    /// Sends a request, and gives the body once the head of the answer says that all is well.
    async fn open(&self, what: Question<'_>, until: Instant) -> Result<Incoming, ClientError> {
        let (method, path, body) = what;
        let is_order = method == Method::POST;
        let stream = self.connect(if is_order { until.min(within(HEAD_LIMIT)) } else { until })?;
        let failed = |source| ClientError::System { path: self.path.clone(), source };
        stream.set_nonblocking(true).map_err(failed)?;
        let stream = tokio::net::UnixStream::from_std(stream).map_err(failed)?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|_| ClientError::Closed)?;
        tokio::spawn(connection);
        let mut request = Request::builder();
        // Of a socket that asks for one: api_socket beside api_auth.
        if let Some(token) = token() {
            request = request.header(header::AUTHORIZATION, token);
        }
        let request = request
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::CONNECTION, "close")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|error| failed(io::Error::other(error)))?;
        let answer = sender.send_request(request);
        let response = if is_order { self.unless_stopped(answer).await? } else { answer.await };
        let response = response.map_err(|error| self.broken(&error))?;
        let server = response.headers().get(header::SERVER).and_then(|v| v.to_str().ok()).unwrap_or_default();
        if server.split('/').next() != SERVER.split('/').next() {
            let why = "its answer does not name phpeek-pm".to_owned();
            return Err(ClientError::NotOurs { path: self.path.clone(), why });
        }
        let status = response.status();
        let body = response.into_body();
        if status.is_success() { Ok(body) } else { Err(self.refusal(status, body).await) }
    }

    /// Blocks until then at most, where too many wait for one that takes no connections.
    fn connect(&self, until: Instant) -> Result<std::os::unix::net::UnixStream, ClientError> {
        let path = self.path.clone();
        let patience = until.saturating_duration_since(Instant::now()).clamp(SHORTEST, ANSWER_LIMIT);
        let stream = socket::connect(&path, Some(patience)).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                let other = std::fs::metadata(&path).is_ok_and(|found| !found.file_type().is_socket());
                let what = if other { ", which is no socket" } else { "" };
                ClientError::NotRunning { place: format!("at {}{what}", path.display()) }
            }
            io::ErrorKind::PermissionDenied => denied(path.clone()),
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => self.silent(),
            _ => ClientError::System { path: path.clone(), source },
        })?;
        let other = peer(&stream).map_err(|source| ClientError::System { path: path.clone(), source })?;
        self.asked.set(other.pid.and_then(|pid| u32::try_from(pid).ok()));
        let own = rustix::process::geteuid().as_raw();
        if own != 0 && other.uid != 0 && other.uid != own {
            return Err(ClientError::Theirs { path, uid: other.uid });
        }
        Ok(stream)
    }

    async fn whole(&self, body: Incoming) -> Result<Bytes, ClientError> {
        let bounded = http_body_util::Limited::new(body, LARGEST_ANSWER);
        Ok(bounded.collect().await.map_err(|_| ClientError::Closed)?.to_bytes())
    }

    /// The supervisor's own words of why not.
    async fn refusal(&self, status: StatusCode, body: Incoming) -> ClientError {
        let words = self.whole(body).await.unwrap_or_default();
        let said = serde_json::from_slice::<serde_json::Value>(&words).ok();
        let said = said.and_then(|json| json.get("error")?.as_str().map(str::to_owned));
        let mut message = said.unwrap_or_else(|| format!("the supervisor says {status}"));
        if status == StatusCode::NOT_FOUND
            && message.starts_with("process ")
            && message.ends_with(" not found")
        {
            message += "; `phpeek-pm list` names those that there are";
        }
        ClientError::Refused { status: status.as_u16(), message }
    }

    fn broken(&self, error: &hyper::Error) -> ClientError {
        if error.is_parse() {
            let why = "it does not speak HTTP".to_owned();
            return ClientError::NotOurs { path: self.path.clone(), why };
        }
        ClientError::Closed
    }
}

/// The moment after this time; a wait without an end ends with the day.
fn within(limit: Duration) -> Instant {
    Instant::now() + limit.min(LONGEST)
}

/// Why we may not: what is another user's is no supervisor of ours.
fn denied(path: PathBuf) -> ClientError {
    match discover::owner(&path) {
        Some((path, uid)) if uid != rustix::process::geteuid().as_raw() => ClientError::Theirs { path, uid },
        _ => ClientError::Denied(path),
    }
}

fn by_rule(config: Option<&Path>) -> Result<PathBuf, ClientError> {
    let folders = place::places(rustix::process::geteuid().as_raw(), &environment::value);
    // Anybody may have made one of them, where its parent allows it: what listens there is not believed.
    let trusted: Vec<_> = folders.iter().filter(|place| place.is_trusted()).map(Place::folder).collect();
    match discover::discover(&trusted) {
        Discovery::One(found) => Ok(found.path),
        Discovery::Several(all) => among(all, config),
        Discovery::Denied(folder) => match denied(folder) {
            // Ours would lie elsewhere.
            ClientError::Theirs { path, uid } => {
                let theirs = format!(" ({} belongs to the user {uid})", path.display());
                Err(ClientError::NotRunning { place: format!("in {}{theirs}", list(&folders)) })
            }
            error => Err(error),
        },
        Discovery::Nobody => Err(ClientError::NotRunning { place: format!("in {}", list(&folders)) }),
    }
}

fn list(folders: &[Place]) -> String {
    folders.iter().map(|place| place.folder().display().to_string()).collect::<Vec<_>>().join(", ")
}

/// Of several, the only one that runs by this file.
fn among(all: Vec<Found>, config: Option<&Path>) -> Result<PathBuf, ClientError> {
    let until = within(LISTING_LIMIT);
    let all: Vec<_> = all.into_iter().map(|found| (config_of(&found, until), found)).collect();
    let wanted = config.and_then(|config| config.canonicalize().ok());
    let is_wanted = |told: &Option<PathBuf>| {
        wanted.is_some() && told.as_ref().and_then(|told| told.canonicalize().ok()) == wanted
    };
    let mut fitting = all.iter().filter(|(told, _)| is_wanted(told));
    match (fitting.next(), fitting.next()) {
        (Some((_, found)), None) => Ok(found.path.clone()),
        _ => Err(ClientError::Several(listing(&all))),
    }
}

/// The file that one says it runs by.
fn config_of(found: &Found, until: Instant) -> Option<PathBuf> {
    let client = Client::at(found.path.clone()).ok()?;
    let answer = client.get_within("/status", until.saturating_duration_since(Instant::now()));
    serde_json::from_slice::<Snapshot>(&answer.ok()?).ok()?.config
}

/// A line for each, with what it says of itself.
fn listing(all: &[(Option<PathBuf>, Found)]) -> String {
    let line = |(config, found): &(Option<PathBuf>, Found)| {
        let config = config.as_ref().map(|c| format!("  {}", c.display())).unwrap_or_default();
        format!("\n  {}  pid {}{config}", found.path.display(), found.pid)
    };
    all.iter().map(line).collect()
}
