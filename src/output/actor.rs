//! The actor that reads children's output on an arbiter of its own. Owns the pipes; never runs on the supervision
//! thread. Started by the handle, asked by it to drain before the exit, and for last words.

use super::pipes::{Pipes, Turn};
use super::redact;
use actix::prelude::*;
use phpeek_actors::ports::LastLines;
use phpeek_core::ids::TaskId;
use phpeek_core::name::ProcessName;
use phpeek_settings::redaction::Redactions;
use std::cell::RefCell;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;
use tokio::io::unix::AsyncFd;

/// See the top of the file.
pub(super) struct OutputActor {
    pub(super) pipes: Rc<RefCell<Pipes>>,
}

impl Actor for OutputActor {
    type Context = Context<Self>;
}

/// Reads what the pipes hold, until then at the latest.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Drain {
    pub(super) until: Instant,
}

impl Handler<Drain> for OutputActor {
    type Result = ();

    fn handle(&mut self, message: Drain, _: &mut Context<Self>) {
        self.pipes.borrow_mut().drain(message.until);
    }
}

/// Asks for the last lines that a run has written to its standard error.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Ask {
    pub(super) task: TaskId,
    pub(super) process: ProcessName,
    /// What the configuration wants hidden in them.
    pub(super) redactions: Arc<Redactions>,
    /// Told once, with `do_send`: one answer for each question.
    pub(super) hearer: Recipient<LastLines>,
}

impl Handler<Ask> for OutputActor {
    type Result = ();

    fn handle(&mut self, Ask { task, process, redactions, hearer }: Ask, _: &mut Context<Self>) {
        let words = self.pipes.borrow_mut().last_words(task);
        let own = redactions.get(&process).map(Vec::as_slice).unwrap_or_default();
        hearer.do_send(LastLines { task, lines: redact::lines(words, own) });
    }
}

/// Reads for ever. No borrow lives over an await, so the actor can drain between two turns.
pub(super) async fn read_on(ready: AsyncFd<OwnedFd>, pipes: Rc<RefCell<Pipes>>) {
    while let Ok(mut guard) = ready.readable().await {
        let turn = pipes.borrow_mut().turn();
        match turn {
            Turn::Idle => guard.clear_ready(),
            Turn::More => tokio::task::yield_now().await,
        }
    }
}
