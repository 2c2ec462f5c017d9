//! The newest spans as the socket hands them out: whole requests of OTLP, or a stream of them as spans arrive. Owns
//! the framing; keeps no span itself.

use axum::body::Body;
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::future::{Either, select};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, watch};

/// The type of a body that is an `ExportTraceServiceRequest`.
pub(super) const PROTOBUF: &str = "application/x-protobuf";
/// The type of a body that is many of them, each behind its length (u32, little endian).
pub(super) const FRAMES: &str = "application/x-protobuf-frames";

/// Whoever keeps the newest spans. Each body is an encoded `ExportTraceServiceRequest`; an empty one means none.
pub trait TraceSource: Send + Sync {
    /// What others see in place of number 0, higher than all that supervisors before have shown: an id says whose it is.
    fn began(&self) -> u64;
    /// The traces that were heard of last, at most `limit`.
    fn traces(&self, limit: usize) -> Vec<u8>;
    /// The traces whose id, in lower-case hexadecimal, begins with `prefix`.
    fn trace(&self, prefix: &str) -> Vec<u8>;
    /// The spans from number `from` on, and the number of the one that comes next.
    fn since(&self, from: u64) -> (Vec<u8>, u64);
    /// The spans from number `from` on that are still kept, at most so many, each with its number and as JSON of OTLP.
    fn spans(&self, from: u64, most: usize) -> Vec<(u64, Value)>;
    /// Which traces are not whole. What this tells of none of a trace, a look at the trace that follows shows all of.
    fn unfinished(&self) -> Unfinished;
    /// Told the number of spans so far, whenever it has grown.
    fn subscribe(&self) -> watch::Receiver<u64>;
}

/// Traces of which something is missing among the newest spans.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfinished {
    /// Those that go on, by their ids: how many spans have not ended.
    pub open: HashMap<String, usize>,
    /// Those of which spans have ended that are not among the newest yet.
    pub on_the_way: HashSet<String>,
    /// Some are on their way, of whatever trace.
    pub any_on_the_way: bool,
}

struct Follower {
    source: Arc<dyn TraceSource>,
    count: watch::Receiver<u64>,
    closing: watch::Receiver<bool>,
    next: u64,
    _place: OwnedSemaphorePermit,
}

/// What arrives from here on, until the supervisor ends. Nothing is gathered for a reader that is slow: it gets what is
/// still kept when it reads again.
pub(super) fn follow(
    source: Arc<dyn TraceSource>,
    closing: watch::Receiver<bool>,
    place: OwnedSemaphorePermit,
) -> Body {
    let mut count = source.subscribe();
    let next = *count.borrow_and_update();
    let follower = Follower { source, count, closing, next, _place: place };
    Body::from_stream(stream::unfold(follower, |mut follower| async {
        let frame = follower.next_frame().await?;
        Some((Ok::<_, Infallible>(frame), follower))
    }))
}

impl Follower {
    async fn next_frame(&mut self) -> Option<Bytes> {
        loop {
            let last = *self.closing.borrow();
            let (request, next) = self.source.since(self.next);
            self.next = next;
            if !request.is_empty() {
                return Some(frame(&request));
            }
            if last {
                return None;
            }
            let (grown, closing) = (pin!(self.count.changed()), pin!(self.closing.changed()));
            match select(grown, closing).await {
                // At the end, one more look: the last spans may have come just before.
                Either::Left((Ok(()), _)) | Either::Right((Ok(()), _)) => {}
                // The source is gone, or the server.
                Either::Left((Err(_), _)) | Either::Right((Err(_), _)) => return None,
            }
        }
    }
}

/// A message behind its length.
fn frame(request: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(4 + request.len());
    // A request is far below 4 GiB: the spans that are kept are.
    frame.put_u32_le(u32::try_from(request.len()).unwrap_or(u32::MAX));
    frame.put_slice(request);
    frame.freeze()
}
