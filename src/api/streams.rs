//! What a stream of the supervisor holds, piece by piece: messages behind their lengths, and server-sent events. Owns the
//! cutting; asks nobody.

use super::client_error::ClientError;
use bytes::{Buf, Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// A body as it comes.
#[derive(Debug)]
pub(super) struct Gathering {
    runtime: Arc<Runtime>,
    body: Incoming,
    gathered: BytesMut,
}

impl Gathering {
    pub(super) fn new(runtime: Arc<Runtime>, body: Incoming) -> Self {
        Self { runtime, body, gathered: BytesMut::new() }
    }

    /// The next whole piece, once it is there; `None` when the supervisor has ended the stream.
    fn next<T>(&mut self, split: fn(&mut BytesMut) -> Option<T>) -> Result<Option<T>, ClientError> {
        loop {
            if let Some(piece) = split(&mut self.gathered) {
                return Ok(Some(piece));
            }
            match self.runtime.block_on(self.body.frame()) {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.gathered.extend_from_slice(&data);
                    }
                }
                Some(Err(_)) => return Err(ClientError::Closed),
                None if self.gathered.is_empty() => return Ok(None),
                None => return Err(ClientError::Closed),
            }
        }
    }
}

/// The messages of a stream, as they come.
#[derive(Debug)]
pub struct Messages(pub(super) Gathering);

impl Messages {
    /// The next message, once it is there; `None` when the supervisor has ended the stream.
    ///
    /// # Errors
    /// [`ClientError::Closed`] when it broke off.
    #[expect(clippy::should_implement_trait, reason = "an iterator of results goes on after an error")]
    pub fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        self.0.next(split_message)
    }
}

/// Takes the first whole message off.
fn split_message(gathered: &mut BytesMut) -> Option<Bytes> {
    let length = u32::from_le_bytes(*gathered.first_chunk::<4>()?) as usize;
    if gathered.len() < 4 + length {
        return None;
    }
    gathered.advance(4);
    Some(gathered.split_to(length).freeze())
}

/// Server-sent events, as they come.
#[derive(Debug)]
pub struct Events(pub(super) Gathering);

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What it is called.
    pub name: String,
    /// What it says, as JSON.
    pub data: String,
}

impl Events {
    /// The next event, once it is there; `None` when the supervisor has ended the stream.
    ///
    /// # Errors
    /// [`ClientError::Closed`] when it broke off.
    #[expect(clippy::should_implement_trait, reason = "an iterator of results goes on after an error")]
    pub fn next(&mut self) -> Result<Option<Event>, ClientError> {
        loop {
            match self.0.next(split_event)? {
                Some(event) if event.data.is_empty() => {} // a comment: the stream is alive
                event => return Ok(event),
            }
        }
    }
}

/// Takes the first whole event off, which ends with an empty line. That of a comment says nothing.
fn split_event(gathered: &mut BytesMut) -> Option<Event> {
    let end = gathered.windows(2).position(|two| two == b"\n\n")?;
    let text = gathered.split_to(end + 2);
    let mut event = Event { name: String::new(), data: String::new() };
    for line in String::from_utf8_lossy(&text).lines() {
        match line.split_once(": ") {
            Some(("event", name)) => name.clone_into(&mut event.name),
            Some(("data", data)) => event.data.push_str(data),
            _ => {}
        }
    }
    Some(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_cut_where_they_end_wherever_the_pieces_do() {
        let text = ": ok\n\nid: 1\nevent: log\ndata: {\"a\":\"b: c\"}\n\n: alive\n\nevent: lost\ndata: {}\n\nid: 2\neve";
        for size in 1..text.len() {
            let (mut gathered, mut found) = (BytesMut::new(), Vec::new());
            for piece in text.as_bytes().chunks(size) {
                gathered.extend_from_slice(piece);
                while let Some(event) = split_event(&mut gathered) {
                    found.push((event.name, event.data));
                }
            }
            found.retain(|(_, data)| !data.is_empty());
            let all = [("log", r#"{"a":"b: c"}"#), ("lost", "{}")].map(|(a, b)| (a.to_owned(), b.to_owned()));
            assert_eq!(found, all, "{size}");
            assert_eq!(&gathered[..], b"id: 2\neve");
        }
    }
}
