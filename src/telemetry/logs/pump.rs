//! Moves what has come to the queue. Owns its pace: it gathers for a moment, takes no more than the queue has room for, and
//! leaves the rest where it waits, bounded and counted. Lives on the telemetry arbiter, and sleeps while nothing comes.

use super::record::Writer;
use phpeek_actors::feed::{Feed, Given};
use phpeek_actors::lines::Block;
use phpeek_actors::ports::LogRecord;
use phpeek_actors::telemetry::Queue;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

/// How long what comes is gathered: a wake for each line would cost more than the line.
const GATHER: Duration = Duration::from_millis(20);
/// How long the queue is left alone that has no room.
const FULL: Duration = Duration::from_millis(5);
/// Blocks that are taken before anybody else on the thread has a turn.
const TURN: usize = 256;

/// Where records come from.
pub(super) struct Sources {
    pub(super) lines: Feed<Arc<Block>>,
    pub(super) own: Feed<LogRecord>,
}

/// See the top of the file.
pub(super) struct Pump {
    lines: Feed<Arc<Block>>,
    own: Feed<LogRecord>,
    queue: Arc<Queue>,
    writer: Writer,
}

/// What is to be done next.
enum Next {
    /// Something has come.
    Came,
    /// Somebody waits until all that has come is queued.
    Drain(oneshot::Sender<()>),
    /// Nobody writes any more.
    End,
}

/// Whether a turn has left something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    Nothing,
    More,
}

impl Pump {
    pub(super) fn new(Sources { lines, own }: Sources, queue: Arc<Queue>, writer: Writer) -> Self {
        Self { lines, own, queue, writer }
    }

    /// For as long as there is anybody who may write. Who asks through `drains` is answered when all that had come is
    /// queued.
    pub(super) async fn run(mut self, mut drains: mpsc::UnboundedReceiver<oneshot::Sender<()>>) {
        loop {
            let next = self.next(&mut drains).await;
            while self.turn().await == Left::More {
                tokio::task::yield_now().await;
            }
            match next {
                Next::Came => sleep(GATHER).await,
                Next::Drain(reply) => drop(reply.send(())), // an error: it was not waited for
                Next::End => return,
            }
        }
    }

    async fn next(&mut self, drains: &mut mpsc::UnboundedReceiver<oneshot::Sender<()>>) -> Next {
        let (mut lines, mut own) = (pin!(self.lines.ready()), pin!(self.own.ready()));
        poll_fn(|cx| {
            if let Poll::Ready(asked) = drains.poll_recv(cx) {
                return Poll::Ready(asked.map_or(Next::End, Next::Drain));
            }
            let came = |open| Poll::Ready(if open { Next::Came } else { Next::End });
            match (lines.as_mut().poll(cx), own.as_mut().poll(cx)) {
                (Poll::Ready(open), _) | (_, Poll::Ready(open)) => came(open),
                (Poll::Pending, Poll::Pending) => Poll::Pending,
            }
        })
        .await
    }

    async fn turn(&mut self) -> Left {
        for _ in 0..TURN {
            match self.own.try_next() {
                Some(Given::Item(record)) => {
                    let item = self.writer.own(&record);
                    self.push(item).await;
                }
                Some(Given::Lost(count)) => self.queue.miss(count),
                None => break,
            }
        }
        for _ in 0..TURN {
            match self.lines.try_next() {
                Some(Given::Item(block)) => {
                    let of = self.writer.of(&block);
                    for line in block.lines() {
                        let item = self.writer.line(&of, &line);
                        self.push(item).await;
                    }
                }
                Some(Given::Lost(count)) => self.queue.miss(count),
                None => return Left::Nothing,
            }
        }
        Left::More
    }

    async fn push(&self, item: Box<[u8]>) {
        while !self.queue.has_room() {
            sleep(FULL).await;
        }
        self.queue.push_item(item);
    }
}
