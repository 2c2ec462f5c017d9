//! One GET over a fresh connection: HTTP/1.0, so that a body has a length or ends with the connection, and is never in
//! chunks.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Longer than the page's own patience with redis.
const PATIENCE: Duration = Duration::from_secs(20);

/// Status and body.
pub fn get(port: u16, path: &str) -> Result<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n").as_bytes())?;
    let mut answer = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if answer.read_line(&mut head)? == 0 {
            return Err(cut());
        }
    }
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(cut)?;
    let head = head.to_lowercase();
    let length = head.lines().find_map(|l| l.strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = String::new();
    // Some servers keep the connection for a while, whatever they are asked: the length ends the body.
    let read = answer.take(length.unwrap_or(u64::MAX)).read_to_string(&mut body)?;
    if length.is_some_and(|length| read as u64 != length) { Err(cut()) } else { Ok((status, body)) }
}

fn cut() -> Error {
    Error::new(ErrorKind::UnexpectedEof, "the answer was cut off")
}
