//! A client of HTTP/1.1 for tests: one request over a fresh connection, or over one that is given. Called by tests of
//! servers.

use serde_json::Value;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

/// For one read.
const PATIENCE: Duration = Duration::from_secs(20);

/// An address for one test alone: a loopback address that no other test has, also of another program, and a port of it
/// that is free.
pub fn own_address() -> SocketAddr {
    static COUNT: AtomicU8 = AtomicU8::new(1);
    let [_, a, b, c] = std::process::id().to_be_bytes();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    // A pid has at most 22 bits: the 8 bits of the count take the place of 6 that are mostly 0.
    let ip = IpAddr::from([127, (a << 2) ^ count, b, c]);
    TcpListener::bind((ip, 0)).and_then(|listener| listener.local_addr()).expect("a free port")
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Its head, in lower case.
    pub head: String,
    /// Its body.
    pub body: String,
}

impl Reply {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// A request.
#[derive(Debug, Clone)]
pub struct Ask {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
}

impl Ask {
    /// A GET.
    pub fn get(path: &str) -> Self {
        Self::of("GET", path)
    }

    /// With this method.
    pub fn of(method: &str, path: &str) -> Self {
        Self { method: method.to_owned(), path: path.to_owned(), headers: Vec::new(), body: None }
    }

    /// With a header; `Host` takes the place of `localhost`.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a body, which is JSON.
    pub fn body(mut self, body: impl ToString) -> Self {
        self.body = Some(body.to_string());
        self
    }

    /// Over TCP.
    pub fn tcp(&self, at: SocketAddr) -> Result<Reply> {
        let stream = TcpStream::connect(at)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        self.over(stream)
    }

    /// Over a socket.
    pub fn unix(&self, path: &Path) -> Result<Reply> {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        self.over(stream)
    }

    /// Over this connection, which is not used again.
    pub fn over(&self, mut stream: impl Read + Write) -> Result<Reply> {
        let body = self.body.clone().unwrap_or_default();
        let mut text = format!("{} {} HTTP/1.1\r\nConnection: close\r\n", self.method, self.path);
        if !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            text += "Host: localhost\r\n";
        }
        for (name, value) in &self.headers {
            text += &format!("{name}: {value}\r\n");
        }
        if self.body.is_some() {
            text += &format!("Content-Length: {}\r\n", body.len());
        }
        // An empty one is how a test sends none.
        let named = self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        if self.body.is_some() && !named {
            text += "Content-Type: application/json\r\n";
        }
        stream.write_all(format!("{text}\r\n{body}").as_bytes())?;
        let mut answer = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if answer.read_line(&mut head)? == 0 {
                return Err(Error::new(ErrorKind::UnexpectedEof, "the answer was cut off"));
            }
        }
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_default();
        let head = head.to_lowercase();
        let length = head.lines().find_map(|l| l.strip_prefix("content-length:")?.trim().parse().ok());
        let mut body = String::new();
        // A refused body may end the connection with a reset, after the answer.
        answer.take(length.unwrap_or(u64::MAX)).read_to_string(&mut body)?;
        let fault = super::openapi::fault(&self.method, &self.path, (status, &head, &body));
        assert_eq!(fault, None, "{} {}: {body}", self.method, self.path);
        Ok(Reply { status, head, body })
    }
}

/// An event of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// By which a reader goes on after it.
    pub id: Option<u64>,
    /// What it is called.
    pub name: String,
    /// What it says.
    pub data: Value,
}

/// Server-sent events as they come, over HTTP/1.0: in no chunks.
pub struct Events(BufReader<TcpStream>);

impl Events {
    /// Asks for a stream, and waits until it has begun.
    pub fn follow(at: SocketAddr, path: &str, last_seen: Option<u64>) -> Result<Self> {
        let mut stream = TcpStream::connect(at)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let seen = last_seen.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n{seen}\r\n").as_bytes())?;
        let mut answer = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if answer.read_line(&mut head)? == 0 {
                return Err(Error::new(ErrorKind::UnexpectedEof, "the answer was cut off"));
            }
        }
        let head = head.to_lowercase();
        if head.contains(" 200 ") && head.contains("content-type: text/event-stream") {
            return Ok(Self(answer));
        }
        Err(Error::other(head))
    }

    /// The next event; `None` at the end of the stream.
    pub fn next(&mut self) -> Option<Event> {
        let mut event = Event { id: None, name: String::new(), data: Value::Null };
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).expect("an event in time") == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("id", id)) => event.id = id.parse().ok(),
                Some(("event", name)) => name.clone_into(&mut event.name),
                Some(("data", data)) => event.data = serde_json::from_str(data).expect("JSON"),
                Some(_) => {}
                None if event.data.is_null() => {}
                None => return Some(event),
            }
        }
    }

    /// The next so many messages of lines.
    pub fn messages(&mut self, count: usize) -> Vec<String> {
        let mut next =
            || self.next().expect("the stream goes on").data["message"].as_str().map(str::to_owned);
        (0..count).map(|_| next().expect("a line")).collect()
    }
}
