//! A server that others reach, for any router: TCP and a socket, behind one guard, on a thread of its own, which the first
//! connection starts. Owns what is open, how much clients can hold, and the end of it. Supervision never waits for it;
//! nothing is awake while nobody asks.

mod asleep;
mod audit;
mod bound;
mod guard;
mod idle;
mod origin;
mod pem;
mod rate;
mod tls;
mod waiting;

pub use audit::{Audit, Event};
pub use bound::{BindError, Bound};
pub use guard::{Granted, NeedsMore, Peer, Rules};
pub use tls::judge;

use super::answering::Answering;
use super::answers::Answers;
use super::keeper::{Keeper, Slot};
use asleep::Asleep;
use axum::Router;
use phpeek_actors::clock::Clock;
use phpeek_actors::panics::Panics;
use phpeek_actors::ports::LogSink;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc::unbounded_channel, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// What the server has of the program.
pub struct Around {
    /// What it is called: its thread, and in records.
    pub name: &'static str,
    /// The log.
    pub log: Arc<dyn LogSink>,
    /// The clock of supervision.
    pub clock: Clock,
    /// Runs first in its threads: blocks all signals there.
    pub thread_init: fn(),
    /// Where an audit hears of who was refused.
    pub audit: Option<Audit>,
    /// Where panics of its parts are counted and told.
    pub panics: Panics,
    /// Who hears of what was answered.
    pub answers: Option<Arc<dyn Answers>>,
}

/// A server as the composition root holds it. Lives on the supervision thread.
pub struct Web {
    slots: Vec<Slot>,
    keeping: Vec<JoinHandle<()>>,
    /// Waits for the first connection; finished once the server has its thread.
    waiting: JoinHandle<()>,
    closing: watch::Sender<bool>,
    ended: oneshot::Receiver<()>,
}

impl Web {
    /// Answers from now on. `make` makes the routes, in the thread that serves them; what it is given is true once the
    /// server ends. Needs the runtime of the supervision thread.
    ///
    /// # Errors
    /// When a way in was taken before.
    pub fn start(
        bound: Vec<Bound>,
        rules: Rules,
        around: Around,
        make: impl FnOnce(watch::Receiver<bool>) -> Router + Send + 'static,
    ) -> io::Result<Self> {
        let (closing, closed) = watch::channel(false);
        let (end, ended) = oneshot::channel();
        let (mut slots, mut keeping, mut doors) = (Vec::new(), Vec::new(), Vec::new());
        for bound in bound {
            match bound.take()? {
                bound::Taken::Tcp(tcp) => doors.push(waiting::Entrance::Tcp(tcp)),
                bound::Taken::Unix(unix) => {
                    let bound::Unix { socket, removed, listener } = *unix;
                    let (send, fresh) = unbounded_channel();
                    let slot = Slot::new(listener);
                    let keeper = Keeper {
                        what: around.name,
                        slot: slot.clone(),
                        fresh: send,
                        log: around.log.clone(),
                        clock: around.clock,
                        thread_init: around.thread_init,
                        back: Box::new(|| ()),
                    };
                    keeping.push(actix::spawn(keeper.run(removed)));
                    slots.push(slot);
                    doors.push(waiting::Entrance::Unix((socket, fresh)));
                }
            }
        }
        let Around { name, log, clock, thread_init, audit, panics, answers } = around;
        let answering = Answering { name, log, clock, panics, answers };
        let house = waiting::House { guard: guard::Guard::new(rules, audit), answering };
        let asleep = Asleep { house, entrances: doors, make, closing: closed, end, thread_init };
        let waiting = actix::spawn(asleep.wake());
        Ok(Self { slots, keeping, waiting, closing, ended })
    }

    /// Closes every way in, lets answers that are under way end, and waits for that no longer than `limit`.
    pub async fn close(self, limit: Duration) {
        for keeping in self.keeping {
            keeping.abort();
        }
        for slot in self.slots {
            slot.close();
        }
        self.waiting.abort();
        self.closing.send_replace(true);
        drop(timeout(limit, self.ended).await); // late: nobody is owed more
    }
}
