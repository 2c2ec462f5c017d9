//! The actor that reads children's output on an arbiter of its own. Owns the pipes; never runs on the supervision
//! thread. Started by the handle, asked by it to drain before the exit.

use super::pipes::{Pipes, Turn};
use actix::prelude::*;
use std::cell::RefCell;
use std::os::fd::OwnedFd;
use std::rc::Rc;
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
