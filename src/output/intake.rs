//! Pipes that the reader has not seen yet, and the epoll descriptor that all are in. Owns the tokens; never reads. A
//! spawner adds to both without waking the reader: the first output does.

use super::held::{Held, is_about};
use phpeek_actors::ports::LogRecord;
use phpeek_core::ids::{InstanceId, TaskId};
use phpeek_os::capture::Capture;
use rustix::event::epoll;
use rustix::io::Errno;
use std::collections::HashMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a pipe is known by. Small and used again, so that it can be an index.
pub(super) type Token = u64;

#[derive(Debug, Default)]
struct Tokens {
    next: Token,
    free: Vec<Token>,
    /// In no order: looked for once in the life of a pipe that writes.
    fresh: Vec<Fresh>,
    /// Those of runs and hooks of which nobody was told yet that they have begun.
    early: HashMap<TaskId, Vec<Fresh>>,
}

/// A pipe that the reader has not seen.
#[derive(Debug)]
struct Fresh {
    token: Token,
    /// How many pipes came before it.
    number: u64,
    capture: Capture,
    /// It shows no more.
    muted: bool,
}

/// What is to become of a pipe that has its first event.
#[derive(Debug)]
pub(super) enum First {
    /// It is read now.
    Read(Capture),
    /// It is not read yet, and shows again: a record that came before it waits still, and must stand first.
    Again,
    /// It does not show again before its start was told of.
    Early,
}

/// See the top of the file.
#[derive(Debug)]
pub(super) struct Intake {
    epoll: OwnedFd,
    tokens: Mutex<Tokens>,
    count: AtomicU64,
}

impl Intake {
    pub(super) fn new() -> Result<Self, Errno> {
        Ok(Self {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            tokens: Mutex::default(),
            count: AtomicU64::new(0),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner) // whole between any two operations
    }

    /// Adds a pipe. Its writer may have ended already.
    pub(super) fn add(&self, capture: Capture) -> Result<(), Errno> {
        let flags = rustix::fs::fcntl_getfl(&capture.read_end)?;
        rustix::fs::fcntl_setfl(&capture.read_end, flags | rustix::fs::OFlags::NONBLOCK)?;
        // The lock is held until the pipe is in the list: the reader may see its event at once.
        let mut tokens = self.lock();
        let token = tokens.free.last().copied().unwrap_or(tokens.next);
        self.watch(token, &capture)?;
        if tokens.free.pop().is_none() {
            tokens.next += 1;
        }
        let number = self.count.fetch_add(1, Relaxed);
        let (task, file) = (capture.task, capture.file.is_some());
        let fresh = Fresh { token, number, capture, muted: false };
        match task {
            TaskId::Run(_) | TaskId::Hook(_) if !file => tokens.early.entry(task).or_default().push(fresh),
            // Nobody is told of the start of these.
            TaskId::Run(_) | TaskId::Hook(_) | TaskId::Probe(_) => tokens.fresh.push(fresh),
        }
        Ok(())
    }

    /// Whoever listens was told that a run or a hook has begun: what it writes stands after that, as if its pipes had come now.
    pub(super) fn begun(&self, task: TaskId) {
        let mut tokens = self.lock();
        let early = tokens.early.remove(&task).unwrap_or_default();
        self.admit(&mut tokens, early);
    }

    /// The same for whom a pipe is of: it has waited long enough.
    pub(super) fn admit_early(&self, token: Token) {
        let mut tokens = self.lock();
        let of_it = |_: &TaskId, all: &mut Vec<Fresh>| all.iter().any(|fresh| fresh.token == token);
        let early: Vec<_> = tokens.early.extract_if(of_it).flat_map(|(_, all)| all).collect();
        self.admit(&mut tokens, early);
    }

    /// The same for all: nobody is told any more.
    pub(super) fn admit_all(&self) {
        let mut tokens = self.lock();
        let early = std::mem::take(&mut tokens.early);
        self.admit(&mut tokens, early.into_values().flatten());
    }

    fn admit(&self, tokens: &mut Tokens, early: impl IntoIterator<Item = Fresh>) {
        for fresh in early {
            if fresh.muted {
                self.show(&fresh, epoll::EventFlags::IN);
            }
            let number = self.count.fetch_add(1, Relaxed);
            tokens.fresh.push(Fresh { number, muted: false, ..fresh });
        }
    }

    /// How a pipe shows that is in the set: so this needs nothing that could be missing.
    fn show(&self, Fresh { token, capture, .. }: &Fresh, flags: epoll::EventFlags) {
        let data = epoll::EventData::new_u64(*token);
        epoll::modify(&self.epoll, &capture.read_end, data, flags).ok();
    }

    /// How many pipes have come so far.
    pub(super) fn count(&self) -> u64 {
        self.count.load(Relaxed)
    }

    /// Whether there is no pipe, and all that came from earlier ones was handed over.
    pub(super) fn is_idle(&self) -> bool {
        let tokens = self.lock();
        tokens.free.len() as u64 == tokens.next
    }

    /// A pipe that has its first event. `None` for one that nobody knows.
    pub(super) fn take(&self, token: Token, held: &Held) -> Option<First> {
        let mut tokens = self.lock();
        let Some(place) = tokens.fresh.iter().position(|fresh| fresh.token == token) else {
            let early = tokens.early.values_mut().flatten().find(|fresh| fresh.token == token)?;
            let first = !std::mem::replace(&mut early.muted, true);
            if first {
                self.show(early, epoll::EventFlags::IN | epoll::EventFlags::ONESHOT); // once more, and then not
            }
            return Some(if first { First::Early } else { First::Again });
        };
        let Fresh { number, capture, .. } = tokens.fresh.get(place)?;
        if held.any_before(capture, *number) {
            return Some(First::Again);
        }
        Some(First::Read(tokens.fresh.swap_remove(place).capture))
    }

    /// The pipes that a record is about and that came before so many had come.
    pub(super) fn take_before(&self, record: &LogRecord, count: u64) -> Vec<(Token, Capture)> {
        self.take_where(|Fresh { number, capture, .. }| *number < count && is_about(record, capture))
    }

    /// The pipes of a run.
    pub(super) fn take_run(&self, task: TaskId) -> Vec<(Token, Capture)> {
        self.begun(task); // its end was told, and its start before
        self.take_where(|fresh| fresh.capture.task == task)
    }

    /// The pipes of an instance.
    pub(super) fn take_instance(&self, instance: InstanceId) -> Vec<(Token, Capture)> {
        self.take_where(|fresh| fresh.capture.task.instance() == Some(instance))
    }

    fn take_where(&self, wanted: impl Fn(&Fresh) -> bool) -> Vec<(Token, Capture)> {
        self.lock().fresh.extract_if(.., |fresh| wanted(fresh)).map(|f| (f.token, f.capture)).collect()
    }

    /// Bytes in pipes that have had no event yet.
    pub(super) fn waiting(&self) -> u64 {
        let tokens = self.lock();
        tokens.fresh.iter().chain(tokens.early.values().flatten()).map(|fresh| waiting(&fresh.capture)).sum()
    }

    /// The pipes of these tokens are closed and out of the epoll set, and what came from them was handed over.
    pub(super) fn free(&self, tokens: &mut Vec<Token>) {
        if !tokens.is_empty() {
            self.lock().free.append(tokens);
        }
    }

    pub(super) fn watch(&self, token: Token, capture: &Capture) -> Result<(), Errno> {
        epoll::add(&self.epoll, &capture.read_end, epoll::EventData::new_u64(token), epoll::EventFlags::IN)
    }

    pub(super) fn unwatch(&self, capture: &Capture) -> Result<(), Errno> {
        epoll::delete(&self.epoll, &capture.read_end)
    }
}

/// Bytes that wait in a pipe.
pub(super) fn waiting(capture: &Capture) -> u64 {
    rustix::io::ioctl_fionread(&capture.read_end).unwrap_or(0)
}

impl AsFd for Intake {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}
