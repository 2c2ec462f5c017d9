//! The actor that reads children's output on an arbiter of its own. Owns the pipes; never runs on the supervision
//! thread. Started by the handle, asked by it to drain before the exit, and for last words.

use super::files::Aside;
use super::pipes::{Pace, Pipes, Turn};
use super::redact;
use super::sink::Sink;
use actix::prelude::*;
use phpeek_actors::clock::Clock;
use phpeek_actors::panics::caught;
use phpeek_actors::ports::LastLines;
use phpeek_core::facts::Words;
use phpeek_core::ids::{InstanceId, TaskId};
use phpeek_core::name::ProcessName;
use std::cell::RefCell;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;
use tokio::io::unix::AsyncFd;

/// See the top of the file.
pub(super) struct OutputActor {
    pub(super) pipes: Rc<RefCell<Pipes>>,
    pub(super) sink: Arc<Sink>,
    pub(super) clock: Clock,
}

impl Actor for OutputActor {
    type Context = Context<Self>;
}

impl OutputActor {
    /// Does what a message asks for. A panic ends neither the actor nor the reading.
    fn guarded<T>(&self, work: impl FnOnce(&mut Pipes) -> T) -> Option<T> {
        let done = caught(|| work(&mut self.pipes.borrow_mut()));
        if done.is_none() {
            self.sink.panicked(None, 0);
        }
        done
    }
}

impl Drop for OutputActor {
    fn drop(&mut self) {
        self.sink.push_held(&self.clock);
    }
}

/// Reads what the pipes hold, until then at the latest.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Drain {
    pub(super) until: Instant,
}

impl Handler<Drain> for OutputActor {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, Drain { until }: Drain, _: &mut Context<Self>) -> Self::Result {
        Box::pin(drain(Rc::clone(&self.pipes), until))
    }
}

/// What the pipes hold now is read, as the reader of stdout leaves room for it: who writes on is not waited for.
async fn drain(pipes: Rc<RefCell<Pipes>>, until: Instant) {
    let mut room = pipes.borrow().told_of_room();
    let all = {
        let pipes = pipes.borrow();
        pipes.await_nobody();
        pipes.taken() + pipes.waiting()
    };
    while Instant::now() < until {
        let turn = pipes.borrow_mut().guarded_turn(Pace::Hurry);
        match turn {
            Turn::Idle => break,
            Turn::More if pipes.borrow().taken() >= all => break,
            Turn::More => tokio::task::yield_now().await,
            Turn::Full(next) => {
                tokio::time::timeout_at(next.min(until).into(), room.changed()).await.ok();
            }
        }
    }
    pipes.borrow_mut().flush_waiting();
}

/// Counts what the pipes hold as lost: its time is over.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct GiveUp;

impl Handler<GiveUp> for OutputActor {
    type Result = ();

    fn handle(&mut self, _: GiveUp, _: &mut Context<Self>) {
        self.guarded(Pipes::give_up);
    }
}

/// Lets records of the supervisor go out.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Release;

impl Handler<Release> for OutputActor {
    type Result = ();

    fn handle(&mut self, _: Release, _: &mut Context<Self>) {
        self.guarded(Pipes::release);
    }
}

/// Lets the lines of an instance go that is no more.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Forget(pub(super) InstanceId);

impl Handler<Forget> for OutputActor {
    type Result = ();

    fn handle(&mut self, Forget(instance): Forget, _: &mut Context<Self>) {
        self.guarded(|pipes| pipes.forget(instance));
    }
}

/// Asks for the last lines that a run has written.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Ask {
    pub(super) task: TaskId,
    pub(super) process: ProcessName,
    /// Told once, with `do_send`: one answer for each question.
    pub(super) hearer: Recipient<LastLines>,
}

impl Handler<Ask> for OutputActor {
    type Result = ();

    fn handle(&mut self, Ask { task, process, hearer }: Ask, _: &mut Context<Self>) {
        let words = self.guarded(|pipes| {
            let [stdout, stderr] = pipes.last_words(task);
            let lines = self.sink.lines();
            let own = lines.get(&process).map(|rules| rules.redactions.as_slice()).unwrap_or_default();
            Words { stdout: redact::lines(stdout, own), stderr: redact::lines(stderr, own) }
        });
        hearer.do_send(LastLines { task, words: words.unwrap_or_default() });
    }
}

/// Runs beside the reading.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Beside(pub(super) Aside);

impl Handler<Beside> for OutputActor {
    type Result = ();

    fn handle(&mut self, Beside(task): Beside, _: &mut Context<Self>) {
        drop(actix::spawn(task));
    }
}

/// Reads for ever. No borrow lives over an await, so the actor can drain between two turns. While there is no room it
/// waits for some, and at most until the patience with the reader of stdout is over.
pub(super) async fn read_on(ready: AsyncFd<OwnedFd>, pipes: Rc<RefCell<Pipes>>) {
    let mut room = pipes.borrow().told_of_room();
    loop {
        let due = pipes.borrow().due();
        let ready = match due {
            None => ready.readable().await,
            Some(due) => match tokio::time::timeout_at(due.into(), ready.readable()).await {
                Ok(ready) => ready,
                Err(_) => {
                    // Something has waited long enough; what came meanwhile is read with it.
                    let turn = pipes.borrow_mut().guarded_turn(Pace::Hurry);
                    if let Turn::Full(until) = turn {
                        tokio::time::timeout_at(until.into(), room.changed()).await.ok();
                    }
                    continue;
                }
            },
        };
        let Ok(mut guard) = ready else { return };
        let turn = pipes.borrow_mut().guarded_turn(Pace::Gather);
        match turn {
            Turn::Idle => guard.clear_ready(),
            Turn::More => tokio::task::yield_now().await,
            Turn::Full(until) => {
                tokio::time::timeout_at(until.into(), room.changed()).await.ok();
            }
        }
    }
}
