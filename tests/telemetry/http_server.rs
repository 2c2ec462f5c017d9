//! A small HTTP/1.1 server on a thread of its own: it records what is posted and answers what it is told to.

use flate2::read::GzDecoder;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// Decompressed.
    pub(crate) body: Vec<u8>,
}

impl Post {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// What to answer next: code, more headers, body.
pub(crate) type Reply = (u16, &'static str, Vec<u8>);

#[derive(Default)]
struct Shared {
    posts: Vec<Post>,
    replies: VecDeque<Reply>,
    connections: usize,
}

#[derive(Clone, Default)]
pub(crate) struct HttpServer(Arc<Mutex<Shared>>);

impl HttpServer {
    /// Answers these first, then 200 with nothing.
    pub(crate) fn with(replies: impl IntoIterator<Item = Reply>) -> Self {
        let server = Self::default();
        server.lock().replies.extend(replies);
        server
    }

    /// On a port of 127.0.0.1.
    pub(crate) fn serve(&self) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let server = self.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (server, writer) = (server.clone(), stream.try_clone().expect("a second handle"));
                std::thread::spawn(move || server.connection(stream, writer));
            }
        });
        port
    }

    /// On a unix socket.
    pub(crate) fn serve_unix(&self, path: &Path) {
        let listener = UnixListener::bind(path).expect("a socket");
        let server = self.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (server, writer) = (server.clone(), stream.try_clone().expect("a second handle"));
                std::thread::spawn(move || server.connection(stream, writer));
            }
        });
    }

    pub(crate) fn posts(&self) -> Vec<Post> {
        self.lock().posts.clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.lock().connections
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().expect("no panic in here")
    }

    fn connection(&self, reader: impl Read, mut writer: impl Write) {
        self.lock().connections += 1;
        let mut reader = BufReader::new(reader);
        while let Some(post) = read(&mut reader) {
            let (code, headers, body) = {
                let mut shared = self.lock();
                shared.posts.push(post);
                shared.replies.pop_front().unwrap_or((200, "", Vec::new()))
            };
            let head = format!("HTTP/1.1 {code} X\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
            if writer.write_all(head.as_bytes()).and_then(|()| writer.write_all(&body)).is_err() {
                return;
            }
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Post> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let path = line.strip_prefix("POST ")?.split(' ').next()?.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut post = Post { path, headers, body: Vec::new() };
    let length = post.header("content-length")?.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    post.body = match post.header("content-encoding") {
        Some("gzip") => {
            let mut plain = Vec::new();
            GzDecoder::new(body.as_slice()).read_to_end(&mut plain).expect("gzip");
            plain
        }
        Some("zstd") => zstd::decode_all(body.as_slice()).expect("zstd"),
        _ => body,
    };
    Some(post)
}

/// A proxy that knows CONNECT alone; records the heads of what it was asked for.
pub(crate) fn proxy() -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let seen = asked.clone();
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let seen = seen.clone();
            std::thread::spawn(move || {
                let mut head = String::new();
                let mut byte = [0];
                while !head.ends_with("\r\n\r\n") && client.read_exact(&mut byte).is_ok() {
                    head.push(char::from(byte[0]));
                }
                let to = head.split(' ').nth(1).unwrap_or_default().to_owned();
                seen.lock().expect("no panic in here").push(head);
                let mut server = std::net::TcpStream::connect(to).expect("the destination is there");
                client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").expect("answered");
                let (mut from, mut back) =
                    (client.try_clone().expect("cloned"), server.try_clone().expect("cloned"));
                std::thread::spawn(move || std::io::copy(&mut from, &mut server));
                std::io::copy(&mut back, &mut client)
            });
        }
    });
    (port, asked)
}
