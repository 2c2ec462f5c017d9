//! The control socket: how a person or a script asks a running supervisor, over HTTP on a unix socket that only root
//! and the supervisor's own user can use. Owns the socket, the server behind it, and the client. Supervision never
//! waits for it, and it costs nothing until somebody connects: until then there are a few descriptors and no thread,
//! and it comes back when it is removed. The management API adds its own to the routes.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod answering;
pub mod answers;
pub mod change;
pub mod client;
mod client_error;
mod desk;
mod discover;
mod door;
mod error;
mod folder;
mod keeper;
mod live;
pub mod order;
pub mod past;
mod patience;
pub mod place;
mod query;
mod refusal;
pub mod report;
mod routes;
mod server;
pub mod snapshot;
mod socket;
mod streams;
#[cfg(test)]
mod tests;
mod traces;
pub mod v1;
pub mod view;
mod wake;
pub mod web;
mod wire;

pub use desk::{Inquiries, Inquiry, channel};
pub use error::SocketError;
pub use folder::Place;
pub use report::TelemetryReport;
pub use socket::Listener;
pub use traces::{TraceSource, Unfinished};

use answering::Answering;
use door::{Carried, Door};
use futures_util::future::{Either, select};
use keeper::{Keeper, Slot};
use phpeek_actors::clock::Clock;
use phpeek_actors::panics::Panics;
use phpeek_actors::ports::{Level, LogSink};
use phpeek_core::outlook::Outlook;
use phpeek_os::threads::ThreadRuntime;
use rustix::net::RecvFlags;
use server::Around;
use std::io;
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::sync::{mpsc::unbounded_channel, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use view::Changes;

/// How long a first connection may say nothing before it counts as one. Who only looks whether we live closes at once.
const LOOK: Duration = Duration::from_secs(1);
/// After a thread could not be started: memory or processes are short.
const BREATH: Duration = Duration::from_secs(1);

/// What the server needs of the program.
pub struct Surroundings {
    /// Told when all is up, and when it will not be.
    pub outlook: watch::Receiver<Outlook>,
    /// Counts the changes of the state.
    pub changes: Changes,
    /// What is told as it happens.
    pub sources: v1::Sources,
    /// The log.
    pub log: Arc<dyn LogSink>,
    /// The clock of supervision.
    pub clock: Clock,
    /// Where panics of its parts are counted and told.
    pub panics: Panics,
    /// Who hears of what was answered.
    pub answers: Option<Arc<dyn answers::Answers>>,
    /// Runs first in the server's thread: blocks all signals there.
    pub thread_init: fn(),
    /// Told on the supervision thread when the socket was removed and is there again.
    pub back: Box<dyn Fn()>,
}

/// The control socket as the composition root holds it. Lives on the supervision thread.
pub struct Control {
    slot: Slot,
    closing: watch::Sender<bool>,
    /// Waits for the first connection; finished once the server has its thread.
    waiting: JoinHandle<()>,
    /// Sees to it that the socket is there.
    keeping: JoinHandle<()>,
    /// Resolves when the server has ended; an error when it never began.
    ended: oneshot::Receiver<()>,
}

impl Control {
    /// Takes connections from now on. Give the [`Inquiries`] to somebody who answers. Needs the runtime of the
    /// supervision thread.
    ///
    /// # Errors
    /// When the runtime cannot watch the socket.
    pub fn start(mut listener: Listener, around: Surroundings) -> io::Result<(Self, Inquiries)> {
        let (supervision, inquiries) = desk::channel();
        let (closing, closed) = watch::channel(false);
        let (end, ended) = oneshot::channel();
        let (send, fresh) = unbounded_channel();
        let socket = listener.take().ok_or_else(|| io::Error::other("the socket was taken before"))?;
        let door = Door::new((socket, fresh))?;
        let removed = listener.watch();
        let slot = Slot::new(listener);
        let Surroundings { outlook, changes, sources, log, clock, panics, answers, thread_init, back } =
            around;
        let keeper = Keeper {
            what: "control socket",
            slot: slot.clone(),
            fresh: send,
            log: log.clone(),
            clock,
            thread_init,
            back,
        };
        let answering = Answering { name: "control socket", log, clock, panics, answers };
        let around = Around { supervision, outlook, changes, sources, closing: closed, answering };
        let waiting = actix::spawn(wait_for_the_first(door, around, thread_init, end));
        let keeping = actix::spawn(keeper.run(removed));
        Ok((Self { slot, closing, waiting, keeping, ended }, inquiries))
    }

    /// Removes the socket, lets answers that are under way end, and waits for that no longer than `limit`.
    pub async fn close(self, limit: Duration) {
        self.keeping.abort();
        self.slot.close();
        self.closing.send_replace(true);
        self.waiting.abort();
        drop(timeout(limit, self.ended).await); // late, or never begun: nobody is owed more
    }
}

/// Waits for the first connection and starts the thread of the server for it. Many supervisors are never asked.
async fn wait_for_the_first(mut door: Door, around: Around, thread_init: fn(), end: oneshot::Sender<()>) {
    let answering = around.answering.clone();
    let say = |text: String| answering.say(Level::Warn, &text);
    loop {
        let first = match door.next().await {
            Ok(stream) => stream,
            Err(error) => {
                say(format!("cannot take a connection: {error}"));
                sleep(BREATH).await;
                continue;
            }
        };
        if only_looked(&first).await {
            continue;
        }
        match start_thread(thread_init) {
            Ok(thread) => match door.carry() {
                // Without its first connection it is a server all the same.
                Ok(door) => {
                    let first = first.into_std().ok();
                    drop(thread.send(Work { door, first, around, end }));
                    return;
                }
                Err((back, error)) => {
                    door = back;
                    say(format!("cannot be handed to its thread: {error}"));
                    sleep(BREATH).await;
                }
            },
            Err(error) => {
                say(format!("cannot start its thread: {error}"));
                sleep(BREATH).await;
            }
        }
    }
}

/// Whether this connection was closed before it said anything: a look whether we live, which needs no server.
async fn only_looked(stream: &UnixStream) -> bool {
    let peek = || {
        let mut byte = [0];
        Ok(rustix::net::recv(stream, &mut byte, RecvFlags::PEEK | RecvFlags::DONTWAIT)?.1)
    };
    // Not `readable` and then a look: it may come back before there is anything to see.
    matches!(timeout(LOOK, stream.async_io(Interest::READABLE, peek)).await, Ok(Ok(0)))
}

/// What the thread of the server is for.
struct Work {
    door: Carried,
    /// The connection that woke it, unless that was lost on the way.
    first: Option<std::os::unix::net::UnixStream>,
    around: Around,
    end: oneshot::Sender<()>,
}

/// Starts the thread, which waits for its work.
fn start_thread(thread_init: fn()) -> io::Result<mpsc::Sender<Work>> {
    let runtime = ThreadRuntime::new()?;
    let (hand, handed) = mpsc::channel::<Work>();
    let serve = move || {
        thread_init();
        let Ok(Work { door, first, around, end }) = handed.recv() else { return };
        runtime.block_on(async {
            let answering = around.answering.clone();
            let mut closing = around.closing.clone();
            let opening = Door::open(door, |error| {
                answering.say(Level::Warn, &format!("its thread cannot watch it: {error}"));
                sleep(BREATH)
            });
            let closed = closing.wait_for(|closing| *closing);
            let Either::Left((door, _)) = select(pin!(opening), pin!(closed)).await else { return };
            let first = first.and_then(|first| UnixStream::from_std(first).ok());
            server::serve(door, first, around).await;
        });
        end.send(()).ok(); // nobody may wait for it any more
    };
    std::thread::Builder::new().name("control".to_owned()).spawn(serve)?;
    Ok(hand)
}
