//! Files that programs write by themselves, followed as output of their processes (`logging.files`). Owns the thread that
//! does so, which begins with the first such file; never waits for a disk itself. Told by the handle what is followed.

mod pulse;
mod rotate;
mod source;
mod tail;
mod thread;
mod watch;

use super::failure::StartError;
use super::intake::Intake;
use phpeek_actors::panics::caught;
use phpeek_settings::lines::{LineRules, ProcessLines};
use pulse::Pulse;
use rustix::event::{EventfdFlags, eventfd};
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
pub(super) use tail::Say;
use tail::Wanted;
use thread::{Follower, Order};
use tokio::sync::oneshot;

/// So long the start waits until it is known where the files end: what a process writes first is new. A disk that takes
/// longer is not waited for.
const FIRST_LOOK: Duration = Duration::from_millis(500);

/// A task that runs beside the reading of all output.
pub(super) type Aside = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What the thread needs.
pub(super) struct Begin {
    pub(super) intake: Arc<Intake>,
    pub(super) say: Say,
    /// Runs first in it.
    pub(super) first: Box<dyn FnOnce() + Send>,
    /// Has a task run elsewhere, which tells when it waits for a disk.
    pub(super) aside: Box<dyn FnOnce(Aside)>,
}

/// See the top of the file.
#[derive(Default)]
pub(super) struct Files(Mutex<Option<Thread>>);

struct Thread {
    orders: Sender<Order>,
    bell: Arc<OwnedFd>,
}

impl Thread {
    fn order(&self, order: Order) {
        self.orders.send(order).ok(); // it has panicked: nothing is followed any more
        rustix::io::write(&*self.bell, &1_u64.to_ne_bytes()).ok(); // full, it is ringing
    }
}

impl Files {
    /// Follows the files of these processes from now on, and no others.
    pub(super) fn follow(
        &self,
        lines: &ProcessLines,
        begin: impl FnOnce() -> Result<Begin, StartError>,
    ) -> Result<FirstLook, StartError> {
        let wanted = wanted(lines);
        let mut thread = self.0.lock().unwrap_or_else(PoisonError::into_inner); // whole between any two operations
        let known = match &mut *thread {
            Some(known) => known,
            _ if wanted.is_empty() => return Ok(FirstLook(None)),
            none => none.insert(start(begin()?).map_err(StartError::Thread)?),
        };
        let (done, looked) = channel();
        known.order(Order::Follow(wanted, done));
        Ok(FirstLook(Some(looked)))
    }

    /// What is in the files now is to be handed on; told when it was. None when nothing is followed.
    pub(super) fn finish(&self) -> Option<oneshot::Receiver<()>> {
        let thread = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (done, finished) = oneshot::channel();
        thread.as_ref()?.order(Order::Finish(done));
        Some(finished)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let thread = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(Thread { orders, bell }) = thread.take() {
            drop(orders);
            rustix::io::write(&*bell, &1_u64.to_ne_bytes()).ok(); // it ends
        }
    }
}

/// Told when the thread knows where the files end.
pub(super) struct FirstLook(Option<Receiver<()>>);

impl FirstLook {
    /// Of no file.
    pub(super) const fn none() -> Self {
        Self(None)
    }

    /// Blocks on purpose, once and not for long: before there is anything to supervise.
    pub(super) fn wait(self) {
        if let Some(looked) = self.0 {
            looked.recv_timeout(FIRST_LOOK).ok();
        }
    }
}

fn wanted(lines: &ProcessLines) -> Vec<Wanted> {
    let mut all = Vec::new();
    for (process, rules) in lines {
        let LineRules { files, .. } = &**rules;
        all.extend(files.iter().map(|file| Wanted {
            process: process.clone(),
            name: Arc::clone(&file.name),
            path: file.path.clone(),
            rotate: file.rotate,
        }));
    }
    all
}

fn start(Begin { intake, say, first, aside }: Begin) -> io::Result<Thread> {
    let pulse = Arc::<Pulse>::default();
    let watching = pulse::watch(Arc::clone(&pulse), Arc::clone(&say));
    let bell = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
    let (orders, received) = channel();
    let follower = Follower {
        orders: received,
        bell: Arc::clone(&bell),
        intake,
        say,
        pulse,
        tails: Vec::new(),
        watch: None,
        waits: Vec::new(),
    };
    let thread = std::thread::Builder::new().name("files".into()).stack_size(256 << 10);
    thread.spawn(move || {
        first();
        let (say, pulse) = (Arc::clone(&follower.say), Arc::clone(&follower.pulse));
        if caught(|| follower.run()).is_none() {
            pulse.rest();
            say(
                None,
                Err("logging.files: a part of the program has failed; no file is followed any more".into()),
            );
        }
    })?;
    aside(Box::pin(watching));
    Ok(Thread { orders, bell })
}
