//! The thread that reads the pipes: started by the first of them, or before by who knows that there will be some. Owns
//! its start, and what happens when there is no thread to be had: the next pipe tries again. Never reads by itself.

use super::actor::{OutputActor, Release, read_on};
use super::failure::StartError;
use super::intake::Intake;
use super::pipes::Pipes;
use super::sink::Sink;
use actix::dev::channel::channel;
use actix::prelude::*;
use phpeek_actors::clock::Clock;
use phpeek_os::threads::ThreadRuntime;
use phpeek_os::watched::watched;
use std::cell::RefCell;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::task::LocalSet;

/// Messages that senders who wait for room may have under way; of ours only a flush waits.
const MAILBOX: usize = 16;

/// The actor that reads, once it is there.
pub(super) struct Reader {
    actor: OnceLock<Addr<OutputActor>>,
    starting: Mutex<()>,
}

impl Reader {
    /// None yet.
    pub(super) const fn new() -> Self {
        Self { actor: OnceLock::new(), starting: Mutex::new(()) }
    }

    /// The actor, if it was started.
    pub(super) fn get(&self) -> Option<&Addr<OutputActor>> {
        self.actor.get()
    }

    /// The actor; any thread may be the first to want it. `first` runs first in its thread.
    pub(super) fn start(
        &self,
        (intake, sink, clock): (&Arc<Intake>, &Arc<Sink>, Clock),
        first: impl FnOnce() + Send + 'static,
    ) -> Result<&Addr<OutputActor>, StartError> {
        let _one_at_a_time = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(actor) = self.actor.get() {
            return Ok(actor);
        }
        let actor = begin((Arc::clone(intake), Arc::clone(sink), clock), first)?;
        if !sink.held.is_empty() {
            actor.do_send(Release);
        }
        Ok(self.actor.get_or_init(|| actor))
    }
}

fn begin(
    (intake, sink, clock): (Arc<Intake>, Arc<Sink>, Clock),
    first: impl FnOnce() + Send + 'static,
) -> Result<Addr<OutputActor>, StartError> {
    let pipes = intake.as_fd().try_clone_to_owned().map_err(StartError::Watch)?;
    let runtime = ThreadRuntime::new().map_err(StartError::Thread)?;
    let ready = {
        let _of_the_thread = runtime.enter();
        watched(pipes).map_err(StartError::Watch)?
    };
    let (sender, receiver) = channel(MAILBOX);
    let own = Arc::clone(&sink);
    let read = move || async move {
        let pipes = Rc::new(RefCell::new(Pipes::new(intake, Arc::clone(&sink), clock)));
        actix::spawn(read_on(ready, Rc::clone(&pipes)));
        // A task of its own: what is wrong with a message must not end the reading.
        let actor = Context::with_receiver(receiver).into_future(OutputActor { pipes, sink, clock });
        if actix::spawn(actor).await.is_err() {
            std::future::pending::<()>().await;
        } // else nobody is left who could ask
    };
    let thread = std::thread::Builder::new().name("output".into());
    thread
        .spawn(move || {
            first();
            own.hurry.is_here();
            if let Ok(runtime) = runtime.into_inner() {
                LocalSet::new().block_on(&runtime, read());
            }
        })
        .map_err(StartError::Thread)?;
    Ok(Addr::new(sender))
}
