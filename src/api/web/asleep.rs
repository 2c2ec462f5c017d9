//! A server that nobody has asked yet: it has no thread. Waits on the supervision thread until somebody knocks at one of
//! its ways in, and starts the thread then. Takes no connection itself: what knocks waits in the kernel's queue.

use super::waiting::{Entrance, House, serve};
use axum::Router;
use futures_util::future::{Either, select, select_all};
use phpeek_actors::ports::Level;
use phpeek_os::threads::ThreadRuntime;
use phpeek_os::watched::watched;
use std::io;
use std::os::fd::AsFd;
use std::pin::pin;
use std::sync::mpsc;
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::time::sleep;

/// After a thread could not be started: memory or processes are short.
const BREATH: Duration = Duration::from_secs(1);

/// What the server is made of once it is awake.
pub(super) struct Asleep<M> {
    pub(super) house: House,
    pub(super) entrances: Vec<Entrance>,
    pub(super) make: M,
    pub(super) closing: watch::Receiver<bool>,
    /// Dropped or told when the server has ended.
    pub(super) end: oneshot::Sender<()>,
    pub(super) thread_init: fn(),
}

impl<M: FnOnce(watch::Receiver<bool>) -> Router + Send + 'static> Asleep<M> {
    /// Waits for the first that knocks, and wakes the server for it.
    pub(super) async fn wake(mut self) {
        let failed = |house: &House, what: &str, error: &io::Error| {
            house.answering.say(Level::Warn, &format!("cannot {what}: {error}"));
            sleep(BREATH)
        };
        loop {
            let first =
                select_all(self.entrances.iter_mut().map(|entrance| Box::pin(knock(entrance)))).await.0;
            if let Err(error) = first {
                failed(&self.house, "watch its ways in", &error).await;
                continue;
            }
            match thread(self.house.answering.name, self.thread_init) {
                Ok(hand) => return drop(hand.send(self)), // an error: the thread has ended, which is told
                Err(error) => failed(&self.house, "start its thread", &error).await,
            }
        }
    }
}

/// Comes back when a connection waits at this way in. A socket that was made again takes the place of the one before.
async fn knock(entrance: &mut Entrance) -> io::Result<()> {
    match entrance {
        Entrance::Tcp(tcp) => readable(&tcp.socket).await,
        Entrance::Unix((socket, fresh)) => loop {
            let new = match select(pin!(readable(socket)), pin!(fresh.recv())).await {
                Either::Left((ready, _)) => return ready,
                Either::Right((new, _)) => new,
            };
            match new {
                Some(new) => *socket = new,
                None => return readable(socket).await, // no more will come
            }
        },
    }
}

async fn readable(socket: &impl AsFd) -> io::Result<()> {
    drop(watched(socket.as_fd().try_clone_to_owned()?)?.readable().await?);
    Ok(())
}

/// Starts the thread, which waits for what it is to serve.
fn thread<M: FnOnce(watch::Receiver<bool>) -> Router + Send + 'static>(
    name: &str,
    thread_init: fn(),
) -> io::Result<mpsc::Sender<Asleep<M>>> {
    let runtime = ThreadRuntime::new()?;
    let (hand, handed) = mpsc::channel::<Asleep<M>>();
    let work = move || {
        thread_init();
        let Ok(Asleep { house, entrances, make, closing, end, .. }) = handed.recv() else { return };
        runtime.block_on(serve(house, entrances, make, closing));
        end.send(()).ok(); // nobody may wait for it any more
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(work)?;
    Ok(hand)
}
