//! The telemetry thread: the arbiter of each `TelemetryActor`, with everything that they need made before it is
//! started. Must never panic when the system has no thread left: that is an error of the start.

use actix::dev::channel::channel;
use actix::{Actor, Addr, Context};
use phpeek_os::threads::ThreadRuntime;
use std::io;
use tokio::sync::oneshot;
use tokio::task::LocalSet;

/// Messages that senders who wait for room may have under way; ours never wait.
const MAILBOX: usize = 16;

/// Ends the thread when it is dropped.
#[derive(Debug)]
pub(super) struct Thread {
    _alive: oneshot::Sender<()>,
}

/// Begins something in the thread, once it runs.
pub(super) type Begin = Box<dyn FnOnce() + Send>;

/// An actor to be: its address, and what begins it in the thread.
pub(super) fn actor<A: Actor<Context = Context<A>>>(
    make: impl FnOnce() -> A + Send + 'static,
) -> (Addr<A>, Begin) {
    let (sender, receiver) = channel(MAILBOX);
    let begin = move || {
        // A task of its own: if it panicked for all that, connections would still be closed in order.
        drop(actix::spawn(Context::with_receiver(receiver).into_future(make())));
    };
    (Addr::new(sender), Box::new(begin))
}

/// Starts the thread and what is to begin in it. `first` runs before anything else there, for its signal mask.
pub(super) fn start(first: Box<dyn FnOnce() + Send>, begins: Vec<Begin>) -> io::Result<Thread> {
    let (alive, over) = oneshot::channel::<()>();
    let runtime = ThreadRuntime::new()?;
    std::thread::Builder::new().name("telemetry".to_owned()).spawn(move || {
        first();
        let Ok(runtime) = runtime.into_inner() else { return };
        LocalSet::new().block_on(&runtime, async move {
            begins.into_iter().for_each(|begin| begin());
            // An error is what is waited for: the other end was dropped.
            drop(over.await);
        });
    })?;
    Ok(Thread { _alive: alive })
}
