//! Pipes that the reader has not seen yet, and the epoll descriptor that all are in. Owns the tokens; never reads. A
//! spawner adds to both without waking the reader: the first output does.

use phpeek_os::capture::Capture;
use rustix::event::epoll;
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a pipe is known by. Small and used again, so that it can be an index.
pub(super) type Token = u64;

#[derive(Debug, Default)]
struct Tokens {
    next: Token,
    free: Vec<Token>,
    /// By token, in no order: looked for once in the life of a pipe that writes.
    fresh: Vec<(Token, Capture)>,
}

/// See the top of the file.
#[derive(Debug)]
pub(super) struct Intake {
    epoll: OwnedFd,
    tokens: Mutex<Tokens>,
}

impl Intake {
    pub(super) fn new() -> Result<Self, Errno> {
        Ok(Self { epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?, tokens: Mutex::default() })
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
        tokens.fresh.push((token, capture));
        Ok(())
    }

    /// A pipe that has its first event.
    pub(super) fn take(&self, token: Token) -> Option<Capture> {
        let mut tokens = self.lock();
        let place = tokens.fresh.iter().position(|(known, _)| *known == token)?;
        Some(tokens.fresh.swap_remove(place).1)
    }

    /// The pipe of this token is closed and out of the epoll set.
    pub(super) fn free(&self, token: Token) {
        self.lock().free.push(token);
    }

    pub(super) fn watch(&self, token: Token, capture: &Capture) -> Result<(), Errno> {
        epoll::add(&self.epoll, &capture.read_end, epoll::EventData::new_u64(token), epoll::EventFlags::IN)
    }

    pub(super) fn unwatch(&self, capture: &Capture) -> Result<(), Errno> {
        epoll::delete(&self.epoll, &capture.read_end)
    }
}

impl AsFd for Intake {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}
