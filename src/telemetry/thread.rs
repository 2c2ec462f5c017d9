//! The telemetry thread: the arbiter of the `TelemetryActor`, with everything that it needs made before it is
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

/// Starts the thread and the actor in it. `first` runs before anything else there, for its signal mask.
pub(super) fn start<A: Actor<Context = Context<A>>>(
    first: Box<dyn FnOnce() + Send>,
    make: impl FnOnce() -> A + Send + 'static,
) -> io::Result<(Addr<A>, Thread)> {
    let (sender, receiver) = channel(MAILBOX);
    let (alive, over) = oneshot::channel::<()>();
    let runtime = ThreadRuntime::new()?;
    std::thread::Builder::new().name("telemetry".to_owned()).spawn(move || {
        first();
        let Ok(runtime) = runtime.into_inner() else { return };
        LocalSet::new().block_on(&runtime, async move {
            // A task of its own: if it panicked for all that, connections would still be closed in order.
            actix::spawn(Context::with_receiver(receiver).into_future(make()));
            // An error is what is waited for: the other end was dropped.
            drop(over.await);
        });
    })?;
    Ok((Addr::new(sender), Thread { _alive: alive }))
}
