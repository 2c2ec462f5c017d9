//! The thread that reads the files: sleeps until the kernel tells of one of them, or somebody of us. It alone waits for their
//! disks. What it reads goes through a pipe to the reader of all output, so that a reader of ours that is slow makes it
//! wait, and memory is bounded.

use super::pulse::Pulse;
use super::tail::{Say, Tail, Wanted};
use super::watch::Watch;
use crate::intake::Intake;
use phpeek_core::ids::{HookTask, TaskId};
use phpeek_os::capture::{Capture, Stream};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::{PipeFlags, pipe_with};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::time::{Duration, SystemTime};
use tokio::sync::oneshot;

/// Bytes of one read.
const READ: usize = 64 << 10;
/// Lets lines gather between two looks.
const PAUSE: Duration = Duration::from_millis(2);
/// No file has this task: those that are given begin with 1.
const NONE: TaskId = TaskId::Hook(HookTask { of: None, serial: 0 });

/// What the thread is asked for.
pub(super) enum Order {
    /// These and no others are followed; told once it has looked where they end.
    Follow(Vec<Wanted>, Sender<()>),
    /// Told once all that is in the files was handed on.
    Finish(oneshot::Sender<()>),
}

/// See the top of the file.
pub(super) struct Follower {
    pub(super) orders: Receiver<Order>,
    pub(super) bell: Arc<OwnedFd>,
    pub(super) intake: Arc<Intake>,
    pub(super) say: Say,
    pub(super) pulse: Arc<Pulse>,
    pub(super) tails: Vec<Tail>,
    /// None while nothing is followed, or nothing can be.
    pub(super) watch: Option<Watch>,
    /// Who waits until all is read.
    pub(super) waits: Vec<oneshot::Sender<()>>,
}

impl Follower {
    /// Until nobody can order any more.
    pub(super) fn run(mut self) {
        let mut buffer = Vec::new();
        self.pulse.work();
        while self.take_orders() {
            self.take_events();
            buffer.resize(READ, 0);
            let any = self.read(&mut buffer);
            if !self.waits.is_empty() && !self.tails.iter().any(|tail| tail.ready || tail.full) {
                self.waits.drain(..).for_each(|waits| waits.send(()).unwrap_or_default());
            }
            if any {
                self.wait(Some(PAUSE), Heeds::Orders);
            } else {
                buffer = Vec::new();
                self.wait(self.next(), Heeds::All);
            }
        }
    }

    fn take_orders(&mut self) -> bool {
        rustix::io::read(&*self.bell, &mut [0_u8; 8]).ok(); // heard
        loop {
            match self.orders.try_recv() {
                Ok(Order::Follow(wanted, done)) => {
                    self.follow(wanted);
                    done.send(()).ok(); // who waits no more has gone on
                }
                Ok(Order::Finish(done)) => {
                    self.take_events();
                    self.tails.iter_mut().for_each(|tail| tail.ready = true);
                    self.waits.push(done);
                }
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn follow(&mut self, wanted: Vec<Wanted>) {
        let (kept, gone): (Vec<Tail>, Vec<Tail>) =
            std::mem::take(&mut self.tails).into_iter().partition(|tail| wanted.contains(&tail.wanted));
        self.tails = kept;
        if let Some(watch) = &mut self.watch {
            gone.into_iter().for_each(|tail| tail.end(watch));
        }
        if wanted.is_empty() {
            self.watch = None;
        } else if self.watch.is_none() {
            match Watch::new() {
                Ok(watch) => self.watch = Some(watch),
                Err(error) => {
                    let why = phpeek_os::file_watch::why(&error);
                    return (self.say)(None, Err(format!("logging.files: no file is followed: {why}")));
                }
            }
        }
        for own in wanted {
            if !self.tails.iter().any(|tail| tail.wanted == own)
                && let Err(error) = self.add(&own)
            {
                let message = format!("cannot follow {}: {error}", own.path.display());
                (self.say)(Some(&own.process), Err(message));
            }
        }
    }

    fn add(&mut self, wanted: &Wanted) -> io::Result<()> {
        let (read_end, out) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        let capture = Capture {
            process: wanted.process.clone(),
            hook: None,
            file: Some(Arc::clone(&wanted.name)),
            task: NONE,
            number: None,
            stream: Stream::File,
            read_end,
        };
        self.intake.add(capture)?;
        let mut tail = Tail::new(wanted.clone(), out);
        if let Some(watch) = &mut self.watch {
            let say = &self.say;
            tail.look(watch, &mut |told| say(Some(&wanted.process), told));
        }
        self.tails.push(tail);
        Ok(())
    }

    fn take_events(&mut self) {
        let Some(watch) = &mut self.watch else { return };
        let events = watch.events();
        for tail in &mut self.tails {
            let (process, say) = (tail.wanted.process.clone(), &self.say);
            let mut looks = false;
            for event in &events {
                looks |= tail.hears(event);
            }
            if looks {
                tail.look(watch, &mut |told| say(Some(&process), told));
            }
        }
    }

    /// A turn of each that has something. Whether there was any.
    fn read(&mut self, buffer: &mut [u8]) -> bool {
        let Some(watch) = &mut self.watch else { return false };
        let time = SystemTime::now();
        let (mut any, mut broken) = (false, Vec::new());
        for (place, tail) in self.tails.iter_mut().enumerate() {
            if !tail.ready && tail.due.is_none_or(|due| due > time) {
                continue;
            }
            any = true;
            let (process, say) = (tail.wanted.process.clone(), &self.say);
            let mut say = |told| say(Some(&process), told);
            tail.skip_hole(&mut say);
            if tail.pump(watch, buffer, &mut say).is_err() {
                broken.push(place);
            }
        }
        for place in broken.into_iter().rev() {
            self.tails.swap_remove(place).end(watch);
        }
        any
    }

    /// How long nothing is to be done by itself.
    fn next(&self) -> Option<Duration> {
        let due = self.tails.iter().filter(|tail| !tail.full).filter_map(|tail| tail.due).min()?;
        Some(due.duration_since(SystemTime::now()).unwrap_or_default())
    }

    fn wait(&mut self, most: Option<Duration>, heeds: Heeds) {
        let mut wanted = vec![PollFd::new(&*self.bell, PollFlags::IN)];
        if heeds == Heeds::All {
            wanted.extend(self.watch.iter().map(|watch| PollFd::new(watch, PollFlags::IN)));
            let full = self.tails.iter().filter(|tail| tail.full);
            wanted.extend(full.map(|tail| PollFd::new(&tail.way.out, PollFlags::OUT)));
        }
        let most = most.and_then(|most| Timespec::try_from(most).ok());
        // EINTR and the like are a wake-up without a reason.
        self.pulse.rest();
        poll(&mut wanted, most.as_ref()).ok();
        self.pulse.work();
        let watched = usize::from(self.watch.is_some()) + 1;
        let has_room: Vec<bool> = wanted.iter().skip(watched).map(|fd| !fd.revents().is_empty()).collect();
        let full = self.tails.iter_mut().filter(|tail| tail.full);
        for (tail, _) in full.zip(has_room).filter(|(_, has_room)| *has_room) {
            tail.ready = true;
        }
    }
}

/// What ends a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heeds {
    Orders,
    All,
}
